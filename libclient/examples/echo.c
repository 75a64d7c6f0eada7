/* SPDX-License-Identifier: MIT */
/* An echo server: any number of connections, one thread.
 *
 *   echo [--instance NAME] PORT
 *
 * Each connection has a buffer. While it is empty we wait for bytes, while it
 * is not we wait for room: so a peer that sends and never reads stops itself.
 *
 * It needs no more of skink than what is installed. In any directory, with
 * SKINK the path of the sources:
 *
 *   cc -o echo -I SKINK SKINK/libclient/examples/{echo,attach,listen}.c \
 *       $(pkg-config --cflags --libs skink)
 */
#include "libclient/examples/attach.h"
#include "libclient/examples/listen.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER 65536 /* bytes */
#define EVENTS 64    /* taken at once */

struct connection {
    int handle;
    size_t begin, end; /* what is in the buffer and not yet sent back */
    char buffer[BUFFER];
};

static struct skink *skink;
static int listener;

static _Noreturn void
die(const char *what, int error)
{
    fprintf(stderr, "echo: %s: %s\n", what, strerror(-error));
    exit(EXIT_FAILURE);
}

/* `user` of an event is the connection, 0 is the listener. */
static uint64_t
user_of(struct connection *c)
{
    return (uint64_t)(uintptr_t)c;
}

static void
accept_all(void)
{
    for (;;) {
        struct connection *c;
        int handle = skink_accept(skink, listener, NULL, NULL, SOCK_NONBLOCK);

        if (handle == -EAGAIN)
            return;
        if (handle < 0)
            die("cannot accept", handle);
        c = malloc(sizeof *c);
        if (c == NULL) {
            skink_close(skink, handle);
            continue;
        }
        c->handle = handle;
        c->begin = c->end = 0;
        skink_watch(skink, handle, SKINK_IN, user_of(c));
    }
}

/* Sends back what is in the buffer. 0, or why it is not all gone. */
static ssize_t
empty_buffer(struct connection *c)
{
    while (c->begin < c->end) {
        ssize_t n = skink_send(skink, c->handle, c->buffer + c->begin,
                               c->end - c->begin, 0);

        if (n < 0)
            return n;
        c->begin += (size_t)n;
    }
    return 0;
}

/* Echoes until it would block. -EAGAIN, or 0 or an error at the end. */
static ssize_t
echo(struct connection *c)
{
    for (;;) {
        ssize_t n = empty_buffer(c);

        if (n < 0)
            return n;
        n = skink_recv(skink, c->handle, c->buffer, BUFFER, 0);
        if (n <= 0)
            return n;
        c->begin = 0;
        c->end = (size_t)n;
    }
}

static void
serve(struct connection *c)
{
    if (echo(c) == -EAGAIN) {
        skink_watch(skink, c->handle, c->begin < c->end ? SKINK_OUT : SKINK_IN,
                    user_of(c));
        return;
    }
    skink_close(skink, c->handle);
    free(c);
}

static _Noreturn void
usage(FILE *to, int status)
{
    fputs("usage: echo [--instance NAME] PORT\n", to);
    exit(status);
}

/* The port; *instance stays NULL when none is named. */
static uint16_t
parse_options(int argc, char **argv, const char **instance)
{
    static const struct option table[] = {
        {"help", no_argument, NULL, 'h'},
        {"instance", required_argument, NULL, 'i'},
        {NULL, 0, NULL, 0}};
    int opt, port;

    while ((opt = getopt_long(argc, argv, "h", table, NULL)) != -1) {
        if (opt == 'i')
            *instance = optarg;
        else
            usage(opt == 'h' ? stdout : stderr, opt == 'h' ? 0 : 2);
    }
    port = optind == argc - 1 ? atoi(argv[optind]) : 0;
    if (port <= 0 || port > 65535)
        usage(stderr, 2);
    return (uint16_t)port;
}

int
main(int argc, char **argv)
{
    const char *instance = NULL;
    uint16_t port = parse_options(argc, argv, &instance);

    skink = attach_to("echo", instance);
    listener = listen_on(skink, port, 128);
    if (listener < 0)
        die("cannot listen", listener);
    for (;;) {
        struct skink_event events[EVENTS];
        int n = skink_wait(skink, events, EVENTS, -1);

        if (n < 0)
            die("cannot wait", n);
        for (int i = 0; i < n; i++) {
            if (events[i].user == 0)
                accept_all();
            else
                serve((struct connection *)(uintptr_t)events[i].user);
        }
    }
}
