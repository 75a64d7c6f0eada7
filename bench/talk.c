/* SPDX-License-Identifier: MIT */
/* talk: what becomes of a connection at its edges, in words.
 *
 * `serve` does on each connection what the first 16 bytes say: "echo" all that
 * comes, until FIN; "first" sends so many bytes and FIN before it counts what
 * comes; "reset" reads one byte and resets; "hold" says one byte and waits. The
 * other verbs are clients. Each prints one line: "ok", or the error's name and
 * how many ms it took. */
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

#define NOTE  16
#define CHUNK (64 * 1024)

static const struct sockets *net;
static struct sockaddr_in endpoint;
static instant_t begin;

/* ---- bytes ---- */

/* Byte `at` of any stream: 251 is prime, so no power of two repeats it. */
static uint8_t
byte_at(uint64_t at)
{
    return (uint8_t)(at % 251 + (at >> 16));
}

static int
send_pattern(int s, uint64_t bytes)
{
    static _Thread_local uint8_t buf[CHUNK];
    uint64_t sent = 0;

    while (sent < bytes) {
        size_t n = min_u64(CHUNK, bytes - sent);
        int error;

        for (size_t i = 0; i < n; i++)
            buf[i] = byte_at(sent + i);
        if ((error = send_all(net, s, buf, n)) < 0)
            return error;
        sent += n;
    }
    return 0;
}

/* Until FIN. 0, -errno, or -EBADMSG: these are not `bytes` of the pattern. */
static int
expect_pattern(int s, uint64_t bytes)
{
    static _Thread_local uint8_t buf[CHUNK];
    uint64_t got = 0;
    ssize_t n;

    while ((n = net->recv(s, buf, CHUNK)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (buf[i] != byte_at(got + (uint64_t)i))
                return -EBADMSG;
        }
        got += (uint64_t)n;
    }
    return n < 0 ? (int)n : got == bytes ? 0 : -EBADMSG;
}

/* ---- serve ---- */

static int
echo(int s)
{
    static _Thread_local uint8_t buf[CHUNK];
    ssize_t n;
    int error = 0;

    while (error == 0 && (n = net->recv(s, buf, CHUNK)) > 0)
        error = send_all(net, s, buf, (size_t)n);
    return error < 0 ? error : n < 0 ? (int)n : net->shut_write(s);
}

static int
first(int s, uint64_t bytes)
{
    int error = send_pattern(s, bytes);

    if (error == 0)
        error = net->shut_write(s);
    return error < 0 ? error : expect_pattern(s, bytes);
}

static int
reset(int s)
{
    char byte;
    int error = recv_all(net, s, &byte, 1);

    return error < 0 ? error : net->set_abort(s);
}

static int
hold(int s)
{
    char byte = 'x';
    int error = send_all(net, s, &byte, 1);

    return error < 0 ? error : (int)net->recv(s, &byte, 1);
}

static int
serve_one(int s)
{
    char note[NOTE + 1] = "", verb[8] = "";
    uint64_t bytes = 0;
    int error = recv_all(net, s, note, NOTE);

    if (error < 0)
        return error;
    sscanf(note, "%7s %" SCNu64, verb, &bytes);
    return strcmp(verb, "echo") == 0    ? echo(s)
           : strcmp(verb, "first") == 0 ? first(s, bytes)
           : strcmp(verb, "reset") == 0 ? reset(s)
           : strcmp(verb, "hold") == 0  ? hold(s)
                                        : -EPROTO;
}

/* How it ended is a line of the server's. */
static void *
serve_thread(void *arg)
{
    int *s = arg, error = serve_one(*s);

    net->close(*s);
    puts(error < 0 ? strerrorname_np(-error) : "ok");
    fflush(stdout);
    free(s);
    return NULL;
}

static _Noreturn void
serve(void)
{
    int listener = net->socket(), error = listener;

    if (error < 0 || (error = net->bind(listener, &endpoint)) < 0 ||
        (error = net->listen(listener, 128)) < 0)
        die(EXIT_FAILED, "cannot listen: %s", strerror(-error));
    puts("ready");
    fflush(stdout);
    for (;;) {
        int *s = malloc(sizeof *s);
        pthread_t thread;

        if (s == NULL)
            die(EXIT_FAILED, "out of memory");
        *s = net->accept(listener);
        if (*s < 0)
            die(EXIT_FAILED, "cannot accept: %s", strerror(-*s));
        if (pthread_create(&thread, NULL, serve_thread, s) != 0)
            die(EXIT_FAILED, "out of threads");
        pthread_detach(thread);
    }
}

/* ---- clients ---- */

/* A connection on which the server knows what to do; or -errno. */
static int
ask_for(const char *verb, uint64_t bytes)
{
    char note[NOTE] = "";
    int s = net->socket(), error = s;

    if (s < 0 || (error = net->connect(s, &endpoint)) < 0)
        return error;
    snprintf(note, sizeof note, "%s %" PRIu64, verb, bytes);
    error = send_all(net, s, note, NOTE);
    return error < 0 ? error : s;
}

struct sender {
    int s, error;
    uint64_t bytes;
};

static void *
send_thread(void *arg)
{
    struct sender *w = arg;

    w->error = send_pattern(w->s, w->bytes);
    if (w->error == 0)
        w->error = net->shut_write(w->s);
    return NULL;
}

/* Sends so much and FIN, while it reads it back up to FIN. */
static int
run_echo(uint64_t bytes)
{
    struct sender w = {.s = ask_for("echo", 0), .bytes = bytes};
    pthread_t thread;
    int error;

    if (w.s < 0)
        return w.s;
    if (pthread_create(&thread, NULL, send_thread, &w) != 0)
        die(EXIT_FAILED, "out of threads");
    error = expect_pattern(w.s, bytes);
    pthread_join(thread, NULL);
    net->close(w.s);
    return error < 0 ? error : w.error;
}

/* After the server's FIN this half still carries so much. */
static int
run_first(uint64_t bytes)
{
    int s = ask_for("first", bytes), error;

    if (s < 0)
        return s;
    error = expect_pattern(s, bytes);
    if (error == 0)
        error = send_pattern(s, bytes);
    if (error == 0)
        error = net->shut_write(s);
    net->close(s);
    return error;
}

/* What is read from a connection that the server resets, and then written. */
static int
run_reset(uint64_t bytes)
{
    int s = ask_for("reset", 0), error;
    char byte = 'x';

    (void)bytes;
    if (s < 0)
        return s;
    if ((error = send_all(net, s, &byte, 1)) < 0)
        return error;
    error = (int)net->recv(s, &byte, 1);
    if (error < 0 && net->send(s, &byte, 1) != -EPIPE)
        return -EBADMSG;
    return error;
}

/* The server is told ECONNRESET. */
static int
run_abort(uint64_t bytes)
{
    int s = ask_for("hold", 0), error;
    char byte;

    (void)bytes;
    if (s < 0)
        return s;
    if ((error = recv_all(net, s, &byte, 1)) < 0 ||
        (error = net->set_abort(s)) < 0)
        return error;
    return net->close(s);
}

/* Nothing is said any more; keep-alive, if it was asked for, is to notice. */
static int
run_hold(uint64_t bytes)
{
    int s = ask_for("hold", 0), error;
    char byte;

    if (s < 0)
        return s;
    if ((error = net->set_keepalive(s, (int)bytes, 1, 2)) < 0 ||
        (error = recv_all(net, s, &byte, 1)) < 0)
        return error;
    puts("ready");
    fflush(stdout);
    begin = clock_now();
    return (int)net->recv(s, &byte, 1);
}

static int
run_connect(uint64_t bytes)
{
    int s = net->socket();

    (void)bytes;
    return s < 0 ? s : net->connect(s, &endpoint);
}

static const struct verb {
    const char *name;
    int (*run)(uint64_t bytes);
    const char *number; /* what it is; NULL: it needs none */
} verbs[] = {
    {"echo", run_echo, "bytes"},   {"first", run_first, "bytes"},
    {"reset", run_reset, NULL},    {"abort", run_abort, NULL},
    {"hold", run_hold, "seconds"}, {"connect", run_connect, NULL},
};

/* Prints the outcome, with the number when it is not the only one. */
static bool
run_once(const struct verb *v, uint64_t number)
{
    int error;

    begin = clock_now();
    error = v->run(number);
    if (error < 0)
        printf("%s %" PRId64 "\n", strerrorname_np(-error),
               instant_sub(clock_now(), begin).ns / 1000000);
    else
        puts("ok");
    fflush(stdout);
    return error >= 0;
}

static enum exit_status
run_client(const struct verb *v, char **numbers)
{
    bool good = true;

    if (v->number == NULL)
        return run_once(v, 0) ? EXIT_OK : EXIT_FAILED;
    for (; *numbers != NULL; numbers++)
        good = run_once(v, args_number(v->number, *numbers, 0, UINT32_MAX)) &&
               good;
    return good ? EXIT_OK : EXIT_FAILED;
}

/* ---- command line ---- */

static const char usage[] =
    "usage: talk serve|reset|abort|connect [OPTIONS] ADDR PORT\n"
    "       talk echo|first [OPTIONS] ADDR PORT BYTES...\n"
    "       talk hold [OPTIONS] ADDR PORT KEEPALIVE-SECONDS\n";

int
main(int argc, char **argv)
{
    static const struct arg none = {.name = NULL};
    struct command command;

    log_name("talk");
    command = command_parse(argc, argv, usage, &none, true);
    net = command.net;
    endpoint = command.endpoint;
    if (strcmp(command.verb, "serve") == 0)
        serve();
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(command.verb, verbs[i].name) == 0)
            return (int)run_client(&verbs[i], command.operands);
    }
    die(EXIT_USAGE, "'%s' is no verb of talk", command.verb);
}
