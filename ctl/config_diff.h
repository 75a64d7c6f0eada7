/* SPDX-License-Identifier: MIT */
/* Two texts, line by line. */
#ifndef CTL_CONFIG_DIFF_H
#define CTL_CONFIG_DIFF_H

#include <stdbool.h>
#include <stdio.h>

/* Prints what turns `file` into `running`, as diff -u does, with every line that
 * is alike. True: they are the same, and nothing was printed. */
bool config_diff(FILE *out, const char *path, const char *file,
                 const char *running);

#endif
