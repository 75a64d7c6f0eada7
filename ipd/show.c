/* SPDX-License-Identifier: MIT */
/* Rows for people. */
#include "ipd/show.h"

static_assert((int)NEIGH_INCOMPLETE == (int)VIEW_NEIGH_INCOMPLETE &&
                  (int)NEIGH_REACHABLE == (int)VIEW_NEIGH_REACHABLE &&
                  (int)NEIGH_STALE == (int)VIEW_NEIGH_STALE &&
                  (int)NEIGH_PROBE == (int)VIEW_NEIGH_PROBE &&
                  (int)NEIGH_FAILED == (int)VIEW_NEIGH_FAILED,
              "the core and people call states the same");
static_assert(NEIGH_MAX == VIEW_NEIGHBOURS && PMTU_PATHS == VIEW_PATHS,
              "a row for each");

static void
show_neighbour(struct ipd *d, uint32_t i)
{
    const struct neigh *n = &d->neigh.entries[i];
    struct view_neigh row = {.addr = addr_any_v4()};

    if (n->state != NEIGH_FREE)
        row = (struct view_neigh){
            .addr = n->addr,
            .mac = n->mac,
            .state = n->state,
            .link = n->link,
            .probes = n->tries,
            .dropped = n->dropped,
            .confirmed_ns = n->confirmed.ns,
            .deadline_ns = neigh_turns_at(n).ns,
        };
    view_write(&d->view.neighbours, i, &row);
}

static void
show_paths(struct ipd *d, instant_t now)
{
    for (uint32_t i = 0; i < PMTU_PATHS; i++) {
        const struct pmtu_path *p = pmtu_path(&d->pmtu, i, now);
        struct view_path row = {.dst = addr_any_v4()};

        if (p != NULL)
            row = (struct view_path){
                .dst = p->dst, .mtu = p->mtu, .expires_ns = p->expires.ns};
        view_write(&d->view.paths, i, &row);
    }
    d->paths_changed = false;
}

void
show_all(struct ipd *d, instant_t now)
{
    for (uint32_t i = 0; i < NEIGH_MAX; i++)
        show_neighbour(d, i);
    show_paths(d, now);
}

void
show_changes(struct ipd *d, instant_t now)
{
    for (int i; (i = neigh_take_unseen(&d->neigh)) >= 0;)
        show_neighbour(d, (uint32_t)i);
    if (d->paths_changed)
        show_paths(d, now);
}
