/* SPDX-License-Identifier: MIT */
/* apid, tcpd's front desk: requests come in over ZeroMQ, go to tcpd by ring, and
 * their results go back.
 *
 * It holds no state that matters: a request that dies with apid is sent again
 * by its client, and tcpd executes it once. So it may be killed at any
 * instruction, also by a client that misuses libzmq. */
#include "tcpd/api/server.h"

#include "base/bits.h"
#include "base/check.h"
#include "base/os/boot.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/os/sandbox.h"
#include "base/os/stop.h"
#include "proto/shm/cnc.h"
#include "proto/shm/doorbell.h"
#include "proto/shm/handover.h"
#include "proto/shm/ring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

#define BATCH 32 /* messages and results a turn */
#define MEMORY_LIMIT                                                           \
    (256 << 20) /* bytes; a client can make libzmq ask for more */

struct apid {
    struct tables tables;
    struct cnc cnc;
    struct ring requests; /* produced */
    struct ring results;  /* taken */
    struct doorbell tcpd;
    struct server *server;
    int stop;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define SANITIZED 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define SANITIZED 1
#    endif
#endif

/* A sanitizer reserves more address space than any sensible limit. */
static void
limit_memory(void)
{
#ifndef SANITIZED
    const struct rlimit limit = {MEMORY_LIMIT, MEMORY_LIMIT};

    if (setrlimit(RLIMIT_DATA, &limit) != 0)
        log_line("cannot limit its memory");
#endif
}

static void
join(struct apid *a)
{
    const struct region *r = a->tables.regions;
    struct cnc_shm *tcpd = cnc_of(&r[REGION_TCPD_CNC]);

    if (tcpd == NULL || a->tables.listen < 0 ||
        !ring_join_producer(&a->requests, &r[REGION_API_REQ],
                            &tcpd->cursors[RING_API_REQ],
                            &ring_table[RING_API_REQ]) ||
        !ring_join_consumer(&a->results, &r[REGION_API_RES],
                            &a->cnc.shm->cursors[RING_API_RES],
                            &ring_table[RING_API_RES]))
        die(EXIT_FAILED, "a ring is missing or of another version");
    CHECK(ring_table[RING_API_REQ].slots + ring_table[RING_API_RES].slots +
              BATCH <
          SERVER_ROUTES);
    a->tcpd =
        (struct doorbell){.fd = a->tables.bell_out[DAEMON_TCPD], .peer = tcpd};
}

static void
start(struct apid *a, int argc, char **argv)
{
    tables_init(&a->tables);
    a->stop = boot("apid", argc, argv, handover_adopt, &a->tables);
    if (cnc_of(&a->tables.regions[REGION_APID_CNC]) == NULL)
        die(EXIT_FAILED, "apid.cnc is missing");
    cnc_start(&a->cnc, &a->tables.regions[REGION_APID_CNC], (uint32_t)getpid(),
              clock_now());
    join(a);
    limit_memory();
    sandbox_drop_privileges(); /* before libzmq's threads, which keep theirs */
    a->server = server_open(a->tables.listen, cnc_look(a->cnc.shm).epoch);
    sandbox_enter(SANDBOX_DESK);
    cnc_set_state(&a->cnc, CNC_RUNNING);
    boot_ready();
}

/* Requests of clients -> api.req, as long as that has room: further ones wait in
 * ZeroMQ's bounded queues. */
static unsigned
take_messages(struct apid *a)
{
    unsigned work = 0;
    uint32_t staged = 0;
    struct api_request *slot;

    while (work < BATCH && (slot = ring_stage(&a->requests, staged)) != NULL) {
        struct api_request request;
        enum drop why;

        if (!server_receive(a->server, &request, &why))
            break;
        work++;
        cnc_count(&a->cnc, COUNTER_API_REQUESTS, 1);
        cnc_drop(&a->cnc, why);
        if (why != DROP_NONE) {
            cnc_count(&a->cnc, COUNTER_API_MALFORMED, 1);
            continue;
        }
        memcpy(slot, &request, sizeof request);
        staged++;
    }
    ring_publish(&a->requests, staged);
    if (staged != 0)
        doorbell_ring(&a->tcpd);
    return work;
}

/* Results of tcpd -> the clients that asked. */
static unsigned
take_results(struct apid *a)
{
    uint32_t n = min_u32(ring_ready(&a->results), BATCH);

    for (uint32_t i = 0; i < n; i++) {
        struct api_result result;

        memcpy(&result, ring_peek(&a->results, i), sizeof result);
        if (server_send(a->server, &result))
            cnc_count(&a->cnc, COUNTER_API_RESULTS, 1);
        else
            cnc_drop(&a->cnc, DROP_API_GONE);
    }
    ring_take(&a->results, n);
    ring_publish_cursor(&a->results, ring_position(&a->results));
    /* Between our cursor and a look at who waits for it (doorbell.h). */
    doorbell_barrier();
    if (ring_space_wanted(&a->results))
        doorbell_ring(&a->tcpd);
    return n;
}

/* Ends the process when it was asked to stop, or when the supervisor is gone. */
static void
hear(struct apid *a, const zmq_pollitem_t *stop,
     const zmq_pollitem_t *supervisor)
{
    bool asked = stop->revents != 0 && stop_asked(a->stop);

    if (!asked && supervisor->revents == 0)
        return;
    cnc_set_state(&a->cnc, CNC_STOPPED);
    _exit(EXIT_OK); /* libzmq's threads are not waited for */
}

static void
wait_for_work(struct apid *a, long timeout)
{
    bool full = ring_stage(&a->requests, 0) == NULL;
    zmq_pollitem_t items[] = {
        {.fd = a->stop, .events = ZMQ_POLLIN},
        {.fd = BOOT_SOCKET, .events = ZMQ_POLLIN},
        {.fd = a->tables.bell_in[DAEMON_TCPD], .events = ZMQ_POLLIN},
        {.socket = server_socket(a->server), .events = ZMQ_POLLIN},
    };

    /* Without room for requests the ROUTER is not listened to. */
    zmq_poll(items, ARRAY_LEN(items) - (full ? 1 : 0), timeout);
    if (items[2].revents != 0)
        doorbell_drain(items[2].fd);
    hear(a, &items[0], &items[1]);
}

static void
sleep_until_work(struct apid *a)
{
    bool full = ring_stage(&a->requests, 0) == NULL;

    ring_want_space(&a->requests, full);
    if (full)
        doorbell_ring(&a->tcpd);
    doorbell_doze(&a->cnc, INSTANT_NEVER);
    if (ring_ready(&a->results) == 0 &&
        full == (ring_stage(&a->requests, 0) == NULL))
        wait_for_work(a, -1);
    doorbell_wake(&a->cnc);
}

int
main(int argc, char **argv)
{
    static struct apid a;

    start(&a, argc, argv);
    for (uint32_t turns = 1;; turns++) {
        if (turns % 128 == 0)
            wait_for_work(&a, 0);
        if (take_messages(&a) + take_results(&a) == 0)
            sleep_until_work(&a);
        cnc_heartbeat(&a.cnc);
    }
}
