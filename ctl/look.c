/* SPDX-License-Identifier: MIT */
/* Gets and maps the regions that a Look brings. The mappings live as long as the
 * command. */
#include "ctl/look.h"

#include "base/os/fdpass.h"
#include "ctl/call.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
place(struct look *l, const struct region *r)
{
    if (r->id < REGIONS)
        l->regions[r->id] = *r;
    if (r->id == REGION_CONF)
        l->conf = conf_of(r);
    for (uint32_t d = 0; d < DAEMONS; d++) {
        if (r->id == REGION_CNC(d))
            l->cnc[d] = cnc_of(r);
    }
    for (size_t i = 0; i < RINGS; i++) {
        if (r->id == ring_table[i].region)
            l->rings[i] = region_at(r, RING_OFFSET, sizeof *l->rings[i]);
    }
}

static _Noreturn void
other_version(void)
{
    die(EXIT_FAILED, "the supervisor is from another version of skink");
}

bool
look_again(struct look *l)
{
    if (!conf_look(l->conf, &l->version, &l->tables))
        return false;
    if (net_check(&l->tables.net) != NULL)
        other_version();
    return true;
}

static void
require_all(struct look *l)
{
    bool all = l->conf != NULL && l->conf->links <= LINKS_MAX &&
               ipd_view_join(&l->ipd, &l->regions[REGION_IPD_VIEW]) &&
               tcpd_view_join(&l->tcpd, &l->regions[REGION_TCPD_VIEW]);

    l->daemons = all ? DAEMON_LINKD + l->conf->links : 0;
    for (size_t d = 0; d < l->daemons; d++)
        all = all && l->cnc[d] != NULL;
    l->version = CONF_UNSEEN;
    if (!all || !look_again(l))
        other_version();
}

static void
take_texts(struct look *l, const Skink__Control__Reply *reply)
{
    snprintf(l->config, sizeof l->config, "%s", reply->config);
    for (size_t i = 0; i < reply->n_devices && i < LINKS_MAX; i++)
        snprintf(l->device[i], sizeof l->device[i], "%s", reply->devices[i]);
}

void
look_open(struct look *l, const struct cli *cli)
{
    Skink__Control__Request request;
    Skink__Control__Look ask;
    Skink__Control__Reply *reply;
    int fds[FDPASS_MAX];
    size_t n = FDPASS_MAX;

    *l = (struct look){.conf = NULL};
    skink__control__request__init(&request);
    skink__control__look__init(&ask);
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_LOOK;
    request.look = &ask;
    reply = call(cli, &request, fds, &n);
    if (reply == NULL)
        die(EXIT_FAILED, "the supervisor ended");
    for (size_t i = 0; i < n; i++) {
        struct region r;

        if (i < reply->n_regions &&
            region_map(&r, fds[i], reply->regions[i], false))
            place(l, &r);
        close(fds[i]);
    }
    take_texts(l, reply);
    skink__control__reply__free_unpacked(reply, NULL);
    require_all(l);
}
