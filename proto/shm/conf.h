/* SPDX-License-Identifier: MIT */
/* What the supervisor tells everybody: the network, options, commands that need
 * a daemon to carry them out, and what became of each daemon and client. Written
 * by the supervisor alone. */
#ifndef PROTO_SHM_CONF_H
#define PROTO_SHM_CONF_H

#include "base/time.h"
#include "proto/shm/layout.h"
#include "proto/shm/region.h"
#include "proto/wire/addr.h"
#include "proto/wire/net.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is done to the packets of one direction of a link, so that others can be
 * tested. All zero: nothing. Chances in parts per million. */
struct conf_impair {
    uint64_t seed; /* one seed, one sequence of decisions */
    uint64_t rate; /* bytes a second; 0: unlimited */
    uint32_t loss, reorder, dup, corrupt;
    uint32_t delay_us;
    uint32_t jitter_us; /* added, 0 to this */
};

enum conf_direction { CONF_IN, CONF_OUT, CONF_DIRECTIONS };

enum conf_cc { CONF_CC_RENO, CONF_CC_CUBIC };

/* For new connections; those that are open keep theirs. 0: the built-in value. */
struct conf_tcp {
    uint32_t send_buffer, receive_buffer; /* bytes */
    uint32_t congestion_control;          /* enum conf_cc */
    uint32_t spare;
};

/* An echo request that ipd is to send, once for each `serial`. The answers are in
 * ipd.view. */
struct conf_ping {
    uint64_t serial; /* 0: none; each is above all earlier ones */
    struct addr dst;
    uint32_t size; /* bytes of payload, up to 65507 */
    uint16_t id, seq;
};
#define CONF_PINGS 64

/* All that can change while the instance runs. A value, as struct net is. */
struct conf_tables {
    struct net net;
    struct conf_impair impair[NET_LINKS][CONF_DIRECTIONS];
    struct conf_tcp tcp;
    struct conf_ping ping[CONF_PINGS]; /* slot serial % CONF_PINGS */
};
static_assert(NET_LINKS == LINKS_MAX, "one link, one linkd");
static_assert(sizeof(struct conf_tables) % sizeof(uint64_t) == 0, "words");
#define CONF_WORDS (sizeof(struct conf_tables) / sizeof(uint64_t))

/* The supervisor's book on one daemon. Read by status. */
struct conf_daemon {
    _Atomic uint32_t state; /* enum conf_daemon_state */
    _Atomic uint32_t pid;
    _Atomic uint32_t restarts; /* unasked and asked */
    _Atomic uint32_t
        last_exit; /* as waitid: signal number, or 256 + exit code; 0: none */
    _Atomic uint32_t last_why; /* enum conf_exit_why */
    uint32_t spare;
    _Atomic int64_t last_outage_ns; /* death noticed until ready again */
    _Atomic int64_t started_ns;
    _Atomic uint64_t last_work; /* its cnc's word `work` when it died */
    uint8_t unused[SHM_LINE - 48];
};
static_assert(sizeof(struct conf_daemon) == SHM_LINE, "shm ABI v1");

enum conf_daemon_state {
    CONF_DAEMON_DOWN,
    CONF_DAEMON_STARTING,
    CONF_DAEMON_OK,
    CONF_DAEMON_BACKOFF, /* waits before the next try */
    CONF_DAEMON_FAILED   /* crash loop: retried every second */
};

enum conf_exit_why {
    CONF_EXIT_NONE,
    CONF_EXIT_KILLED, /* a signal from outside: costs nothing */
    CONF_EXIT_FAULT,  /* by its own fault */
    CONF_EXIT_HANG, /* killed by the supervisor: its turn counter stood still */
    CONF_EXIT_RESTART, /* asked for */
    CONF_EXIT_LEFT     /* ended by itself, exit code in last_exit */
};

/* Who an attached client is. */
struct conf_client {
    _Atomic uint64_t serial; /* 0: nobody; written last */
    _Atomic uint32_t pid;    /* as the supervisor sees it */
    _Atomic uint32_t uid;
    _Atomic uint64_t comm[2]; /* the program's name, bytes, NUL-padded */
};
static_assert(sizeof(struct conf_client) == 32, "shm ABI v1");

struct conf_shm {
    struct region_header header;
    _Alignas(SHM_LINE) _Atomic int64_t started_ns; /* of the supervisor */
    _Atomic uint32_t supervisor_pid;
    _Atomic uint32_t clients; /* attached now */
    uint32_t links;           /* fixed before the first daemon starts */
    uint8_t unused[SHM_LINE - 20];
    struct conf_daemon daemons[DAEMONS];
    struct conf_client client[CLIENTS_MAX];
    /* Which of the two holds: version % 2. The other one is being written. */
    _Alignas(SHM_LINE) _Atomic uint64_t version;
    uint8_t unused2[SHM_LINE - 8];
    _Atomic uint64_t tables[2][CONF_WORDS]; /* struct conf_tables, as words:
                                               one may change while it is read */
};

/* The book in a mapped and checked region; NULL when it is too small. */
struct conf_shm *conf_of(const struct region *region);

/* Anybody. Copies the tables out if their version is not *version, which it then
 * becomes; start with CONF_UNSEEN. False: nothing new. Costs one load when there
 * is nothing new, so that a daemon asks every turn. */
#define CONF_UNSEEN UINT64_MAX
bool conf_look(const struct conf_shm *conf, uint64_t *version,
               struct conf_tables *out) __attribute__((warn_unused_result));

/* Supervisor only. Shows new tables; who sleeps has to be woken. */
void conf_show(struct conf_shm *conf, const struct conf_tables *tables);

#endif
