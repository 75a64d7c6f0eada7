/* SPDX-License-Identifier: MIT */
/* Faults that the stack this one grew from had below TCP, by their numbers in
 * docs/faults.md: each test fails if the fault is here. */
#include "tests/ipd/frames.h"

#include "ipd/core/arp.h"
#include "ipd/core/forward.h"
#include "ipd/core/frag.h"
#include "ipd/core/fragment.h"
#include "ipd/core/icmp.h"
#include "ipd/core/icmp_error.h"
#include "ipd/core/ip_input.h"
#include "ipd/core/ip_output.h"
#include "ipd/core/pmtu.h"
#include "proto/wire/be.h"

static struct net net;
static struct neigh_table neighbours;
static struct frag_table fragments;
static uint8_t frame[2048];

static int
new_network(void **state)
{
    (void)state;
    net = test_net(2);
    neigh_init(&neighbours, &net);
    frag_init(&fragments);
    memset(frame, 0, sizeof frame);
    return 0;
}

static instant_t
at_ms(int64_t ms)
{
    return instant_add((instant_t){INT64_C(1000000000000)}, duration_ms(ms));
}

/* What becomes of the `len` bytes in frame[]. */
static enum drop
take(uint32_t len, struct datagram *out)
{
    size_t copied = len < IP_INPUT_HEAD ? len : IP_INPUT_HEAD;
    struct ether eth;
    enum drop why = ip_input_frame(&net, 0, frame, copied, &eth);

    if (why != DROP_NONE || eth.type != ETHER_IPV4)
        return why;
    return ip_input_packet(&net, &eth, frame, copied, len, out);
}

/* ---- what one packet could do ---- */

/* Any operation but request and reply ended the process. */
static void
fault_02_arp_of_any_operation_is_harmless(void **state)
{
    struct arp_result result;

    (void)state;
    for (uint32_t op = 0; op <= UINT16_MAX; op++) {
        put_arp(frame, (uint16_t)op, peer_mac, PEER, OURS);
        if (op == ARP_REQUEST || op == ARP_REPLY)
            continue;
        assert_int_equal(arp_input(&neighbours, 0, frame + ETHER_LEN, ARP_LEN,
                                   at_ms(0), &result),
                         DROP_ARP_BAD_OPCODE);
    }
}

/* A frame that was a bare Ethernet header, or less, stopped receiving for
 * ever. */
static void
fault_03_short_frames_are_dropped_one_by_one(void **state)
{
    struct datagram d = {0};
    uint32_t whole = put_echo(frame, 8);

    (void)state;
    for (uint32_t len = 0; len < ETHER_LEN; len++)
        assert_int_equal(take(len, &d), DROP_ETH_TRUNCATED);
    assert_int_equal(take(ETHER_LEN, &d), DROP_IP_TOO_SHORT);
    assert_int_equal(take(whole, &d), DROP_NONE);
}

/* ---- fragments ---- */

static enum drop
add_fragment(uint32_t src, uint16_t offset, uint16_t len, bool more, int64_t ms,
             int32_t *complete)
{
    static const uint8_t payload[64];
    uint8_t header[IPV4_HEADER_LEN];
    struct ipv4 ip = test_ipv4(IP_PROTO_UDP, len);

    ip.src = addr_v4(src);
    ip.header_len = IPV4_HEADER_LEN;
    ip.frag_offset = offset;
    ip.more = more;
    ipv4_encode(header, &ip);
    return frag_add(&fragments, &ip, header, payload, 0, at_ms(ms), complete);
}

/* An empty first fragment underflowed the end of its hole and filled all of
 * them: the process ended. */
static void
fault_04_empty_fragment_completes_nothing(void **state)
{
    int32_t complete;

    (void)state;
    for (uint16_t offset = 0; offset <= 64; offset += 8) {
        assert_int_equal(add_fragment(PEER, offset, 0, true, 0, &complete),
                         DROP_IP_FRAG_BAD);
        assert_int_equal(complete, -1);
    }
    assert_int_equal(add_fragment(PEER, 0, 16, true, 0, &complete), DROP_NONE);
    assert_int_equal(complete, -1);
    assert_int_equal(add_fragment(PEER, 16, 8, false, 0, &complete), DROP_NONE);
    assert_int_equal(frag_len(&fragments, complete), 24);
    frag_free(&fragments, complete);
}

/* The key was a hash: fragments of two senders could become one datagram.
 * Nothing timed out unless more of it came, and memory was bounded only for
 * each of our addresses. */
static void
fault_29_fragments_of_two_senders_never_meet(void **state)
{
    struct frag_expired expired;
    int32_t complete;

    (void)state;
    assert_int_equal(add_fragment(PEER, 0, 16, true, 0, &complete), DROP_NONE);
    for (uint32_t i = 1; i < 10000; i++) {
        enum drop why =
            add_fragment(PEER + i, 16, 8, false, 3000 + i, &complete);

        assert_true(why == DROP_NONE || why == DROP_IP_FRAG_QUOTA);
        assert_int_equal(complete, -1);
    }
    while (frag_expire(&fragments, at_ms(60000), &expired))
        continue;
    assert_int_equal(fragments.free_blocks, FRAG_BLOCKS);
    assert_true(instant_is_never(frag_deadline(&fragments)));
}

/* ---- receiving ---- */

/* No checksum, version, header length or destination was looked at. */
static void
fault_23_damaged_packets_are_dropped(void **state)
{
    struct icmp_message message;
    struct datagram d = {0};
    uint32_t len = put_echo(frame, 8);

    (void)state;
    frame[ETHER_LEN + 8] ^= 1; /* TTL */
    assert_int_equal(take(len, &d), DROP_IP_BAD_CHECKSUM);
    put_echo(frame, 8);
    frame[ETHER_LEN] = 0x65;
    assert_int_equal(take(len, &d), DROP_IP_BAD_VERSION);
    frame[ETHER_LEN] = 0x44;
    assert_int_equal(take(len, &d), DROP_IP_BAD_HEADER_LENGTH);
    put_echo(frame, 8);
    frame[5] ^= 1; /* another host's MAC address */
    assert_int_equal(take(len, &d), DROP_ETH_NOT_FOR_US);
    put_echo(frame, 8);
    frame[len - 1] ^= 1;
    assert_int_equal(take(len, &d), DROP_NONE);
    assert_int_equal(icmp_input(frame + d.offset, d.len, &message),
                     DROP_ICMP_BAD_CHECKSUM);
}

/* ---- the size of packets ---- */

static struct segment
segment_of(uint32_t len)
{
    return (struct segment){.src = addr_v4(OURS),
                            .dst = addr_v4(FAR),
                            .len = len,
                            .header_len = 20,
                            .protocol = IP_PROTO_TCP};
}

/* Don't-fragment was never set, and what ICMP said of a path went nowhere. */
static void
fault_24_narrow_paths_are_found_and_kept_to(void **state)
{
    struct segment s = segment_of(1480);
    static struct pmtu_table pmtu;
    struct net_path path = {0};
    enum net_found found;
    struct outgoing out = {0};

    (void)state;
    pmtu_init(&pmtu);
    assert_int_equal(ip_output_route(&net, &pmtu, &s, at_ms(0), &found, &path),
                     DROP_NONE);
    ip_output_segment(&s, &path, 1, &out);
    assert_int_equal(be16_load(out.head + 6), 0x4000); /* DF, no offset */
    assert_true(pmtu_learn(&pmtu, s.dst, 1000, 1500, 1500, at_ms(0)));
    assert_int_equal(ip_output_route(&net, &pmtu, &s, at_ms(0), &found, &path),
                     DROP_IP_TOO_BIG);
    assert_int_equal(path.mtu, 1000);
}

/* What was too long left as a frame that no link takes, and nobody was ever
 * told of an error. */
static void
fault_25_long_packets_are_cut_and_errors_told(void **state)
{
    static struct icmp_limits limits;
    static const struct hash_key key = {{1, 2}};
    struct ipv4 ip = test_ipv4(IP_PROTO_UDP, 8);
    struct icmp_error e = {.type = ICMP_DEST_UNREACHABLE,
                           .code = ICMP_PROTOCOL_UNREACHABLE,
                           .ip = ip,
                           .packet = frame,
                           .len = 28};
    struct fragmentation cut;
    struct fragment piece;
    uint8_t answer[ICMP_ERROR_MAX];
    uint32_t len, sum = 0;

    (void)state;
    fragment_start(&cut, &ip, 4000, 1500);
    while (fragment_next(&cut, &piece)) {
        assert_in_range(piece.len, 1, 1480);
        assert_int_equal(piece.offset, sum);
        sum += piece.len;
    }
    assert_int_equal(sum, 4000);
    e.ip.header_len = IPV4_HEADER_LEN;
    ipv4_encode(frame, &ip);
    icmp_limits_init(&limits, &key);
    assert_true(icmp_error_due(&net, &e));
    assert_int_equal(
        icmp_error_write(&limits, &net, &e, 1, at_ms(0), answer, &len),
        DROP_NONE);
    assert_int_equal(answer[IPV4_HEADER_LEN], ICMP_DEST_UNREACHABLE);
}

/* ---- forwarding ---- */

/* The route was looked up backwards, the TTL stayed, and the frame went back
 * to its sender. */
static void
fault_26_forwarding_goes_on_with_one_hop_less(void **state)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    struct ipv4 ip = test_ipv4(IP_PROTO_UDP, 8);
    struct forward_frame f = {.head = frame};
    struct icmp_error error = {0};
    struct outgoing out = {0};
    struct datagram d = {0};

    (void)state;
    net.forwarding = 1;
    ip.dst = addr_v4(PEER1);
    assert_int_equal(take(put_headers(frame, &eth, &ip, 8), &d), DROP_NONE);
    assert_false(d.ours);
    assert_int_equal(forward_may(&net, &d), DROP_NONE);
    assert_int_equal(forward_packet(&net, &d, &f, &out, &error), DROP_NONE);
    assert_int_equal(out.path.link, 1);
    assert_int_equal(addr_to_v4(out.path.next_hop), PEER1);
    assert_int_equal(out.head[8], 63); /* TTL */
    ip.ttl = 1;
    assert_int_equal(take(put_headers(frame, &eth, &ip, 8), &d), DROP_NONE);
    assert_int_equal(forward_packet(&net, &d, &f, &out, &error), DROP_IP_TTL);
    assert_int_equal(error.type, ICMP_TIME_EXCEEDED);
}

/* ---- ARP ---- */

static enum drop
take_arp(uint16_t op, struct mac mac, int64_t ms, struct arp_result *result)
{
    put_arp(frame, op, mac, PEER, OURS);
    return arp_input(&neighbours, 0, frame + ETHER_LEN, ARP_LEN, at_ms(ms),
                     result);
}

/* Replies named no target, unasked ones were believed, connections kept their
 * peer's address for ever, and confirming it did not make it younger. */
static void
fault_27_neighbours_are_asked_believed_and_asked_again(void **state)
{
    struct neigh_request r;
    struct arp_result result;
    struct mac mac;

    (void)state;
    assert_int_not_equal(take_arp(ARP_REPLY, evil_mac, 0, &result), DROP_NONE);
    assert_int_equal(neigh_look(&neighbours, 0, addr_v4(PEER), &mac),
                     NEIGH_DEAD);
    assert_int_equal(take_arp(ARP_REQUEST, peer_mac, 0, &result), DROP_NONE);
    assert_memory_equal(result.reply + ETHER_LEN + 18, &peer_mac, 6);
    assert_int_equal(
        neigh_resolve(&neighbours, 0, addr_v4(PEER), at_ms(0), &mac),
        NEIGH_KNOWN);
    for (int64_t ms = 0; ms < 600000; ms += 1000) {
        bool asked = neigh_pull_request(&neighbours, at_ms(ms), &r);

        assert_int_equal(
            neigh_resolve(&neighbours, 0, addr_v4(PEER), at_ms(ms), &mac),
            NEIGH_KNOWN);
        if (!asked)
            continue;
        /* It has another address now, and says so because we ask. */
        assert_int_equal(take_arp(ARP_REPLY, evil_mac, ms, &result), DROP_NONE);
        assert_int_equal(neigh_look(&neighbours, 0, addr_v4(PEER), &mac),
                         NEIGH_KNOWN);
        assert_memory_equal(&mac, &evil_mac, sizeof mac);
        return;
    }
    fail_msg("nobody asked again in ten minutes");
}

#define TEST(name) cmocka_unit_test_setup(name, new_network)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fault_02_arp_of_any_operation_is_harmless),
        TEST(fault_03_short_frames_are_dropped_one_by_one),
        TEST(fault_04_empty_fragment_completes_nothing),
        TEST(fault_23_damaged_packets_are_dropped),
        TEST(fault_24_narrow_paths_are_found_and_kept_to),
        TEST(fault_25_long_packets_are_cut_and_errors_told),
        TEST(fault_26_forwarding_goes_on_with_one_hop_less),
        TEST(fault_27_neighbours_are_asked_believed_and_asked_again),
        TEST(fault_29_fragments_of_two_senders_never_meet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
