/* SPDX-License-Identifier: MIT */
/* Parsing of HTTP/1.1 heads. A head is hostile: every step has an end to which
 * it may read, and what is not understood is refused. */
#include "libclient/examples/http.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A piece of the head; not terminated. */
struct text {
    const char *at;
    size_t len;
};

static bool
is(struct text t, const char *word)
{
    return t.len == strlen(word) && strncasecmp(t.at, word, t.len) == 0;
}

/* Cuts off and returns what stands before `separator`; the rest is all that is
 * left if there is none. */
static struct text
cut(struct text *rest, char separator)
{
    const char *end = memchr(rest->at, separator, rest->len);
    struct text piece = *rest;

    if (end == NULL) {
        *rest = (struct text){rest->at + rest->len, 0};
        return piece;
    }
    piece.len = (size_t)(end - rest->at);
    *rest = (struct text){end + 1, rest->len - piece.len - 1};
    return piece;
}

static struct text
trim(struct text t)
{
    while (t.len > 0 && (t.at[0] == ' ' || t.at[0] == '\t')) {
        t.at++;
        t.len--;
    }
    while (t.len > 0 && (t.at[t.len - 1] == ' ' || t.at[t.len - 1] == '\t' ||
                         t.at[t.len - 1] == '\r'))
        t.len--;
    return t;
}

/* Decimal digits and nothing else, below 10^18. */
static bool
number(struct text t, uint64_t *out)
{
    uint64_t n = 0;

    if (t.len == 0 || t.len > 18)
        return false;
    for (size_t i = 0; i < t.len; i++) {
        if (!isdigit((unsigned char)t.at[i]))
            return false;
        n = n * 10 + (uint64_t)(t.at[i] - '0');
    }
    *out = n;
    return true;
}

size_t
http_head_length(const char *bytes, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (bytes[i] != '\n')
            continue;
        if (bytes[i + 1] == '\n')
            return i + 2;
        if (i + 2 < len && bytes[i + 1] == '\r' && bytes[i + 2] == '\n')
            return i + 3;
    }
    return 0;
}

/* ---- fields ---- */

/* "bytes=A-B", "bytes=A-", "bytes=-N". RFC 9110 14.2: what is not understood, or
 * asks for several ranges, is ignored. */
static void
take_range(struct http_fields *f, struct text value)
{
    struct text unit = cut(&value, '='), first = cut(&value, '-');
    uint64_t last = UINT64_MAX, from;

    if (!is(trim(unit), "bytes") || (value.len == 0 && first.len == 0))
        return;
    if (first.len == 0) {
        f->has_range = f->range_is_suffix = number(value, &f->range_first);
        return;
    }
    if (!number(first, &from) || (value.len != 0 && !number(value, &last)) ||
        last < from)
        return;
    f->has_range = true;
    f->range_is_suffix = false;
    f->range_first = from;
    f->range_last = last;
}

static void
take_connection(struct http_fields *f, struct text value)
{
    while (value.len > 0) {
        struct text option = trim(cut(&value, ','));

        f->close |= is(option, "close");
        f->keep_alive |= is(option, "keep-alive");
    }
}

/* RFC 9112 6.3: two lengths that differ are an attack. */
static bool
take_length(struct http_fields *f, struct text value)
{
    uint64_t length;

    if (!number(value, &length) || (f->has_length && f->length != length))
        return false;
    f->has_length = true;
    f->length = length;
    return true;
}

static bool
take_field(struct http_fields *f, struct text line)
{
    struct text name = cut(&line, ':'), value = trim(line);

    /* RFC 9112 5.1: no space before the colon. */
    if (name.len == 0 || trim(name).len != name.len)
        return false;
    if (is(name, "Content-Length"))
        return take_length(f, value);
    if (is(name, "Transfer-Encoding"))
        f->chunked = true;
    else if (is(name, "Connection"))
        take_connection(f, value);
    else if (is(name, "Expect"))
        f->expect_continue = is(value, "100-continue");
    else if (is(name, "Range"))
        take_range(f, value);
    return true;
}

static bool
take_fields(struct http_fields *f, struct text head)
{
    memset(f, 0, sizeof *f);
    while (head.len > 0) {
        struct text line = cut(&head, '\n');

        if (line.len > 0 && line.at[line.len - 1] == '\r')
            line.len--;
        if (line.len == 0)
            return true;
        if (memchr(line.at, ':', line.len) == NULL || !take_field(f, line))
            return false;
    }
    return true;
}

/* ---- the request ---- */

static int
hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* %XX; not %00. The length of what was read, 0: wrong. */
static size_t
decode_one(struct text t, char *out)
{
    int high, low;

    *out = t.at[0];
    if (t.at[0] != '%')
        return *out != '\0';
    if (t.len < 3)
        return 0;
    high = hex(t.at[1]);
    low = hex(t.at[2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0))
        return 0;
    *out = (char)(high << 4 | low);
    return 3;
}

static bool
take_path(struct text target, char out[HTTP_PATH_MAX])
{
    struct text t = cut(&target, '?');
    size_t n = 0;

    if (t.len == 0 || t.at[0] != '/')
        return false;
    while (t.len > 0) {
        size_t used = n < HTTP_PATH_MAX ? decode_one(t, &out[n]) : 0;

        if (used == 0)
            return false;
        t.at += used;
        t.len -= used;
        /* Leading slashes go: the path is relative to the root. */
        n += n > 0 || out[0] != '/';
    }
    if (n == HTTP_PATH_MAX)
        return false;
    out[n] = '\0';
    return true;
}

void
http_encode_path(const char *path, char out[HTTP_ENCODED_MAX])
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *path != '\0'; path++) {
        unsigned char c = (unsigned char)*path;

        /* RFC 3986 2.3: unreserved; and the slashes between names. */
        if (c < 0x80 && (isalnum(c) || strchr("-._~/", c) != NULL)) {
            *out++ = *path;
            continue;
        }
        *out++ = '%';
        *out++ = digits[c >> 4];
        *out++ = digits[c & 15];
    }
    *out = '\0';
}

static bool
take_method(struct text t, char out[16])
{
    if (t.len == 0 || t.len > 15)
        return false;
    memcpy(out, t.at, t.len);
    out[t.len] = '\0';
    return true;
}

int
http_parse_request(const char *head, size_t len, struct http_request *r)
{
    struct text rest = {head, len};
    struct text line = trim(cut(&rest, '\n'));
    struct text method = cut(&line, ' '), target = cut(&line, ' ');
    bool is_1_1 = is(line, "HTTP/1.1");

    if (!take_method(method, r->method) || !take_path(target, r->path))
        return 400;
    if (!is_1_1 && !is(line, "HTTP/1.0"))
        return 505;
    if (!take_fields(&r->fields, rest))
        return 400;
    if (r->fields.chunked)
        return r->fields.has_length ? 400 : 411;
    r->keep_alive = is_1_1 ? !r->fields.close : r->fields.keep_alive;
    return 0;
}

int
http_select_range(const struct http_fields *f, uint64_t size, uint64_t *first,
                  uint64_t *count)
{
    uint64_t last = f->range_last;

    *first = 0;
    *count = size;
    if (!f->has_range)
        return 200;
    if (f->range_is_suffix) {
        if (f->range_first == 0 || size == 0)
            return 416;
        *first = f->range_first < size ? size - f->range_first : 0;
        *count = size - *first;
        return 206;
    }
    if (f->range_first >= size)
        return 416;
    *first = f->range_first;
    *count = (last < size ? last + 1 : size) - *first;
    return 206;
}

const char *
http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } table[] = {{200, "OK"},
                 {201, "Created"},
                 {204, "No Content"},
                 {206, "Partial Content"},
                 {301, "Moved Permanently"},
                 {400, "Bad Request"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {411, "Length Required"},
                 {416, "Range Not Satisfiable"},
                 {431, "Request Header Fields Too Large"},
                 {500, "Internal Server Error"},
                 {505, "HTTP Version Not Supported"},
                 {507, "Insufficient Storage"}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].status == status)
            return table[i].reason;
    return "Unknown";
}

int
http_status_of(int error)
{
    switch (error) {
    case 0:
        return 201;
    case ENOENT:
    case ENOTDIR:
    case EXDEV: /* the path leads out of the directory */
        return 404;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EISDIR:
        return 403;
    case ENAMETOOLONG:
        return 400;
    case ENOSPC:
    case EDQUOT:
        return 507;
    }
    return 500;
}

/* ---- the client's side ---- */

bool
http_parse_response(const char *head, size_t len, struct http_response *r)
{
    struct text rest = {head, len};
    struct text line = trim(cut(&rest, '\n'));
    struct text version = cut(&line, ' '), code = cut(&line, ' ');
    uint64_t status;

    if ((!is(version, "HTTP/1.1") && !is(version, "HTTP/1.0")) ||
        code.len != 3 || !number(code, &status))
        return false;
    r->status = (int)status;
    return take_fields(&r->fields, rest);
}

bool
http_parse_url(const char *text, struct http_url *url)
{
    static const char scheme[] = "http://";
    struct text rest = {text + strlen(scheme), 0}, host;
    uint64_t port = 80;
    int n;

    if (strncmp(text, scheme, strlen(scheme)) != 0)
        return false;
    rest.len = strcspn(rest.at, "/");
    n = snprintf(url->path, sizeof url->path, "%s", rest.at + rest.len);
    if (n < 0 || (size_t)n >= sizeof url->path)
        return false;
    if (n == 0)
        snprintf(url->path, sizeof url->path, "/");
    host = cut(&rest, ':');
    if (rest.len > 0 && (!number(rest, &port) || port == 0 || port > 65535))
        return false;
    if (host.len == 0 || host.len >= sizeof url->host)
        return false;
    memcpy(url->host, host.at, host.len);
    url->host[host.len] = '\0';
    url->port = (uint16_t)port;
    return true;
}
