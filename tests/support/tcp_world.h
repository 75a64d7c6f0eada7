/* SPDX-License-Identifier: MIT */
/* A TCP core with memory, a client's regions, a clock that tests turn, and
 * peers that send what tests say. After every event all invariants are
 * checked. */
#ifndef TESTS_SUPPORT_TCP_WORLD_H
#define TESTS_SUPPORT_TCP_WORLD_H

#include "tcpd/core/tcp.h"

#define WORLD_CHUNKS    8
#define WORLD_MTU       1500
#define WORLD_BUFFER    262144 /* bytes; window scale 3 */
#define WORLD_LISTENERS 4
#define WORLD_CLIENT    7 /* the number of the one client */

struct world {
    struct tcp *tcp;
    struct tcp_config config;
    struct net net; /* one link, a default route */
    struct addr local;
    instant_t now;
    void *memory;
    uint8_t *rx, *tx; /* the client's regions */
    uint8_t *slot;    /* where segments are written */
    struct chunk_pool pool;
    struct listener *listener; /* of port 80, once world_listen() was called */
};

/* Both ends of a connection. Numbers in calls are relative: 0 is the SYN. */
struct flow {
    struct world *w;
    struct tcb *tcb; /* NULL until there is one */
    struct addr local, remote;
    uint16_t local_port, remote_port;
    uint16_t wnd;       /* in the peer's next segments */
    bool no_timestamps; /* leave them out even when agreed */
    uint32_t iss, irs;  /* our first number, as seen; the peer's, as chosen */
    struct tcp_options syn; /* options of the peer's SYN */
    uint32_t tsval, tsecr;
    char sent[128]; /* what flow_get() returned */
};

/* A host with that address on one link of that MTU, behind which everything is. */
struct net world_net(struct addr local, uint32_t mtu);

void world_setup(struct world *w, uint32_t tcbs, uint32_t receive_buffer);
void world_teardown(struct world *w);

/* cmocka's fixture: *state is a world of 8 tcbs. */
int world_fixture(void **state);
int world_fixture_end(void **state);

/* Listens on port 80. */
void world_listen(struct world *w, uint32_t backlog);

/* Lets time pass, timers included. */
void world_wait(struct world *w, int64_t ms);

/* Takes all segments that anybody has to send, unseen. */
void world_drain(struct world *w);

/* The end of a turn: CLOSED tcbs that nobody owns are freed. */
void world_turn(struct world *w);

/* Fails the test when an invariant is broken. */
void world_check(struct world *w);

/* The byte at a stream offset, in both directions. */
uint8_t world_byte(uint64_t offset);

/* A peer from port `remote_port`, which has sent nothing. Its SYNs will offer
 * MSS 1460, timestamps and window scale 7. */
struct flow flow_from(struct world *w, uint16_t remote_port);

/* Opens to such a peer; the SYN was sent and taken. */
struct flow flow_connect(struct world *w, uint16_t remote_port);

/* A connection in `state`, opened from here; nothing is waiting to be sent. */
struct flow flow_in(struct world *w, enum tcb_state state);

/* The same in ESTABLISHED, opened by the peer, not claimed. */
struct flow flow_accepted(struct world *w, uint16_t remote_port);

/* The peer sends a segment with `len` bytes of text. */
enum drop flow_put(struct flow *f, uint8_t flags, uint32_t seq, uint32_t ack,
                   uint32_t len);

/* The next segment that the core sends, as "FLAGS seq:len ack N win W" and in
 * a SYN its options; a RST has no window. "" when there is none. Its text was
 * compared. */
const char *flow_get(struct flow *f);

/* Takes all that there is to send and forgets it. */
void flow_drain(struct flow *f);

/* The client writes `len` bytes more. */
void flow_write(struct flow *f, uint32_t len);

/* The client compares and consumes all that came in order; how many bytes. */
uint64_t flow_read(struct flow *f);

#endif
