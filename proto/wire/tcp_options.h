/* SPDX-License-Identifier: MIT */
/* The option list of a TCP header. What tcp_decode and tcp_encode promise about
 * options is kept here; everyone else calls those. */
#ifndef PROTO_WIRE_TCP_OPTIONS_H
#define PROTO_WIRE_TCP_OPTIONS_H

#include "proto/wire/tcp.h"

#include <stddef.h>
#include <stdint.h>

#define TCP_OPTIONS_MAX (TCP_HEADER_MAX - TCP_HEADER_LEN)

/* Reads the `len` bytes of options of a segment with these flags; fills all of
 * *out, whatever the bytes are. */
void tcp_options_decode(const uint8_t *bytes, size_t len, uint8_t flags,
                        struct tcp_options *out);

/* The bytes that tcp_options_encode writes: a multiple of 4, at most
 * TCP_OPTIONS_MAX. */
size_t tcp_options_size(uint8_t flags, const struct tcp_options *opt);

/* Returns the bytes written. */
size_t tcp_options_encode(uint8_t out[TCP_OPTIONS_MAX], uint8_t flags,
                          const struct tcp_options *opt);

#endif
