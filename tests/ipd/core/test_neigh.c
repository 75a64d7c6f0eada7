/* SPDX-License-Identifier: MIT */
/* Tests of the neighbour cache. Who has room in it is test_neigh_room.c's. */
#include "tests/ipd/core/neigh_table.h"

static void
first_packet_makes_us_ask_at_once(void **state)
{
    (void)state;
    assert_true(instant_is_never(neigh_deadline(&table)));
    assert_int_equal(resolve(PEER, 0), NEIGH_ASKED);
    assert_true(instant_due(neigh_deadline(&table), at_ms(0)));
    assert_request(0, PEER, mac_broadcast());
}

static void
second_packet_does_not_ask_again(void **state)
{
    (void)state;
    assert_int_equal(resolve(PEER, 0), NEIGH_ASKED);
    assert_request(0, PEER, mac_broadcast());
    assert_int_equal(resolve(PEER, 5), NEIGH_ASKED);
    assert_no_request(5);
}

static void
answer_makes_it_known(void **state)
{
    (void)state;
    make_known(PEER, peer_mac, 0);
    assert_int_equal(resolve(PEER, 1), NEIGH_KNOWN);
    assert_memory_equal(&mac, &peer_mac, sizeof mac);
    assert_no_request(29000);
}

static void
silent_neighbour_is_asked_three_times_a_second_apart(void **state)
{
    (void)state;
    assert_int_equal(resolve(PEER, 0), NEIGH_ASKED);
    assert_request(0, PEER, mac_broadcast());
    assert_no_request(999);
    assert_int_equal(neigh_deadline(&table).ns, at_ms(1000).ns);
    assert_request(1000, PEER, mac_broadcast());
    assert_request(2000, PEER, mac_broadcast());
    assert_int_equal(look(PEER), NEIGH_ASKED);
    assert_no_request(3000);
    assert_int_equal(look(PEER), NEIGH_DEAD);
}

static void
failed_neighbour_is_refused_a_while_and_then_asked_again(void **state)
{
    (void)state;
    silent_neighbour_is_asked_three_times_a_second_apart(NULL);
    assert_int_equal(resolve(PEER, 3999), NEIGH_DEAD);
    assert_no_request(3999);
    assert_int_equal(resolve(PEER, 4000), NEIGH_ASKED);
    assert_request(4000, PEER, mac_broadcast());
    assert_true(confirm(PEER, peer_mac, 4001));
    assert_int_equal(resolve(PEER, 4002), NEIGH_KNOWN);
}

static void
unasked_reply_teaches_nothing(void **state)
{
    (void)state;
    assert_false(confirm(PEER, evil_mac, 0));
    assert_int_equal(look(PEER), NEIGH_DEAD);
    make_known(PEER, peer_mac, 0);
    assert_false(confirm(PEER, evil_mac, 1));
    assert_int_equal(resolve(PEER, 2), NEIGH_KNOWN);
    assert_memory_equal(&mac, &peer_mac, sizeof mac);
}

/* A reply cannot answer a request that has not left yet. */
static void
reply_ahead_of_the_request_teaches_nothing(void **state)
{
    (void)state;
    assert_int_equal(resolve(PEER, 0), NEIGH_ASKED);
    assert_false(confirm(PEER, evil_mac, 0));
    assert_int_equal(look(PEER), NEIGH_ASKED);
}

static void
doubtful_neighbour_is_used_while_it_is_asked(void **state)
{
    (void)state;
    make_known(PEER, peer_mac, 0);
    assert_int_equal(resolve(PEER, 60000), NEIGH_KNOWN);
    assert_request(60000, PEER, peer_mac); /* directly first */
    assert_int_equal(resolve(PEER, 60500), NEIGH_KNOWN);
    assert_request(61000, PEER, mac_broadcast());
    assert_true(confirm(PEER, gateway_mac, 61001)); /* it has moved */
    assert_int_equal(resolve(PEER, 61002), NEIGH_KNOWN);
    assert_memory_equal(&mac, &gateway_mac, sizeof mac);
}

static void
doubtful_neighbour_that_is_silent_fails(void **state)
{
    (void)state;
    make_known(PEER, peer_mac, 0);
    assert_int_equal(resolve(PEER, 60000), NEIGH_KNOWN);
    assert_request(60000, PEER, peer_mac);
    assert_request(61000, PEER, mac_broadcast());
    assert_request(62000, PEER, mac_broadcast());
    assert_no_request(63000);
    assert_int_equal(look(PEER), NEIGH_DEAD);
}

static void
unused_neighbour_becomes_stale_and_goes_away_unasked(void **state)
{
    (void)state;
    make_known(PEER, peer_mac, 0);
    assert_no_request(1000);
    assert_int_equal(neigh_deadline(&table).ns, at_ms(30000).ns);
    assert_no_request(30000);
    assert_int_equal(table.entries[0].state, NEIGH_STALE);
    assert_int_equal(look(PEER), NEIGH_KNOWN);
    assert_int_equal(neigh_deadline(&table).ns, at_ms(630000).ns);
    assert_no_request(630000);
    assert_int_equal(table.entries[0].state, NEIGH_FREE);
    assert_int_equal(look(PEER), NEIGH_DEAD);
    assert_true(instant_is_never(neigh_deadline(&table)));
}

static void
failed_neighbour_that_nobody_needs_goes_away(void **state)
{
    (void)state;
    silent_neighbour_is_asked_three_times_a_second_apart(NULL);
    assert_no_request(62999);
    assert_int_equal(table.entries[0].state, NEIGH_FAILED);
    assert_no_request(63000);
    assert_int_equal(table.entries[0].state, NEIGH_FREE);
}

/* The same address behind two links is two hosts. */
static void
links_have_neighbours_of_their_own(void **state)
{
    struct neigh_request r;

    (void)state;
    make_known(PEER, peer_mac, 0);
    assert_int_equal(neigh_resolve(&table, 1, addr_v4(PEER), at_ms(1), &mac),
                     NEIGH_ASKED);
    assert_true(neigh_pull_request(&table, at_ms(1), &r));
    assert_int_equal(r.link, 1);
    assert_true(neigh_confirm(&table, 1, addr_v4(PEER), peer_mac1, at_ms(2)));
    assert_int_equal(resolve(PEER, 3), NEIGH_KNOWN);
    assert_memory_equal(&mac, &peer_mac, sizeof mac);
    assert_int_equal(neigh_look(&table, 1, addr_v4(PEER), &mac), NEIGH_KNOWN);
    assert_memory_equal(&mac, &peer_mac1, sizeof mac);
}

static void
changed_network_forgets_who_is_no_neighbour(void **state)
{
    struct neigh_saved saved;

    (void)state;
    make_known(PEER, peer_mac, 0);
    make_known(GATEWAY, gateway_mac, 0);
    while (neigh_take_changed(&table, &saved) >= 0)
        continue;
    net.address[0].addr = addr_v4(0x0a070102); /* 10.7.1.2/24 */
    net.route[0].gateway = addr_v4(GATEWAY);
    neigh_review(&table);
    assert_int_equal(look(PEER), NEIGH_DEAD);
    assert_int_equal(look(GATEWAY), NEIGH_KNOWN);
    assert_int_equal(neigh_take_changed(&table, &saved), 0);
    assert_int_equal(saved.known, 0);
    assert_int_equal(neigh_take_changed(&table, &saved), -1);
}

static void
senders_are_told_once_a_second(void **state)
{
    (void)state;
    silent_neighbour_is_asked_three_times_a_second_apart(NULL);
    assert_true(neigh_gave_up(&table, 0, addr_v4(PEER), at_ms(3000)));
    assert_false(neigh_gave_up(&table, 0, addr_v4(PEER), at_ms(3999)));
    assert_true(neigh_gave_up(&table, 0, addr_v4(PEER), at_ms(4000)));
    assert_int_equal(table.entries[0].dropped, 3);
    assert_false(neigh_gave_up(&table, 0, addr_v4(GATEWAY), at_ms(4000)));
}

static void
every_change_is_shown_once(void **state)
{
    (void)state;
    assert_int_equal(neigh_take_unseen(&table), -1);
    assert_int_equal(resolve(PEER, 0), NEIGH_ASKED);
    assert_int_equal(neigh_take_unseen(&table), 0);
    assert_int_equal(neigh_take_unseen(&table), -1);
    assert_request(0, PEER, mac_broadcast());
    assert_int_equal(neigh_take_unseen(&table), 0);
    assert_true(confirm(PEER, peer_mac, 1));
    assert_int_equal(neigh_take_unseen(&table), 0);
    assert_int_equal(neigh_take_unseen(&table), -1);
}

static void
claim_teaches_where_nothing_is_known(void **state)
{
    (void)state;
    neigh_claim(&table, 0, addr_v4(PEER), peer_mac, at_ms(0));
    assert_int_equal(resolve(PEER, 1), NEIGH_KNOWN);
    assert_memory_equal(&mac, &peer_mac, sizeof mac);
    assert_int_equal(resolve(GATEWAY, 1), NEIGH_ASKED);
    neigh_claim(&table, 0, addr_v4(GATEWAY), gateway_mac, at_ms(2));
    assert_int_equal(look(GATEWAY), NEIGH_KNOWN);
}

static void
contradicting_claim_makes_us_ask_and_changes_nothing(void **state)
{
    (void)state;
    make_known(PEER, peer_mac, 0);
    neigh_claim(&table, 0, addr_v4(PEER), evil_mac, at_ms(10));
    assert_int_equal(resolve(PEER, 11), NEIGH_KNOWN);
    assert_memory_equal(&mac, &peer_mac, sizeof mac);
    assert_request(11, PEER, mac_broadcast());
    neigh_claim(&table, 0, addr_v4(PEER), evil_mac, at_ms(12));
    assert_no_request(12); /* once a second at most */
    assert_true(confirm(PEER, peer_mac, 13));
    assert_false(confirm(PEER, evil_mac, 14)); /* the first reply holds */
    assert_int_equal(look(PEER), NEIGH_KNOWN);
    assert_memory_equal(&mac, &peer_mac, sizeof mac);
}

static void
confirming_claim_is_as_good_as_an_answer(void **state)
{
    (void)state;
    make_known(PEER, peer_mac, 0);
    neigh_claim(&table, 0, addr_v4(PEER), peer_mac, at_ms(20000));
    assert_int_equal(resolve(PEER, 40000), NEIGH_KNOWN);
    assert_no_request(40000);
}

static void
what_becomes_known_is_to_be_saved_once(void **state)
{
    struct neigh_saved saved;

    (void)state;
    assert_int_equal(resolve(PEER, 0), NEIGH_ASKED);
    assert_int_equal(neigh_take_changed(&table, &saved), -1);
    assert_request(0, PEER, mac_broadcast());
    assert_true(confirm(PEER, peer_mac, 1));
    assert_int_equal(neigh_take_changed(&table, &saved), 0);
    assert_int_equal(saved.known, 1);
    assert_int_equal(addr_to_v4(saved.addr), PEER);
    assert_memory_equal(&saved.mac, &peer_mac, sizeof mac);
    assert_int_equal(neigh_take_changed(&table, &saved), -1);
    neigh_claim(&table, 0, addr_v4(PEER), peer_mac, at_ms(2));
    assert_int_equal(neigh_take_changed(&table, &saved), -1);
}

static void
what_is_lost_is_to_be_saved_as_nothing(void **state)
{
    struct neigh_saved saved;

    (void)state;
    doubtful_neighbour_that_is_silent_fails(NULL);
    assert_int_equal(neigh_take_changed(&table, &saved), 0);
    assert_int_equal(saved.known, 0);
    assert_int_equal(neigh_take_changed(&table, &saved), -1);
}

/* Saving follows the index: what takes a lost entry's place overwrites it. */
static void
replaced_entry_is_to_be_saved(void **state)
{
    struct neigh_saved saved;

    (void)state;
    fill_table(0);
    while (neigh_take_changed(&table, &saved) >= 0)
        continue;
    assert_int_equal(resolve(GATEWAY, 1000), NEIGH_ASKED);
    assert_int_equal(neigh_take_changed(&table, &saved), 0);
    assert_int_equal(saved.known, 0);
}

static void
restored_neighbour_is_used_at_once_and_asked(void **state)
{
    const struct neigh_saved saved = {
        .addr = addr_v4(PEER), .mac = peer_mac, .known = 1};

    (void)state;
    assert_true(neigh_restore(&table, 77, &saved, at_ms(0)));
    assert_int_equal(resolve(PEER, 0), NEIGH_KNOWN);
    assert_memory_equal(&mac, &peer_mac, sizeof mac);
    assert_request(0, PEER, peer_mac);
}

static void
impossible_neighbour_is_not_restored(void **state)
{
    struct neigh_saved saved = {
        .addr = addr_v4(FAR), .mac = peer_mac, .known = 1};

    (void)state;
    assert_false(neigh_restore(&table, 0, &saved, at_ms(0)));
    saved.addr = addr_v4(PEER);
    saved.mac = mac_broadcast();
    assert_false(neigh_restore(&table, 0, &saved, at_ms(0)));
    saved.mac = peer_mac;
    saved.known = 0;
    assert_false(neigh_restore(&table, 0, &saved, at_ms(0)));
    assert_int_equal(look(PEER), NEIGH_DEAD);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, empty_table)
    static const struct CMUnitTest tests[] = {
        CASE(first_packet_makes_us_ask_at_once),
        CASE(second_packet_does_not_ask_again),
        CASE(answer_makes_it_known),
        CASE(silent_neighbour_is_asked_three_times_a_second_apart),
        CASE(failed_neighbour_is_refused_a_while_and_then_asked_again),
        CASE(unasked_reply_teaches_nothing),
        CASE(reply_ahead_of_the_request_teaches_nothing),
        CASE(doubtful_neighbour_is_used_while_it_is_asked),
        CASE(doubtful_neighbour_that_is_silent_fails),
        CASE(unused_neighbour_becomes_stale_and_goes_away_unasked),
        CASE(failed_neighbour_that_nobody_needs_goes_away),
        CASE(links_have_neighbours_of_their_own),
        CASE(changed_network_forgets_who_is_no_neighbour),
        CASE(senders_are_told_once_a_second),
        CASE(every_change_is_shown_once),
        CASE(claim_teaches_where_nothing_is_known),
        CASE(contradicting_claim_makes_us_ask_and_changes_nothing),
        CASE(confirming_claim_is_as_good_as_an_answer),
        CASE(what_becomes_known_is_to_be_saved_once),
        CASE(what_is_lost_is_to_be_saved_as_nothing),
        CASE(replaced_entry_is_to_be_saved),
        CASE(restored_neighbour_is_used_at_once_and_asked),
        CASE(impossible_neighbour_is_not_restored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
