/* SPDX-License-Identifier: MIT */
/* A file server for HTTP/1.1: any number of connections, one thread.
 *
 *   httpd [--instance NAME] [--port PORT] [--upload] [--verbose] DIRECTORY
 *
 * GET and HEAD of what is below DIRECTORY, one range of bytes at a time: files,
 * and for a directory its index.html or a list of what is there; with --upload
 * also PUT and POST, which make a file whole or not at all.
 *
 * A connection is a state machine. Each of its steps does as much as it can
 * without blocking and says whether the next step may run; when none can, we
 * wait for bytes or for room, as the state says. */
#include "libclient/examples/attach.h"
#include "libclient/examples/listen.h"
#include "libclient/examples/respond.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS 64 /* taken at once */

enum step { STEP_ON, STEP_WAIT, STEP_END };

static struct {
    const char *instance;
    int port;
} options = {.port = 80};

static struct site site;
static struct skink *skink;
static int listener;

static _Noreturn void
die(const char *what, int error)
{
    fprintf(stderr, "httpd: %s: %s\n", what, strerror(error));
    exit(EXIT_FAILURE);
}

/* ---- the steps ---- */

/* Receives into an empty or moved-up `in`. */
static enum step
fill_in(struct connection *c)
{
    ssize_t n;

    if (c->in_begin > 0) {
        memmove(c->in, c->in + c->in_begin, c->in_end - c->in_begin);
        c->in_end -= c->in_begin;
        c->in_begin = 0;
    }
    n = skink_recv(skink, c->handle, c->in + c->in_end,
                   RESPOND_BUFFER - c->in_end, 0);
    if (n == -EAGAIN)
        return STEP_WAIT;
    if (n <= 0)
        return STEP_END;
    c->in_end += (size_t)n;
    return STEP_ON;
}

static enum step
step_read_head(struct connection *c)
{
    const char *head = c->in + c->in_begin;
    size_t have = c->in_end - c->in_begin;
    size_t len = http_head_length(head, have);

    if (len == 0 && have < HTTP_HEAD_MAX)
        return fill_in(c);
    memset(&c->request, 0, sizeof c->request);
    if (len == 0 || len > HTTP_HEAD_MAX) {
        respond_refuse(c, 431);
        return STEP_ON;
    }
    c->in_begin += len;
    respond_begin(c, http_parse_request(head, len, &c->request));
    return STEP_ON;
}

static enum step
step_read_body(struct connection *c)
{
    size_t have = c->in_end - c->in_begin;
    ssize_t n;

    if (c->body_left == 0) {
        respond_end_upload(c);
        return STEP_ON;
    }
    if (have == 0)
        return fill_in(c);
    if (have > c->body_left)
        have = (size_t)c->body_left;
    n = write(c->upload.fd, c->in + c->in_begin, have);
    if (n < 0) {
        int error = errno;

        upload_abandon(&c->upload);
        respond_refuse(c, http_status_of(error));
        return STEP_ON;
    }
    c->in_begin += (size_t)n;
    c->body_left -= (uint64_t)n;
    return STEP_ON;
}

static void
close_file(struct connection *c)
{
    if (c->file >= 0)
        close(c->file);
    c->file = -1;
}

/* The next piece of the file into an empty `out`. */
static enum step
fill_out(struct connection *c)
{
    size_t want =
        c->file_left < RESPOND_BUFFER ? (size_t)c->file_left : RESPOND_BUFFER;
    ssize_t n = read(c->file, c->out, want);

    if (n <= 0)
        return STEP_END; /* shorter than promised: only RST or FIN can tell */
    c->out_begin = 0;
    c->out_end = (size_t)n;
    c->file_left -= (uint64_t)n;
    return STEP_ON;
}

static enum step
step_write(struct connection *c)
{
    ssize_t n;

    if (c->out_begin < c->out_end) {
        n = skink_send(skink, c->handle, c->out + c->out_begin,
                       c->out_end - c->out_begin, 0);
        if (n < 0)
            return n == -EAGAIN ? STEP_WAIT : STEP_END;
        c->out_begin += (size_t)n;
        return STEP_ON;
    }
    if (c->file >= 0 && c->file_left > 0)
        return fill_out(c);
    close_file(c);
    c->state = c->after_write;
    if (c->state == DRAIN)
        skink_shutdown(skink, c->handle, SHUT_WR);
    return STEP_ON;
}

/* Closing with unread bytes sends RST, which may overtake the answer. */
static enum step
step_drain(struct connection *c)
{
    c->in_begin = c->in_end = 0;
    return fill_in(c);
}

static enum step
step(struct connection *c)
{
    switch (c->state) {
    case READ_HEAD:
        return step_read_head(c);
    case READ_BODY:
        return step_read_body(c);
    case WRITE:
        return step_write(c);
    case DRAIN:
        return step_drain(c);
    }
    return STEP_END;
}

/* ---- connections ---- */

static uint64_t
user_of(struct connection *c)
{
    return (uint64_t)(uintptr_t)c;
}

static void
end(struct connection *c)
{
    close_file(c);
    upload_abandon(&c->upload);
    skink_close(skink, c->handle);
    free(c);
}

static void
serve(struct connection *c)
{
    enum step s;

    do
        s = step(c);
    while (s == STEP_ON);
    if (s == STEP_END)
        end(c);
    else
        skink_watch(skink, c->handle, c->state == WRITE ? SKINK_OUT : SKINK_IN,
                    user_of(c));
}

static void
begin(int handle, const struct sockaddr_in *peer)
{
    struct connection *c = malloc(sizeof *c);
    char text[INET_ADDRSTRLEN];

    if (c == NULL) {
        skink_close(skink, handle);
        return;
    }
    /* Not the buffers: only what is used of them is touched. */
    memset(c, 0, offsetof(struct connection, in));
    c->site = &site;
    c->handle = handle;
    c->file = c->upload.fd = -1;
    snprintf(c->peer, sizeof c->peer, "%s:%u",
             inet_ntop(AF_INET, &peer->sin_addr, text, sizeof text),
             (unsigned)ntohs(peer->sin_port));
    serve(c);
}

static void
accept_all(void)
{
    for (;;) {
        struct sockaddr_in peer;
        socklen_t len = sizeof peer;
        int handle = skink_accept(skink, listener, (struct sockaddr *)&peer,
                                  &len, SOCK_NONBLOCK);

        if (handle == -EAGAIN)
            return;
        if (handle < 0)
            die("cannot accept", -handle);
        begin(handle, &peer);
    }
}

/* ---- start ---- */

static _Noreturn void
usage(FILE *to, int status)
{
    fputs("usage: httpd [--instance NAME] [--port PORT] [--upload] "
          "[--verbose] DIRECTORY\n",
          to);
    exit(status);
}

static void
parse_options(int argc, char **argv)
{
    static const struct option table[] = {
        {"help", no_argument, NULL, 'h'},
        {"instance", required_argument, NULL, 'i'},
        {"port", required_argument, NULL, 'p'},
        {"upload", no_argument, NULL, 'u'},
        {"verbose", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0}};
    int opt;

    while ((opt = getopt_long(argc, argv, "h", table, NULL)) != -1) {
        if (opt == 'i')
            options.instance = optarg;
        else if (opt == 'p')
            options.port = atoi(optarg);
        else if (opt == 'u')
            site.upload = true;
        else if (opt == 'v')
            site.verbose = true;
        else
            usage(opt == 'h' ? stdout : stderr, opt == 'h' ? 0 : 2);
    }
    if (optind != argc - 1 || options.port <= 0 || options.port > 65535)
        usage(stderr, 2);
    site.root = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (site.root < 0)
        die(argv[optind], errno);
}

int
main(int argc, char **argv)
{
    parse_options(argc, argv);
    skink = attach_to("httpd", options.instance);
    listener = listen_on(skink, (uint16_t)options.port, 512);
    if (listener < 0)
        die("cannot listen", -listener);
    for (;;) {
        struct skink_event events[EVENTS];
        int n = skink_wait(skink, events, EVENTS, -1);

        if (n < 0)
            die("cannot wait", -n);
        for (int i = 0; i < n; i++) {
            if (events[i].user == 0)
                accept_all();
            else
                serve((struct connection *)(uintptr_t)events[i].user);
        }
    }
}
