/* SPDX-License-Identifier: MIT */
/* CHECK: a bug in our own code ends the process, in every build. Never used on
 * anything that another process or the network wrote. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

/* Prints file, line and the broken claim on stderr, then aborts. */
_Noreturn void check_failed(const char *claim, const char *file, int line);

#define CHECK(claim)                                                           \
    ((claim) ? (void)0 : check_failed(#claim, __FILE__, __LINE__))

#endif
