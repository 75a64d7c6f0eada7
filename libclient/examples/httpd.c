/* SPDX-License-Identifier: MIT */
/* A file server for HTTP/1.1: any number of connections, one thread.
 *
 *   httpd [--instance NAME] [--port PORT] [--upload] [--verbose] DIRECTORY
 *
 * GET and HEAD of files below DIRECTORY, one range of bytes at a time; with
 * --upload also PUT and POST, which make a file whole or not at all.
 *
 * A connection is a state machine. Each of its steps does as much as it can
 * without blocking and says whether the next step may run; when none can, we
 * wait for bytes or for room, as the state says. */
#include "libclient/client.h"
#include "libclient/examples/files.h"
#include "libclient/examples/http.h"
#include "libclient/examples/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER 65536 /* bytes, of either direction */
#define EVENTS 64    /* taken at once */

enum state {
    READ_HEAD, /* wait for a whole head */
    READ_BODY, /* of an upload, into its file */
    WRITE,     /* what is in `out`, then what is left of `file` */
    DRAIN      /* all is said: read until the peer has heard it */
};

enum step { STEP_ON, STEP_WAIT, STEP_END };

struct connection {
    int handle;
    enum state state, after_write;
    struct http_request request;
    struct upload upload;
    uint64_t body_left; /* of the request */
    int file;           /* that is sent; -1: none */
    uint64_t file_left;
    char peer[32];
    size_t in_begin, in_end, out_begin, out_end;
    char in[BUFFER], out[BUFFER];
};

static struct {
    const char *instance;
    int port;
    bool upload, verbose;
    int root;
} options = {.port = 80};

static struct skink *skink;
static int listener;

static void
die(const char *what, int error)
{
    fprintf(stderr, "httpd: %s: %s\n", what, strerror(error));
    exit(EXIT_FAILURE);
}

/* ---- answers ---- */

static void
log_request(const struct connection *c, int status, uint64_t length)
{
    if (options.verbose)
        fprintf(stderr, "%s %s /%s %d %llu\n", c->peer, c->request.method,
                c->request.path, status, (unsigned long long)length);
}

/* Puts a head into `out`. `extra`: more fields, each with its CRLF. */
static void
answer(struct connection *c, int status, uint64_t length, const char *extra)
{
    int n =
        snprintf(c->out, sizeof c->out,
                 "HTTP/1.1 %d %s\r\nServer: skink-httpd\r\n"
                 "Content-Length: %llu\r\n%s%s\r\n",
                 status, http_reason(status), (unsigned long long)length,
                 c->request.keep_alive ? "" : "Connection: close\r\n", extra);

    c->out_begin = 0;
    c->out_end = (size_t)n;
    c->state = WRITE;
    c->after_write = c->request.keep_alive ? READ_HEAD : DRAIN;
    log_request(c, status, length);
}

/* What cannot be answered otherwise. A body that was not read is in the way of
 * the next request, so the connection ends. */
static void
refuse(struct connection *c, int status)
{
    if (c->body_left > 0 || status == 400 || status == 411 || status == 431)
        c->request.keep_alive = false;
    answer(c, status, 0, status == 405 ? "Allow: GET, HEAD\r\n" : "");
}

/* ---- GET and HEAD ---- */

static void
answer_file(struct connection *c, int file, uint64_t size)
{
    uint64_t first, count;
    int status = http_select_range(&c->request.fields, size, &first, &count);
    char extra[96] = "Accept-Ranges: bytes\r\n";

    if (status == 206)
        snprintf(extra, sizeof extra, "Content-Range: bytes %llu-%llu/%llu\r\n",
                 (unsigned long long)first,
                 (unsigned long long)(first + count - 1),
                 (unsigned long long)size);
    if (status == 416) {
        snprintf(extra, sizeof extra, "Content-Range: bytes */%llu\r\n",
                 (unsigned long long)size);
        count = 0;
    }
    answer(c, status, count, extra);
    if (status == 416 || strcmp(c->request.method, "HEAD") == 0 ||
        lseek(file, (off_t)first, SEEK_SET) < 0) {
        close(file);
        return;
    }
    c->file = file;
    c->file_left = count;
}

static void
begin_get(struct connection *c)
{
    const char *path = c->request.path;
    size_t len = strlen(path);
    char index[HTTP_PATH_MAX + 16];
    uint64_t size;
    int file;

    snprintf(index, sizeof index, "%s%s", path,
             len == 0 || path[len - 1] == '/' ? "index.html" : "");
    file = files_open(options.root, index, &size);
    if (file < 0)
        refuse(c, http_status_of(-file));
    else
        answer_file(c, file, size);
}

/* ---- PUT and POST ---- */

static void
begin_upload(struct connection *c)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    int rc;

    if (!c->request.fields.has_length) {
        refuse(c, 411);
        return;
    }
    rc = upload_begin(&c->upload, options.root, c->request.path);
    if (rc < 0) {
        refuse(c, http_status_of(-rc));
        return;
    }
    c->state = READ_BODY;
    if (!c->request.fields.expect_continue || c->in_begin < c->in_end)
        return;
    memcpy(c->out, go_on, sizeof go_on - 1);
    c->out_begin = 0;
    c->out_end = sizeof go_on - 1;
    c->after_write = READ_BODY;
    c->state = WRITE;
}

static void
end_upload(struct connection *c)
{
    bool existed = c->upload.existed;
    int rc = upload_finish(&c->upload);

    if (rc < 0)
        refuse(c, http_status_of(-rc));
    else
        answer(c, existed ? 204 : 201, 0, "");
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
    n = skink_recv(skink, c->handle, c->in + c->in_end, BUFFER - c->in_end, 0);
    if (n == -EAGAIN)
        return STEP_WAIT;
    if (n <= 0)
        return STEP_END;
    c->in_end += (size_t)n;
    return STEP_ON;
}

static bool
is_get(const struct connection *c)
{
    return strcmp(c->request.method, "GET") == 0 ||
           strcmp(c->request.method, "HEAD") == 0;
}

static bool
is_upload(const struct connection *c)
{
    return options.upload && (strcmp(c->request.method, "PUT") == 0 ||
                              strcmp(c->request.method, "POST") == 0);
}

static void
begin_request(struct connection *c, int status)
{
    c->body_left = c->request.fields.has_length ? c->request.fields.length : 0;
    /* A body that nobody reads would be taken for the next request. */
    if (c->body_left > 0 && !is_upload(c))
        c->request.keep_alive = false;
    if (status != 0)
        refuse(c, status);
    else if (is_get(c))
        begin_get(c);
    else if (is_upload(c))
        begin_upload(c);
    else
        refuse(c, 405);
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
        refuse(c, 431);
        return STEP_ON;
    }
    c->in_begin += len;
    begin_request(c, http_parse_request(head, len, &c->request));
    return STEP_ON;
}

static enum step
step_read_body(struct connection *c)
{
    size_t have = c->in_end - c->in_begin;
    ssize_t n;

    if (c->body_left == 0) {
        end_upload(c);
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
        refuse(c, http_status_of(error));
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
    size_t want = c->file_left < BUFFER ? (size_t)c->file_left : BUFFER;
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

static void
usage(void)
{
    fprintf(stderr, "usage: httpd [--instance NAME] [--port PORT] [--upload] "
                    "[--verbose] DIRECTORY\n");
    exit(2);
}

static void
parse_options(int argc, char **argv)
{
    static const struct option table[] = {
        {"instance", required_argument, NULL, 'i'},
        {"port", required_argument, NULL, 'p'},
        {"upload", no_argument, NULL, 'u'},
        {"verbose", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0}};
    int opt;

    while ((opt = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (opt == 'i')
            options.instance = optarg;
        else if (opt == 'p')
            options.port = atoi(optarg);
        else if (opt == 'u')
            options.upload = true;
        else if (opt == 'v')
            options.verbose = true;
        else
            usage();
    }
    if (optind != argc - 1 || options.port <= 0 || options.port > 65535)
        usage();
    options.root = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (options.root < 0)
        die(argv[optind], errno);
}

int
main(int argc, char **argv)
{
    int rc;

    parse_options(argc, argv);
    rc = skink_open(&skink, options.instance);
    if (rc < 0)
        die("cannot attach", -rc);
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
