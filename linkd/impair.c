/* SPDX-License-Identifier: MIT */
/* A bad network.
 *
 * A frame meets, in this order: its fate, which is drawn when it arrives; the
 * place of those that are held back, until some others have overtaken it or 5
 * ms have passed; the line, in which it waits for the link to be free (rate)
 * and then for its delay. The line keeps its order, so that jitter stretches
 * and squeezes but never reorders: that is what `reorder` is for.
 *
 * Each frame draws the same numbers, whether they are used or not: changing one
 * chance does not change what befalls whom by the others.
 *
 * The bytes of the line lie in one circular stretch of the memory, each frame's
 * in one piece: [first's, next), which wraps when next is not behind it. */
#include "linkd/impair.h"

#include "base/bits.h"
#include "base/check.h"
#include "proto/wire/be.h"
#include "proto/wire/ether.h"
#include "proto/wire/ipv4.h"

#include <string.h>

#define MILLION    1000000
#define SECOND_NS  UINT64_C(1000000000)
#define BACK_LIMIT duration_ms(5)
#define BACK_MOST  3 /* frames that overtake one */

void
impair_init(struct impair *im, uint8_t *memory)
{
    memset(im, 0, sizeof *im);
    im->memory = memory;
}

void
impair_set(struct impair *im, const struct conf_impair *set)
{
    if (memcmp(&im->set, set, sizeof *set) == 0)
        return;
    im->set = *set;
    im->on = (set->rate | set->loss | set->reorder | set->dup | set->corrupt |
              set->delay_us | set->jitter_us) != 0;
    rng_seed(&im->rng, set->seed);
}

/* ---- fate ---- */

struct fate {
    bool lost, twice, damaged, back;
    uint32_t passes;
    uint32_t bit; /* to be made a bit of the frame */
    duration_t jitter;
};

static bool
happens(struct impair *im, uint32_t chance)
{
    return rng_below(&im->rng, MILLION) < chance;
}

static struct fate
draw_fate(struct impair *im)
{
    struct fate f;

    f.lost = happens(im, im->set.loss);
    f.twice = happens(im, im->set.dup);
    f.damaged = happens(im, im->set.corrupt);
    f.bit = (uint32_t)rng_next(&im->rng);
    f.back = happens(im, im->set.reorder);
    f.passes = 1 + (uint32_t)rng_below(&im->rng, BACK_MOST);
    f.jitter = duration_us(
        (int64_t)rng_below(&im->rng, (uint64_t)im->set.jitter_us + 1));
    return f;
}

/* Flips one bit of an IPv4 packet, padding left out. */
static void
damage(uint8_t *frame, uint32_t len, uint32_t bit)
{
    uint32_t ip_len;

    if (len < ETHER_LEN + IPV4_HEADER_LEN ||
        be16_load(frame + ETHER_LEN - 2) != ETHER_IPV4)
        return;
    ip_len = min_u32(len - ETHER_LEN, be16_load(frame + ETHER_LEN + 2));
    if (ip_len == 0)
        return;
    bit %= ip_len * 8;
    frame[ETHER_LEN + bit / 8] ^= (uint8_t)(1 << bit % 8);
}

/* ---- the line ---- */

static struct impair_packet *
line_at(struct impair *im, uint32_t i)
{
    return &im->line[i % IMPAIR_PACKETS];
}

/* The place of `len` more bytes, or NULL. */
static uint8_t *
find_room(struct impair *im, uint32_t len)
{
    uint32_t begin = im->first == im->end ? 0 : line_at(im, im->first)->at;

    if (im->end - im->first == IMPAIR_PACKETS)
        return NULL;
    if (im->first == im->end)
        im->next = 0;
    else if (im->next <= begin)
        return len <= begin - im->next ? im->memory + im->next : NULL;
    if (len > IMPAIR_BYTES - im->next) {
        if (len > begin)
            return NULL;
        im->next = 0;
    }
    return im->memory + im->next;
}

/* Those that are out already count as waiting until it is asked for. */
static void
note_departures(struct impair *im, instant_t now)
{
    while (im->departed != im->end &&
           instant_due(line_at(im, im->departed)->departs, now))
        im->waiting -= line_at(im, im->departed++)->len;
}

/* When a frame that comes now is on the link. False: the queue is full. */
static bool
queue_up(struct impair *im, uint32_t len, instant_t now, instant_t *departs)
{
    note_departures(im, now);
    *departs = now;
    if (im->set.rate == 0)
        return true;
    if (im->end - im->departed >= IMPAIR_QUEUE_PACKETS ||
        im->waiting + len > IMPAIR_QUEUE_BYTES)
        return false;
    if (instant_before(now, im->free))
        *departs = im->free;
    *departs = instant_add(
        *departs, (duration_t){(int64_t)(len * SECOND_NS / im->set.rate)});
    return true;
}

static instant_t
latest(instant_t a, instant_t b)
{
    return instant_before(a, b) ? b : a;
}

/* The place in the line of a frame of `len` bytes, for the caller to fill, or
 * NULL: it is lost. */
static uint8_t *
enter_line(struct impair *im, uint32_t len, duration_t jitter, instant_t now)
{
    struct impair_packet p = {.len = len};
    uint8_t *room = find_room(im, len);
    duration_t delay = duration_us(im->set.delay_us);

    if (room == NULL || !queue_up(im, len, now, &p.departs))
        return NULL;
    if (im->first != im->end)
        p.departs = latest(p.departs, line_at(im, im->end - 1)->departs);
    im->free = p.departs;
    p.due = instant_add(instant_add(p.departs, delay), jitter);
    p.at = im->next;
    im->next += len;
    im->waiting += len;
    *line_at(im, im->end++) = p;
    return room;
}

/* ---- those that are held back ---- */

static uint8_t *
back_room(const struct impair *im, uint32_t i)
{
    return im->memory + IMPAIR_BYTES + (size_t)i * PACKET_MAX;
}

static uint8_t *
hold_back(struct impair *im, uint32_t len, const struct fate *fate,
          instant_t now)
{
    for (uint32_t i = 0; i < IMPAIR_BACK; i++) {
        struct impair_back *b = &im->back[i];

        if (b->len > 0)
            continue;
        *b = (struct impair_back){
            .len = len,
            .passes = fate->passes,
            .until = instant_add(now, BACK_LIMIT),
            .jitter = fate->jitter,
        };
        im->held++;
        return back_room(im, i);
    }
    return NULL;
}

static void
let_go(struct impair *im, uint32_t i, instant_t now)
{
    struct impair_back *b = &im->back[i];
    uint8_t *room = enter_line(im, b->len, b->jitter, now);

    if (room != NULL)
        memcpy(room, back_room(im, i), b->len);
    else
        im->lost++;
    b->len = 0;
    im->held--;
}

/* One more has overtaken them. */
static void
let_go_overtaken(struct impair *im, instant_t now)
{
    for (uint32_t i = 0; i < IMPAIR_BACK; i++) {
        if (im->back[i].len > 0 && --im->back[i].passes == 0)
            let_go(im, i, now);
    }
}

static void
let_go_late(struct impair *im, instant_t now)
{
    for (uint32_t i = 0; i < IMPAIR_BACK; i++) {
        if (im->back[i].len > 0 && instant_due(im->back[i].until, now))
            let_go(im, i, now);
    }
}

/* ---- in and out ---- */

/* Fills `room`, if there is one. */
static bool
fill(uint8_t *room, const struct frame *f, const struct fate *fate)
{
    if (room == NULL)
        return false;
    memcpy(room, f->header, f->header_len);
    if (f->len > 0)
        memcpy(room + f->header_len, f->payload, f->len);
    if (fate->damaged)
        damage(room, frame_size(f), fate->bit);
    return true;
}

void
impair_put(struct impair *im, const struct frame *f, instant_t now)
{
    uint32_t len = frame_size(f);
    struct fate fate = draw_fate(im);

    if (fate.lost || len == 0 || len > PACKET_MAX) {
        im->lost++;
        return;
    }
    if (fate.back && fill(hold_back(im, len, &fate, now), f, &fate))
        return;
    if (!fill(enter_line(im, len, fate.jitter, now), f, &fate))
        im->lost++;
    else if (fate.twice)
        (void)fill(enter_line(im, len, fate.jitter, now), f, &fate);
    let_go_overtaken(im, now);
}

const uint8_t *
impair_peek(struct impair *im, instant_t now, uint32_t *len)
{
    const struct impair_packet *p = line_at(im, im->first);

    let_go_late(im, now);
    if (im->first == im->end || !instant_due(p->due, now))
        return NULL;
    *len = p->len;
    return im->memory + p->at;
}

void
impair_pop(struct impair *im)
{
    CHECK(im->first != im->end);
    im->first++;
}

uint32_t
impair_lost(struct impair *im)
{
    uint32_t lost = im->lost;

    im->lost = 0;
    return lost;
}

instant_t
impair_deadline(const struct impair *im)
{
    instant_t first = INSTANT_NEVER;

    if (im->first != im->end)
        first = im->line[im->first % IMPAIR_PACKETS].due;
    for (uint32_t i = 0; i < IMPAIR_BACK; i++) {
        if (im->back[i].len > 0)
            first = instant_min(first, im->back[i].until);
    }
    return first;
}
