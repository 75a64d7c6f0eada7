/* SPDX-License-Identifier: MIT */
/* Which connections are meant, in the words of ss(8):
 *
 *     state established and ( dport = 80 or dst 10.7.0.0/24 ) and not sport 22
 *
 * `state` takes ss's names, also all, connected, synchronized, bucket, big; ports take
 * = != < > <= >= (or eq ne lt gt le ge), src and dst an address, with a
 * prefix length or a port behind it. Two conditions side by side are both meant. */
#ifndef CTL_CONN_FILTER_H
#define CTL_CONN_FILTER_H

#include "proto/wire/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a filter looks at: of listeners the remote end is any. */
struct conn_ends {
    uint8_t state; /* enum view_state */
    struct addr local, remote;
    uint16_t local_port, remote_port;
};

struct conn_filter;

/* NULL: *wrong says why, and it is no filter. `words` may hold several words in one.
 * No words: everything. Lives as long as the process. */
const struct conn_filter *conn_filter_parse(const char *const *words,
                                            size_t count, const char **wrong);

bool conn_filter_passes(const struct conn_filter *f, const struct conn_ends *c);

/* Does it say anything about states? If not, the command's options do. */
bool conn_filter_names_states(const struct conn_filter *f);

#endif
