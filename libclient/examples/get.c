/* SPDX-License-Identifier: MIT */
/* Fetches one file by HTTP/1.1, or puts one, with blocking calls.
 *
 *   get [--instance NAME] [-o FILE] [--timeout SECONDS] [--upload FILE]
 *       http://10.7.0.1[:80]/path
 *
 * Writes the body to FILE or stdout, and nothing else there. Exit status 1, and
 * one line on stderr, when it is not there, not as long as it was said, or when
 * nothing moves for SECONDS (30; 0: no limit). */
#include "libclient/examples/attach.h"
#include "libclient/examples/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define BUFFER 65536 /* bytes */

static struct {
    const char *instance, *output, *upload;
    int timeout; /* seconds */
    struct http_url url;
} options = {.timeout = 30};

static struct skink *skink;
static int handle;
static char buffer[BUFFER];

__attribute__((format(printf, 1, 2))) static _Noreturn void
die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "get: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(EXIT_FAILURE);
}

/* SO_RCVTIMEO and SO_SNDTIMEO have two ways to say it. */
static const char *
reason(int error)
{
    static char text[48];

    if (error != EAGAIN && error != EINPROGRESS)
        return strerror(error);
    snprintf(text, sizeof text, "no answer for %d s", options.timeout);
    return text;
}

static void
write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0)
            die("cannot write: %s", strerror(errno));
        bytes += n;
        len -= (size_t)n;
    }
}

/* ---- the request ---- */

static void
limit_waiting(void)
{
    const struct timeval limit = {.tv_sec = options.timeout};

    skink_setsockopt(skink, handle, SOL_SOCKET, SO_SNDTIMEO, &limit,
                     sizeof limit);
    skink_setsockopt(skink, handle, SOL_SOCKET, SO_RCVTIMEO, &limit,
                     sizeof limit);
}

static void
open_connection(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons(options.url.port)};
    int rc;

    if (inet_pton(AF_INET, options.url.host, &addr.sin_addr) != 1)
        die("names are not resolved: '%s' must be an address, as 10.7.0.1 is",
            options.url.host);
    skink = attach_to("get", options.instance);
    handle = skink_socket(skink, AF_INET, SOCK_STREAM, 0);
    if (handle < 0)
        die("cannot make a socket: %s", strerror(-handle));
    limit_waiting();
    rc = skink_connect(skink, handle, (struct sockaddr *)&addr, sizeof addr);
    if (rc < 0)
        die("cannot connect to %s: %s", options.url.host, reason(-rc));
}

/* False: the peer takes no more. It may have said why. */
static bool
send_all(const char *bytes, size_t len)
{
    ssize_t n = skink_send(skink, handle, bytes, len, 0);

    return n == (ssize_t)len;
}

static void
send_body(int file)
{
    ssize_t n;

    while ((n = read(file, buffer, BUFFER)) > 0)
        if (!send_all(buffer, (size_t)n))
            return;
    if (n < 0)
        die("%s: %s", options.upload, strerror(errno));
}

static void
send_head(const char *method, const char *length_field)
{
    int n = snprintf(buffer, BUFFER,
                     "%s %s HTTP/1.1\r\nHost: %s:%u\r\n"
                     "Connection: close\r\n%s\r\n",
                     method, options.url.path, options.url.host,
                     (unsigned)options.url.port, length_field);

    if (n >= BUFFER || !send_all(buffer, (size_t)n))
        die("cannot send the request");
}

static void
send_upload(void)
{
    int file = open(options.upload, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char field[48];

    if (file < 0 || fstat(file, &st) != 0)
        die("%s: %s", options.upload, strerror(errno));
    snprintf(field, sizeof field, "Content-Length: %lld\r\n",
             (long long)st.st_size);
    send_head("PUT", field);
    send_body(file);
    close(file);
}

/* ---- the response ---- */

/* Receives until the head is complete. What is in the buffer, and *head of it
 * is the head. */
static size_t
receive_head(size_t *head)
{
    size_t len = 0;

    while ((*head = http_head_length(buffer, len)) == 0) {
        ssize_t n = skink_recv(skink, handle, buffer + len, BUFFER - len, 0);

        if (n < 0)
            die("cannot receive: %s", reason((int)-n));
        if (n == 0)
            die("the response has no head");
        len += (size_t)n;
    }
    return len;
}

/* Writes the body, of which `have` bytes are at `bytes` already. Its length. */
static uint64_t
receive_body(int fd, const char *bytes, size_t have)
{
    uint64_t total = have;

    write_all(fd, bytes, have);
    for (;;) {
        ssize_t n = skink_recv(skink, handle, buffer, BUFFER, 0);

        if (n < 0)
            die("after %llu bytes: %s", (unsigned long long)total,
                reason((int)-n));
        if (n == 0)
            return total;
        write_all(fd, buffer, (size_t)n);
        total += (uint64_t)n;
    }
}

static int
open_output(void)
{
    int fd = STDOUT_FILENO;

    if (options.output != NULL)
        fd = open(options.output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                  0666);
    if (fd < 0)
        die("%s: %s", options.output, strerror(errno));
    return fd;
}

static void
receive_response(void)
{
    struct http_response response;
    size_t head, have = receive_head(&head);
    uint64_t length;
    int fd;

    if (!http_parse_response(buffer, head, &response))
        die("that is not HTTP");
    if (response.status < 200 || response.status > 299)
        die("%d %s", response.status, http_reason(response.status));
    if (response.fields.chunked)
        die("the response comes in chunks, which this program cannot read");
    fd = open_output();
    length = receive_body(fd, buffer + head, have - head);
    if (response.fields.has_length && response.fields.length != length)
        die("%llu bytes of %llu", (unsigned long long)length,
            (unsigned long long)response.fields.length);
    if (fd != STDOUT_FILENO && close(fd) != 0)
        die("%s: %s", options.output, strerror(errno));
}

/* ---- start ---- */

static _Noreturn void
usage(FILE *to, int status)
{
    fputs("usage: get [--instance NAME] [-o FILE] [--timeout SECONDS] "
          "[--upload FILE]\n"
          "           http://ADDRESS[:PORT]/PATH\n",
          to);
    exit(status);
}

static int
parse_seconds(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end != '\0' || n < 0 || n > INT_MAX)
        usage(stderr, 2);
    return (int)n;
}

static void
parse_options(int argc, char **argv)
{
    static const struct option table[] = {
        {"help", no_argument, NULL, 'h'},
        {"instance", required_argument, NULL, 'i'},
        {"timeout", required_argument, NULL, 't'},
        {"upload", required_argument, NULL, 'u'},
        {NULL, 0, NULL, 0}};
    int opt;

    while ((opt = getopt_long(argc, argv, "ho:", table, NULL)) != -1) {
        if (opt == 'i')
            options.instance = optarg;
        else if (opt == 'u')
            options.upload = optarg;
        else if (opt == 'o')
            options.output = optarg;
        else if (opt == 't')
            options.timeout = parse_seconds(optarg);
        else
            usage(opt == 'h' ? stdout : stderr, opt == 'h' ? 0 : 2);
    }
    if (optind != argc - 1 || !http_parse_url(argv[optind], &options.url))
        usage(stderr, 2);
}

int
main(int argc, char **argv)
{
    parse_options(argc, argv);
    open_connection();
    if (options.upload != NULL)
        send_upload();
    else
        send_head("GET", "");
    receive_response();
    skink_close(skink, handle);
    skink_free(skink);
    return EXIT_SUCCESS;
}
