/* SPDX-License-Identifier: MIT */
/* Names rings as people know them: by the link, or by who talks to whom. */
#include "ctl/capture_origin.h"

#include "base/os/log.h"
#include "proto/shm/packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
is_frame_ring(enum ring_id r)
{
    return r < RING_IP_RX;
}

static void
name(struct origin *o, const struct look *l, enum ring_id r)
{
    uint32_t link = r < RING_IP_TX ? r - RING_LINK_RX : r - RING_IP_TX;

    *o = (struct origin){.ethernet = is_frame_ring(r)};
    if (o->ethernet) {
        o->way = r < RING_IP_TX ? PCAPNG_INBOUND : PCAPNG_OUTBOUND;
        snprintf(o->name, sizeof o->name, "%.*s", ORIGIN_NAME - 1,
                 l->tables.net.link[link].name);
    } else {
        snprintf(o->name, sizeof o->name, "%s", ring_table[r].name);
    }
}

static bool
is_meant(const struct origin *o, const char *on)
{
    if (on == NULL)
        return o->ethernet;
    return strcmp(on, "all") == 0 || strcmp(on, o->name) == 0;
}

/* The new interface's, or that of the one which has this name already. */
static void
number(struct origins *o, struct origin *new)
{
    for (uint32_t i = 0; i < o->interfaces; i++) {
        if (strcmp(o->interface[i]->name, new->name) == 0) {
            new->interface = i;
            return;
        }
    }
    new->interface = o->interfaces++;
    o->interface[new->interface] = new;
}

static _Noreturn void
nothing_meant(const char *on)
{
    if (on == NULL)
        die(EXIT_NOT_PERMITTED, "packets are shown to who started the "
                                "instance, and to root");
    log_line("there is no link or ring '%s'", on);
    log_hint("--on takes all, ipd>tcpd, tcpd>ipd, or a link's name: see "
             "'skink links'");
    exit(EXIT_FAILED);
}

void
origins_choose(struct origins *o, const struct look *l, const char *on)
{
    *o = (struct origins){.interfaces = 0};
    for (enum ring_id r = 0; r < RINGS; r++) {
        if (l->rings[r] == NULL ||
            ring_table[r].slot_size != sizeof(struct packet))
            continue;
        name(&o->ring[r], l, r);
        o->wanted[r] = is_meant(&o->ring[r], on);
        if (o->wanted[r])
            number(o, &o->ring[r]);
    }
    if (o->interfaces == 0)
        nothing_meant(on);
}
