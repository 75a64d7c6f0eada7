/* SPDX-License-Identifier: MIT */
/* Is what runs what the configuration file says? */
#ifndef CTL_CONFIG_SAVED_H
#define CTL_CONFIG_SAVED_H

#include "ctl/look.h"

enum config_saved {
    CONFIG_SAVED,
    CONFIG_UNSAVED,
    CONFIG_UNREADABLE /* its errors were shown on stderr, if it has any */
};

/* About the file that the instance was started with. */
enum config_saved config_saved(const struct look *l);

#endif
