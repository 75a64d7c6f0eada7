/* SPDX-License-Identifier: MIT */
/* The turn of linkd.
 *
 * In (wire_in.c): a burst of frames is read and published together. When slots
 * or area run out, linkd leaves the device alone until ipd releases some: the
 * device's own queue is where a flood belongs.
 *
 * Out (wire_out.c): a frame is done with as soon as it is written, and
 * `released` is always the head. A device that takes nothing may hold up the
 * ring for 10 ms; from then on frames are lost, one attempt each, until it
 * takes one again. So whoever waits for ip.tx waits for a bounded time.
 *
 * Large packets are the rule between the daemons; where the device has no
 * offloads they are cut and joined here (gso.c, gro.c). With impairments
 * (impair.c) every frame of the wire goes through the bad network alone. A link
 * that needs neither pays for neither.
 *
 * State: none. A successor finds in the rings how far this process got; at
 * worst the packet that was being written goes out twice. Lost, as on any wire,
 * are the frames that were read but not published, and those that impairments
 * held. */
#include "linkd/pump.h"

#include <errno.h>
#include <poll.h>

#define BATCH    64 /* frames a turn to the device */
#define PATIENCE duration_ms(10)
#define LOOK     duration_ms(1000) /* between two looks of the driver */

/* ---- device to ipd ---- */

static void
wait_for_room(struct pump *p)
{
    if (p->waits)
        return;
    p->waits = true;
    cnc_count(&p->cnc, COUNTER_LINK_RX_WAITS, 1);
    ring_want_space(&p->in.ring, 1);
    doorbell_ring(&p->ipd);
}

static void
stop_waiting(struct pump *p)
{
    if (p->waits)
        ring_want_space(&p->in.ring, 0);
    p->waits = false;
}

/* Returns how many packets are staged. */
static uint32_t
read_burst(struct pump *p, instant_t now, bool *broken)
{
    uint32_t staged;
    enum wire_in_end end = wire_in_burst(&p->in, now, &staged);

    *broken = end == WIRE_IN_BROKEN;
    if (end == WIRE_IN_FULL)
        wait_for_room(p);
    else
        stop_waiting(p);
    return staged;
}

/* ---- ipd to device ---- */

/* Has the device refused for too long? */
static bool
is_refused(struct pump *p, instant_t now)
{
    if (!p->refused)
        p->give_up = instant_add(now, PATIENCE);
    p->refused = true;
    return instant_due(p->give_up, now);
}

/* Writes the frame that is next. False: it stays there. */
static bool
write_frame(struct pump *p, const struct frame *f, instant_t now, bool *broken)
{
    enum drop why;
    enum driver_result sent = p->driver.write(&p->driver, f, &why);

    if (sent == DRIVER_BROKEN) {
        *broken = true;
        return false;
    }
    if (sent == DRIVER_NOTHING) {
        if (!is_refused(p, now))
            return false;
        cnc_drop(&p->cnc, DROP_LINK_DEVICE_REFUSED);
    }
    if (sent == DRIVER_DROPPED)
        cnc_drop(&p->cnc, why);
    if (sent == DRIVER_DONE) {
        p->refused = false;
        cnc_count(&p->cnc, COUNTER_LINK_TX_FRAMES, 1);
        cnc_count(&p->cnc, COUNTER_LINK_TX_BYTES, frame_size(f));
    }
    wire_out_pop(&p->out);
    return true;
}

/* Returns how much was done. */
static uint32_t
write_batch(struct pump *p, instant_t now, bool *broken)
{
    uint32_t done = 0;

    for (; done < BATCH; done++) {
        struct frame f;
        enum drop why;
        enum driver_result next = wire_out_peek(&p->out, now, &f, &why);

        if (next == DRIVER_NOTHING)
            break;
        if (next == DRIVER_DROPPED)
            cnc_drop(&p->cnc, why);
        else if (!write_frame(p, &f, now, broken))
            return done;
    }
    if (done == 0)
        p->refused = false; /* patience is with frames, not with the device */
    return done;
}

/* ---- the turn ---- */

static void
publish(struct pump *p, uint32_t staged, uint32_t written)
{
    struct ring *tx = &p->out.ring;

    if (staged > 0)
        ring_publish(&p->in.ring, staged);
    if (written > 0)
        ring_publish_cursor(tx, ring_position(tx));
    /* Between our cursor and a look at who waits for it (doorbell.h). */
    doorbell_barrier();
    if (staged > 0 || (written > 0 && ring_space_wanted(tx)))
        doorbell_ring(&p->ipd);
}

static void
look_around(struct pump *p, instant_t now)
{
    if (p->driver.look == NULL || !instant_due(p->look, now))
        return;
    p->driver.look(&p->driver);
    p->look = instant_add(now, LOOK);
}

uint32_t
pump_turn(struct pump *p, instant_t now, bool *broken)
{
    uint32_t staged;
    uint32_t written;
    int error;

    *broken = false;
    look_around(p, now);
    staged = read_burst(p, now, broken);
    written = *broken ? 0 : write_batch(p, now, broken);
    error = errno;
    cnc_working_on(&p->cnc, CNC_WORK_NONE, 0);
    publish(p, staged, written);
    cnc_heartbeat(&p->cnc);
    errno = error;
    return staged + written;
}

bool
pump_may_sleep(struct pump *p)
{
    if (p->waits && wire_in_has_room(&p->in))
        return false;
    return p->refused || ring_ready(&p->out.ring) == 0;
}

/* What has come through a bad network has to wait like everything else when ipd
 * or the device takes nothing. */
instant_t
pump_deadline(const struct pump *p)
{
    instant_t in = p->waits ? INSTANT_NEVER : impair_deadline(&p->in.impair);
    instant_t out = p->refused ? p->give_up : impair_deadline(&p->out.impair);
    instant_t look = p->driver.look == NULL ? INSTANT_NEVER : p->look;

    return instant_min(look, instant_min(in, out));
}

short
pump_events(const struct pump *p)
{
    int events = (p->waits ? 0 : POLLIN) | (p->refused ? POLLOUT : 0);

    return (short)events;
}

void
pump_impair(struct pump *p, const struct conf_impair set[CONF_DIRECTIONS])
{
    impair_set(&p->in.impair, &set[CONF_IN]);
    impair_set(&p->out.impair, &set[CONF_OUT]);
}

/* ---- boot ---- */

static bool
join_in(struct pump *p)
{
    struct wire_in *in = &p->in;
    const struct ring_row *row = &ring_table[RING_LINK_RX + p->link];
    const struct region *region = &p->regions[row->region];

    in->cnc = &p->cnc;
    in->driver = &p->driver;
    in->ring_id = RING_LINK_RX + p->link;
    in->joins = !p->offloads;
    in->scratch = p->memory;
    impair_init(&in->impair, p->memory + PACKET_MAX);
    if (!ring_join_producer(
            &in->ring, region,
            cnc_cursor(&p->regions[REGION_IPD_CNC], (enum ring_id)in->ring_id),
            row))
        return false;
    area_join(&in->frames, region, &in->ring, row);
    ring_want_space(&in->ring, 0);
    return true;
}

static bool
join_out(struct pump *p)
{
    struct wire_out *out = &p->out;
    const struct ring_row *row = &ring_table[RING_IP_TX + p->link];
    const struct region *own = &p->regions[REGION_CNC(DAEMON_LINKD + p->link)];

    out->cnc = &p->cnc;
    out->regions = p->regions;
    out->ring_id = RING_IP_TX + p->link;
    out->cuts = !p->offloads;
    impair_init(&out->impair, p->memory + PACKET_MAX + IMPAIR_MEMORY);
    return ring_join_consumer(&out->ring, &p->regions[row->region],
                              cnc_cursor(own, (enum ring_id)out->ring_id), row);
}

bool
pump_join(struct pump *p)
{
    if (!join_out(p) || !join_in(p))
        return false;
    /* A predecessor may have written a frame and died before it said so, or
     * said so and rung nobody. */
    ring_publish_cursor(&p->out.ring, ring_position(&p->out.ring));
    doorbell_ring(&p->ipd);
    return true;
}
