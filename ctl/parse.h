/* SPDX-License-Identifier: MIT */
/* Texts into checked values, the same for options, for the configuration file and
 * for commands. False: what is wrong stands in *wrong, and the value is untouched. */
#ifndef CTL_PARSE_H
#define CTL_PARSE_H

#include "base/os/log.h"
#include "ctl/device.h"
#include "proto/shm/conf.h"
#include "proto/wire/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is wrong with a text, and what to do about it. */
struct wrong {
    char text[192];
    char hint[160];
};

/* Fills it in and returns false. */
bool wrong_say(struct wrong *wrong, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Both as lines on stderr, and the end. */
_Noreturn void wrong_die(const struct wrong *wrong, enum exit_status status);

/* "on", "off", "yes", "no". */
bool parse_switch(const char *text, uint32_t *on, struct wrong *wrong)
    __attribute__((warn_unused_result));

/* A decimal number in lo..hi, with `what`, or "", for the error. */
bool parse_number(const char *what, const char *text, uint64_t lo, uint64_t hi,
                  uint64_t *out, struct wrong *wrong)
    __attribute__((warn_unused_result));

/* Bytes: "65536", "64K", "4M"; K and M are powers of 1024. */
bool parse_size(const char *text, uint32_t lo, uint32_t hi, uint32_t *bytes,
                struct wrong *wrong) __attribute__((warn_unused_result));

/* "10.7.0.2/24", as a host's address in a network. */
bool parse_address(const char *text, struct net_address *out,
                   struct wrong *wrong) __attribute__((warn_unused_result));

/* A dotted quad, or a dotted quad with a prefix length, or "default". */
bool parse_network(const char *text, struct addr *dst, uint32_t *prefix_len,
                   struct wrong *wrong) __attribute__((warn_unused_result));

/* Can it be the name of an interface, and so of a link? */
bool parse_name(const char *text, char out[NET_NAME], struct wrong *wrong)
    __attribute__((warn_unused_result));

/* "tap", "tap:NAME", "veth", "veth:NAME", "packet:IF" or "pair:PATH". The device's
 * name stays empty when the text has none. */
bool parse_link(const char *text, enum net_link_kind *kind,
                char device[DEVICE_NAME], struct wrong *wrong)
    __attribute__((warn_unused_result));

/* The first word of parse_link. */
const char *parse_kind_text(uint32_t kind);

/* ---- routes, in iproute2's words ---- */

#define PARSE_UNSAID UINT32_MAX

/* A route whose link is not known by number yet. */
struct parsed_route {
    struct net_route route; /* link and metric are PARSE_UNSAID when not said */
    char dev[NET_NAME];     /* "": not said */
};

/* DST [via GW] [dev LINK] [metric N] [mtu N] [src A], one word each. */
bool parse_route(const char *const *words, size_t count,
                 struct parsed_route *out, struct wrong *wrong)
    __attribute__((warn_unused_result));

/* The same in one line; its words are taken apart in place. */
bool parse_route_line(char *line, struct parsed_route *out, struct wrong *wrong)
    __attribute__((warn_unused_result));

/* Finds the link, by its name or by the network that the gateway is in. */
bool parse_route_link(struct parsed_route *route, const struct net *net,
                      struct wrong *wrong) __attribute__((warn_unused_result));

/* ---- impairments ---- */

/* "[in:|out:]loss=2%,delay=5ms,rate=100M" or "off": into the directions that it is
 * about. A seed that is not said is 0. */
bool parse_impair(const char *text, struct conf_impair out[CONF_DIRECTIONS],
                  struct wrong *wrong) __attribute__((warn_unused_result));

/* The text that parse_impair takes, without a direction; "off" for none. */
#define IMPAIR_TEXT 192
const char *impair_format(char out[IMPAIR_TEXT], const struct conf_impair *i);

/* Does it do anything at all? */
bool impair_acts(const struct conf_impair *i);

/* ---- CPUs ---- */

/* The CPU of each daemon, -1 for any. NULL: all on the last CPU that this process
 * may use when there are four at most. "none": any. A list like "1" or "0,2-3":
 * dealt out in the daemons' order, again from its beginning when it ends. Dies
 * with EXIT_USAGE. */
void parse_cpus(int cpu[DAEMONS], const char *list);

#endif
