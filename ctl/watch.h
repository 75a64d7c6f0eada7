/* SPDX-License-Identifier: MIT */
/* When a daemon has to be killed or tried again. */
#ifndef CTL_WATCH_H
#define CTL_WATCH_H

#include "base/time.h"

#include <stdbool.h>

struct supervisor;

/* Looks at heartbeats, boot limits and due retries. `late`: the watcher itself
 * was, so that nobody's heart is judged. */
void watch_children(struct supervisor *s, instant_t now, bool late);

/* When watch_children has to be called for a retry; NEVER: only as ever. */
instant_t watch_next(const struct supervisor *s);

#endif
