/* SPDX-License-Identifier: MIT */
/* flow: streams of bytes, counted where they arrive.
 *
 * `serve` waits for connections. `send` and `receive` open some, say on each in
 * the first 64 bytes what is wanted, and run for a while, or for so many bytes. The
 * sending end closes; for `send` the server then says in 64 bytes how much it has got, so that the
 * count is always the receiver's and the time ends when the last byte is
 * there. With --verify every byte is computed from a seed at one end and compared
 * at the other.
 *
 * One thread a connection and blocking calls: the plainest program that people
 * write against a socket, the same for both stacks. */
#define _GNU_SOURCE 1
#include "base/bits.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "bench/command.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITE           (128 * 1024) /* bytes a call */
#define NOTE            64           /* bytes of a request or a report */
#define CONNECTIONS_MAX 4096

struct worker {
    pthread_t thread;
    int s;
    uint64_t seed; /* of the stream; only looked at when verify is set */
    bool verify;
    bool upwards;      /* from client to server */
    uint64_t bytes;    /* that arrived */
    const char *error; /* NULL: all is well */
    uint8_t data[WRITE], expected[WRITE];
};

struct options {
    bool verify, json;
    const char *seconds, *bytes, *connections, *seed;
};

static const struct sockets *net;
static duration_t run_time;
static uint64_t size; /* of each stream; 0: as run_time says */
static pthread_barrier_t all_connected;
static struct sockaddr_in endpoint;

/* ---- the stream ---- */

/* Word `index` of a stream (splitmix64): any piece of it can be computed. */
static uint64_t
stream_word(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static void
stream_fill(uint8_t *to, size_t len, uint64_t seed, uint64_t offset)
{
    while (len > 0) {
        uint64_t word = stream_word(seed, offset / 8);
        size_t skip = offset % 8, n = min_u64(8 - skip, len);

        memcpy(to, (const uint8_t *)&word + skip, n);
        to += n;
        len -= n;
        offset += n;
    }
}

/* `bytes`, or if that is 0 for so long; then FIN. Returns 0 or -errno. */
static int
pour(struct worker *w, uint64_t bytes, duration_t time)
{
    instant_t end = instant_add(clock_now(), time);
    uint64_t sent = 0;

    while (bytes > 0 ? sent < bytes : instant_before(clock_now(), end)) {
        size_t n = bytes > 0 ? min_u64(WRITE, bytes - sent) : WRITE;
        int error;

        if (w->verify)
            stream_fill(w->data, n, w->seed, sent);
        error = send_all(net, w->s, w->data, n);
        if (error < 0)
            return error;
        sent += n;
    }
    return net->shut_write(w->s);
}

/* Until FIN; counts. Returns 0, -errno, or -EBADMSG for a wrong byte. */
static int
drain(struct worker *w)
{
    for (;;) {
        ssize_t n = net->recv(w->s, w->data, WRITE);

        if (n <= 0)
            return (int)n;
        if (w->verify) {
            stream_fill(w->expected, (size_t)n, w->seed, w->bytes);
            if (memcmp(w->data, w->expected, (size_t)n) != 0)
                return -EBADMSG;
        }
        w->bytes += (uint64_t)n;
    }
}

/* ---- server ---- */

static int
serve_one(struct worker *w)
{
    char note[NOTE + 1] = "", direction = '?';
    uint64_t bytes = 0;
    int64_t ms = 0;
    int verify = 0, error = recv_all(net, w->s, note, NOTE);

    if (error < 0)
        return error;
    if (sscanf(note, "flow %c %d %" SCNu64 " %" SCNd64 " %" SCNu64, &direction,
               &verify, &w->seed, &ms, &bytes) != 5)
        return -EPROTO;
    w->verify = verify != 0;
    if (direction == 'd') {
        error = pour(w, bytes, duration_ms(ms));
        return error < 0 ? error : (int)net->recv(w->s, note, 1);
    }
    error = drain(w);
    snprintf(note, sizeof note, "%" PRIu64 " %d", w->bytes, error);
    return send_all(net, w->s, note, NOTE);
}

static void *
serve_thread(void *arg)
{
    struct worker *w = arg;
    int error = serve_one(w);

    if (error < 0)
        log_line("a connection ended early: %s", strerror(-error));
    net->close(w->s);
    free(w);
    return NULL;
}

static _Noreturn void
serve(void)
{
    int listener = net->socket(), error = listener;

    if (error < 0 || (error = net->bind(listener, &endpoint)) < 0 ||
        (error = net->listen(listener, CONNECTIONS_MAX)) < 0)
        die(EXIT_FAILED, "cannot listen: %s", strerror(-error));
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct worker *w = calloc(1, sizeof *w);
        int s = net->accept(listener);
        pthread_t thread; /* *w is the thread's from its first moment */

        if (s < 0)
            die(EXIT_FAILED, "cannot accept: %s", strerror(-s));
        if (w == NULL)
            die(EXIT_FAILED, "out of memory");
        w->s = s;
        if (pthread_create(&thread, NULL, serve_thread, w) != 0)
            die(EXIT_FAILED, "out of threads");
        pthread_detach(thread);
    }
}

/* ---- client ---- */

static int
take_report(struct worker *w)
{
    char note[NOTE + 1] = "";
    int verdict = 0, error = recv_all(net, w->s, note, NOTE);

    if (error < 0)
        return error;
    if (sscanf(note, "%" SCNu64 " %d", &w->bytes, &verdict) != 2)
        return -EPROTO;
    return verdict;
}

static int
run_one(struct worker *w)
{
    char note[NOTE] = "";
    int error;

    snprintf(note, sizeof note, "flow %c %d %" PRIu64 " %" PRId64 " %" PRIu64,
             w->upwards ? 'u' : 'd', w->verify, w->seed, run_time.ns / 1000000,
             size);
    if ((error = send_all(net, w->s, note, NOTE)) < 0)
        return error;
    if (!w->upwards) {
        error = drain(w);
        return error == 0 && size > 0 && w->bytes != size ? -EBADMSG : error;
    }
    error = pour(w, size, run_time);
    if (error < 0 || (error = take_report(w)) < 0)
        return error;
    return size > 0 && w->bytes != size ? -EBADMSG : 0;
}

static void *
client_thread(void *arg)
{
    struct worker *w = arg;
    int error = w->s = net->socket();

    if (error >= 0)
        error = net->connect(w->s, &endpoint);
    pthread_barrier_wait(&all_connected);
    if (error >= 0)
        error = run_one(w);
    if (w->s >= 0)
        net->close(w->s);
    if (error == -EBADMSG)
        w->error = "not what was sent has arrived";
    else if (error < 0)
        w->error = strerrordesc_np(-error);
    return NULL;
}

/* Sums up; false when a connection failed, and says which. */
static bool
join_all(struct worker **workers, size_t n, uint64_t *bytes)
{
    bool good = true;

    *bytes = 0;
    for (size_t i = 0; i < n; i++) {
        pthread_join(workers[i]->thread, NULL);
        *bytes += workers[i]->bytes;
        if (workers[i]->error != NULL)
            log_line("connection %zu: %s", i, workers[i]->error);
        good = good && workers[i]->error == NULL;
        free(workers[i]);
    }
    return good;
}

static enum exit_status
run_client(bool upwards, const struct options *o)
{
    static struct worker *workers[CONNECTIONS_MAX];
    size_t n = args_number("--connections", o->connections, 1, CONNECTIONS_MAX);
    uint64_t bytes, seed = args_number("--seed", o->seed, 0, UINT64_MAX);
    instant_t start = clock_now();
    double seconds;
    bool good;

    pthread_barrier_init(&all_connected, NULL, (unsigned)n);
    for (size_t i = 0; i < n; i++) {
        struct worker *w = workers[i] = calloc(1, sizeof *w);

        if (w == NULL)
            die(EXIT_FAILED, "out of memory");
        w->verify = o->verify;
        w->upwards = upwards;
        w->seed = seed + i;
        if (pthread_create(&w->thread, NULL, client_thread, w) != 0)
            die(EXIT_FAILED, "out of threads");
    }
    good = join_all(workers, n, &bytes);
    seconds = (double)instant_sub(clock_now(), start).ns / 1e9;
    printf(o->json ? "{\"bytes\":%" PRIu64 ",\"seconds\":%.6f}\n"
                   : "%" PRIu64 " %.6f\n",
           bytes, seconds);
    return good ? EXIT_OK : EXIT_FAILED;
}

/* ---- command line ---- */

static const char usage[] =
    "usage: flow serve|send|receive [OPTIONS] ADDR PORT\n\n"
    "Prints BYTES SECONDS, as counted by the receiver.\n";

/* Returns the verb. Leaves net, endpoint, run_time and size set. */
static const char *
parse_options(struct options *o, int argc, char **argv)
{
    const struct arg args[] = {
        {.name = "seconds",
         .metavar = "S",
         .help = "how long to send (2)",
         .value = &o->seconds},
        {.name = "bytes",
         .metavar = "N",
         .help = "how many to send, instead",
         .value = &o->bytes},
        {.name = "connections",
         .metavar = "N",
         .help = "at once (1)",
         .value = &o->connections},
        {.name = "verify",
         .help = "compute and compare every byte",
         .flag = &o->verify},
        {.name = "seed",
         .metavar = "N",
         .help = "of the bytes to verify (1)",
         .value = &o->seed},
        {.name = "json", .letter = 'j', .help = "JSON", .flag = &o->json},
        {.name = NULL},
    };
    const struct command command =
        command_parse(argc, argv, usage, args, false);

    net = command.net;
    endpoint = command.endpoint;
    run_time = duration_ms(
        (int64_t)args_number("--seconds", o->seconds, 1, 86400) * 1000);
    size = args_number("--bytes", o->bytes, 0, INT64_MAX);
    return command.verb;
}

int
main(int argc, char **argv)
{
    struct options o = {
        .seconds = "2", .bytes = "0", .connections = "1", .seed = "1"};
    const char *verb;

    log_name("flow");
    verb = parse_options(&o, argc, argv);
    if (strcmp(verb, "serve") == 0)
        serve();
    if (strcmp(verb, "send") == 0)
        return (int)run_client(true, &o);
    if (strcmp(verb, "receive") == 0)
        return (int)run_client(false, &o);
    die(EXIT_USAGE, "'%s' is none of serve, send, receive", verb);
}
