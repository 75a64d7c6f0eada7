/* SPDX-License-Identifier: MIT */
/* Where the sockets of an instance lie: one rule for the supervisor, the
 * command and the library. */
#ifndef BASE_OS_RUNDIR_H
#define BASE_OS_RUNDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

/* Room for any path that rundir_path writes. With "/" and a name of up to ten
 * letters it still fits the 108 bytes of a socket's address. */
#define RUNDIR_SIZE 96

#define RUNDIR_INSTANCE_LONGEST 32

/* Letters, digits, ".", "_" and "-", at most 32, the first not "." or "-". */
bool rundir_is_instance(const char *name);

/* Writes the directory of `instance`: $SKINK_RUNDIR/INSTANCE; without that
 * variable /run/skink/INSTANCE for root, $XDG_RUNTIME_DIR/skink/INSTANCE for
 * others, or else /tmp/skink-UID/INSTANCE. Creates nothing. False, errno set:
 * EINVAL, not a name for an instance, or the variable is not an absolute path;
 * ENAMETOOLONG; EPERM, somebody else made /tmp/skink-UID. */
bool rundir_path(char *out, size_t size, const char *instance)
    __attribute__((warn_unused_result));

/* Supervisor only. Makes the directory and the one above it, for root readable
 * by everyone, else private; both may be there already. False, errno set:
 * EPERM when the directory is another user's or others may write in it. */
bool rundir_make(const char *path) __attribute__((warn_unused_result));

/* The address of the socket `name` in the directory `path`. False: too long. */
bool rundir_socket(struct sockaddr_un *address, const char *path,
                   const char *name) __attribute__((warn_unused_result));

#endif
