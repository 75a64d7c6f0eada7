/* SPDX-License-Identifier: MIT */
/* What changes while an instance runs: requests into tables, whole or not at all.
 * Without side effects: the caller shows the tables when all went well. */
#ifndef CTL_CHANGE_H
#define CTL_CHANGE_H

#include "control.pb-c.h"
#include "ctl/parse.h"
#include "proto/shm/conf.h"

#include <stdbool.h>

/* Changes *tables as a Configure, ChangeAddress, ChangeRoute, Impair or Ping wants
 * it; `serial` is the number of a Ping. False: *wrong says why not, and *tables is
 * as it was. */
bool change_apply(struct conf_tables *tables,
                  const Skink__Control__Request *request, uint64_t serial,
                  struct wrong *wrong) __attribute__((warn_unused_result));

#endif
