/* SPDX-License-Identifier: MIT */
/* Bulk throughput in virtual time: nobody waits for room that the other side has
 * but did not tell of, however large the pieces are that the reader takes. */
#include "tests/sim/host.h"
#include "tests/sim/wire.h"

#include "base/bits.h"
#include "base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SENDER         0
#define READER         1
#define SEND_BUFFER    (2u << 20)
#define RECEIVE_BUFFER (1u << 20)
#define CHUNKS         32
#define WARM_UP        (16u << 20) /* bytes, until slow start is over */
#define MEASURED       (32u << 20) /* bytes */
#define KIB            1024u

struct pace {
    uint32_t delay_us;    /* of the path, one way */
    uint32_t ns_per_byte; /* of the line */
    bool gro;             /* the segments arrive as large as they left */
    uint32_t piece;       /* bytes that the reader takes at once ... */
    uint32_t pause_us;    /* ... each time this has passed */
};

struct bulk {
    struct rng rng;
    struct wire *wire;
    struct host *host[2];
    struct pace pace;
    instant_t now, read_at;
    uint64_t acks; /* segments from the reader */
};

static struct host *
create_host(struct bulk *b, uint32_t number)
{
    const struct tcp_config config = {
        .tcbs = 4,
        .listeners = 2,
        .send_buffer = SEND_BUFFER,
        .receive_buffer = RECEIVE_BUFFER,
        .gso_max = 65280,
        .secret = {{number, 2}},
    };
    const struct host_plan idle = {.manners = HOST_PATIENT,
                                   .pause = duration_ms(1),
                                   .long_pause = duration_ms(1)};

    return host_create(number, &b->rng, &config, 1500, CHUNKS, &idle);
}

static void
bulk_create(struct bulk *b, const struct pace *pace)
{
    const struct wire_weather fine = {.delay = duration_us(pace->delay_us),
                                      .ns_per_byte = pace->ns_per_byte,
                                      .queue = duration_ms(1000),
                                      .gro = pace->gro,
                                      .narrow_at = INSTANT_NEVER};

    *b = (struct bulk){.pace = *pace, .now = {duration_ms(5000).ns}};
    rng_seed(&b->rng, 1);
    b->wire = wire_create(&b->rng, &fine);
    b->host[SENDER] = create_host(b, SENDER);
    b->host[READER] = create_host(b, READER);
    host_listen(b->host[READER], b->now);
    host_connect(b->host[SENDER], 0, HOST_PORT, b->now);
    b->read_at = INSTANT_NEVER;
}

static void
bulk_destroy(struct bulk *b)
{
    wire_destroy(b->wire);
    host_destroy(b->host[SENDER]);
    host_destroy(b->host[READER]);
}

/* ---- one event ---- */

static void
deliver(struct bulk *b, const struct wire_packet *p)
{
    struct segment seg;
    enum drop why =
        segment_parse(&seg, &p->src, &p->dst, p->bytes, p->len, true);

    assert_int_equal(why, DROP_NONE);
    seg.gso_size = p->gso_size;
    why = tcp_input(b->host[p->to]->tcp, &seg, b->now);
    assert_int_equal(why, DROP_NONE);
}

/* The sender has always something to send. */
static void
fill(struct bulk *b)
{
    struct tcb *tcb = b->host[SENDER]->tcb;

    tcp_call_send(b->host[SENDER]->tcp, tcb, tcb->tx_una + SEND_BUFFER, b->now);
}

static void
read_piece(struct bulk *b)
{
    struct tcb *tcb = b->host[READER]->tcb;
    uint64_t len = min_u64(tcb->rx_end - tcb->rx_read, b->pace.piece);

    b->read_at = instant_add(b->read_at, duration_us(b->pace.pause_us));
    tcp_call_received(b->host[READER]->tcp, tcb, tcb->rx_read + len, b->now);
}

static void
pull(struct bulk *b, uint32_t number)
{
    struct host *h = b->host[number];

    while (tcp_output(h->tcp, &h->slot, b->now)) {
        (void)wire_send(b->wire, 1 - number, &h->slot, b->now);
        b->acks += number == READER;
    }
    tcp_changed_clear(h->tcp);
}

static void
accept_it(struct bulk *b)
{
    host_act(b->host[READER], b->now);
    if (b->host[READER]->tcb != NULL)
        b->read_at = b->now;
}

static void
run_event(struct bulk *b)
{
    struct wire_packet p;

    if (wire_take(b->wire, b->now, &p))
        deliver(b, &p);
    tcp_expire(b->host[SENDER]->tcp, b->now);
    tcp_expire(b->host[READER]->tcp, b->now);
    if (b->host[READER]->tcb == NULL)
        accept_it(b);
    else if (instant_due(b->read_at, b->now))
        read_piece(b);
    fill(b);
    pull(b, SENDER);
    pull(b, READER);
}

static instant_t
next_event(const struct bulk *b)
{
    instant_t next = instant_min(b->read_at, wire_next(b->wire));

    for (uint32_t i = 0; i < 2; i++)
        next = instant_min(next, tcp_next_deadline(b->host[i]->tcp));
    return next;
}

static void
run_until_read(struct bulk *b, uint64_t bytes)
{
    const struct tcb *tcb;

    do {
        run_event(b);
        if (instant_before(b->now, next_event(b)))
            b->now = next_event(b);
        tcb = b->host[READER]->tcb;
    } while (tcb == NULL || tcb->rx_read < bytes);
}

/* ---- what can be expected ---- */

static int64_t
longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Nanoseconds in which MEASURED bytes can be expected: as the line and the reader
 * allow, and if in each round trip as much of the buffer is used as is never
 * waiting to be read. */
static int64_t
fair_time(const struct pace *p)
{
    int64_t line = (int64_t)MEASURED * p->ns_per_byte;
    int64_t reader = (int64_t)(MEASURED / p->piece) * p->pause_us * 1000;
    int64_t trips = MEASURED / (RECEIVE_BUFFER - p->piece);

    return longer(longer(line, reader), trips * 2 * p->delay_us * 1000);
}

struct result {
    uint32_t percent; /* of what can be expected */
    uint64_t bytes_per_ack;
};

static struct result
measure(const struct pace *pace)
{
    struct bulk b;
    struct result r;
    instant_t begin;
    uint64_t acks;
    int64_t took;

    bulk_create(&b, pace);
    run_until_read(&b, WARM_UP);
    begin = b.now;
    acks = b.acks;
    run_until_read(&b, WARM_UP + MEASURED);
    took = instant_sub(b.now, begin).ns;
    CHECK(took > 0 && b.acks > acks);
    r.percent = (uint32_t)(fair_time(pace) * 100 / took);
    r.bytes_per_ack = MEASURED / (b.acks - acks);
    print_message("%4u KiB each %5u us, path %4u us, line %2u ns/byte%s: "
                  "%3u%%, one ACK for %llu bytes\n",
                  pace->piece / KIB, pace->pause_us, pace->delay_us,
                  pace->ns_per_byte, pace->gro ? ", GRO" : "", r.percent,
                  (unsigned long long)r.bytes_per_ack);
    bulk_destroy(&b);
    return r;
}

static void
reader_in_pieces_gets_all_that_can_be_expected(void **state)
{
    static const struct pace paces[] = {
        {20, 0, true, 64 * KIB, 64},       {20, 0, true, 256 * KIB, 256},
        {50, 1, true, 64 * KIB, 64},       {50, 1, true, 256 * KIB, 256},
        {50, 1, false, 64 * KIB, 64},      {50, 1, false, 256 * KIB, 256},
        {50, 1, true, 64 * KIB, 640},      {50, 1, true, 256 * KIB, 2560},
        {50, 1, true, 512 * KIB, 5120},    {50, 1, true, 768 * KIB, 7680},
        {450, 1, true, 64 * KIB, 64},      {450, 1, true, 256 * KIB, 256},
        {450, 1, true, 512 * KIB, 512},    {4500, 10, true, 64 * KIB, 640},
        {4500, 10, true, 256 * KIB, 2560}, {4500, 10, false, 64 * KIB, 640},
    };

    (void)state;
    for (size_t i = 0; i < sizeof paces / sizeof paces[0]; i++)
        assert_true(measure(&paces[i]).percent >= 95);
}

/* Neither side shall have a segment's work for each small read. */
static void
reader_of_crumbs_gets_large_segments(void **state)
{
    const struct pace crumbs = {50, 1, true, 1 * KIB, 10};
    struct result r = measure(&crumbs);

    (void)state;
    assert_true(r.percent >= 95);
    assert_true(r.bytes_per_ack >= 8 * KIB);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_in_pieces_gets_all_that_can_be_expected),
        cmocka_unit_test(reader_of_crumbs_gets_large_segments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
