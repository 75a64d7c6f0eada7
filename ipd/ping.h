/* SPDX-License-Identifier: MIT */
/* Pings for people: asked for in conf, answered in ipd.view. */
#ifndef IPD_PING_H
#define IPD_PING_H

#include "ipd/core/quoted.h"
#include "ipd/ipd.h"

/* Boot only: goes on with what the predecessor has sent, up to the serial
 * `pinged`. */
void ping_resume(struct ipd *d, uint64_t pinged);

/* Sends the pings that were not sent yet; how many. */
uint32_t ping_send_new(struct ipd *d, instant_t now);

/* An echo reply of `len` bytes, or an error about an echo request of ours, came
 * from `from`. DROP_ICMP_NO_PING: no ping waits for it. */
enum drop ping_answered(struct ipd *d, const struct ipv4 *ip,
                        const struct icmp_echo *echo, uint32_t len,
                        instant_t now) __attribute__((warn_unused_result));
enum drop ping_refused(struct ipd *d, struct addr from, const struct quoted *q,
                       instant_t now) __attribute__((warn_unused_result));

/* It could not be sent: `error` is an errno. */
void ping_failed(struct ipd *d, uint64_t serial, int error);

#endif
