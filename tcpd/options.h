/* SPDX-License-Identifier: MIT */
/* setsockopt and getsockopt: between Linux's levels, names and values and the
 * settings of the core. */
#ifndef TCPD_OPTIONS_H
#define TCPD_OPTIONS_H

#include "proto/shm/api.h"
#include "tcpd/core/tcp.h"

#include <stdint.h>

/* What a buffer may be set to, bytes: from Linux's least to what one stream's
 * chunks hold wherever it begins. */
#define SEND_BUFFER_MIN    4608
#define RECEIVE_BUFFER_MIN 2304
#define BUFFER_MAX         ((uint32_t)STREAM_SPAN - STREAM_CHUNK)

/* Defaults of an instance that is not told otherwise, bytes. */
#define SEND_BUFFER    (2u << 20)
#define RECEIVE_BUFFER (1u << 20) /* what is unread stays near the L2 */

/* The settings that a Connect or Listen asks for. A field of 0 is taken from
 * `base`; what is out of range is brought into it. */
struct tcp_settings options_adopt(const struct tcp_settings *base,
                                  const struct api_settings *asked);

/* One option of q (op API_SETOPTION). 0, or an errno; then *s is unchanged. */
int options_set(struct tcp_settings *s, const struct api_request *q);

/* One option of q (op API_GETOPTION) into r's value. 0, or an errno. */
int options_get(const struct tcp_settings *s, const struct api_request *q,
                struct api_result *r);

/* The number that q carries. False: its value is too short for one. */
bool options_number(const struct api_request *q, int32_t *number)
    __attribute__((warn_unused_result));

/* A number as r's value. */
void options_answer(struct api_result *r, int32_t number);

#endif
