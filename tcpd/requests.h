/* SPDX-License-Identifier: MIT */
/* Requests of clients, executed once each and in the order of their numbers,
 * and their results, kept until acknowledged. Knows no transport. */
#ifndef TCPD_REQUESTS_H
#define TCPD_REQUESTS_H

#include "base/time.h"
#include "proto/drops.h"
#include "proto/shm/api.h"
#include "tcpd/clients.h"

#include <stdbool.h>

/* Executes `request` (a private copy of a ring slot, hostile), or finds the result
 * of the last time. DROP_NONE: *result is to be sent. */
enum drop request_serve(struct clients *cs, const struct api_request *request,
                        struct api_result *result, instant_t now);

#endif
