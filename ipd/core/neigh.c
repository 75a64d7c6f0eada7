/* SPDX-License-Identifier: MIT */
/* The neighbour cache (RFC 826; what expires and what asks: RFC 1122 2.3.2).
 *
 * An entry becomes known by a reply that we asked for, or by a request
 * addressed to us; nothing else teaches. It is doubtful after a minute: then
 * the next packet still goes to the old address while the neighbour is asked,
 * first directly, then by broadcast. Three requests a second apart without an
 * answer make an entry fail, and packets for it are refused for a moment, so
 * that one absent host costs one request a second at most.
 *
 * The table is bounded, and who may push out whom is what makes it hard to
 * flush: our own packets may replace what is longest unused, strangers'
 * requests only what we did not use within a minute. */
#include "ipd/core/neigh.h"

#include "ipd/core/route.h"

#include <stddef.h>

#define TRIES       3
#define RETRY       duration_ms(1000)
#define REACHABLE   duration_ms(60000)
#define FAILED_HOLD duration_ms(1000)
#define IN_USE      duration_ms(60000)

void
neigh_init(struct neigh_table *t, const struct ip_config *cfg)
{
    *t = (struct neigh_table){.cfg = cfg, .next = INSTANT_NEVER};
}

static uint16_t *
hint_of(struct neigh_table *t, struct addr addr)
{
    return &t->hint[addr.b[15] & (NEIGH_HINTS - 1)];
}

static bool
is_entry(const struct neigh *n, struct addr addr)
{
    return n->state != NEIGH_FREE && addr_equal(n->addr, addr);
}

static struct neigh *
find(struct neigh_table *t, struct addr addr)
{
    uint16_t *hint = hint_of(t, addr);

    if (is_entry(&t->entries[*hint], addr))
        return &t->entries[*hint];
    for (uint16_t i = 0; i < NEIGH_MAX; i++) {
        if (is_entry(&t->entries[i], addr)) {
            *hint = i;
            return &t->entries[i];
        }
    }
    return NULL;
}

static bool
is_known(const struct neigh *n)
{
    return n->state == NEIGH_REACHABLE || n->state == NEIGH_PROBE;
}

static void
mark_changed(struct neigh_table *t, struct neigh *n)
{
    if (!n->changed)
        t->changed++;
    n->changed = true;
}

/* The only place that writes `state`. */
static void
enter(struct neigh_table *t, struct neigh *n, enum neigh_state state,
      instant_t deadline)
{
    bool was_known = is_known(n);

    n->state = (uint8_t)state;
    n->deadline = deadline;
    if (was_known != is_known(n))
        mark_changed(t, n);
    if (state == NEIGH_INCOMPLETE || state == NEIGH_PROBE)
        t->next = instant_min(t->next, deadline);
}

static void
become_known(struct neigh_table *t, struct neigh *n, struct mac mac,
             instant_t now)
{
    if (!mac_equal(n->mac, mac)) {
        n->mac = mac;
        mark_changed(t, n);
    }
    n->tries = 0;
    enter(t, n, NEIGH_REACHABLE, instant_add(now, REACHABLE));
}

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

static struct neigh *
take_entry(struct neigh_table *t, struct addr addr, instant_t since)
{
    struct neigh *n = find_victim(t, since);

    if (n == NULL)
        return NULL;
    if (is_known(n))
        mark_changed(t, n);
    *n = (struct neigh){.addr = addr, .changed = n->changed};
    *hint_of(t, addr) = (uint16_t)(n - t->entries);
    return n;
}

static void
ask(struct neigh_table *t, struct neigh *n, enum neigh_state state,
    uint8_t tries, instant_t now)
{
    n->tries = tries;
    enter(t, n, state, now);
}

enum neigh_found
neigh_resolve(struct neigh_table *t, struct addr addr, instant_t now,
              struct mac *mac)
{
    struct neigh *n = find(t, addr);

    if (n == NULL) {
        n = take_entry(t, addr, INSTANT_NEVER);
        if (n == NULL)
            return NEIGH_NO_ROOM;
        ask(t, n, NEIGH_INCOMPLETE, 0, now);
    }
    n->used = now;
    if (n->state == NEIGH_REACHABLE && instant_due(n->deadline, now))
        ask(t, n, NEIGH_PROBE, 0, now);
    if (n->state == NEIGH_FAILED && instant_due(n->deadline, now))
        ask(t, n, NEIGH_INCOMPLETE, 0, now);
    return neigh_look(t, addr, mac);
}

enum neigh_found
neigh_look(struct neigh_table *t, struct addr addr, struct mac *mac)
{
    const struct neigh *n = find(t, addr);

    if (n == NULL)
        return NEIGH_DEAD;
    *mac = n->mac;
    if (is_known(n))
        return NEIGH_KNOWN;
    return n->state == NEIGH_INCOMPLETE ? NEIGH_ASKED : NEIGH_DEAD;
}

bool
neigh_confirm(struct neigh_table *t, struct addr addr, struct mac mac,
              instant_t now)
{
    struct neigh *n = find(t, addr);

    /* An entry whose first request is not sent yet has been asked for by
     * nobody. */
    if (n == NULL || n->tries == 0 ||
        (n->state != NEIGH_INCOMPLETE && n->state != NEIGH_PROBE))
        return false;
    become_known(t, n, mac, now);
    return true;
}

void
neigh_claim(struct neigh_table *t, struct addr addr, struct mac mac,
            instant_t now)
{
    struct neigh *n = find(t, addr);

    if (n == NULL)
        n = take_entry(t, addr, (instant_t){now.ns - IN_USE.ns});
    if (n == NULL)
        return;
    if (!is_known(n) || mac_equal(n->mac, mac))
        become_known(t, n, mac, now);
    else if (n->state == NEIGH_REACHABLE)
        ask(t, n, NEIGH_PROBE, 1, now); /* from the broadcast on */
}

/* Sends the next try of `n`, or gives it up. */
static bool
try_again(struct neigh_table *t, struct neigh *n, instant_t now,
          struct neigh_request *out)
{
    if (n->tries >= TRIES) {
        enter(t, n, NEIGH_FAILED, instant_add(now, FAILED_HOLD));
        return false;
    }
    out->addr = n->addr;
    out->mac =
        n->state == NEIGH_PROBE && n->tries == 0 ? n->mac : mac_broadcast();
    n->tries++;
    enter(t, n, n->state, instant_add(now, RETRY));
    return true;
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

        if (n->state != NEIGH_INCOMPLETE && n->state != NEIGH_PROBE)
            continue;
        if (!instant_due(n->deadline, now))
            next = instant_min(next, n->deadline);
        else if (try_again(t, n, now, out))
            return true;
    }
    t->next = next;
    return false;
}

int
neigh_take_changed(struct neigh_table *t, struct neigh_saved *out)
{
    if (t->changed == 0)
        return -1;
    for (int i = 0; i < NEIGH_MAX; i++) {
        struct neigh *n = &t->entries[i];

        if (!n->changed)
            continue;
        n->changed = false;
        t->changed--;
        *out = (struct neigh_saved){0};
        if (is_known(n))
            *out = (struct neigh_saved){
                .addr = n->addr, .mac = n->mac, .known = 1};
        return i;
    }
    return -1;
}

bool
neigh_restore(struct neigh_table *t, uint32_t index,
              const struct neigh_saved *saved)
{
    struct neigh *n = &t->entries[index];

    if (saved->known != 1 || !route_is_neighbour(t->cfg, saved->addr) ||
        mac_is_group(saved->mac))
        return false;
    *n = (struct neigh){
        .addr = saved->addr, .mac = saved->mac, .state = NEIGH_REACHABLE};
    return true;
}
