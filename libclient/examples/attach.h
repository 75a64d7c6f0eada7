/* SPDX-License-Identifier: MIT */
/* What every program begins with. */
#ifndef LIBCLIENT_EXAMPLES_ATTACH_H
#define LIBCLIENT_EXAMPLES_ATTACH_H

#include <skink/client.h>

/* skink_open. When it fails the process ends, with lines on stderr that begin
 * with `program` and say what to do about it. */
struct skink *attach_to(const char *program, const char *instance);

#endif
