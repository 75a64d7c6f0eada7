/* SPDX-License-Identifier: MIT */
/* The cell that every daemon locks itself into before its first packet: no
 * capabilities, not dumpable (else pidfd_getfd, process_vm_writev and
 * /proc/PID/mem open a side door), no new privileges, and a list of permitted
 * system calls that lacks open*, chmod*, execve, ptrace and their like. A call
 * that is not on the list fails with EPERM. */
#ifndef BASE_OS_SANDBOX_H
#define BASE_OS_SANDBOX_H

#include <stdbool.h>

enum sandbox_profile {
    SANDBOX_PUMP,    /* linkd, ipd: read, write, wait; no new mappings */
    SANDBOX_PAIR,    /* linkd of a pair: also finds the other end again */
    SANDBOX_STREAMS, /* tcpd: also maps received regions, never executable */
    SANDBOX_DESK     /* apid: also threads and sockets of libzmq */
};

/* First half: capabilities, dumpable, no_new_privs. Before libzmq's threads,
 * because a thread keeps what it had. Dies on failure. */
void sandbox_drop_privileges(void);

/* Second half: the system call list, for all threads of the process (TSYNC).
 * Dies on failure. */
void sandbox_enter(enum sandbox_profile profile);

#endif
