/* SPDX-License-Identifier: MIT */
/* ipd killed at every store that shows something: no packet is lost, none comes
 * twice, none out of order, and no byte is given free while somebody reads it.
 *
 * A kill is played on memory: the words by which a turn becomes true and
 * visible are noted before it and after it, and the first k of them, in the
 * order in which ipd stores them, get their new values while the rest get their
 * old ones back. That is what a process killed between two of these stores
 * leaves. The players around ipd go on with what they see, before and after its
 * successor starts. */
#include "tests/ipd/ipd_world.h"

#include "ipd/turn.h"
#include "proto/shm/record.h"
#include "tests/proto/wire/fixture.h"

#define HEADERS (ETHER_LEN + IPV4_HEADER_LEN)
#define STAMP   24   /* bytes of a segment before its text */
#define TEXT    3000 /* bytes at most */
#define LINKS   2
#define WORDS   (4 + 3 * LINKS)
#define HELD    64 /* packets that a player holds at most */

static struct world w;
static struct rng rng;
static uint32_t deaths;
static uint8_t frame[HEADERS + ICMP_HEADER_LEN + STAMP + TEXT];

static void play(void);

/* ---- kills ---- */

/* The words of committing and publishing, in the order of their stores. */
static void
find_words(_Atomic uint64_t *words[WORDS])
{
    struct state_shm *state =
        region_at(&w.regions[REGION_IPD_STATE], STATE_OFFSET, sizeof *state);

    assert_non_null(state);
    *words++ = &state->turn;
    *words++ = &w.ip_rx.shm->tail;
    for (int k = 0; k < LINKS; k++)
        *words++ = &w.link[k].tx.shm->tail;
    for (int k = 0; k < LINKS; k++) {
        *words++ = &w.link[k].rx.cursor->head;
        *words++ = &w.link[k].rx.cursor->released;
    }
    *words++ = &w.tcp_tx.cursor->head;
    *words++ = &w.tcp_tx.cursor->released;
}

static void
note(uint64_t values[WORDS])
{
    _Atomic uint64_t *words[WORDS];

    find_words(words);
    for (int i = 0; i < WORDS; i++)
        values[i] = *words[i];
}

/* Takes back all but the first k stores since `before` was noted. */
static void
kill_after(uint32_t k, const uint64_t before[WORDS])
{
    _Atomic uint64_t *words[WORDS];

    find_words(words);
    for (uint32_t i = k; i < WORDS; i++)
        *words[i] = before[i];
}

/* One turn, or a part of one and the first stores of a successor's recovery. */
static void
turn_or_death(void)
{
    uint64_t before[WORDS];

    note(before);
    ipd_world_turn(&w);
    if (rng_below(&rng, 4) != 0)
        return;
    kill_after((uint32_t)rng_below(&rng, WORDS + 1), before);
    deaths++;
    play(); /* its neighbours live on while it is dead */
    if (rng_below(&rng, 3) == 0) {
        note(before);
        ipd_world_restart(&w);
        kill_after((uint32_t)rng_below(&rng, WORDS + 1), before);
        deaths++;
    }
    ipd_world_restart(&w);
}

/* ---- what travels ---- */

/* Text of a length and of bytes that follow from its number. */
static uint32_t
text_len(uint32_t flow, uint32_t number)
{
    return (number * 2654435761u + flow) % TEXT;
}

static void
put_segment(uint8_t *out, uint32_t flow, uint32_t number)
{
    uint32_t len = text_len(flow, number);

    memset(out, 0, STAMP);
    be32_store(out, flow);
    be32_store(out + 4, number);
    memset(out + STAMP, (int)(number * 31 + flow) & 0xff, len);
}

/* The number of the segment whose bytes are all in place. */
static uint32_t
check_segment(const uint8_t *bytes, uint32_t len, uint32_t flow)
{
    static uint8_t expected[STAMP + TEXT];
    uint32_t number = be32_load(bytes + 4);

    assert_int_equal(be32_load(bytes), flow);
    assert_int_equal(len, STAMP + text_len(flow, number));
    put_segment(expected, flow, number);
    assert_memory_equal(bytes, expected, len);
    return number;
}

/* ---- the players ---- */

/* In and out by either link, between them, and turned round. */
enum { FLOW_IN, FLOW_ECHO, FLOW_OUT, FLOW_OUT1, FLOW_SELF, FLOW_PASS, FLOWS };

static uint32_t sent[FLOWS], received[FLOWS];

/* What a player has taken and still reads. */
struct hand {
    struct packet packets[HELD];
    uint32_t count;
};

static struct hand linkd[LINKS], tcpd;

/* To us, or by us to the second link. */
static bool
send_in(uint32_t flow)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    uint32_t len = STAMP + text_len(flow, sent[flow]);
    struct ipv4 ip = test_ipv4(IP_PROTO_TCP, len);

    if (flow == FLOW_PASS) {
        len = STAMP + text_len(flow, sent[flow]) % 1300;
        ip = test_ipv4(IP_PROTO_UDP, len);
        ip.dst = addr_v4(PEER1);
    }
    put_segment(frame + HEADERS, flow, sent[flow]);
    return ipd_world_send_frame(&w, frame, put_headers(frame, &eth, &ip, len),
                                0, 0);
}

static bool
send_echo(void)
{
    const struct icmp_echo echo = {ICMP_ECHO_REQUEST, 1, 1};
    const struct ether eth = test_ether(ETHER_IPV4);
    uint32_t len = STAMP + text_len(FLOW_ECHO, sent[FLOW_ECHO]) % 1400;
    const struct ipv4 ip = test_ipv4(IP_PROTO_ICMP, ICMP_HEADER_LEN + len);
    uint8_t *message = frame + HEADERS;

    put_segment(message + ICMP_HEADER_LEN, FLOW_ECHO, sent[FLOW_ECHO]);
    icmp_echo_encode(message, &echo,
                     checksum_add(0, message + ICMP_HEADER_LEN, len));
    return ipd_world_send_frame(
        &w, frame, put_headers(frame, &eth, &ip, ICMP_HEADER_LEN + len), 0, 0);
}

static bool
send_out(uint32_t flow)
{
    const struct packet p = {
        .flags = PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4,
        .gso_size = 1000,
        .src = addr_v4(OURS),
        .dst = addr_v4(flow == FLOW_SELF   ? OURS
                       : flow == FLOW_OUT1 ? PEER1
                                           : FAR),
    };

    put_segment(frame, flow, sent[flow]);
    return ipd_world_send_segment(&w, &p, frame,
                                  STAMP + text_len(flow, sent[flow]));
}

static void
send_something(void)
{
    uint32_t flow = (uint32_t)rng_below(&rng, FLOWS);
    bool gone = flow == FLOW_IN || flow == FLOW_PASS ? send_in(flow)
                : flow == FLOW_ECHO                  ? send_echo()
                                                     : send_out(flow);

    sent[flow] += gone;
}

/* The next of its flow, and the only one of that number. */
static void
receive(const struct packet *p, uint32_t flow)
{
    const uint8_t *bytes = ipd_world_payload(&w, p);

    if (flow == FLOW_ECHO || flow == FLOW_PASS)
        assert_int_equal(be32_load(bytes + 4), received[flow]);
    else
        assert_int_equal(check_segment(bytes, p->len, flow), received[flow]);
    received[flow]++;
}

static uint32_t
flow_of(const struct packet *p)
{
    return be32_load(ipd_world_payload(&w, p));
}

static bool
take_next(struct hand *h, struct packet *p)
{
    if (h == &tcpd)
        return ipd_world_take_delivery(&w, p);
    return ipd_world_take_on(&w, (uint32_t)(h - linkd), p);
}

/* Our own ARP requests apart, which nobody counts. */
static void
take_into(struct hand *h)
{
    struct packet p;

    while (h->count < HELD && rng_below(&rng, 3) != 0 && take_next(h, &p)) {
        h->packets[h->count++] = p;
        if (p.len > 0)
            receive(&p, flow_of(&p));
    }
}

/* Reads all once more: what is held has not been overwritten. */
static void
let_go(struct hand *h, struct ring *r)
{
    for (uint32_t i = 0; i < h->count; i++) {
        const struct packet *p = &h->packets[i];

        if (p->len > 0 && flow_of(p) != FLOW_ECHO && flow_of(p) != FLOW_PASS)
            check_segment(ipd_world_payload(&w, p), p->len, flow_of(p));
    }
    h->count = 0;
    ring_publish_cursor(r, ring_position(r));
}

static void
play(void)
{
    for (uint64_t n = rng_below(&rng, 12); n > 0; n--)
        send_something();
    for (int k = 0; k < LINKS; k++) {
        take_into(&linkd[k]);
        if (linkd[k].count == HELD || rng_below(&rng, 3) == 0)
            let_go(&linkd[k], &w.link[k].tx);
    }
    take_into(&tcpd);
    if (tcpd.count == HELD || rng_below(&rng, 3) == 0)
        let_go(&tcpd, &w.ip_rx);
}

static void
finish(void)
{
    for (int i = 0; i < 10000; i++) {
        ipd_world_turn(&w);
        for (int k = 0; k < LINKS; k++) {
            take_into(&linkd[k]);
            let_go(&linkd[k], &w.link[k].tx);
        }
        take_into(&tcpd);
        let_go(&tcpd, &w.ip_rx);
    }
    ipd_world_turn(&w);
}

/* ---- the claims ---- */

static int
busy_world(void **state)
{
    (void)state;
    memset(sent, 0, sizeof sent);
    memset(received, 0, sizeof received);
    memset(linkd, 0, sizeof linkd);
    tcpd.count = 0;
    deaths = 0;
    seed_from_clock(&rng);
    ipd_world_open_quiet(&w, LINKS);
    w.tables.net.forwarding = 1;
    ipd_world_configure(&w);
    ipd_world_turn(&w);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    ipd_world_close(&w);
    return 0;
}

static void
death_at_any_store_loses_and_repeats_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 30000; i++) {
        play();
        turn_or_death();
    }
    finish();
    assert_true(deaths > 1000);
    for (int i = 0; i < FLOWS; i++) {
        assert_true(sent[i] > 1000);
        assert_int_equal(received[i], sent[i]);
    }
}

static void
all_is_released_in_the_end(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        play();
        turn_or_death();
    }
    finish();
    for (int k = 0; k < LINKS; k++)
        assert_int_equal(ring_released(&w.link[k].rx),
                         ring_position(&w.link[k].rx));
    assert_int_equal(ring_released(&w.tcp_tx), ring_position(&w.tcp_tx));
}

static void
idle_turn_commits_nothing(void **state)
{
    uint64_t turn;

    (void)state;
    ipd_world_turn(&w);
    turn = state_turn(&w.regions[REGION_IPD_STATE]);
    ipd_world_turn(&w);
    assert_int_equal(state_turn(&w.regions[REGION_IPD_STATE]), turn);
    assert_true(send_in(FLOW_IN));
    ipd_world_turn(&w);
    assert_int_equal(state_turn(&w.regions[REGION_IPD_STATE]), turn + 1);
}

static void
state_that_is_too_small_is_refused(void **state)
{
    struct region small = w.regions[REGION_IPD_STATE];
    struct checkpoint c;

    (void)state;
    small.size = 4096;
    assert_false(checkpoint_join(&c, &small));
}

/* Positions that cannot be trusted: the published ones are gone on from. */
static void
torn_record_costs_nothing_but_itself(void **state)
{
    struct region *region = &w.regions[REGION_IPD_STATE];
    struct checkpoint c = w.ipd->checkpoint;

    (void)state;
    memset(region->base + STATE_BODY + 16, 0xff, sizeof(struct positions));
    memset(region->base + STATE_BODY + c.positions.stride + 16, 0xff,
           sizeof(struct positions));
    ipd_world_restart(&w);
    assert_true(send_in(FLOW_IN));
    ipd_world_turn(&w);
    take_into(&tcpd);
    finish();
    assert_int_equal(received[FLOW_IN], 1);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, busy_world, end)
    static const struct CMUnitTest tests[] = {
        CASE(death_at_any_store_loses_and_repeats_nothing),
        CASE(all_is_released_in_the_end),
        CASE(idle_turn_commits_nothing),
        CASE(state_that_is_too_small_is_refused),
        CASE(torn_record_costs_nothing_but_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
