/* SPDX-License-Identifier: MIT */
/* SIGTERM and SIGINT as a flag and a file descriptor; SIGPIPE ignored. */
#ifndef BASE_OS_STOP_H
#define BASE_OS_STOP_H

#include <stdbool.h>

/* Boot only. Returns a signalfd that becomes readable when the process is
 * asked to stop; the signals are blocked from here on. */
int stop_open(void);

/* Drains the signalfd; true once a stop was asked for. */
bool stop_asked(int fd);

#endif
