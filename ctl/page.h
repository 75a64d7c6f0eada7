/* SPDX-License-Identifier: MIT */
/* What a command shows, as text or, with -j, as one JSON value. */
#ifndef CTL_PAGE_H
#define CTL_PAGE_H

#include "ctl/commands.h"
#include "ctl/json.h"

/* The outermost value, { or [, on stdout; and its end, } or ], with the line's.
 * Without -j both do nothing. */
struct json page_begin(const struct cli *cli, char bracket);
void page_end(const struct cli *cli, struct json *j, char bracket);

#endif
