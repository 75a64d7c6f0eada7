/* SPDX-License-Identifier: MIT */
/* The look at every daemon, every 50 ms: heartbeats, boot limits, due retries. */
#include "ctl/watch.h"

#include "base/os/log.h"
#include "ctl/judge.h"
#include "ctl/supervisor.h"
#include "ctl/words.h"

/* Only of input whose producer is well: what a dead one left may have to wait
 * for its successor, and killing its neighbour would be a restart by chain. */
static bool
input_waits(const struct supervisor *s, enum daemon_id id)
{
    for (size_t i = 0; i < RINGS; i++) {
        if (ring_table[i].consumer == (uint8_t)id &&
            ring_table[i].producer < s->store.daemons &&
            s->children[ring_table[i].producer].state == CONF_DAEMON_OK &&
            store_ring_waits(&s->store, (enum ring_id)i))
            return true;
    }
    return false;
}

static void
watch_heart(struct child *c, instant_t now, bool late)
{
    struct cnc_view view = child_look(c);
    struct process process;

    if (late)
        pulse_grant(&c->pulse, &view, now);
    if (c->intent != CONF_EXIT_NONE ||
        !pulse_suspects(&c->pulse, &view, input_waits(c->supervisor, c->id),
                        now))
        return;
    process_look(&process, (uint32_t)c->process.pid);
    if (!pulse_confirms(&c->pulse, &process))
        return;
    log_line("%s makes no progress: killed", daemon_name(c->id));
    child_kill(c, CONF_EXIT_HANG);
}

static void
watch_boot(struct child *c, instant_t now)
{
    if (!instant_due(c->limit, now) || c->intent != CONF_EXIT_NONE)
        return;
    log_line("%s is not ready after 5 s: killed", daemon_name(c->id));
    child_kill(c, CONF_EXIT_HANG);
}

void
watch_children(struct supervisor *s, instant_t now, bool late)
{
    supervisor_shorten_log(s); /* some lines strangers can bring about */
    for (size_t i = 0; i < s->store.daemons && !s->stopping; i++) {
        struct child *c = &s->children[i];

        if (c->hungry)
            child_feed(c);
        switch (c->state) {
        case CONF_DAEMON_OK:
            watch_heart(c, now, late);
            break;
        case CONF_DAEMON_STARTING:
            watch_boot(c, now);
            break;
        case CONF_DAEMON_BACKOFF:
        case CONF_DAEMON_FAILED:
            if (instant_due(c->limit, now))
                child_start(c, now);
            break;
        case CONF_DAEMON_DOWN:
            break;
        }
    }
}

instant_t
watch_next(const struct supervisor *s)
{
    instant_t next = INSTANT_NEVER;

    for (size_t i = 0; i < s->store.daemons; i++) {
        const struct child *c = &s->children[i];

        if (c->state == CONF_DAEMON_BACKOFF || c->state == CONF_DAEMON_FAILED)
            next = instant_min(next, c->limit);
    }
    return next;
}
