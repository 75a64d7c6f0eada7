/* SPDX-License-Identifier: MIT */
/* The two regions of a client: how bytes, readiness and closing pass between an
 * application and tcpd. Public ABI: any language with mmap can be a client.
 *
 *   client.N.tx  the client writes, tcpd reads (as hostile)
 *   client.N.rx  tcpd writes (and never reads back), the client reads
 *
 * Both hold the same number of socket slots. Slots below CLIENT_OWN are
 * taken by the client (socket); the others by tcpd (accepted connections). A slot's
 * life is counted by its generation, which tcpd raises when the slot is free again.
 *
 * Stream bytes lie in chunks of 64 KiB of the region's writer. Byte o of a stream
 * lies in chunk[(o / CHUNK) % SLOT_CHUNKS] of its slot at o % CHUNK. Stream
 * offsets never restart in a slot: a new generation begins at a multiple of CHUNK
 * behind all that its predecessor may have written, at `base` in the rx slot.
 *
 * The writer stores bytes, then the chunk's number, then the cursor
 * (release); the reader loads the cursor (acquire), then the number, then the
 * bytes. A chunk is free for its writer once the reader's cursor has passed its
 * last byte, or the whole stream. */
#ifndef PROTO_SHM_CLIENT_H
#define PROTO_SHM_CLIENT_H

#include "proto/shm/layout.h"
#include "proto/shm/region.h"
#include "proto/wire/addr.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define CHUNK         65536 /* bytes */
#define SLOT_CHUNKS   64    /* of one stream and direction: 4 MiB */
#define CLIENT_SLOTS  16384 /* sockets of one client */
#define CLIENT_OWN    8192  /* slots below are the client's to take */
#define CLIENT_CHUNKS 896   /* 56 MiB in chunks */
#define CLIENT_QUEUE  32768 /* entries of the work and the event queue */

/* What the client says of a socket. Client writes all. */
enum client_flag {
    CLIENT_SHUT_WR = 1, /* FIN after `write_end` (frozen from then on) */
    CLIENT_SHUT_RD = 2, /* wants no more bytes */
    CLIENT_CLOSE = 4, /* done with the slot; `read_end` says how far it read */
    CLIENT_ABORT = 8, /* with CLOSE: RST at once (linger 0) */
    CLIENT_CLAIMED = 16 /* accept() has returned it */
};

struct client_tx_slot {
    _Atomic uint64_t write_end; /* stream offset behind the last byte sent */
    _Atomic uint64_t read_end; /* stream offset behind the last byte consumed */
    _Atomic uint64_t flags;    /* generation << 32 | enum client_flag */
    uint8_t unused[104];
    _Atomic uint16_t chunk[SLOT_CHUNKS];
};
static_assert(sizeof(struct client_tx_slot) == 256, "client ABI v1");

/* What tcpd says of a socket. tcpd writes all. */
enum slot_state {
    SLOT_FREE,
    SLOT_BOUND,
    SLOT_LISTEN,
    SLOT_CONNECTING,
    SLOT_QUEUED, /* accepted by tcpd, `parent` is the listener's slot */
    SLOT_OPEN,   /* connected; also half closed */
    SLOT_DEAD    /* ended by `error`, or in order; waits for CLIENT_CLOSE */
};
enum slot_flag {
    SLOT_FIN = 1,    /* the peer's FIN lies at `read_limit` */
    SLOT_RESET = 2,  /* ended by RST, from either side */
    SLOT_NO_SEND = 4 /* nothing more will be sent: EPIPE */
};

struct client_rx_slot {
    _Atomic uint64_t
        status; /* generation << 32 | flags << 8 | enum slot_state */
    _Atomic uint64_t
        read_limit; /* stream offset behind the last byte received in order */
    _Atomic uint64_t
        freed; /* stream offset up to which the peer has acknowledged */
    _Atomic uint64_t
        send_limit; /* the client may write up to here: freed + send buffer */
    uint64_t read_base;        /* both streams begin here in this generation; */
    uint64_t write_base;       /* written before status */
    _Atomic uint32_t error;    /* errno of SO_ERROR; 0: none */
    uint32_t parent;           /* slot of the listener; written before status */
    struct addr local, remote; /* written before status */
    uint16_t local_port, remote_port;
    uint8_t unused[36];
    _Atomic uint16_t chunk[SLOT_CHUNKS];
};
static_assert(sizeof(struct client_rx_slot) == 256, "client ABI v1");

/* A queue of slot numbers: "look at this slot". Never full: an entry is added
 * for a slot only when the last one for it has been taken, except for one more by
 * tcpd's rule below, and it has room for twice the slots.
 *
 * The client's work queue is read by tcpd, which shows its head only
 * after the turn that acts on it is committed: so tcpd looks at every slot
 * that it took once more in the turn after it has shown the head. */
struct client_queue {
    _Alignas(SHM_LINE) _Atomic uint64_t tail; /* entries added */
    uint8_t unused[SHM_LINE - 8];
    _Atomic uint32_t entry[CLIENT_QUEUE];
};

struct client_tx_shm {
    struct region_header header;
    _Atomic uint64_t event_head; /* events taken by the client */
    _Atomic uint32_t sleeping;   /* send me a byte on the connection */
    uint8_t unused[SHM_LINE - 12];
    struct client_queue work;
    struct client_tx_slot slot[CLIENT_SLOTS];
};

struct client_rx_shm {
    struct region_header header;
    _Atomic uint64_t work_head; /* work entries taken and committed by tcpd */
    _Atomic uint64_t epoch;     /* of tcpd: changes when it was restarted */
    uint8_t unused[SHM_LINE - 16];
    struct client_queue event;
    struct client_rx_slot slot[CLIENT_SLOTS];
};

/* Where the chunks begin in either region, and its size. */
#define CLIENT_CHUNK_OFFSET 8388608
#define CLIENT_REGION_SIZE                                                     \
    (CLIENT_CHUNK_OFFSET + (uint64_t)CLIENT_CHUNKS * CHUNK)
static_assert(sizeof(struct client_tx_shm) <= CLIENT_CHUNK_OFFSET, "fits");
static_assert(sizeof(struct client_rx_shm) <= CLIENT_CHUNK_OFFSET, "fits");
static_assert(CLIENT_REGION_SIZE <= 64 << 20, "a region is at most 64 MiB");

/* What the supervisor answers to a connection on RUNDIR/attach, with these
 * descriptors in this order: client.N.tx (writable), client.N.rx, tcpd.cnc,
 * apid.cnc (read-only), then this message's `error` is 0. On refusal: no
 * descriptors, and why. The connection stays: it is the doorbell, one
 * byte each way, and its end is the client's end. */
struct client_welcome {
    uint32_t abi;
    int32_t error; /* 0 or -errno: EDQUOT, EPERM, EAGAIN */
    uint32_t client;
    uint32_t spare;
    uint8_t token[16];
};
static_assert(sizeof(struct client_welcome) == 32, "client ABI v1");

/* ---- the accesses, so that no atomics are needed elsewhere ---- */

struct slot_view { /* a copy of an rx slot's words, by the client */
    uint32_t generation;
    enum slot_state state;
    uint32_t flags; /* enum slot_flag */
    uint64_t read_limit, freed, send_limit;
    uint32_t error;
};
void client_slot_look(const struct client_rx_slot *s, struct slot_view *v);

struct
    work_view { /* a copy of a tx slot's words, by tcpd: hostile, unchecked */
    uint32_t generation;
    uint32_t flags; /* enum client_flag */
    uint64_t write_end, read_end;
};
void client_work_look(const struct client_tx_slot *s, struct work_view *v);

/* tcpd: stores the words of a slot; `status` last. */
void client_slot_publish(struct client_rx_slot *s, const struct slot_view *v);

/* Client: each is a release store. */
void client_set_write_end(struct client_tx_slot *s, uint64_t end);
void client_set_read_end(struct client_tx_slot *s, uint64_t end);
void client_set_flags(struct client_tx_slot *s, uint32_t generation,
                      uint32_t flags);

/* Either: chunk numbers; the reader checks what it gets against CLIENT_CHUNKS. */
void client_chunk_store(_Atomic uint16_t *chunk, uint64_t offset, uint16_t n);
uint16_t client_chunk_load(const _Atomic uint16_t *chunk, uint64_t offset);

/* Queues. `*tail` and `head` are the caller's private copies of its own side. */
void client_queue_add(struct client_queue *q, uint64_t *tail, uint32_t slot);
/* Entries waiting between head and the queue's tail, checked: more than
 * CLIENT_QUEUE or less than none means a hostile peer and gives -1. */
int64_t client_queue_ready(const struct client_queue *q, uint64_t head);
uint32_t client_queue_entry(const struct client_queue *q, uint64_t at);

/* Single words of the two headers. */
uint64_t client_word_load(const _Atomic uint64_t *w);
void client_word_store(_Atomic uint64_t *w, uint64_t v);
uint32_t client_flag_load(const _Atomic uint32_t *w);
void client_flag_store(_Atomic uint32_t *w, uint32_t v);

#endif
