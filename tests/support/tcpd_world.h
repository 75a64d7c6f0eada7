/* SPDX-License-Identifier: MIT */
/* A tcpd with all its regions in one process: tests turn its clock and its loop,
 * play ipd, apid and the supervisor, kill it at any cut of a turn, and start a
 * successor on the same regions. Clients and peers are in tcpd_ends.h. */
#ifndef TESTS_SUPPORT_TCPD_WORLD_H
#define TESTS_SUPPORT_TCPD_WORLD_H

#include "proto/shm/api.h"
#include "proto/shm/conf.h"
#include "proto/shm/notice.h"
#include "proto/wire/tcp.h"
#include "tcpd/turn.h"

#define TCPD_WORLD_LOCAL  0x0a070002
#define TCPD_WORLD_REMOTE 0x0a070009
#define TCPD_WORLD_LINKS  2 /* that there are, of LINKS_MAX */
#define TCPD_WORLD_PEERS  8
#define TCPD_WORLD_TEXT   66000 /* bytes of text in one segment at most */

/* How far a turn got before its process was killed. */
enum cut {
    CUT_BEFORE_COMMIT, /* all records written, and nothing true */
    CUT_BEFORE_PUBLISH,
    CUT_NONE
};

struct end;  /* a client's process */
struct peer; /* a remote TCP */

struct tcpd_world {
    struct tcpd *d;
    struct region region[REGIONS];
    /* The other ends of tcpd's rings. */
    struct ring ip_rx, api_req;  /* produced */
    struct ring tcp_tx, api_res; /* taken */
    struct area area;            /* of ip.rx */
    struct conf_tables conf;     /* what the supervisor shows */
    int supervisor[2];           /* tcpd's end first */
    instant_t now;
    struct end *end[CLIENTS_MAX];
    struct peer *peer[TCPD_WORLD_PEERS];
    uint32_t
        early_results;  /* that a successor showed before its clients' slots */
    uint64_t forgotten; /* clients of which the supervisor has heard the end */
};

/* A segment that tcpd has sent. */
struct sent {
    struct addr src, dst;
    struct tcp_header h;
    uint32_t len;
    uint8_t text[TCPD_WORLD_TEXT];
};

/* cmocka's fixture: *state is a world whose tcpd has started. */
int tcpd_world_setup(void **state);
int tcpd_world_teardown(void **state);
#define WITH_WORLD(test)                                                       \
    cmocka_unit_test_setup_teardown(test, tcpd_world_setup, tcpd_world_teardown)

/* One turn, a millisecond after the last; how much there was to do. */
unsigned tcpd_world_turn(struct tcpd_world *w);

/* Turns, and peers take what comes, until everybody sleeps. Fails when that is
 * never. */
void tcpd_world_run(struct tcpd_world *w);

/* Time passes. */
void tcpd_world_wait(struct tcpd_world *w, int64_t ms);

/* One turn that ends at `cut`, with its process; a successor starts on what is
 * left, and adopts all clients. CUT_NONE: killed after the turn. */
void tcpd_world_turn_and_kill(struct tcpd_world *w, enum cut cut);
void tcpd_world_restart(struct tcpd_world *w);

/* apid: one request on its way; the next result, if there is one. */
void tcpd_world_ask(struct tcpd_world *w, const struct api_request *q);
bool tcpd_world_answer(struct tcpd_world *w, struct api_result *r);

/* ipd: brings a segment; takes the next one that tcpd sent. */
void tcpd_world_bring(struct tcpd_world *w, const struct tcp_header *h,
                      const uint8_t *text, uint32_t len);
bool tcpd_world_sent(struct tcpd_world *w, struct sent *s);

/* How often tcpd has counted the reason. */
uint64_t tcpd_world_drops(const struct tcpd_world *w, enum drop why);

/* ipd: brings a descriptor as it is; one of a notice. */
void tcpd_world_bring_packet(struct tcpd_world *w, const struct packet *p);
void tcpd_world_notice(struct tcpd_world *w, const struct notice *n);

/* The supervisor: shows what is in w->conf. */
void tcpd_world_configure(struct tcpd_world *w);

/* People: the row of that connection or listener. False: it is free. */
bool tcpd_world_conn(const struct tcpd_world *w, uint32_t i,
                     struct view_conn *row);
bool tcpd_world_listener(const struct tcpd_world *w, uint32_t i,
                         struct view_listener *row);

/* The supervisor: takes what tcpd has told it. */
void tcpd_world_hear(struct tcpd_world *w);

#endif
