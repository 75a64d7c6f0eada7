/* SPDX-License-Identifier: MIT */
/* Requests and their answers: GET and HEAD of files and directories, PUT and
 * POST of files. */
#include "libclient/examples/respond.h"

#include "libclient/examples/listing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- answers ---- */

static void
log_request(const struct connection *c, int status, uint64_t length)
{
    if (c->site->verbose)
        fprintf(stderr, "%s %s /%s %d %llu\n", c->peer, c->request.method,
                c->request.path, status, (unsigned long long)length);
}

static bool
is_head(const struct connection *c)
{
    return strcmp(c->request.method, "HEAD") == 0;
}

/* Puts a head into `out`. `extra`: more fields, each with its CRLF. */
static void
answer(struct connection *c, int status, uint64_t length, const char *extra)
{
    char length_field[48] = "";
    int n;

    if (status != 204) /* RFC 9110 8.6 */
        snprintf(length_field, sizeof length_field, "Content-Length: %llu\r\n",
                 (unsigned long long)length);
    n = snprintf(c->out, sizeof c->out,
                 "HTTP/1.1 %d %s\r\nServer: skink-httpd\r\n%s%s%s\r\n", status,
                 http_reason(status), length_field,
                 c->request.keep_alive ? "" : "Connection: close\r\n", extra);
    c->out_begin = 0;
    c->out_end = (size_t)n;
    c->state = WRITE;
    c->after_write = c->request.keep_alive ? READ_HEAD : DRAIN;
    log_request(c, status, length);
}

/* Answers with the status as text, for whoever looks at it. */
static void
say(struct connection *c, int status, const char *extra)
{
    char line[64], fields[HTTP_ENCODED_MAX + 64];
    int len =
        snprintf(line, sizeof line, "%d %s\n", status, http_reason(status));

    snprintf(fields, sizeof fields,
             "Content-Type: text/plain; charset=utf-8\r\n%s", extra);
    answer(c, status, (uint64_t)len, fields);
    if (is_head(c))
        return;
    memcpy(c->out + c->out_end, line, (size_t)len);
    c->out_end += (size_t)len;
}

/* A body that was not read is in the way of the next request, so the connection
 * ends. */
void
respond_refuse(struct connection *c, int status)
{
    if (c->body_left > 0 || status == 400 || status == 411 || status == 431)
        c->request.keep_alive = false;
    say(c, status, status == 405 ? "Allow: GET, HEAD\r\n" : "");
}

/* ---- GET and HEAD ---- */

static void
begin_file(struct connection *c, int file, uint64_t first, uint64_t count)
{
    if (is_head(c) || lseek(file, (off_t)first, SEEK_SET) < 0) {
        close(file);
        return;
    }
    c->file = file;
    c->file_left = count;
}

/* `type`: a field, or "". */
static void
answer_file(struct connection *c, int file, uint64_t size, const char *type)
{
    uint64_t first, count;
    int status = http_select_range(&c->request.fields, size, &first, &count);
    char extra[160];

    if (status == 416) {
        snprintf(extra, sizeof extra, "Content-Range: bytes */%llu\r\n",
                 (unsigned long long)size);
        say(c, status, extra);
        close(file);
        return;
    }
    if (status == 206)
        snprintf(
            extra, sizeof extra, "%sContent-Range: bytes %llu-%llu/%llu\r\n",
            type, (unsigned long long)first,
            (unsigned long long)(first + count - 1), (unsigned long long)size);
    else
        snprintf(extra, sizeof extra, "%sAccept-Ranges: bytes\r\n", type);
    answer(c, status, count, extra);
    begin_file(c, file, first, count);
}

/* index.html, or else a list of what is there. */
static void
answer_directory(struct connection *c)
{
    static const char html[] = "Content-Type: text/html; charset=utf-8\r\n";
    char index[HTTP_PATH_MAX + 16];
    uint64_t size;
    int file;

    snprintf(index, sizeof index, "%sindex.html", c->request.path);
    file = files_open(c->site->root, index, &size);
    if (file == -ENOENT)
        file = listing_open(c->site->root, c->request.path, &size);
    if (file < 0)
        respond_refuse(c, http_status_of(-file));
    else
        answer_file(c, file, size, html);
}

/* Relative links on its page need the slash. */
static void
redirect_to_directory(struct connection *c)
{
    char path[HTTP_ENCODED_MAX], extra[HTTP_ENCODED_MAX + 16];

    http_encode_path(c->request.path, path);
    snprintf(extra, sizeof extra, "Location: /%s/\r\n", path);
    say(c, 301, extra);
}

static void
begin_get(struct connection *c)
{
    const char *path = c->request.path;
    size_t len = strlen(path);
    uint64_t size;
    int file;

    if (len == 0 || path[len - 1] == '/') {
        answer_directory(c);
        return;
    }
    file = files_open(c->site->root, path, &size);
    if (file == -EISDIR)
        redirect_to_directory(c);
    else if (file < 0)
        respond_refuse(c, http_status_of(-file));
    else
        answer_file(c, file, size, "");
}

/* ---- PUT and POST ---- */

static void
begin_upload(struct connection *c)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    int rc;

    if (!c->request.fields.has_length) {
        respond_refuse(c, 411);
        return;
    }
    rc = upload_begin(&c->upload, c->site->root, c->request.path);
    if (rc < 0) {
        respond_refuse(c, http_status_of(-rc));
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

void
respond_end_upload(struct connection *c)
{
    bool existed = c->upload.existed;
    int rc = upload_finish(&c->upload);

    if (rc < 0)
        respond_refuse(c, http_status_of(-rc));
    else
        answer(c, existed ? 204 : 201, 0, "");
}

/* ---- any request ---- */

static bool
is_get(const struct connection *c)
{
    return strcmp(c->request.method, "GET") == 0 || is_head(c);
}

static bool
is_upload(const struct connection *c)
{
    return c->site->upload && (strcmp(c->request.method, "PUT") == 0 ||
                               strcmp(c->request.method, "POST") == 0);
}

void
respond_begin(struct connection *c, int status)
{
    c->body_left = c->request.fields.has_length ? c->request.fields.length : 0;
    /* A body that nobody reads would be taken for the next request. */
    if (c->body_left > 0 && !is_upload(c))
        c->request.keep_alive = false;
    if (status != 0)
        respond_refuse(c, status);
    else if (is_get(c))
        begin_get(c);
    else if (is_upload(c))
        begin_upload(c);
    else
        respond_refuse(c, 405);
}
