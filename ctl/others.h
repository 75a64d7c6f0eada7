/* SPDX-License-Identifier: MIT */
/* The instances that run beside one, as their directories tell. */
#ifndef CTL_OTHERS_H
#define CTL_OTHERS_H

#include <stddef.h>

/* Writes the names of the running instances whose directories lie beside
 * `rundir`, with commas; what does not fit is left out. Returns how many. */
size_t others_running(char *out, size_t size, const char *rundir);

#endif
