/* SPDX-License-Identifier: MIT */
/* What the supervisor tells everybody: addresses and routes, and what became of
 * each daemon. Written by the supervisor alone. */
#ifndef PROTO_SHM_CONF_H
#define PROTO_SHM_CONF_H

#include "base/time.h"
#include "proto/shm/layout.h"
#include "proto/shm/region.h"
#include "proto/wire/addr.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* Fixed before the first daemon starts. */
struct conf_net {
    struct addr address; /* ours */
    struct addr gateway; /* any: no default route */
    uint32_t prefix_len; /* of the connected network, 0..32 (IPv4) */
    uint32_t mtu;        /* of the link, bytes of IP packet */
    struct mac mac;      /* ours on the link */
    uint8_t spare[2];
    char link_name[16]; /* "tap0" */
    uint8_t offloads;   /* 1: vnet headers with checksum and TSO */
    uint8_t link_kind;  /* enum conf_link */
    uint8_t spare2[6];
};

/* What the device's descriptor is. */
enum conf_link {
    CONF_LINK_TAP,
    CONF_LINK_VETH /* a packet socket on one end of a pair */
};

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
    uint8_t unused[SHM_LINE - 40];
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

struct conf_shm {
    struct region_header header;
    struct conf_net net;
    uint8_t unused[SHM_LINE * 2 - sizeof(struct conf_net)];
    _Alignas(SHM_LINE) _Atomic int64_t started_ns; /* of the supervisor */
    _Atomic uint32_t supervisor_pid;
    _Atomic uint32_t clients; /* attached now */
    uint8_t unused2[SHM_LINE - 16];
    struct conf_daemon daemons[DAEMONS];
};

static_assert(offsetof(struct conf_shm, started_ns) == 3 * SHM_LINE,
              "shm ABI v1");
static_assert(offsetof(struct conf_shm, daemons) == 4 * SHM_LINE, "shm ABI v1");

/* The book in a mapped and checked region; NULL when it is too small. */
struct conf_shm *conf_of(const struct region *region);

#endif
