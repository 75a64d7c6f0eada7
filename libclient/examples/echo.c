/* SPDX-License-Identifier: MIT */
/* An echo server: any number of connections, one thread.
 *
 *   echo [--instance NAME] PORT
 *
 * Each connection has a buffer. While it is empty we wait for bytes, while it
 * is not we wait for room: so a peer that sends and never reads stops itself. */
#include "libclient/client.h"
#include "libclient/examples/listen.h"

#include <errno.h>
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

static void
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

int
main(int argc, char **argv)
{
    const char *instance = NULL;
    int at = 1, rc;

    if (argc == 4 && strcmp(argv[1], "--instance") == 0) {
        instance = argv[2];
        at = 3;
    }
    if (argc != at + 1 || atoi(argv[at]) <= 0 || atoi(argv[at]) > 65535) {
        fprintf(stderr, "usage: echo [--instance NAME] PORT\n");
        return 2;
    }
    rc = skink_open(&skink, instance);
    if (rc < 0)
        die("cannot attach", rc);
    listener = listen_on(skink, (uint16_t)atoi(argv[at]), 128);
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
