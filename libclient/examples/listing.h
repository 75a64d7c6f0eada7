/* SPDX-License-Identifier: MIT */
/* A directory as a page of HTML. */
#ifndef LIBCLIENT_EXAMPLES_LISTING_H
#define LIBCLIENT_EXAMPLES_LISTING_H

#include <stdint.h>

/* The directory `path`, which is "" or ends with "/", below `root`: the
 * descriptor of a file without a name that holds the page, and *size, or -errno.
 * Names that begin with a dot are not shown. */
int listing_open(int root, const char *path, uint64_t *size);

#endif
