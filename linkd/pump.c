/* SPDX-License-Identifier: MIT */
/* The turn of linkd.
 *
 * In: frames are read straight into the data area of link.rx, a burst a turn,
 * and published together. A burst is bounded in frames and bytes, since what is
 * in flight between the daemons ought to stay in the cache that they share.
 * When slots or area run out, linkd leaves the device alone until ipd releases
 * some: the device's own queue is where a flood belongs.
 *
 * Out: each frame is gathered by the device from ipd's inline headers and
 * somebody's payload, so a frame is done with as soon as it is written, and
 * `released` is always the head. A device that takes nothing may hold up the
 * ring for 10 ms; from then on frames are lost, one attempt each, until it
 * takes one again. So whoever waits for ip.tx waits for a bounded time.
 *
 * State: none. A successor finds in the rings how far this process got; at
 * worst the frame that was being written goes out twice, and those read but
 * not published are lost, as on any wire. */
#include "linkd/pump.h"

#include "base/bits.h"

#include <errno.h>
#include <poll.h>

#define BURST_FRAMES 8
#define BURST_BYTES  (256 * 1024)
#define BATCH        32 /* frames a turn to the device */
#define PATIENCE     duration_ms(10)

#define POSITION_MASK UINT64_C(0xffffffffffff) /* of a slot, in the cnc */

static void
working_on(struct pump *p, enum ring_id ring, uint64_t at)
{
    cnc_working_on(&p->cnc, CNC_WORK_SLOT,
                   (uint64_t)ring << 48 | (at & POSITION_MASK));
}

/* ---- device to ipd ---- */

/* The slot and the room for one more frame, or false: ipd holds them. */
static bool
find_room(struct pump *p, uint32_t staged, struct packet **slot, uint8_t **room)
{
    *slot = ring_stage(&p->rx, staged);
    *room = *slot == NULL ? NULL : area_reserve(&p->frames, staged, PACKET_MAX);
    return *room != NULL;
}

static void
wait_for_room(struct pump *p)
{
    if (p->waits)
        return;
    p->waits = true;
    cnc_count(&p->cnc, COUNTER_LINK_RX_WAITS, 1);
    ring_want_space(&p->rx, 1);
    doorbell_ring(&p->ipd);
}

static void
stop_waiting(struct pump *p)
{
    if (p->waits)
        ring_want_space(&p->rx, 0);
    p->waits = false;
}

/* Reads one frame and stages it at `staged`. */
static enum driver_result
read_frame(struct pump *p, uint32_t staged, struct packet *slot, uint8_t *room,
           instant_t now, uint32_t *len)
{
    struct packet frame = {.origin_ring = RINGS, .arrival_ns = now.ns};
    enum drop why;
    enum driver_result got;

    working_on(p, RING_LINK_RX, ring_position(&p->rx) + staged);
    got = p->driver.read(&p->driver, room, PACKET_MAX, &frame, len, &why);
    if (got == DRIVER_DROPPED)
        cnc_drop(&p->cnc, why);
    if (got != DRIVER_DONE)
        return got;
    *slot = frame;
    area_commit(&p->frames, slot, *len);
    cnc_count(&p->cnc, COUNTER_LINK_RX_FRAMES, 1);
    cnc_count(&p->cnc, COUNTER_LINK_RX_BYTES, *len);
    return got;
}

/* Returns how many frames are staged. */
static uint32_t
read_burst(struct pump *p, instant_t now, bool *broken)
{
    uint32_t staged = 0;
    uint32_t bytes = 0;

    for (uint32_t i = 0; i < BURST_FRAMES && bytes < BURST_BYTES; i++) {
        struct packet *slot;
        uint8_t *room;
        uint32_t len = 0;
        enum driver_result got;

        if (!find_room(p, staged, &slot, &room)) {
            wait_for_room(p);
            return staged;
        }
        got = read_frame(p, staged, slot, room, now, &len);
        *broken = got == DRIVER_BROKEN;
        if (got == DRIVER_NOTHING || got == DRIVER_BROKEN)
            break;
        staged += got == DRIVER_DONE;
        bytes += len;
    }
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

/* Writes the frame at the head. False: it stays there. */
static bool
write_frame(struct pump *p, instant_t now, bool *broken)
{
    struct packet frame;
    enum drop why = DROP_LINK_BAD_DESCRIPTOR;
    enum driver_result sent = DRIVER_DROPPED;

    working_on(p, RING_IP_TX, ring_position(&p->tx));
    if (packet_copy(&p->tx, 0, &frame, p->regions, REGIONS))
        sent = p->driver.write(&p->driver, &frame,
                               packet_payload(&frame, p->regions), &why);
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
        cnc_count(&p->cnc, COUNTER_LINK_TX_BYTES, frame.header_len + frame.len);
    }
    ring_take(&p->tx, 1);
    return true;
}

/* Returns how many frames are done with. */
static uint32_t
write_batch(struct pump *p, instant_t now, bool *broken)
{
    uint32_t n = min_u32(ring_ready(&p->tx), BATCH);

    if (n == 0)
        p->refused = false; /* patience is with frames, not with the device */
    for (uint32_t i = 0; i < n; i++) {
        if (!write_frame(p, now, broken))
            return i;
    }
    return n;
}

/* ---- the turn ---- */

static void
publish(struct pump *p, uint32_t staged, uint32_t taken)
{
    if (staged > 0)
        ring_publish(&p->rx, staged);
    if (taken > 0)
        ring_publish_cursor(&p->tx, ring_position(&p->tx));
    /* Between our cursor and a look at who waits for it (doorbell.h). */
    doorbell_barrier();
    if (staged > 0 || (taken > 0 && ring_space_wanted(&p->tx)))
        doorbell_ring(&p->ipd);
}

uint32_t
pump_turn(struct pump *p, instant_t now, bool *broken)
{
    uint32_t staged;
    uint32_t taken;
    int error;

    *broken = false;
    staged = read_burst(p, now, broken);
    taken = *broken ? 0 : write_batch(p, now, broken);
    error = errno;
    cnc_working_on(&p->cnc, CNC_WORK_NONE, 0);
    publish(p, staged, taken);
    cnc_heartbeat(&p->cnc);
    errno = error;
    return staged + taken;
}

bool
pump_may_sleep(struct pump *p)
{
    struct packet *slot;
    uint8_t *room;

    if (p->waits && find_room(p, 0, &slot, &room))
        return false;
    return p->refused || ring_ready(&p->tx) == 0;
}

instant_t
pump_deadline(const struct pump *p)
{
    return p->refused ? p->give_up : INSTANT_NEVER;
}

short
pump_events(const struct pump *p)
{
    int events = (p->waits ? 0 : POLLIN) | (p->refused ? POLLOUT : 0);

    return (short)events;
}

bool
pump_join(struct pump *p)
{
    const struct ring_row *rx = &ring_table[RING_LINK_RX];
    const struct ring_row *tx = &ring_table[RING_IP_TX];
    const struct region *own = &p->regions[REGION_LINKD_CNC];
    const struct region *ipd = &p->regions[REGION_IPD_CNC];

    if (!ring_join_producer(&p->rx, &p->regions[rx->region],
                            cnc_cursor(ipd, RING_LINK_RX), rx) ||
        !ring_join_consumer(&p->tx, &p->regions[tx->region],
                            cnc_cursor(own, RING_IP_TX), tx))
        return false;
    area_join(&p->frames, &p->regions[rx->region], &p->rx, rx);
    ring_want_space(&p->rx, 0);
    /* A predecessor may have written a frame and died before it said so, or
     * said so and rung nobody. */
    ring_publish_cursor(&p->tx, ring_position(&p->tx));
    doorbell_ring(&p->ipd);
    return true;
}
