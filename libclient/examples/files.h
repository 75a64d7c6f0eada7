/* SPDX-License-Identifier: MIT */
/* Files below one directory, by paths that strangers choose: neither ".." nor a
 * symbolic link leads out of it. */
#ifndef LIBCLIENT_EXAMPLES_FILES_H
#define LIBCLIENT_EXAMPLES_FILES_H

#include <stdbool.h>
#include <stdint.h>

/* Opens a regular file for reading. Its descriptor and *size, or -errno:
 * -EISDIR for a directory. */
int files_open(int root, const char *path, uint64_t *size);

/* Its descriptor, or -errno. */
int files_open_directory(int root, const char *path);

/* A file that takes its name when it is complete. */
struct upload {
    int dir, fd; /* of its directory, and its own; -1: none */
    bool existed;
    char temporary[64];
    char name[256];
};

/* Begins; 0 or -errno. */
int upload_begin(struct upload *u, int root, const char *path);

/* Gives it its name. 0 or -errno. */
int upload_finish(struct upload *u);

/* Throws away what was not finished. */
void upload_abandon(struct upload *u);

#endif
