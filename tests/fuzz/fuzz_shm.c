/* SPDX-License-Identifier: MIT */
/* What one process reads of another's region. A header of any bytes is a region
 * of this version or none; a ring whose shape, cursors and slots are written
 * over is broken for good or goes on in order, and its packets lie where
 * packets may; records of any bytes are found whole or not at all. The first
 * byte picks which. */
#define _GNU_SOURCE 1
#include "tests/fuzz/fuzz.h"

#include "proto/shm/cnc.h"
#include "proto/shm/conf.h"
#include "proto/shm/handover.h"
#include "proto/shm/notice.h"
#include "proto/shm/packet.h"
#include "proto/shm/record.h"
#include "proto/shm/view.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS 8
#define AREA  4096

static const struct ring_row row = {
    .name = "fuzzed",
    .producer = DAEMON_LINKD,
    .consumer = DAEMON_IPD,
    .region = REGION_LINK_RX,
    .slots = SLOTS,
    .slot_size = sizeof(struct packet),
    .area = AREA,
};

static struct region
fuzz_region(uint32_t id, size_t size)
{
    struct region r;
    int fd = region_create(id, size, 7);

    CHECK(fd >= 0 && region_map(&r, fd, id, true));
    close(fd);
    return r;
}

/* ---- headers ---- */

static void
fuzz_header(struct fuzz *f)
{
    uint8_t header[sizeof(struct region_header)];
    int fd = region_create(REGION_IP_RX, 4096, 7);
    struct region r = {.base = NULL}, mine;

    CHECK(fd >= 0 && region_map(&mine, fd, REGION_IP_RX, true));
    memcpy(header, mine.base, sizeof header);
    for (uint32_t n = fuzz_below(f, 16); n > 0; n--)
        header[fuzz_below(f, sizeof header)] = fuzz_u8(f);
    memcpy(mine.base, header, sizeof header);
    if (region_map(&r, fd, fuzz_below(f, REGIONS), fuzz_below(f, 2) != 0)) {
        CHECK(r.size == mine.size && region_at(&r, SHM_LINE, 1) != NULL &&
              region_at(&r, r.size, 1) == NULL && region_at(&r, 0, 1) == NULL);
        region_unmap(&r);
    }
    region_unmap(&mine);
    close(fd);
}

/* ---- rings ---- */

struct fuzz_ring {
    struct region regions[REGIONS];
    struct ring_shm *shm;
    struct ring_cursor *cursor;
    struct ring producer, consumer;
    struct area area;
};

/* A hostile producer writes over its words and slots, and publishes. */
static void
scribble_producer(struct fuzz *f, struct fuzz_ring *r)
{
    uint8_t *slots = (uint8_t *)(r->shm + 1);

    switch (fuzz_below(f, 8)) {
    case 0:
        r->shm->tail = fuzz_scribble(f, r->shm->tail);
        return;
    case 1:
        r->shm->slots = fuzz_u32(f);
        return;
    case 2:
        r->shm->area = fuzz_u32(f);
        return;
    case 3:
    case 4:
        r->shm->tail += fuzz_below(f, 3);
        return;
    default:
        fuzz_bytes(f,
                   slots + fuzz_below(f, SLOTS) * sizeof(struct packet) +
                       fuzz_below(f, 100),
                   fuzz_below(f, 28));
    }
}

/* A hostile consumer's are its cursors. */
static void
scribble_consumer(struct fuzz *f, struct fuzz_ring *r)
{
    switch (fuzz_below(f, 4)) {
    case 0:
        r->cursor->head = fuzz_scribble(f, r->cursor->head);
        return;
    case 1:
        r->cursor->released = fuzz_scribble(f, r->cursor->released);
        return;
    default:
        r->cursor->head += fuzz_below(f, 3);
        r->cursor->released = r->cursor->head;
    }
}

static void
produce(struct fuzz *f, struct fuzz_ring *r)
{
    uint32_t len = 1 + fuzz_u16(f) % AREA;
    struct packet *slot = ring_stage(&r->producer, 0);
    uint8_t *room;

    if (slot == NULL || (room = area_reserve(&r->area, 0, len)) == NULL)
        return;
    CHECK(region_at(&r->regions[row.region],
                    (uint64_t)(room - r->regions[row.region].base),
                    len) == room);
    memset(room, 1, len);
    *slot = (struct packet){.origin_ring = RINGS};
    area_commit(&r->area, slot, len);
    ring_publish(&r->producer, 1);
}

static void
consume(struct fuzz *f, struct fuzz_ring *r)
{
    uint32_t ready = ring_ready(&r->consumer), take;
    volatile uint8_t byte = 0;
    struct packet p;

    CHECK(ready <= SLOTS);
    take = ready == 0 ? 0 : fuzz_below(f, ready + 1);
    for (uint32_t n = 0; n < take; n++) {
        const uint8_t *at;

        if (!packet_copy(&r->consumer, n, &p, r->regions, REGIONS))
            continue;
        CHECK(p.header_len <= PACKET_HEADER && p.len <= PACKET_MAX);
        at = packet_payload(&p, r->regions);
        for (uint32_t i = 0; i < p.len; i++)
            byte = at[i];
    }
    (void)byte;
    ring_take(&r->consumer, take);
    if (!ring_broken(&r->consumer))
        ring_publish_cursor(&r->consumer, ring_position(&r->consumer));
}

static void
hostile_consumer(struct fuzz *f, struct fuzz_ring *r)
{
    const struct region *region = &r->regions[row.region];

    for (uint32_t n = fuzz_below(f, 4); n > 0; n--)
        scribble_consumer(f, r);
    if (!ring_join_producer(&r->producer, region, r->cursor, &row))
        return;
    area_join(&r->area, region, &r->producer, &row);
    while (f->left > 0)
        if (fuzz_below(f, 3) == 0)
            scribble_consumer(f, r);
        else
            produce(f, r);
}

static void
hostile_producer(struct fuzz *f, struct fuzz_ring *r)
{
    const struct region *region = &r->regions[row.region];
    struct packet p;

    for (uint32_t n = fuzz_below(f, 4); n > 0; n--)
        scribble_producer(f, r);
    if (!ring_join_consumer(&r->consumer, region, r->cursor, &row))
        return;
    while (f->left > 0) {
        if (fuzz_below(f, 3) == 0)
            consume(f, r);
        else
            scribble_producer(f, r);
        (void)!packet_observe(&row, fuzz_u8(f), &p, r->regions, REGIONS);
    }
}

static void
fuzz_ring(struct fuzz *f)
{
    struct fuzz_ring r = {.shm = NULL};
    struct region cnc = fuzz_region(REGION_IPD_CNC, sizeof(struct cnc_shm));
    struct region *region = &r.regions[row.region];

    *region =
        fuzz_region(row.region, ring_region_size(SLOTS, row.slot_size, AREA));
    ring_create(region, &row);
    r.shm = (void *)(region->base + RING_OFFSET);
    r.cursor = cnc_cursor(&cnc, RING_LINK_RX);
    if (fuzz_below(f, 2))
        hostile_consumer(f, &r);
    else
        hostile_producer(f, &r);
    region_unmap(region);
    region_unmap(&cnc);
}

/* ---- records ---- */

static void
fuzz_records(struct fuzz *f)
{
    struct region r = fuzz_region(REGION_IPD_STATE, 4096);
    uint64_t offset = STATE_BODY, body[4], zero[4] = {0};
    struct record_set s;

    CHECK(record_set_join(&s, &r, &offset, 4, sizeof body));
    for (uint32_t turn = 1; turn < 4; turn++) {
        memset(body, (int)turn, sizeof body);
        record_write(&s, turn, turn, body);
        record_write(&s, 0, turn, body);
        state_commit(&r, turn);
    }
    while (f->left > 0)
        r.base[SHM_LINE + fuzz_u16(f) % (offset - SHM_LINE)] = fuzz_u8(f);
    for (uint32_t i = 0; i < 4; i++) {
        memcpy(body, zero, sizeof body);
        /* A checksum of 64 bits is not forged by chance. */
        if (record_recover(&s, i, state_turn(&r), body) == RECORD_FOUND)
            CHECK(body[0] == body[3] && body[0] % 0x0101010101010101 == 0);
    }
    region_unmap(&r);
}

/* ---- values ---- */

static void
fuzz_values(struct fuzz *f)
{
    static struct cnc_dropped dropped[CNC_DROPS];
    struct region r = fuzz_region(REGION_IPD_CNC, sizeof(struct cnc_shm));
    struct cnc_shm *cnc = cnc_of(&r);
    struct packet p;
    struct notice n;
    struct cnc_view v;
    uint64_t next = fuzz_u64(f);
    size_t told;

    fuzz_bytes(f, &p, sizeof p);
    if (notice_decode(&p, &n)) {
        struct packet again = {.origin_ring = p.origin_ring};

        notice_encode(&again, &n);
        CHECK(notice_decode(&again, &n));
    }
    cnc->dropped = fuzz_u64(f);
    cnc->state = fuzz_u32(f);
    fuzz_bytes(f, cnc->drop_log, sizeof cnc->drop_log);
    told = cnc_dropped(cnc, &next, dropped, CNC_DROPS);
    CHECK(told <= CNC_DROPS);
    for (size_t i = 0; i < told; i++)
        CHECK(dropped[i].why < DROPS);
    v = cnc_look(cnc);
    CHECK(v.state <= CNC_STOPPED);
    region_unmap(&r);
}

static void
fuzz_view(struct fuzz *f)
{
    struct region r = fuzz_region(REGION_IPD_VIEW, IPD_VIEW_SIZE);
    struct view_ping ping;
    struct ipd_view v;

    while (f->left > 0)
        r.base[SHM_LINE + fuzz_u16(f) % (r.size - SHM_LINE)] = fuzz_u8(f);
    CHECK(ipd_view_join(&v, &r));
    for (uint32_t i = 0; i < v.pings.count; i++)
        (void)view_read(&v.pings, i, &ping);
    region_unmap(&r);
}

/* ---- handover ---- */

static void
fuzz_handover(struct fuzz *f)
{
    struct tables t;
    struct handover h;

    tables_init(&t);
    for (int i = 0; i < 8 && f->left > 0; i++) {
        size_t len = fuzz_u8(f) < 250 ? sizeof h : fuzz_below(f, 64);
        int fd = fuzz_below(f, 2) ? eventfd(0, EFD_CLOEXEC)
                                  : region_create(fuzz_below(f, 32), 4096, 7);

        h = (struct handover){.kind = fuzz_below(f, 16),
                              .id = fuzz_near(f),
                              .writable = fuzz_below(f, 3)};
        (void)handover_adopt(&t, &h, len < sizeof h ? len : sizeof h, fd);
        CHECK(t.link_index < LINKS_MAX);
    }
    for (uint32_t id = 0; id < REGION_IDS; id++)
        region_unmap(&t.regions[id]);
    for (int i = 0; i < DAEMONS; i++) {
        if (t.bell_in[i] >= 0)
            close(t.bell_in[i]);
        if (t.bell_out[i] >= 0)
            close(t.bell_out[i]);
    }
    if (t.link >= 0)
        close(t.link);
    if (t.listen >= 0)
        close(t.listen);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct fuzz *) = {
        fuzz_header, fuzz_ring, fuzz_records,
        fuzz_values, fuzz_view, fuzz_handover};
    struct fuzz f = {data, size};

    targets[fuzz_below(&f, sizeof targets / sizeof targets[0])](&f);
    /* A descriptor that leaks shows itself as a high number. */
    int fd = eventfd(0, EFD_CLOEXEC);

    CHECK(fd >= 0 && fd < 64);
    close(fd);
    return 0;
}
