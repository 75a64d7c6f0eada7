/* SPDX-License-Identifier: MIT */
/* Exhaustive exploration of small models: every interleaving of a few
 * processes, each move one access to shared memory. */
#ifndef TESTS_SUPPORT_EXPLORE_H
#define TESTS_SUPPORT_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>

/* A model's state is a struct of bytes without padding: two states are the same
 * when their bytes are. */
struct model {
    const char *name;
    const void *initial;
    size_t state_size;
    unsigned processes;
    unsigned choices; /* moves that a process may choose from, at least 1 */
    /* Moves process `who` by its choice; false: it has no such move now. */
    bool (*move)(void *state, unsigned who, unsigned choice);
    /* Does it hold what must hold in every state? */
    bool (*sound)(const void *state);
    /* Is all work done? The processes may stop here, or sleep. */
    bool (*finished)(const void *state);
};

enum verdict {
    PROVEN,  /* all states are sound, and from each one the work can be done */
    UNSOUND, /* a state is not sound */
    STUCK    /* a state from which the work is never done */
};

/* Looks at every reachable state. Prints how many there are and, if the
 * verdict is not the expected one, a shortest way to the state that says so. */
enum verdict explore(const struct model *m, enum verdict expected);

#endif
