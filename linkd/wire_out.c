/* SPDX-License-Identifier: MIT */
/* Frames from ip.tx to the device.
 *
 * A frame is gathered from ipd's inline headers and somebody's payload, so the
 * ring's head stays where it is until the last piece of it is written: nobody
 * reuses the payload before. A successor begins the head anew, and repeats some
 * pieces. What goes through a bad network is copied into linkd's own memory;
 * then the head moves at once, and what is under way dies with this process. */
#include "linkd/wire_out.h"

#include "linkd/wire.h"

/* Copies the head's descriptor. False: it is hostile, and done with. */
static bool
look_at_head(struct wire_out *w)
{
    wire_working_on(w->cnc, w->ring_id, ring_position(&w->ring));
    if (packet_copy(&w->ring, 0, &w->packet, w->regions, REGIONS))
        return true;
    ring_take(&w->ring, 1);
    return false;
}

static struct frame
head_frame(const struct wire_out *w)
{
    return frame_of(&w->packet, packet_payload(&w->packet, w->regions));
}

/* ---- as it is ---- */

static enum driver_result
peek_whole(struct wire_out *w, struct frame *f, enum drop *why)
{
    if (ring_ready(&w->ring) == 0)
        return DRIVER_NOTHING;
    w->source = WIRE_OUT_WHOLE;
    *why = DROP_LINK_BAD_DESCRIPTOR;
    if (!look_at_head(w))
        return DRIVER_DROPPED;
    *f = head_frame(w);
    return DRIVER_DONE;
}

/* ---- piece by piece ---- */

static void
next_piece(struct wire_out *w)
{
    w->begun = gso_next(&w->gso, &w->piece);
    if (!w->begun)
        ring_take(&w->ring, 1);
}

/* Begins to cut the head. */
static enum driver_result
begin(struct wire_out *w, enum drop *why)
{
    struct frame whole;

    if (ring_ready(&w->ring) == 0)
        return DRIVER_NOTHING;
    *why = DROP_LINK_BAD_DESCRIPTOR;
    if (!look_at_head(w))
        return DRIVER_DROPPED;
    whole = head_frame(w);
    if (!gso_start(&w->gso, &whole)) {
        ring_take(&w->ring, 1);
        return DRIVER_DROPPED;
    }
    next_piece(w);
    return DRIVER_DONE;
}

static enum driver_result
peek_piece(struct wire_out *w, struct frame *f, enum drop *why)
{
    enum driver_result r = w->begun ? DRIVER_DONE : begin(w, why);

    w->source = WIRE_OUT_PIECE;
    if (r == DRIVER_DONE)
        *f = w->piece;
    return r;
}

/* ---- through a bad network ---- */

static bool
peek_line(struct wire_out *w, instant_t now, struct frame *f)
{
    uint32_t len;
    const uint8_t *bytes = impair_peek(&w->impair, now, &len);

    w->source = WIRE_OUT_LINE;
    if (bytes != NULL)
        *f = frame_plain(bytes, len);
    return bytes != NULL;
}

/* What is due goes before what ipd has. */
static enum driver_result
peek_impaired(struct wire_out *w, instant_t now, struct frame *f,
              enum drop *why)
{
    enum driver_result r = DRIVER_DONE;

    if (!peek_line(w, now, f)) {
        r = begin(w, why);
        for (; w->begun; next_piece(w))
            impair_put(&w->impair, &w->piece, now);
        if (r == DRIVER_DONE && !peek_line(w, now, f)) {
            r = DRIVER_DROPPED;
            *why = DROP_NONE; /* it is under way, or counted below */
        }
    }
    wire_count_lost(w->cnc, &w->impair);
    return r;
}

/* ---- all ---- */

/* Impairments may come while a packet is being cut: it is finished first. */
enum driver_result
wire_out_peek(struct wire_out *w, instant_t now, struct frame *f,
              enum drop *why)
{
    if (w->begun)
        return peek_piece(w, f, why);
    if (impair_active(&w->impair))
        return peek_impaired(w, now, f, why);
    return w->cuts ? peek_piece(w, f, why) : peek_whole(w, f, why);
}

void
wire_out_pop(struct wire_out *w)
{
    switch (w->source) {
    case WIRE_OUT_WHOLE:
        ring_take(&w->ring, 1);
        break;
    case WIRE_OUT_PIECE:
        next_piece(w);
        break;
    case WIRE_OUT_LINE:
        impair_pop(&w->impair);
        break;
    }
}
