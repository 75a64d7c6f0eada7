/* SPDX-License-Identifier: MIT */
/* The texts of drops.def, by reason. */
#include "proto/drops.h"

#include <stddef.h>

static const struct {
    const char *name;
    const char *help;
} reasons[] = {
    [DROP_NONE] = {"none", "The packet was not discarded."},
#define DROP(NAME, area, name, help) [DROP_##NAME] = {area ".drop." name, help},
#include "proto/drops.def"
#undef DROP
    [DROPS] = {"unknown", "No reason has this number."},
};

/* Numbers come from other processes' memory too, so none may be out of range.
 * Cast first: whether an enum is signed is the compiler's choice. */
static size_t
reason_index(enum drop why)
{
    return (size_t)why < DROPS ? (size_t)why : DROPS;
}

const char *
drop_name(enum drop why)
{
    return reasons[reason_index(why)].name;
}

const char *
drop_help(enum drop why)
{
    return reasons[reason_index(why)].help;
}
