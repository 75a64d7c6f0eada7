/* SPDX-License-Identifier: MIT */
/* Routes in the words of iproute2's `ip route`. */
#define _GNU_SOURCE 1
#include "ctl/parse.h"

#include "base/bits.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 16

static bool
take_host(const char *text, struct addr *out, struct wrong *wrong)
{
    if (addr_parse_v4(text, out))
        return true;
    return wrong_say(wrong, "write it like 10.7.0.1",
                     "'%.40s' is not an address", text);
}

static bool
take_number(const char *what, const char *text, uint64_t lo, uint64_t hi,
            uint32_t *out, struct wrong *wrong)
{
    uint64_t v;

    if (!parse_number(what, text, lo, hi, &v, wrong))
        return false;
    *out = (uint32_t)v;
    return true;
}

static bool
take_pair(const char *word, const char *value, struct parsed_route *out,
          struct wrong *wrong)
{
    struct net_route *r = &out->route;

    if (strcmp(word, "via") == 0)
        return take_host(value, &r->gateway, wrong);
    if (strcmp(word, "src") == 0)
        return take_host(value, &r->source, wrong);
    if (strcmp(word, "dev") == 0)
        return parse_name(value, out->dev, wrong);
    if (strcmp(word, "metric") == 0)
        return take_number(word, value, 0, UINT32_MAX - 1, &r->metric, wrong);
    if (strcmp(word, "mtu") == 0)
        return take_number(word, value, 576, 65535, &r->mtu, wrong);
    return wrong_say(wrong,
                     "DST [via GW] [dev LINK] [metric N] [mtu N] [src ADDR]",
                     "a route has no '%.40s'", word);
}

bool
parse_route(const char *const *words, size_t count, struct parsed_route *out,
            struct wrong *wrong)
{
    struct parsed_route r = {.route = {.gateway = addr_any_v4(),
                                       .source = addr_any_v4(),
                                       .link = PARSE_UNSAID,
                                       .metric = PARSE_UNSAID}};

    if (count == 0)
        return wrong_say(wrong, "write it like default via 10.7.0.1",
                         "a route to where?");
    if (!parse_network(words[0], &r.route.dst, &r.route.prefix_len, wrong))
        return false;
    for (size_t i = 1; i < count; i += 2) {
        if (i + 1 == count)
            return wrong_say(wrong, "write it like default via 10.7.0.1",
                             "'%.40s' is followed by nothing", words[i]);
        if (!take_pair(words[i], words[i + 1], &r, wrong))
            return false;
    }
    *out = r;
    return true;
}

bool
parse_route_line(char *line, struct parsed_route *out, struct wrong *wrong)
{
    const char *words[WORDS_MAX];
    size_t count = 0;
    char *rest = NULL;

    for (char *w = strtok_r(line, " \t", &rest); w != NULL;
         w = strtok_r(NULL, " \t", &rest)) {
        if (count == WORDS_MAX)
            return wrong_say(wrong, "each of them once",
                             "these are too many words for a route");
        words[count++] = w;
    }
    return parse_route(words, count, out, wrong);
}

/* ---- its link ---- */

static bool
no_such_link(const struct net *net, const char *dev, struct wrong *wrong)
{
    char names[NET_LINKS * (NET_NAME + 2) + 1] = "";
    char hint[sizeof names + 20];
    size_t len = 0;

    for (uint32_t i = 0; i < net->links; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s",
                                i > 0 ? ", " : "", net->link[i].name);
    snprintf(hint, sizeof hint, "there %s %s", net->links > 1 ? "are" : "is",
             names);
    return wrong_say(wrong, hint, "there is no link '%s'", dev);
}

bool
parse_route_link(struct parsed_route *r, const struct net *net,
                 struct wrong *wrong)
{
    char text[ADDR_TEXT];
    struct net_path path;
    struct net connected = *net;
    int link;

    if (r->dev[0] != '\0') {
        if ((link = net_link_named(net, r->dev)) < 0)
            return no_such_link(net, r->dev, wrong);
        r->route.link = (uint32_t)link;
        return true;
    }
    if (addr_is_any(r->route.gateway))
        return wrong_say(wrong, "write via GW, or dev LINK",
                         "a route needs a gateway or a link");
    connected.routes = 0;
    if (net_path(&connected, r->route.gateway, &path) != NET_LINK)
        return wrong_say(wrong, "name one that is, or its link with dev",
                         "the gateway %s is in no network of ours",
                         addr_format(text, r->route.gateway));
    r->route.link = path.link;
    return true;
}
