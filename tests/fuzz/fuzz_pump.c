/* SPDX-License-Identifier: MIT */
/* linkd between a hostile ipd and a hostile wire: descriptors of any 128 bytes,
 * cursors that move as they like, frames of any bytes with whatever a device
 * can say of them, impairments. linkd goes on; a device without offloads is
 * given nothing but whole frames, and all that is published lies where packets
 * lie. */
#include "tests/fuzz/fuzz.h"

#include "base/bits.h"
#include "tests/linkd/pump_world.h"
#include "tests/linkd/segment.h"

static uint8_t wire[4096]; /* the frame that waits at the device */
static uint32_t wire_len;  /* 0: none */
static struct packet wire_says;

static enum driver_result
device_read(const struct driver *d, uint8_t *room, uint32_t size,
            struct packet *p, uint32_t *len, enum drop *why)
{
    (void)d;
    (void)why;
    CHECK(size >= wire_len);
    if (wire_len == 0)
        return DRIVER_NOTHING;
    memcpy(room, wire, wire_len);
    *len = wire_len;
    p->flags = wire_says.flags;
    p->gso_size = wire_says.gso_size;
    p->csum_start = wire_says.csum_start;
    p->csum_offset = wire_says.csum_offset;
    wire_len = 0;
    return DRIVER_DONE;
}

static enum driver_result
device_write(const struct driver *d, const struct frame *f, enum drop *why)
{
    volatile uint8_t byte = 0;

    (void)d;
    (void)why;
    for (uint32_t i = 0; i < f->header_len; i++)
        byte = f->header[i];
    for (uint32_t i = 0; i < f->len; i++)
        byte = f->payload[i];
    CHECK(frame_size(f) > 0 && frame_size(f) <= PACKET_HEADER + PACKET_MAX);
    CHECK(world.offloads || f->flags == 0);
    CHECK(!(f->flags & PACKET_CSUM_PARTIAL) ||
          (uint32_t)f->csum_start + f->csum_offset + 2 <= frame_size(f));
    return byte == 0xd0 ? DRIVER_NOTHING : DRIVER_DONE;
}

/* A segment, or a large one, of which some bytes are changed. */
static uint32_t
some_frame(struct fuzz *f, uint8_t *out, struct packet *p)
{
    struct segment s = segment_of(fuzz_u8(f) * 100u, fuzz_u16(f) % 3000);
    uint16_t size = fuzz_below(f, 2) ? fuzz_u16(f) : 0;
    uint32_t len = segment_encode(&s, out);

    *p = (struct packet){.flags = 0};
    if (fuzz_below(f, 2))
        segment_offload(out, len, size, p);
    for (uint32_t n = fuzz_below(f, 8); n > 0; n--)
        out[fuzz_u8(f) % min_u32(len, 90)] = fuzz_u8(f);
    return len;
}

static void
step_out(struct fuzz *f)
{
    static uint8_t bytes[4096];
    struct packet *slot = ring_stage(&ip_tx, 0);
    struct packet p;
    uint32_t len = some_frame(f, bytes, &p), header;
    uint8_t *room;

    if (slot == NULL || (room = area_reserve(&made, 0, len)) == NULL)
        return;
    header = fuzz_below(f, PACKET_HEADER + 1);
    memcpy(p.header, bytes, header);
    p.header_len = (uint8_t)header;
    memcpy(room, bytes + header, len - min_u32(header, len));
    area_commit(&made, &p, len - min_u32(header, len));
    memcpy(slot, &p, sizeof p);
    for (uint32_t n = fuzz_below(f, 6); n > 0; n--)
        ((uint8_t *)slot)[fuzz_u8(f) % sizeof *slot] = fuzz_u8(f);
    ring_publish(&ip_tx, 1);
}

static void
step_in(struct fuzz *f)
{
    wire_len = some_frame(f, wire, &wire_says);
    if (fuzz_below(f, 8) == 0)
        wire_len = 14 + fuzz_u8(f);
    if ((uint32_t)wire_says.csum_start + wire_says.csum_offset + 2 > wire_len)
        wire_says.flags = 0;
    if (wire_says.gso_size == 0)
        wire_says.flags &= (uint8_t)~PACKET_GSO_TCPV4;
}

static void
step_scribble(struct fuzz *f)
{
    struct ring_cursor *cursor = link_rx.cursor;

    switch (fuzz_below(f, 3)) {
    case 0:
        cursor->head = fuzz_scribble(f, cursor->head);
        return;
    case 1:
        cursor->released = fuzz_scribble(f, cursor->released);
        return;
    default:
        ip_tx.shm->tail = fuzz_scribble(f, ip_tx.shm->tail);
    }
}

static void
step_impair(struct fuzz *f)
{
    struct conf_impair set[CONF_DIRECTIONS];

    for (int d = 0; d < CONF_DIRECTIONS; d++)
        set[d] = (struct conf_impair){.seed = fuzz_u8(f),
                                      .rate = fuzz_u16(f) * 100u,
                                      .loss = fuzz_u8(f) * 2000u,
                                      .reorder = fuzz_u8(f) * 2000u,
                                      .dup = fuzz_u8(f) * 2000u,
                                      .corrupt = fuzz_u8(f) * 2000u,
                                      .delay_us = fuzz_u8(f) * 10u,
                                      .jitter_us = fuzz_u8(f)};
    pump_impair(&pump, set);
}

static void
check_published(void)
{
    struct packet p;
    uint32_t ready = ring_ready(&link_rx);

    for (uint32_t n = 0; n < ready; n++) {
        CHECK(packet_copy(&link_rx, n, &p, regions, REGIONS));
        CHECK(p.header_len == 0 && p.region == REGION_LINK_RX);
    }
    ring_take(&link_rx, ready);
    if (!ring_broken(&link_rx))
        ring_publish_cursor(&link_rx, ring_position(&link_rx));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {data, size};
    bool honest = true; /* is ipd's cursor what it took? */

    wire_len = 0;
    world.offloads = fuzz_below(&f, 2) != 0;
    world.driver =
        (struct driver){.fd = -1, .read = device_read, .write = device_write};
    open_pump_world();
    for (uint32_t i = 0; f.left > 0 && i < 200; i++) {
        uint32_t what = fuzz_below(&f, 16);

        if (what < 4)
            step_out(&f);
        else if (what < 8)
            step_in(&f);
        else if (what == 8 && fuzz_below(&f, 4) == 0)
            honest = (step_scribble(&f), false);
        else if (what == 9)
            step_impair(&f);
        else if (what == 10)
            now = instant_add(now, duration_us(fuzz_u16(&f)));
        else
            turn();
        if (honest && what == 15)
            check_published();
    }
    turn();
    if (honest)
        check_published();
    close_pump_world(NULL);
    return 0;
}
