/* SPDX-License-Identifier: MIT */
/* What an instance is to be, put together from a configuration file, from options
 * or from what runs: the same keys, the same checks. */
#ifndef CTL_CONFIG_H
#define CTL_CONFIG_H

#include "ctl/device.h"
#include "ctl/parse.h"
#include "proto/shm/conf.h"
#include "proto/wire/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_INSTANCE 33 /* RUNDIR_INSTANCE_LONGEST and a NUL */

enum config_section {
    CONFIG_NONE,
    CONFIG_STACK,
    CONFIG_LINK,
    CONFIG_ROUTE,
    CONFIG_TCP,
    CONFIG_SUPERVISE /* reserved: it has no keys yet */
};

enum config_gateway {
    CONFIG_GATEWAY_UNSAID,
    CONFIG_GATEWAY_NONE,
    CONFIG_GATEWAY_SAID
};

struct config {
    char instance[CONFIG_INSTANCE]; /* "": not said */
    /* Routes belong to links only when config_finish has found theirs. */
    struct conf_tables tables;
    struct device device[LINKS_MAX];
    bool bare[LINKS_MAX];    /* is to have no address */
    uint32_t mtu[LINKS_MAX]; /* 0: not said */
    enum config_gateway gateway;
    struct addr gateway_addr;
    struct parsed_route route[NET_ROUTES];
    uint32_t routes;
};

void config_init(struct config *c);

/* A key, in the file and as an option of `skink up`. */
struct config_key {
    enum config_section section;
    const char *name;                    /* in the file */
    const char *option, *metavar, *help; /* NULL: no option */
    bool (*set)(struct config *c, const char *value, struct wrong *wrong);
};
extern const struct config_key config_keys[]; /* ends with a NULL name */

/* The words that the file has for sections; NULL: CONFIG_NONE. */
extern const char *const config_sections[CONFIG_SUPERVISE + 1];

/* Keys of links are about the one that was begun last. An empty name: the
 * device's, when its kind is set. False: no room, or the name is taken. */
bool config_begin_link(struct config *c, const char *name, struct wrong *wrong)
    __attribute__((warn_unused_result));

/* "KIND[:NAME]" for the link that was begun last. */
bool config_set_kind(struct config *c, const char *value, struct wrong *wrong)
    __attribute__((warn_unused_result));

/* Begins again without links and routes. */
void config_forget_links(struct config *c);

/* Fills in what was not said (a TAP, 10.7.0.2/24 for the first link, the gateway
 * when the other side of that link will be made), finds the routes' links and
 * checks the whole. */
bool config_finish(struct config *c, struct wrong *wrong)
    __attribute__((warn_unused_result));

/* Gives each impairment that has none a seed, and says it as a hint. */
void config_seed(struct conf_tables *tables);

#endif
