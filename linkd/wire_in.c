/* SPDX-License-Identifier: MIT */
/* Frames from the device into link.rx.
 *
 * A frame is read straight into the room that it stays in. Of devices that give
 * small segments, the next frame is read behind the packet that grows there: it
 * is moved up against it if it belongs to it, and otherwise becomes the next
 * packet where it lies. So a packet only grows in a room for two. At the end of
 * a turn everything is staged: nothing is kept for segments that may never
 * come.
 *
 * With impairments, what the device gives is first cut into the frames that a
 * wire would have carried, with complete checksums. They go through the bad
 * network in linkd's own memory, and those that come out are joined again,
 * whatever the device can do: it no longer vouches for them.
 *
 * A burst is bounded in frames and bytes, since what is in flight between the
 * daemons ought to stay in the cache that they share. */
#include "linkd/wire_in.h"

#include "base/bits.h"
#include "linkd/wire.h"

#include <string.h>

#define BURST_FRAMES 8  /* large ones */
#define BURST_JOINED 64 /* those that may be joined */
#define BURST_BYTES  (256 * 1024)

#define ROOM_UNIT 64 /* bytes: what a packet's length is rounded up to there */
#define TWO_ROOMS (2 * ((PACKET_MAX + ROOM_UNIT - 1) & ~(ROOM_UNIT - 1)))

/* ---- rooms ---- */

/* The room behind what is staged. */
static uint8_t *
open_room(struct wire_in *w)
{
    uint8_t *room = NULL;

    if (w->may_join && ring_stage(&w->ring, w->staged + 1) != NULL)
        room = area_reserve(&w->frames, w->staged, TWO_ROOMS);
    w->roomy = room != NULL;
    return w->roomy ? room : area_reserve(&w->frames, w->staged, PACKET_MAX);
}

/* Where the next frame is put, or NULL: ipd holds it. */
static uint8_t *
next_room(struct wire_in *w)
{
    if (w->grows)
        return w->gro.bytes + bits_round_up(w->gro.len, ROOM_UNIT);
    return ring_stage(&w->ring, w->staged) == NULL ? NULL : open_room(w);
}

bool
wire_in_has_room(struct wire_in *w)
{
    return ring_stage(&w->ring, 0) != NULL &&
           area_reserve(&w->frames, 0, PACKET_MAX) != NULL;
}

/* Stages what lies at the front of the last room. Its slot was free when the
 * room was opened, so there is none only when ipd has broken the ring since. */
static void
stage(struct wire_in *w, const struct packet *p, uint32_t len)
{
    struct packet *slot = ring_stage(&w->ring, w->staged);

    if (slot == NULL) {
        cnc_drop(w->cnc, DROP_LINK_RING_FULL);
        return;
    }
    *slot = *p;
    area_commit(&w->frames, slot, len);
    w->staged++;
}

static void
stage_grown(struct wire_in *w)
{
    gro_finish(&w->gro, &w->packet);
    stage(w, &w->packet, w->gro.len);
    w->grows = false;
}

/* ---- frames ---- */

/* The packet that grew is done. The frame behind it gets a room of its own,
 * most often where it lies, since the room was one for two. NULL: ipd has
 * broken the ring. */
static uint8_t *
separate(struct wire_in *w, uint8_t *bytes, uint32_t len)
{
    uint8_t *room;

    stage_grown(w);
    room = open_room(w);
    if (room == NULL)
        cnc_drop(w->cnc, DROP_LINK_RING_FULL);
    else if (room != bytes)
        memmove(room, bytes, len);
    return room;
}

/* A frame lies at `bytes`, as next_room said. */
static void
take(struct wire_in *w, uint8_t *bytes, uint32_t len, const struct packet *p)
{
    if (w->grows && gro_add(&w->gro, bytes, len, p)) {
        if (!w->gro.open)
            stage_grown(w);
        return;
    }
    if (w->grows) {
        bytes = separate(w, bytes, len);
        if (bytes == NULL)
            return;
    }
    if (!w->roomy) {
        stage(w, p, len);
        return;
    }
    w->packet = *p;
    w->grows = gro_start(&w->gro, bytes, len, &w->packet);
    if (!w->grows)
        stage(w, &w->packet, len);
}

static enum driver_result
read_device(struct wire_in *w, uint8_t *room, struct packet *p, uint32_t *len)
{
    enum drop why;
    enum driver_result got;

    wire_working_on(w->cnc, w->ring_id, ring_position(&w->ring) + w->staged);
    got = w->driver->read(w->driver, room, PACKET_MAX, p, len, &why);
    if (got == DRIVER_DROPPED)
        cnc_drop(w->cnc, why);
    if (got == DRIVER_DONE) {
        cnc_count(w->cnc, COUNTER_LINK_RX_FRAMES, 1);
        cnc_count(w->cnc, COUNTER_LINK_RX_BYTES, *len);
    }
    return got;
}

/* ---- through a bad network ---- */

static bool
take_due(struct wire_in *w, uint8_t *room, instant_t now, uint32_t *len)
{
    const uint8_t *frame = impair_peek(&w->impair, now, len);

    if (frame == NULL)
        return false;
    memcpy(room, frame, *len);
    impair_pop(&w->impair);
    return true;
}

static void
impair_frame(struct wire_in *w, const struct packet *p, uint32_t len,
             instant_t now)
{
    struct frame whole = frame_received(p, w->scratch, len);
    struct frame piece;

    if (!gso_start(&w->gso, &whole)) {
        cnc_drop(w->cnc, DROP_LINK_BAD_VNET_HEADER);
        return;
    }
    while (gso_next(&w->gso, &piece))
        impair_put(&w->impair, &piece, now);
}

/* What is due goes before what the device has; so the line empties as fast as
 * it is filled. DRIVER_DROPPED: this time nothing came out. */
static enum driver_result
read_impaired(struct wire_in *w, uint8_t *room, instant_t now, uint32_t *len)
{
    struct packet p = {0};
    enum driver_result got = DRIVER_DONE;

    if (!take_due(w, room, now, len)) {
        got = read_device(w, w->scratch, &p, len);
        if (got == DRIVER_DONE) {
            impair_frame(w, &p, *len, now);
            if (!take_due(w, room, now, len))
                got = DRIVER_DROPPED;
        }
    }
    wire_count_lost(w->cnc, &w->impair);
    return got;
}

/* ---- the burst ---- */

/* One more frame, wherever it comes from. */
static enum driver_result
next_frame(struct wire_in *w, uint8_t *room, instant_t now, uint32_t *bytes)
{
    struct packet p = {.origin_ring = RINGS, .arrival_ns = now.ns};
    uint32_t len = 0;
    enum driver_result got;

    if (w->impairs)
        got = read_impaired(w, room, now, &len);
    else
        got = read_device(w, room, &p, &len);
    if (got == DRIVER_DONE) {
        take(w, room, len, &p);
        *bytes += len;
    }
    return got;
}

enum wire_in_end
wire_in_burst(struct wire_in *w, instant_t now, uint32_t *staged)
{
    uint32_t frames;
    uint32_t bytes = 0;
    enum wire_in_end end = WIRE_IN_DONE;

    w->staged = 0;
    w->impairs = impair_active(&w->impair);
    w->may_join = w->joins || w->impairs;
    frames = w->may_join ? BURST_JOINED : BURST_FRAMES;
    for (uint32_t i = 0; i < frames && bytes < BURST_BYTES; i++) {
        uint8_t *room = next_room(w);
        enum driver_result got = DRIVER_NOTHING;

        if (room == NULL)
            end = WIRE_IN_FULL;
        else
            got = next_frame(w, room, now, &bytes);
        if (got == DRIVER_BROKEN)
            end = WIRE_IN_BROKEN;
        if (got == DRIVER_NOTHING || got == DRIVER_BROKEN)
            break;
    }
    if (w->grows)
        stage_grown(w);
    *staged = w->staged;
    return end;
}
