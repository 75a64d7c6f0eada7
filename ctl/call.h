/* SPDX-License-Identifier: MIT */
/* The command's side of the control socket. */
#ifndef CTL_CALL_H
#define CTL_CALL_H

#include "control.pb-c.h"
#include "ctl/commands.h"

#include <stddef.h>

/* Asks the instance's supervisor. Returns its reply, to be freed with
 * skink__control__reply__free_unpacked, and up to *n descriptors in `fds`; NULL when
 * the supervisor ended the connection instead. Dies with the right exit status when
 * the instance is not running, refuses, reports an error or takes longer than 10 s. */
Skink__Control__Reply *call(const struct cli *cli,
                            const Skink__Control__Request *request, int *fds,
                            size_t *n);

#endif
