/* SPDX-License-Identifier: MIT */
/* hostile_client: a client that lies, floods, stalls and dies, one way at a time.
 *
 *   hostile_client [--seed N] [--seconds S] MODE ADDR PORT
 *
 * It attaches as any client does and opens connections to a `flow serve` at ADDR
 * PORT, half of them to be poured at, half to pour; then it writes into its own
 * regions, its connection and its ZeroMQ socket what no client would. When tcpd or
 * the supervisor has thrown it out, it comes again. Prints its seed first and what
 * it did last; ends with 0 after S seconds, whatever was done to it. */
#define _GNU_SOURCE 1
#include "base/os/args.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/os/rundir.h"
#include "base/rng.h"
#include "libclient/client.h"
#include "libclient/instance.h"
#include "tests/support/zmtp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

/* After so many lies it attaches anew, if nobody has thrown it out. */
#define LIES_A_LIFE 5000
#define CONNECTIONS 8
#define IDLE_MAX    4096 /* sockets that only connect */
#define FLOW_NOTE   64   /* bytes by which `flow serve` is told what to do */

struct attack {
    struct skink *s; /* NULL: thrown out */
    struct rng rng;
    struct sockaddr_in target;
    instant_t end;
    uint64_t lies, lives;
    int idle[IDLE_MAX]; /* connections that do nothing, or nothing good */
    size_t idle_count;
    size_t odd; /* bytes of half a frame that were sent */
};

static uint64_t
below(struct attack *a, uint64_t n)
{
    return rng_below(&a->rng, n);
}

/* A number as liars use them: small, huge, near to `base`, or anything. */
static uint64_t
lie(struct attack *a, uint64_t base)
{
    switch (below(a, 6)) {
    case 0:
        return base - below(a, 1 << 20);
    case 1:
        return base + below(a, 64u << 20);
    case 2:
        return UINT64_MAX - below(a, 3);
    case 3:
        return below(a, 3);
    case 4:
        return base + below(a, 70000);
    default:
        return rng_next(&a->rng);
    }
}

/* ---- a life ---- */

static void
open_flow(struct attack *a, bool downwards)
{
    char note[FLOW_NOTE] = "";
    int h = skink_socket(a->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct skink_pollfd p = {.handle = h, .events = SKINK_OUT};

    if (h < 0)
        return;
    skink_connect(a->s, h, (const struct sockaddr *)&a->target,
                  sizeof a->target);
    if (skink_poll(a->s, &p, 1, 200) != 1)
        return;
    snprintf(note, sizeof note, "flow %c 0 1 60000", downwards ? 'd' : 'u');
    skink_send(a->s, h, note, sizeof note, 0);
}

/* Attaches, with connections, and a listener in the slot behind them. False: not
 * let in just now. */
static bool
live(struct attack *a)
{
    const struct request listen = {.ask = ASK_LISTEN, .backlog = 10};
    int h;

    if (skink_open(&a->s, NULL) != 0) {
        a->s = NULL;
        return false;
    }
    a->lives++;
    for (int i = 0; i < CONNECTIONS; i++)
        open_flow(a, i % 2 == 0);
    h = skink_socket(a->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (h >= 0)
        (void)request_start(a->s, sock_of(a->s, h), &listen);
    return true;
}

static void
die_quietly(struct attack *a)
{
    if (a->s != NULL)
        skink_free(a->s);
    a->s = NULL;
}

/* Have tcpd and the supervisor hung up? Nothing is read. */
static bool
thrown_out(const struct attack *a)
{
    struct pollfd p = {.fd = a->s->connection};

    return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

/* "Look at this slot", without any of the library's care. */
static void
nudge(const struct attack *a, uint32_t slot)
{
    client_queue_add(&a->s->tx->work, &a->s->work_tail, slot);
    (void)!send(a->s->connection, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static uint32_t
any_slot(struct attack *a)
{
    return (uint32_t)(below(a, 8) != 0 ? below(a, CONNECTIONS + 1)
                                       : below(a, CLIENT_SLOTS));
}

/* ---- ways to be hostile: each does one thing, often ---- */

static void
lie_in_cursors(struct attack *a)
{
    uint32_t n = any_slot(a);
    struct client_tx_slot *slot = &a->s->tx->slot[n];
    const struct sock *k = &a->s->socks[n];

    switch (below(a, 50)) {
    case 0: /* costs the whole client */
        client_word_store(&a->s->tx->work.tail, lie(a, a->s->work_tail));
        (void)!send(a->s->connection, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        return;
    case 1:
    case 2:
        client_word_store(&a->s->tx->event_head, lie(a, a->s->event_head));
        break;
    case 3: /* the queue's entries */
        a->s->tx->work.entry[below(a, CLIENT_QUEUE)] = (uint32_t)lie(a, n);
        break;
    default:
        if (below(a, 2) == 0)
            client_set_write_end(slot, lie(a, k->write_end));
        else
            client_set_read_end(slot, lie(a, k->read_end));
    }
    nudge(a, n);
}

static void
lie_in_chunks(struct attack *a)
{
    uint32_t n = (uint32_t)below(a, CONNECTIONS);
    struct client_tx_slot *slot = &a->s->tx->slot[n];
    struct sock *k = &a->s->socks[n];
    uint16_t shared = (uint16_t)below(a, CLIENT_CHUNKS);
    struct slot_view v;

    for (uint64_t i = 0; i < SLOT_CHUNKS; i++)
        client_chunk_store(slot->chunk, i * CHUNK,
                           below(a, 200) == 0 ? (uint16_t)rng_next(&a->rng)
                                              : shared);
    client_slot_look(&a->s->rx->slot[n], &v);
    if (k->write_end < v.send_limit)
        k->write_end += below(a, v.send_limit - k->write_end + 1);
    client_set_write_end(slot, k->write_end);
    nudge(a, n);
    for (int i = 0; i < 20; i++) /* while it is being read */
        client_chunk_store(slot->chunk, below(a, SLOT_CHUNKS) * CHUNK,
                           (uint16_t)below(a, CLIENT_CHUNKS));
}

static void
lie_in_flags(struct attack *a)
{
    uint32_t n = any_slot(a);
    uint32_t generation = a->s->socks[n].generation;

    if (below(a, 4) == 0)
        generation = (uint32_t)lie(a, generation);
    client_set_flags(&a->s->tx->slot[n], generation,
                     below(a, 3) == 0 ? (uint32_t)rng_next(&a->rng)
                                      : (uint32_t)below(a, 64));
    nudge(a, n);
}

static void
flood_requests(struct attack *a)
{
    struct requests *q = &a->s->requests;
    uint8_t bytes[REQUEST_MOST], token[16];
    struct request r = {.ask = (enum ask)below(a, ASK_INFO + 1),
                        .slot = any_slot(a),
                        .addr = addr_v4((uint32_t)rng_next(&a->rng)),
                        .port = (uint16_t)rng_next(&a->rng),
                        .backlog = (uint32_t)lie(a, 10),
                        .level = (int)lie(a, 6),
                        .name = (int)below(a, 30),
                        .value_len = (uint16_t)below(a, API_VALUE + 1)};
    size_t len;

    memcpy(token, q->token, sizeof token);
    if (below(a, 4) == 0)
        rng_fill(&a->rng, token, sizeof token);
    rng_fill(&a->rng, r.value, sizeof r.value);
    rng_fill(&a->rng, &r.settings, sizeof r.settings);
    r.number = below(a, 3) != 0 ? q->next++ : lie(a, q->next);
    len = request_encode(
        &r, token, below(a, 3) != 0 ? r.number - 1 : lie(a, r.number), bytes);
    if (below(a, 10) == 0)
        rng_fill(&a->rng, bytes, len);
    zmq_send(q->socket, bytes, len, ZMQ_DONTWAIT);
    while (below(a, 2) != 0 &&
           zmq_recv(q->socket, bytes, sizeof bytes, ZMQ_DONTWAIT) >= 0)
        continue;
}

static void
address_of(struct sockaddr_un *at, const char *name)
{
    char dir[RUNDIR_SIZE];

    if (!rundir_path(dir, sizeof dir, "default") ||
        !rundir_socket(at, dir, name))
        die(EXIT_FAILED, "no run directory");
}

/* Where clients connect, apid's socket and the supervisor's, until nobody takes
 * any more. */
static void
hoard_connections(struct attack *a)
{
    bool attaches = below(a, 64) == 0;
    struct sockaddr_un at;
    int fd = socket(AF_UNIX,
                    (attaches ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC |
                        SOCK_NONBLOCK,
                    0);

    if (a->idle_count == IDLE_MAX)
        while (a->idle_count > 0)
            close(a->idle[--a->idle_count]);
    address_of(&at, attaches ? "attach" : "tcpd");
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)&at, sizeof at) == 0)
        a->idle[a->idle_count++] = fd;
    else
        close(fd);
}

/* A message without end, in the smallest of parts. */
static void
send_endless_message(struct attack *a)
{
    static uint8_t parts[65536];
    struct sockaddr_un at;
    ssize_t n;

    if (a->idle_count == 0) {
        address_of(&at, "tcpd");
        if ((a->idle[0] = zmtp_connect(&at)) < 0)
            return;
        a->idle_count = 1;
        a->odd = 0;
        a->lives++;
        zmtp_fill_more(parts, sizeof parts);
    }
    n = send(a->idle[0], parts + a->odd, sizeof parts - a->odd,
             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
        a->odd = (a->odd + (size_t)n) % 2;
    else if (n < 0 && errno != EAGAIN)
        close(a->idle[--a->idle_count]);
}

static void
send_oversized_message(struct attack *a)
{
    static const uint8_t body[4 << 20];

    zmq_send(a->s->requests.socket, body, below(a, sizeof body), ZMQ_DONTWAIT);
}

/* Asks without listening, is sent to without reading, and takes no event. */
static void
play_deaf(struct attack *a)
{
    struct requests *q = &a->s->requests;
    struct request r = {.ask = ASK_INFO, .slot = any_slot(a)};
    uint8_t bytes[REQUEST_MOST];
    size_t len;

    r.number = q->next++;
    len = request_encode(&r, q->token, r.number - 1, bytes);
    zmq_send(q->socket, bytes, len, ZMQ_DONTWAIT);
    client_flag_store(&a->s->tx->sleeping, 1);
    nudge(a, any_slot(a));
}

static void
ring_endlessly(struct attack *a)
{
    static const uint8_t bytes[64];

    for (int i = 0; i < 100; i++)
        (void)!send(a->s->connection, bytes, 1 + below(a, sizeof bytes),
                    MSG_DONTWAIT | MSG_NOSIGNAL);
    client_flag_store(&a->s->tx->sleeping, (uint32_t)below(a, 2));
}

/* Hangs up on one side or both while it is being served. */
static void
close_descriptors(struct attack *a)
{
    nudge(a, any_slot(a));
    if (below(a, 20) != 0)
        return;
    shutdown(a->s->connection, (int)below(a, 3));
    die_quietly(a);
}

static const struct mode {
    const char *name;
    void (*act)(struct attack *a);
} modes[] = {{"cursors", lie_in_cursors},
             {"chunks", lie_in_chunks},
             {"flags", lie_in_flags},
             {"requests", flood_requests},
             {"connects", hoard_connections},
             {"multipart", send_endless_message},
             {"oversized", send_oversized_message},
             {"deaf", play_deaf},
             {"doorbell", ring_endlessly},
             {"descriptors", close_descriptors}};
#define MODES (sizeof modes / sizeof modes[0])

static void
attack_once(struct attack *a, const struct mode *m)
{
    static const struct timespec breath = {.tv_nsec = 2000000};

    if (a->s == NULL && !live(a)) {
        nanosleep(&breath, NULL); /* no place is free yet */
        return;
    }
    m->act(a);
    a->lies++;
    if (a->s != NULL && (thrown_out(a) || below(a, LIES_A_LIFE) == 0))
        die_quietly(a);
}

static void
attack_in_one_way(struct attack *a, const struct mode *m)
{
    while (instant_before(clock_now(), a->end))
        attack_once(a, m);
    die_quietly(a);
}

/* ---- dying ---- */

/* Every way in turn, until the parent kills it. */
static _Noreturn void
attack_in_every_way(struct attack *a)
{
    for (;;) {
        size_t n = below(a, MODES);
        uint64_t times = below(a, 300);

        if (modes[n].act == hoard_connections ||
            modes[n].act == send_endless_message)
            continue; /* apid's end is not what is looked for here */
        while (times-- > 0)
            attack_once(a, &modes[n]);
    }
}

static void
die_again_and_again(struct attack *a)
{
    while (instant_before(clock_now(), a->end)) {
        struct timespec life = {.tv_nsec = (long)below(a, 60) * 1000000};
        uint64_t seed = rng_next(&a->rng);
        pid_t pid = fork();

        if (pid < 0)
            die(EXIT_FAILED, "cannot fork: %s", strerror(errno));
        if (pid == 0) {
            rng_seed(&a->rng, seed);
            attack_in_every_way(a);
        }
        nanosleep(&life, NULL);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        a->lives++;
    }
}

/* ---- command line ---- */

static const struct mode *
mode_of(const char *name)
{
    for (size_t i = 0; i < MODES; i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    die(EXIT_USAGE, "no such way: %s", name);
}

static struct sockaddr_in
parse_target(const char *addr, const char *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET};

    if (inet_pton(AF_INET, addr, &to.sin_addr) != 1)
        die(EXIT_USAGE, "'%s' is not an address", addr);
    to.sin_port = htons((uint16_t)args_number("PORT", port, 1, UINT16_MAX));
    return to;
}

static void
allow_many_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(int argc, char **argv)
{
    static struct attack a;
    const char *seed_text = NULL, *seconds = "2";
    const struct arg args[] = {
        {.name = "seed", .metavar = "N", .help = "", .value = &seed_text},
        {.name = "seconds", .metavar = "S", .help = "", .value = &seconds},
        {0}};
    int at = args_parse(argc, argv, args);
    uint64_t seed = (uint64_t)clock_now().ns;
    const struct mode *mode = NULL;

    log_name("hostile_client");
    if (argc - at != 3)
        die(EXIT_USAGE, "MODE ADDR PORT");
    if (seed_text != NULL)
        seed = args_number("--seed", seed_text, 0, UINT64_MAX);
    if (strcmp(argv[at], "death") != 0)
        mode = mode_of(argv[at]);
    a.target = parse_target(argv[at + 1], argv[at + 2]);
    a.end = instant_add(
        clock_now(),
        duration_ms((int64_t)args_number("--seconds", seconds, 1, 600) * 1000));
    rng_seed(&a.rng, seed);
    allow_many_descriptors();
    printf("%s: seed %" PRIu64 "\n", argv[at], seed);
    fflush(stdout);
    if (mode != NULL)
        attack_in_one_way(&a, mode);
    else
        die_again_and_again(&a);
    printf("%s: %" PRIu64 " acts in %" PRIu64 " lives\n", argv[at], a.lies,
           a.lives);
    return EXIT_OK;
}
