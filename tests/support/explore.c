/* SPDX-License-Identifier: MIT */
/* Explores a model breadth first, so that a way that it prints is a shortest
 * one.
 *
 * States are numbered in the order of discovery and lie one behind the other;
 * a hash table of numbers tells which are known. All moves are kept as edges:
 * going back over them from the finished states finds those from which the
 * work is never done, also when the processes go on moving. */
#include "tests/support/explore.h"

#include "base/check.h"
#include "base/hash.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX

/* How a state was first reached. */
struct origin {
    uint32_t from;
    uint16_t who, choice;
};

struct edge {
    uint32_t from, to;
};

struct space {
    const struct model *m;
    uint8_t *states;
    struct origin *origins;
    uint32_t count, room;
    uint32_t *table; /* state numbers + 1, 0: free; twice `room` entries */
    struct edge *edges;
    size_t edge_count, edge_room;
};

static void *
grown(void *old, size_t bytes)
{
    void *p = realloc(old, bytes);

    CHECK(p != NULL);
    return p;
}

static uint8_t *
state_at(const struct space *s, uint32_t i)
{
    return s->states + (size_t)i * s->m->state_size;
}

/* Where the state is in the table, or where it belongs. */
static uint32_t *
place_of(const struct space *s, const void *state)
{
    size_t mask = 2 * (size_t)s->room - 1;
    size_t at = hash_checksum(state, s->m->state_size) & mask;

    while (s->table[at] != 0 &&
           memcmp(state_at(s, s->table[at] - 1), state, s->m->state_size) != 0)
        at = (at + 1) & mask;
    return &s->table[at];
}

static void
make_room(struct space *s)
{
    if (s->count < s->room)
        return;
    s->room = s->room == 0 ? 1024 : 2 * s->room;
    s->states = grown(s->states, s->room * s->m->state_size);
    s->origins = grown(s->origins, s->room * sizeof *s->origins);
    s->table = grown(s->table, 2 * (size_t)s->room * sizeof *s->table);
    memset(s->table, 0, 2 * (size_t)s->room * sizeof *s->table);
    for (uint32_t i = 0; i < s->count; i++)
        *place_of(s, state_at(s, i)) = i + 1;
}

/* The state's number, new or known. */
static uint32_t
visit(struct space *s, const void *state, struct origin origin)
{
    make_room(s);

    uint32_t *place = place_of(s, state);

    if (*place == 0) {
        memcpy(state_at(s, s->count), state, s->m->state_size);
        s->origins[s->count] = origin;
        *place = ++s->count;
    }
    return *place - 1;
}

static void
add_edge(struct space *s, uint32_t from, uint32_t to)
{
    if (s->edge_count == s->edge_room) {
        s->edge_room = s->edge_room == 0 ? 4096 : 2 * s->edge_room;
        s->edges = grown(s->edges, s->edge_room * sizeof *s->edges);
    }
    s->edges[s->edge_count++] = (struct edge){from, to};
}

static void
visit_successors(struct space *s, uint32_t i, uint8_t *scratch)
{
    const struct model *m = s->m;

    for (unsigned who = 0; who < m->processes; who++) {
        for (unsigned choice = 0; choice < m->choices; choice++) {
            memcpy(scratch, state_at(s, i), m->state_size);
            if (m->move(scratch, who, choice))
                add_edge(
                    s, i,
                    visit(s, scratch,
                          (struct origin){i, (uint16_t)who, (uint16_t)choice}));
        }
    }
}

/* A state that is not sound, or NOBODY when all states are visited. */
static uint32_t
visit_all(struct space *s)
{
    uint8_t *scratch = grown(NULL, s->m->state_size);
    uint32_t bad = NOBODY;

    visit(s, s->m->initial, (struct origin){.from = NOBODY});
    for (uint32_t i = 0; i < s->count && bad == NOBODY; i++) {
        if (!s->m->sound(state_at(s, i)))
            bad = i;
        else
            visit_successors(s, i, scratch);
    }
    free(scratch);
    return bad;
}

/* The first state from which no finished one can be reached, or NOBODY. */
static uint32_t
find_stuck(const struct space *s)
{
    bool *ends = grown(NULL, s->count);
    bool changed = true;
    uint32_t stuck = 0;

    for (uint32_t i = 0; i < s->count; i++)
        ends[i] = s->m->finished(state_at(s, i));
    while (changed) {
        changed = false;
        for (size_t e = s->edge_count; e-- > 0;) {
            if (ends[s->edges[e].to] && !ends[s->edges[e].from]) {
                ends[s->edges[e].from] = true;
                changed = true;
            }
        }
    }
    while (stuck < s->count && ends[stuck])
        stuck++;
    free(ends);
    return stuck == s->count ? NOBODY : stuck;
}

static void
print_way(const struct space *s, uint32_t to)
{
    const struct origin *o = &s->origins[to];

    if (o->from != NOBODY) {
        print_way(s, o->from);
        printf("  process %u, choice %u ->", o->who, o->choice);
    } else {
        printf("  at first");
    }
    for (size_t i = 0; i < s->m->state_size; i++)
        printf(" %u", state_at(s, to)[i]);
    printf("\n");
}

enum verdict
explore(const struct model *m, enum verdict expected)
{
    static const char *const names[] = {"proven", "unsound", "stuck"};
    struct space s = {.m = m};
    enum verdict verdict = UNSOUND;
    uint32_t witness = visit_all(&s);

    if (witness == NOBODY) {
        witness = find_stuck(&s);
        verdict = witness == NOBODY ? PROVEN : STUCK;
    }
    printf("%s: %u states, %zu moves: %s\n", m->name, s.count, s.edge_count,
           names[verdict]);
    if (verdict != expected && witness != NOBODY)
        print_way(&s, witness);
    free(s.states);
    free(s.origins);
    free(s.table);
    free(s.edges);
    return verdict;
}
