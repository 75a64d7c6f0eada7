/* SPDX-License-Identifier: MIT */
/* As much of HTTP/1.1 (RFC 9110, RFC 9112) as a file server and its client need.
 * Pure: text in, values out. */
#ifndef LIBCLIENT_EXAMPLES_HTTP_H
#define LIBCLIENT_EXAMPLES_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX    8192 /* bytes of a request's or a response's head */
#define HTTP_PATH_MAX    1024 /* bytes, with the final NUL */
#define HTTP_ENCODED_MAX (3 * HTTP_PATH_MAX) /* the same, in an URL */

/* The fields that requests and responses share. */
struct http_fields {
    bool has_length, chunked, close, keep_alive, expect_continue;
    uint64_t length;      /* Content-Length */
    bool has_range;       /* one range of bytes, in one of three forms: */
    bool range_is_suffix; /* the last `range_first` bytes; */
    uint64_t range_first, range_last; /* last UINT64_MAX: to the end */
};

struct http_request {
    char method[16];
    char path
        [HTTP_PATH_MAX]; /* decoded, without the leading "/" and the query */
    bool keep_alive;     /* the connection is wanted again */
    struct http_fields fields;
};

struct http_response {
    int status;
    struct http_fields fields;
};

struct http_url {
    char host[64];
    uint16_t port;
    char path[HTTP_PATH_MAX]; /* with the leading "/", not decoded */
};

/* The length of the head with its empty line; 0: it is not complete. */
size_t http_head_length(const char *bytes, size_t len);

/* Parses a complete head. 0, or the status of the refusal. */
int http_parse_request(const char *head, size_t len, struct http_request *r);

/* False: that is no response. */
bool http_parse_response(const char *head, size_t len, struct http_response *r);

/* http://HOST[:PORT][/PATH] */
bool http_parse_url(const char *text, struct http_url *url);

/* The other way: `path`, shorter than HTTP_PATH_MAX, with %XX for all that is
 * more than a name in an URL, in markup or in a field. */
void http_encode_path(const char *path, char out[HTTP_ENCODED_MAX]);

/* Which bytes of a file of `size` bytes a GET is to be answered with: 200 or
 * 206 with *first and *count; 416. */
int http_select_range(const struct http_fields *f, uint64_t size,
                      uint64_t *first, uint64_t *count);

/* The status that tells of an errno of a file; 0: 201. */
int http_status_of(int error);

/* "Not Found" */
const char *http_reason(int status);

#endif
