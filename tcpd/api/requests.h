/* SPDX-License-Identifier: MIT */
/* Protobuf in, checked requests of fixed size out; results the other way. */
#ifndef TCPD_API_REQUESTS_H
#define TCPD_API_REQUESTS_H

#include "proto/drops.h"
#include "proto/shm/api.h"

#include <stddef.h>
#include <stdint.h>

#define API_MESSAGE_MAX 1024 /* bytes of a Request or Result */

/* Any bytes at all may come here. DROP_NONE: *out is complete but for `route`. */
enum drop request_decode(const uint8_t *bytes, size_t len,
                         struct api_request *out)
    __attribute__((warn_unused_result));

/* Writes the Result message and returns its length. */
size_t result_encode(const struct api_result *result,
                     uint8_t out[API_MESSAGE_MAX]);

#endif
