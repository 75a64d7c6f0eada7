/* SPDX-License-Identifier: MIT */
/* What httpd answers to a request: a connection, and how its next bytes are
 * chosen. No network here. */
#ifndef LIBCLIENT_EXAMPLES_RESPOND_H
#define LIBCLIENT_EXAMPLES_RESPOND_H

#include "libclient/examples/files.h"
#include "libclient/examples/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESPOND_BUFFER 65536 /* bytes, of either direction */

/* What is served. */
struct site {
    int root; /* the directory */
    bool upload, verbose;
};

enum state {
    READ_HEAD, /* wait for a whole head */
    READ_BODY, /* of an upload, into its file */
    WRITE,     /* what is in `out`, then what is left of `file` */
    DRAIN      /* all is said: read until the peer has heard it */
};

struct connection {
    const struct site *site;
    int handle;
    enum state state, after_write;
    struct http_request request;
    struct upload upload;
    uint64_t body_left; /* of the request */
    int file;           /* that is sent; -1: none */
    uint64_t file_left;
    char peer[32];
    size_t in_begin, in_end, out_begin, out_end;
    char in[RESPOND_BUFFER], out[RESPOND_BUFFER];
};

/* Begins the answer to `request`, or its upload: enters READ_BODY or WRITE.
 * `status`: 0, or why the request was refused while it was parsed. */
void respond_begin(struct connection *c, int status);

/* The upload has all of its bytes. */
void respond_end_upload(struct connection *c);

/* Answers with an error, as one line of text. */
void respond_refuse(struct connection *c, int status);

#endif
