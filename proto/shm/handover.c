/* SPDX-License-Identifier: MIT */
/* Takes what the supervisor hands over into a daemon's tables. */
#include "proto/shm/handover.h"

#include <string.h>
#include <unistd.h>

void
tables_init(struct tables *t)
{
    *t = (struct tables){.link = -1, .listen = -1};
    for (int i = 0; i < DAEMONS; i++) {
        t->bell_in[i] = -1;
        t->bell_out[i] = -1;
    }
}

/* A second one under the same name is a mistake that must not pass: the first
 * may be in use already. */
static bool
adopt_region(struct tables *t, const struct handover *h, int fd)
{
    if (h->id == REGION_NONE || h->id >= REGIONS || h->writable > 1 ||
        t->regions[h->id].base != NULL)
        return false;
    if (!region_map(&t->regions[h->id], fd, h->id, h->writable != 0))
        return false;
    close(fd);
    return true;
}

static bool
adopt_fd(int *place, int fd)
{
    if (*place >= 0)
        return false;
    *place = fd;
    return true;
}

static bool
adopt_bell(int bells[DAEMONS], const struct handover *h, int fd)
{
    return h->id < DAEMONS && adopt_fd(&bells[h->id], fd);
}

static bool
adopt_link(struct tables *t, const struct handover *h, int fd)
{
    if (h->id >= LINKS_MAX || !adopt_fd(&t->link, fd))
        return false;
    t->link_index = h->id;
    return true;
}

static bool
adopt(struct tables *t, const struct handover *h, int fd)
{
    switch ((enum handover_kind)h->kind) {
    case HANDOVER_REGION:
        return adopt_region(t, h, fd);
    case HANDOVER_BELL_IN:
        return adopt_bell(t->bell_in, h, fd);
    case HANDOVER_BELL_OUT:
        return adopt_bell(t->bell_out, h, fd);
    case HANDOVER_LINK:
        return adopt_link(t, h, fd);
    case HANDOVER_LISTEN:
        return adopt_fd(&t->listen, fd);
    case HANDOVER_DONE: /* boot sees that it is over by itself */
    case HANDOVER_CLIENT_TX:
    case HANDOVER_CLIENT_RX:
    case HANDOVER_CLIENT:
    case HANDOVER_CLIENT_GONE:
        return false;
    }
    return false;
}

bool
handover_adopt(void *tables, const void *msg, size_t len, int fd)
{
    struct handover h;

    if (fd < 0)
        return false;
    if (len == sizeof h) {
        memcpy(&h, msg, sizeof h);
        if (adopt(tables, &h, fd))
            return true;
    }
    close(fd);
    return false;
}
