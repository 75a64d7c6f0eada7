/* SPDX-License-Identifier: MIT */
/* serve: the smallest HTTP server on the kernel's TCP, the other side for skink's
 * clients: GET sends the one file, PUT replaces the other. One connection at a
 * time, one request each; for tests and measurements alone. */
#define _GNU_SOURCE 1
#include "base/os/args.h"
#include "base/os/log.h"
#include "bench/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_LONGEST 8192
#define CHUNK        (128 * 1024) /* bytes a read */

static const struct sockets *net;

/* Reads up to the empty line and not a byte further than `head` holds: returns
 * where the body begins, 0 when there is no whole head. */
static size_t
read_head(int s, char head[HEAD_LONGEST + 1], size_t *len)
{
    *len = 0;
    while (*len < HEAD_LONGEST) {
        ssize_t n = net->recv(s, head + *len, HEAD_LONGEST - *len);
        const char *end;

        if (n <= 0)
            return 0;
        *len += (size_t)n;
        head[*len] = '\0';
        end = strstr(head, "\r\n\r\n");
        if (end != NULL)
            return (size_t)(end - head) + 4;
    }
    return 0;
}

static bool
say(int s, const char *status, uint64_t length)
{
    char head[160];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %s\r\nContent-Length: %" PRIu64
                     "\r\nConnection: close\r\n\r\n",
                     status, length);

    return send_all(net, s, head, (size_t)n) == 0;
}

static void
give(int s, const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (file < 0 || fstat(file, &st) < 0) {
        say(s, "404 Not Found", 0);
    } else if (say(s, "200 OK", (uint64_t)st.st_size)) {
        while (sendfile(s, file, NULL, 1 << 20) > 0)
            ;
    }
    if (file >= 0)
        close(file);
}

/* The rest of the body; false when the peer or the disk gives up. */
static bool
receive(int s, int file, uint64_t left)
{
    static char buf[CHUNK];

    while (left > 0) {
        ssize_t n = net->recv(s, buf, left < CHUNK ? left : CHUNK);

        if (n <= 0 || write(file, buf, (size_t)n) != n)
            return false;
        left -= (uint64_t)n;
    }
    return true;
}

static void
take(int s, const char *path, const char *head, const char *body, size_t early)
{
    static const char going_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const char *field = strcasestr(head, "\r\nContent-Length:");
    uint64_t length = field == NULL ? 0 : strtoull(field + 17, NULL, 10);
    int file;

    if (field == NULL || early > length) {
        say(s, "400 Bad Request", 0);
        return;
    }
    if (strcasestr(head, "\r\nExpect: 100-continue") != NULL &&
        send_all(net, s, going_on, sizeof going_on - 1) < 0)
        return;
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 || write(file, body, early) != (ssize_t)early ||
        !receive(s, file, length - early))
        say(s, "500 Internal Server Error", 0);
    else
        say(s, "201 Created", 0);
    if (file >= 0)
        close(file);
}

static void
answer(int s, const char *given, const char *taken)
{
    static char head[HEAD_LONGEST + 1];
    size_t len, body = read_head(s, head, &len);

    if (body == 0)
        return;
    if (strncmp(head, "GET ", 4) == 0)
        give(s, given);
    else if (strncmp(head, "PUT ", 4) == 0 || strncmp(head, "POST ", 5) == 0)
        take(s, taken, head, head + body, len - body);
    else
        say(s, "405 Method Not Allowed", 0);
    /* The peer closes first, so that an unread byte makes no RST. */
    net->shut_write(s);
    while (net->recv(s, head, HEAD_LONGEST) > 0)
        ;
}

int
main(int argc, char **argv)
{
    bool help = false;
    const struct arg args[] = {
        {.name = "help", .letter = 'h', .help = "this text", .flag = &help},
        {.name = NULL},
    };
    int at = args_parse(argc, argv, args), listener, error;
    struct sockaddr_in here;

    log_name("serve");
    if (help || argc - at != 4) {
        puts("usage: serve ADDR PORT FILE-TO-GIVE FILE-TO-TAKE\n\n"
             "An HTTP server on the kernel's TCP; says 'ready' when it is.");
        return help ? EXIT_OK : EXIT_USAGE;
    }
    here = parse_endpoint(argv[at], argv[at + 1]);
    net = sockets_of_kernel();
    if ((error = listener = net->socket()) < 0 ||
        (error = net->bind(listener, &here)) < 0 ||
        (error = net->listen(listener, 16)) < 0)
        die(EXIT_FAILED, "cannot listen: %s", strerror(-error));
    puts("ready");
    fflush(stdout);
    for (;;) {
        int s = net->accept(listener);

        if (s < 0)
            die(EXIT_FAILED, "cannot accept: %s", strerror(-s));
        answer(s, argv[at + 2], argv[at + 3]);
        net->close(s);
    }
}
