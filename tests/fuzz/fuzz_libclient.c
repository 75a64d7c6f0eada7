/* SPDX-License-Identifier: MIT */
/* The library before a tcpd that writes what it likes into the region that it
 * owns. No call crashes or waits, memory that is lent lies in the regions, what
 * is received is never more than was asked for, and errors are errno's. */
#include "tests/fuzz/fuzz.h"

#include "base/bits.h"
#include "proto/shm/view.h"
#include "tests/libclient/fixture.h"

#define HANDLES 4

struct scene {
    struct fake *f;
    int handle[HANDLES];
    uint32_t handles;
};

/* ---- tcpd ---- */

static uint32_t
some_slot(struct fuzz *f)
{
    uint8_t which = fuzz_u8(f);

    if (which < 224)
        return which % 8 < 5 ? which % 8 : CLIENT_OWN + which % 8 - 5;
    return which < 250 ? which : fuzz_u32(f) % CLIENT_SLOTS;
}

static void
scribble_cursor(struct fuzz *f, struct client_rx_slot *slot)
{
    _Atomic uint64_t *word[] = {&slot->read_limit, &slot->freed,
                                &slot->send_limit};
    uint32_t which = fuzz_below(f, 6);

    if (which < 3)
        *word[which] = fuzz_scribble(f, *word[which]);
    else
        *word[which - 3] += fuzz_u16(f);
}

static void
scribble_status(struct fuzz *f, struct client_rx_slot *slot)
{
    uint64_t generation = slot->status >> 32;

    if (fuzz_below(f, 8) == 0)
        generation = (uint32_t)fuzz_scribble(f, generation);
    slot->status = generation << 32 | (fuzz_u8(f) & 7u) << 8 |
                   (fuzz_below(f, 16) == 0 ? fuzz_u8(f) : fuzz_below(f, 7));
}

static void
scribble_slot(struct fuzz *f, struct fake *fake)
{
    uint32_t n = some_slot(f);
    struct client_rx_slot *slot = &fake->shm->slot[n];

    switch (fuzz_below(f, 8)) {
    case 0:
    case 1:
    case 2:
        scribble_cursor(f, slot);
        break;
    case 3:
        scribble_status(f, slot);
        break;
    case 4:
        slot->read_base = fuzz_scribble(f, slot->read_base);
        slot->write_base = fuzz_scribble(f, slot->write_base);
        break;
    case 5:
        slot->parent = fuzz_below(f, 4) ? fuzz_below(f, 8) : fuzz_u32(f);
        slot->error = fuzz_u8(f);
        break;
    default:
        slot->chunk[fuzz_below(f, SLOT_CHUNKS)] =
            fuzz_below(f, 4) ? fuzz_u8(f) : fuzz_u16(f);
    }
    if (fuzz_below(f, 4))
        client_queue_add(&fake->shm->event, &fake->event_tail, n);
}

static void
scribble_queue(struct fuzz *f, struct fake *fake)
{
    struct client_rx_shm *shm = fake->shm;
    struct cnc_shm *tcpd = cnc_of(&fake->tcpd);

    switch (fuzz_below(f, 7)) {
    case 0:
        shm->event.tail = fuzz_scribble(f, shm->event.tail);
        break;
    case 1:
        shm->event.entry[fuzz_below(f, 64)] = fuzz_u32(f);
        break;
    case 2:
        shm->work_head = fuzz_scribble(f, shm->work_head);
        break;
    case 3:
        shm->epoch = fuzz_scribble(f, shm->epoch);
        break;
    case 4:
        tcpd->sleeping = fuzz_u8(f);
        break;
    case 5:
        cnc_of(&fake->apid)->epoch = fuzz_u8(f);
        break;
    default:
        client_queue_add(&shm->event, &fake->event_tail, fuzz_u16(f));
    }
}

/* ---- the application ---- */

/* Memory that is lent lies behind the region's header, in chunks. */
static size_t
check_lent(const struct region *r, const struct iovec *iov, int count)
{
    size_t sum = 0;

    for (int i = 0; i < count; i++) {
        const uint8_t *at = iov[i].iov_base;

        CHECK(at >= r->base + CLIENT_CHUNK_OFFSET &&
              iov[i].iov_len <= r->size &&
              at + iov[i].iov_len <= r->base + r->size);
        sum += iov[i].iov_len;
    }
    return sum;
}

static void
lend(struct fuzz *f, struct skink *s, int h)
{
    struct iovec iov[4];
    int count = 1 + fuzz_below(f, 4);
    ssize_t n;

    if (fuzz_below(f, 2)) {
        n = skink_peek(s, h, iov, &count);
        if (n > 0) {
            CHECK(check_lent(&s->rx_region, iov, count) == (size_t)n);
            (void)skink_consume(s, h, fuzz_u16(f) % ((size_t)n + 2));
        }
        return;
    }
    n = skink_reserve(s, h, fuzz_u16(f) * 4, iov, &count);
    if (n <= 0)
        return;
    CHECK(check_lent(&s->tx_region, iov, count) == (size_t)n);
    for (int i = 0; i < count; i++)
        memset(iov[i].iov_base, 'r', iov[i].iov_len);
    (void)skink_commit(s, h, fuzz_u16(f) % ((size_t)n + 2));
}

static void
move_bytes(struct fuzz *f, struct skink *s, int h)
{
    static uint8_t text[65536];
    size_t len = fuzz_u16(f);
    uint8_t *room;
    ssize_t n;

    if (fuzz_below(f, 2)) {
        n = skink_send(s, h, text, len, fuzz_below(f, 2) ? MSG_MORE : 0);
        CHECK(n <= (ssize_t)len && n >= -4095);
        return;
    }
    room = malloc(len);
    CHECK(room != NULL || len == 0);
    n = skink_recv(s, h, room, len,
                   MSG_DONTWAIT | (fuzz_below(f, 4) ? 0 : MSG_PEEK));
    CHECK(n <= (ssize_t)len && n >= -4095);
    free(room);
}

static void
call_more(struct fuzz *f, struct scene *s, int h)
{
    struct skink *sk = s->f->s;
    struct skink_event events[4];
    struct skink_pollfd fds = {.handle = h, .events = 0x2005};
    struct sockaddr_storage addr;
    socklen_t len = sizeof addr;
    int value, r;

    switch (fuzz_below(f, 8)) {
    case 0:
        r = skink_accept(sk, h, (struct sockaddr *)&addr, &len, SOCK_NONBLOCK);
        if (r >= 0 && s->handles < HANDLES)
            s->handle[s->handles++] = r;
        return;
    case 1:
        CHECK(skink_poll(sk, &fds, 1, 0) <= 1);
        return;
    case 2:
        (void)skink_watch(sk, h, SKINK_IN | SKINK_OUT, 7);
        return;
    case 3:
        CHECK(skink_wait(sk, events, 4, 0) <= 4);
        return;
    case 4:
        (void)skink_shutdown(sk, h, fuzz_below(f, 3));
        return;
    case 5:
        len = sizeof value;
        (void)skink_getsockopt(sk, h, SOL_SOCKET, SO_ERROR, &value, &len);
        (void)skink_getpeername(sk, h, (struct sockaddr *)&addr, &len);
        return;
    case 6:
        if (fuzz_below(f, 4) == 0)
            (void)skink_close(sk, h);
        return;
    default:
        if (s->handles < HANDLES)
            s->handle[s->handles++] =
                skink_socket(sk, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    }
}

static void
step(struct fuzz *f, struct scene *s)
{
    uint32_t what = fuzz_below(f, 16);
    int h = s->handle[fuzz_below(f, s->handles)];

    if (what < 6)
        scribble_slot(f, s->f);
    else if (what < 7)
        scribble_queue(f, s->f);
    else if (what < 10)
        move_bytes(f, s->f->s, h);
    else if (what < 12)
        lend(f, s->f->s, h);
    else if (what < 15)
        call_more(f, s, h);
    else
        fake_open(s->f, some_slot(f), SLOT_QUEUED, fuzz_u8(f) * CHUNK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {data, size};
    struct scene s = {.handles = 2};
    struct slot_view v;
    void *state;

    CHECK(fake_setup(&state) == 0);
    s.f = state;
    s.handle[0] = fake_connected(s.f, &v, CHUNK);
    fake_deliver(s.f, 0, &v, 5, "hello", 5);
    s.handle[1] = skink_socket(s.f->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sock_of(s.f->s, s.handle[1])->phase = PHASE_LISTENING;
    fake_show(s.f, 1, (struct slot_view){.state = SLOT_LISTEN});
    for (uint32_t i = 0; f.left > 0 && i < 200; i++)
        step(&f, &s);
    fake_teardown(&state);
    return 0;
}
