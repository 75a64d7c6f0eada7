/* SPDX-License-Identifier: MIT */
/* Finds the supervisor's book in its region. */
#include "proto/shm/conf.h"

struct conf_shm *
conf_of(const struct region *region)
{
    if (region->base == NULL || region->size < sizeof(struct conf_shm))
        return NULL;
    return (void *)region->base;
}
