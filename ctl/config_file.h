/* SPDX-License-Identifier: MIT */
/* The configuration file: read, and written from what is. */
#ifndef CTL_CONFIG_FILE_H
#define CTL_CONFIG_FILE_H

#include "ctl/config.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

/* The file that is used when none is named: /etc/skink/skink.conf for root,
 * $XDG_CONFIG_HOME/skink/skink.conf (or ~/.config) for others. False: there is no
 * such place. */
bool config_default_path(char out[PATH_MAX])
    __attribute__((warn_unused_result));

/* Reads all of it, without config_finish. Each error is a line on stderr,
 * "FILE:LINE: what is wrong". False: there was one, or the file cannot be read,
 * errno set then and otherwise 0. */
bool config_read(struct config *c, const char *path)
    __attribute__((warn_unused_result));

/* config_read and config_finish; dies with EXIT_FAILED when there is an error. */
void config_load(struct config *c, const char *path);

/* The file that would make these tables; `instance` NULL: the section is left
 * without that line. */
void config_write(FILE *out, const char *instance,
                  const struct conf_tables *tables,
                  const struct device device[LINKS_MAX]);

#endif
