/* SPDX-License-Identifier: MIT */
/* The neighbour cache (RFC 826; what expires and what asks: RFC 1122 2.3.2).
 *
 * An entry becomes known by a reply that we asked for, or by a request
 * addressed to us; nothing else teaches. After half a minute it is stale: then
 * the next packet still goes to the old address while the neighbour is asked,
 * first directly, then by broadcast. Three requests a second apart without an
 * answer make an entry fail, and packets for it are refused for a moment, so
 * that one absent host costs one request a second at most. What is stale or has
 * failed and is not used goes away in the end. The states and their names are
 * Linux's, but for DELAY: nobody tells us that a segment was acknowledged, so
 * there is nothing to wait for before asking.
 *
 * The table is bounded, and who may push out whom is what makes it hard to
 * flush: a packet may replace what is longest unused, strangers' requests only
 * what we did not use within a minute. But strangers decide also where packets
 * go, those that are passed on and the answers to made-up sources: so hosts that
 * do not answer have half of the table, in which they push out each other. */
#include "ipd/core/neigh.h"

#include <stddef.h>

#define TRIES       3
#define RETRY       duration_ms(1000)
#define REACHABLE   duration_ms(30000)
#define FAILED_HOLD duration_ms(1000)
#define FAILED_KEPT duration_ms(60000)
#define STALE_KEPT  duration_ms(600000)
#define IN_USE      duration_ms(60000)
#define TELL        duration_ms(1000)
#define ANSWER_TIME duration_ms(100) /* a host that is there needs less */

/* ---- finding ---- */

static uint16_t *
hint_of(struct neigh_table *t, uint32_t link, struct addr addr)
{
    return &t->hint[(addr.b[15] + link * 64) & (NEIGH_HINTS - 1)];
}

static bool
is_entry(const struct neigh *n, uint32_t link, struct addr addr)
{
    return n->state != NEIGH_FREE && n->link == link &&
           addr_equal(n->addr, addr);
}

static struct neigh *
find(struct neigh_table *t, uint32_t link, struct addr addr)
{
    uint16_t *hint = hint_of(t, link, addr);

    if (is_entry(&t->entries[*hint], link, addr))
        return &t->entries[*hint];
    for (uint16_t i = 0; i < NEIGH_MAX; i++) {
        if (is_entry(&t->entries[i], link, addr)) {
            *hint = i;
            return &t->entries[i];
        }
    }
    return NULL;
}

static bool
is_known(const struct neigh *n)
{
    return n->state == NEIGH_REACHABLE || n->state == NEIGH_STALE ||
           n->state == NEIGH_PROBE;
}

/* ---- changing ---- */

static void
mark_unsaved(struct neigh_table *t, struct neigh *n)
{
    t->to_save += !n->save;
    n->save = true;
}

static void
mark_unseen(struct neigh_table *t, struct neigh *n)
{
    t->to_show += !n->show;
    n->show = true;
}

/* The only place that writes `state` of an entry that stays. */
static void
enter(struct neigh_table *t, struct neigh *n, enum neigh_state state,
      instant_t now, duration_t lasts)
{
    bool was_known = is_known(n);

    n->state = (uint8_t)state;
    n->since = now;
    n->deadline = instant_add(now, lasts);
    t->next = instant_min(t->next, n->deadline);
    mark_unseen(t, n);
    if (was_known != is_known(n))
        mark_unsaved(t, n);
}

/* The entry is empty afterwards, but for what it owes. */
static void
forget(struct neigh_table *t, struct neigh *n)
{
    if (is_known(n))
        mark_unsaved(t, n);
    mark_unseen(t, n);
    *n = (struct neigh){.save = n->save, .show = n->show};
}

static void
become_known(struct neigh_table *t, struct neigh *n, struct mac mac,
             instant_t now)
{
    if (!mac_equal(n->mac, mac)) {
        n->mac = mac;
        mark_unsaved(t, n);
    }
    n->tries = 0;
    n->confirmed = now;
    enter(t, n, NEIGH_REACHABLE, now, REACHABLE);
}

static void
ask(struct neigh_table *t, struct neigh *n, enum neigh_state state,
    uint8_t tries, instant_t now)
{
    n->tries = tries;
    enter(t, n, state, now, duration_ms(0));
}

void
neigh_init(struct neigh_table *t, const struct net *net)
{
    *t = (struct neigh_table){.net = net, .next = INSTANT_NEVER};
}

void
neigh_review(struct neigh_table *t)
{
    for (uint32_t i = 0; i < NEIGH_MAX; i++) {
        struct neigh *n = &t->entries[i];

        if (n->state != NEIGH_FREE &&
            !net_is_neighbour(t->net, n->link, n->addr))
            forget(t, n);
    }
}

/* ---- room ---- */

/* The entry to give away: a free one, or the one longest unused of those not
 * used since `since`. What is being asked for stays. */
static struct neigh *
find_victim(struct neigh_table *t, instant_t since)
{
    struct neigh *victim = NULL;

    for (uint32_t i = 0; i < NEIGH_MAX; i++) {
        struct neigh *n = &t->entries[i];

        if (n->state == NEIGH_FREE)
            return n;
        if (n->state == NEIGH_INCOMPLETE || n->state == NEIGH_PROBE ||
            !instant_before(n->used, since))
            continue;
        if (victim == NULL || instant_before(n->used, victim->used))
            victim = n;
    }
    return victim;
}

static bool
is_unanswered(const struct neigh *n)
{
    return n->state == NEIGH_INCOMPLETE || n->state == NEIGH_FAILED;
}

/* Has it had the time to answer? */
static bool
is_overdue(const struct neigh *n, instant_t now)
{
    return n->state == NEIGH_FAILED ||
           (n->tries > 0 &&
            instant_due(instant_add(n->since, ANSWER_TIME), now));
}

/* The entry to give to a host that has to be asked for. */
static struct neigh *
find_room_to_ask(struct neigh_table *t, instant_t now)
{
    struct neigh *victim = NULL;
    uint32_t unanswered = 0;

    for (uint32_t i = 0; i < NEIGH_MAX; i++) {
        struct neigh *n = &t->entries[i];

        if (!is_unanswered(n))
            continue;
        unanswered++;
        if (is_overdue(n, now) &&
            (victim == NULL || instant_before(n->used, victim->used)))
            victim = n;
    }
    return unanswered < NEIGH_UNANSWERED ? find_victim(t, INSTANT_NEVER)
                                         : victim;
}

/* `n` becomes the host's; NULL stays NULL. */
static struct neigh *
take_entry(struct neigh_table *t, struct neigh *n, uint32_t link,
           struct addr addr)
{
    if (n == NULL)
        return NULL;
    forget(t, n);
    n->addr = addr;
    n->link = (uint8_t)link;
    *hint_of(t, link, addr) = (uint16_t)(n - t->entries);
    return n;
}

/* ---- sending ---- */

enum neigh_found
neigh_resolve(struct neigh_table *t, uint32_t link, struct addr addr,
              instant_t now, struct mac *mac)
{
    struct neigh *n = find(t, link, addr);

    if (n == NULL) {
        n = take_entry(t, find_room_to_ask(t, now), link, addr);
        if (n == NULL)
            return NEIGH_NO_ROOM;
        ask(t, n, NEIGH_INCOMPLETE, 0, now);
    }
    n->used = now;
    if (n->state == NEIGH_STALE ||
        (n->state == NEIGH_REACHABLE && instant_due(n->deadline, now)))
        ask(t, n, NEIGH_PROBE, 0, now);
    if (n->state == NEIGH_FAILED && instant_due(neigh_turns_at(n), now))
        ask(t, n, NEIGH_INCOMPLETE, 0, now);
    return neigh_look(t, link, addr, mac);
}

enum neigh_found
neigh_look(struct neigh_table *t, uint32_t link, struct addr addr,
           struct mac *mac)
{
    const struct neigh *n = find(t, link, addr);

    if (n == NULL)
        return NEIGH_DEAD;
    *mac = n->mac;
    if (is_known(n))
        return NEIGH_KNOWN;
    return n->state == NEIGH_INCOMPLETE ? NEIGH_ASKED : NEIGH_DEAD;
}

bool
neigh_gave_up(struct neigh_table *t, uint32_t link, struct addr addr,
              instant_t now)
{
    struct neigh *n = find(t, link, addr);

    if (n == NULL)
        return false;
    n->dropped++;
    mark_unseen(t, n);
    if (n->told.ns != 0 && !instant_due(instant_add(n->told, TELL), now))
        return false;
    n->told = now;
    return true;
}

instant_t
neigh_turns_at(const struct neigh *n)
{
    return n->state == NEIGH_FAILED ? instant_add(n->since, FAILED_HOLD)
                                    : n->deadline;
}

/* ---- learning ---- */

bool
neigh_confirm(struct neigh_table *t, uint32_t link, struct addr addr,
              struct mac mac, instant_t now)
{
    struct neigh *n = find(t, link, addr);

    /* An entry whose first request is not sent yet has been asked for by
     * nobody. */
    if (n == NULL || n->tries == 0 ||
        (n->state != NEIGH_INCOMPLETE && n->state != NEIGH_PROBE))
        return false;
    become_known(t, n, mac, now);
    return true;
}

void
neigh_claim(struct neigh_table *t, uint32_t link, struct addr addr,
            struct mac mac, instant_t now)
{
    struct neigh *n = find(t, link, addr);

    if (n == NULL)
        n = take_entry(t, find_victim(t, (instant_t){now.ns - IN_USE.ns}), link,
                       addr);
    if (n == NULL)
        return;
    if (!is_known(n) || mac_equal(n->mac, mac))
        become_known(t, n, mac, now);
    else if (n->state != NEIGH_PROBE)
        ask(t, n, NEIGH_PROBE, 1, now); /* from the broadcast on */
}

/* ---- time ---- */

/* Sends the next try of `n`, or gives it up. */
static bool
try_again(struct neigh_table *t, struct neigh *n, instant_t now,
          struct neigh_request *out)
{
    if (n->tries >= TRIES) {
        enter(t, n, NEIGH_FAILED, now, FAILED_KEPT);
        return false;
    }
    *out = (struct neigh_request){
        .addr = n->addr,
        .mac =
            n->state == NEIGH_PROBE && n->tries == 0 ? n->mac : mac_broadcast(),
        .link = n->link,
    };
    n->tries++;
    enter(t, n, n->state, now, RETRY);
    return true;
}

/* The deadline of `n` has come. True: *out is to be sent. */
static bool
expire(struct neigh_table *t, struct neigh *n, instant_t now,
       struct neigh_request *out)
{
    switch ((enum neigh_state)n->state) {
    case NEIGH_INCOMPLETE:
    case NEIGH_PROBE:
        return try_again(t, n, now, out);
    case NEIGH_REACHABLE:
        enter(t, n, NEIGH_STALE, now, STALE_KEPT);
        return false;
    case NEIGH_STALE:
    case NEIGH_FAILED:
        forget(t, n);
        return false;
    case NEIGH_FREE:
        break;
    }
    return false;
}

bool
neigh_pull_request(struct neigh_table *t, instant_t now,
                   struct neigh_request *out)
{
    instant_t next = INSTANT_NEVER;

    if (!instant_due(t->next, now))
        return false;
    for (uint32_t i = 0; i < NEIGH_MAX; i++) {
        struct neigh *n = &t->entries[i];

        if (n->state == NEIGH_FREE)
            continue;
        if (instant_due(n->deadline, now) && expire(t, n, now, out))
            return true;
        if (n->state != NEIGH_FREE)
            next = instant_min(next, n->deadline);
    }
    t->next = next;
    return false;
}

/* ---- for others ---- */

int
neigh_take_changed(struct neigh_table *t, struct neigh_saved *out)
{
    for (int i = 0; i < NEIGH_MAX && t->to_save > 0; i++) {
        struct neigh *n = &t->entries[i];

        if (!n->save)
            continue;
        n->save = false;
        t->to_save--;
        *out = (struct neigh_saved){0};
        if (is_known(n))
            *out = (struct neigh_saved){
                .addr = n->addr, .mac = n->mac, .known = 1, .link = n->link};
        return i;
    }
    return -1;
}

int
neigh_take_unseen(struct neigh_table *t)
{
    for (int i = 0; i < NEIGH_MAX && t->to_show > 0; i++) {
        struct neigh *n = &t->entries[i];

        if (!n->show)
            continue;
        n->show = false;
        t->to_show--;
        return i;
    }
    return -1;
}

bool
neigh_restore(struct neigh_table *t, uint32_t index,
              const struct neigh_saved *saved, instant_t now)
{
    struct neigh *n = &t->entries[index];

    if (saved->known != 1 || mac_is_group(saved->mac) ||
        !net_is_neighbour(t->net, saved->link, saved->addr))
        return false;
    n->addr = saved->addr;
    n->mac = saved->mac;
    n->link = saved->link;
    enter(t, n, NEIGH_STALE, now, STALE_KEPT);
    return true;
}
