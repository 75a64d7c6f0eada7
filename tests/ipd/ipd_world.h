/* SPDX-License-Identifier: MIT */
/* ipd between linkds and a tcpd played by hand, all in one process. */
#ifndef TESTS_IPD_IPD_WORLD_H
#define TESTS_IPD_IPD_WORLD_H

#include "tests/ipd/frames.h"

#include "ipd/ipd.h"
#include "proto/shm/packet.h"

#include <stdbool.h>

/* One linkd's ends. */
struct world_link {
    struct cnc cnc;
    struct ring rx, tx;
    struct area frames;
    int bell; /* that ipd rings */
};

struct world {
    struct region regions[REGIONS];
    struct ipd *ipd; /* the one that runs now */
    uint32_t links;
    struct world_link link[LINKS_MAX];
    struct cnc tcpd_cnc;
    struct ring tcp_tx, ip_rx; /* tcpd's ends */
    struct area segments;
    int tcpd_bell; /* that ipd rings */
    struct conf_tables tables;
    instant_t now;
};

/* Everything new, with test_net(links), and ipd has joined. */
void ipd_world_open(struct world *w, uint32_t links);
void ipd_world_close(struct world *w);

/* All that a quiet test begins with: announced, introduced, nothing in flight,
 * no bell rung. */
void ipd_world_open_quiet(struct world *w, uint32_t links);

/* Shows w->tables, as the supervisor does. */
void ipd_world_configure(struct world *w);

/* ipd dies between two turns, or where memory says, and another one starts. */
void ipd_world_restart(struct world *w);

/* One turn of ipd, a microsecond later; returns what it says. */
uint32_t ipd_world_turn(struct world *w);

/* Publishes a frame as the link's linkd. False: no room. */
bool ipd_world_send_on(struct world *w, uint32_t link, const uint8_t *bytes,
                       uint32_t len, const struct packet *like);

/* The same on link 0. */
bool ipd_world_send_frame(struct world *w, const uint8_t *bytes, uint32_t len,
                          uint8_t flags, uint16_t gso_size);

/* Publishes a segment as tcpd, complete but for what `p` says: src, dst, flags,
 * gso_size. False: no room. */
bool ipd_world_send_segment(struct world *w, const struct packet *p,
                            const uint8_t *bytes, uint32_t len);

/* Tells ipd where the peers and the gateway are, the way they would. */
void ipd_world_introduce(struct world *w);

/* Takes the next packet that ipd published to a linkd, to that of link 0, or to
 * tcpd, releasing nothing. False: there is none. */
bool ipd_world_take_on(struct world *w, uint32_t link, struct packet *p);
bool ipd_world_take_frame(struct world *w, struct packet *p);
bool ipd_world_take_delivery(struct world *w, struct packet *p);

/* Releases all that was taken. */
void ipd_world_release_all(struct world *w);

/* Takes packets until ipd has published none to a linkd, and releases them. */
void ipd_world_drain(struct world *w);

const uint8_t *ipd_world_payload(const struct world *w, const struct packet *p);

/* The packet as it stands on the wire: header, then payload. Its length. */
uint32_t ipd_world_gather(const struct world *w, const struct packet *p,
                          uint8_t *out);

/* Has ipd rung it since the last look? */
bool ipd_world_rung(int bell);

uint64_t ipd_world_drops(const struct world *w, enum drop why);
uint64_t ipd_world_count(const struct world *w, enum counter what);

#endif
