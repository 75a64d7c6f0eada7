/* SPDX-License-Identifier: MIT */
/* An instance without daemons: the test is tcpd. It owns the other side of the
 * two regions and says by hand what tcpd would. */
#ifndef TESTS_LIBCLIENT_FIXTURE_H
#define TESTS_LIBCLIENT_FIXTURE_H

#include "libclient/client.h"
#include "libclient/instance.h"
#include "libclient/stream.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ThreadSanitizer does not see the atomics of libzmq, which is not built with
 * it: what passes through its queues looks like a race inside of it. Other
 * sanitizers never ask. */
const char *__tsan_default_suppressions(void);
const char *
__tsan_default_suppressions(void)
{
    return "race:libzmq.so\n";
}

#define SEND_BUFFER (2u << 20)

struct fake {
    struct skink *s;
    char dir[80];      /* private, with nothing in it but */
    char apid_at[88];  /* the socket of a test that plays apid */
    char endpoint[96]; /* the same, as ZeroMQ writes it */
    int connection;    /* tcpd's end */
    struct region tx, rx, tcpd, apid;
    struct client_rx_shm *shm; /* what tcpd writes */
    const struct client_tx_shm *heard;
    uint64_t event_tail;
};

static inline struct region
fake_region(uint32_t id, size_t size, struct region *theirs, bool writable)
{
    struct region mine;
    int fd = region_create(id, size, 7);

    assert_true(fd >= 0);
    assert_true(region_map(&mine, fd, id, true));
    assert_true(region_map(theirs, fd, id, writable));
    close(fd);
    return mine;
}

static inline void
fake_make_dir(struct fake *f)
{
    const char *tmp = getenv("TMPDIR");
    int len = snprintf(f->dir, sizeof f->dir, "%s/skink-test-XXXXXX",
                       tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");

    assert_in_range(len, 1, sizeof f->dir - 1);
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->apid_at, sizeof f->apid_at, "%s/apid", f->dir);
    snprintf(f->endpoint, sizeof f->endpoint, "ipc://%s", f->apid_at);
}

static inline int
fake_setup(void **state)
{
    struct fake *f = calloc(1, sizeof *f);
    struct parts p = {.connection = -1};
    int pair[2];

    assert_non_null(f);
    fake_make_dir(f);
    f->tx = fake_region(REGION_CLIENT_TX(0), CLIENT_REGION_SIZE, &p.tx, true);
    f->rx = fake_region(REGION_CLIENT_RX(0), CLIENT_REGION_SIZE, &p.rx, false);
    f->tcpd = fake_region(REGION_TCPD_CNC, sizeof(struct cnc_shm), &p.tcpd_cnc,
                          false);
    f->apid = fake_region(REGION_APID_CNC, sizeof(struct cnc_shm), &p.apid_cnc,
                          false);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    p.connection = pair[0];
    f->connection = pair[1];
    snprintf(p.endpoint, sizeof p.endpoint, "%s", f->endpoint);
    f->shm = (struct client_rx_shm *)(void *)f->rx.base;
    f->heard = (const struct client_tx_shm *)(const void *)f->tx.base;
    client_word_store(&f->shm->epoch, 1);
    assert_int_equal(instance_new(&f->s, &p), 0);
    *state = f;
    return 0;
}

static inline int
fake_teardown(void **state)
{
    struct fake *f = *state;

    skink_free(f->s);
    close(f->connection);
    region_unmap(&f->tx);
    region_unmap(&f->rx);
    region_unmap(&f->tcpd);
    region_unmap(&f->apid);
    unlink(f->apid_at); /* a test that failed has not closed it */
    rmdir(f->dir);
    free(f);
    return 0;
}

/* tcpd: shows a slot, and an event about it. */
static inline void
fake_show(struct fake *f, uint32_t slot, struct slot_view v)
{
    client_slot_publish(&f->shm->slot[slot], &v);
    client_queue_add(&f->shm->event, &f->event_tail, slot);
}

/* An open connection with nothing in its streams, beginning at `base`. */
static inline struct slot_view
fake_open(struct fake *f, uint32_t slot, enum slot_state state, uint64_t base)
{
    struct client_rx_slot *shm = &f->shm->slot[slot];
    struct slot_view v = {.state = state,
                          .read_limit = base,
                          .freed = base,
                          .send_limit = base + SEND_BUFFER};

    shm->read_base = shm->write_base = base;
    shm->local = addr_v4(0x0a070002);
    shm->remote = addr_v4(0x0a070001);
    shm->local_port = 80;
    shm->remote_port = 4000;
    shm->parent = UINT32_MAX;
    fake_show(f, slot, v);
    return v;
}

/* A non-blocking handle whose connection is open, in slot 0 of a fresh fixture. */
static inline int
fake_connected(struct fake *f, struct slot_view *v, uint64_t base)
{
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sock *k = sock_of(f->s, h);

    assert_non_null(k);
    k->phase = PHASE_CONNECTING;
    *v = fake_open(f, sock_slot(f->s, k), SLOT_OPEN, base);
    sock_look(f->s, k);
    assert_int_equal(k->phase, PHASE_CONNECTED);
    return h;
}

/* A listener, in slot 0 of a fresh fixture. */
static inline int
fake_listener(struct fake *f)
{
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sock *k = sock_of(f->s, h);

    assert_non_null(k);
    k->phase = PHASE_LISTENING;
    k->local = addr_v4(0x0a070002);
    k->local_port = 80;
    fake_show(f, sock_slot(f->s, k), (struct slot_view){.state = SLOT_LISTEN});
    sock_look(f->s, k);
    return h;
}

/* tcpd: bytes arrive, in its chunk `chunk`. */
static inline void
fake_deliver(struct fake *f, uint32_t slot, struct slot_view *v, uint16_t chunk,
             const void *bytes, size_t len)
{
    uint8_t *to = f->rx.base + CLIENT_CHUNK_OFFSET + (size_t)chunk * CHUNK +
                  v->read_limit % CHUNK;

    memcpy(to, bytes, len);
    client_chunk_store(f->shm->slot[slot].chunk, v->read_limit, chunk);
    v->read_limit += len;
    fake_show(f, slot, *v);
}

static inline struct work_view
fake_hear(const struct fake *f, uint32_t slot)
{
    struct work_view w;

    client_work_look(&f->heard->slot[slot], &w);
    return w;
}

/* The byte that the client has put at a stream offset. */
static inline uint8_t
fake_sent_byte(const struct fake *f, uint32_t slot, uint64_t offset)
{
    uint16_t n = client_chunk_load(f->heard->slot[slot].chunk, offset);

    assert_true(n < CLIENT_CHUNKS);
    return f->tx.base[CLIENT_CHUNK_OFFSET + (size_t)n * CHUNK + offset % CHUNK];
}

static inline unsigned
fake_poll(struct fake *f, int handle)
{
    struct skink_pollfd p = {.handle = handle,
                             .events = SKINK_IN | SKINK_OUT | SKINK_RDHUP};

    assert_true(skink_poll(f->s, &p, 1, 0) >= 0);
    return (unsigned short)p.revents;
}

#endif
