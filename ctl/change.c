/* SPDX-License-Identifier: MIT */
/* Every change is made on a copy and checked as a whole with net_check(). The errors
 * mean what iproute2's mean: it is there already, there is none, the gateway
 * cannot be reached. */
#include "ctl/change.h"

#include "ctl/message.h"

#include <string.h>

#define PING_MAX   65507 /* bytes of payload that fit into a packet */
#define UNSAID     PARSE_UNSAID
#define BUFFER_MAX (64u << 20)

static bool
malformed(struct wrong *wrong)
{
    return wrong_say(wrong, "is the command of the same version?",
                     "the supervisor does not understand the request");
}

static bool
checked(const struct net *net, struct wrong *wrong)
{
    const char *why = net_check(net);

    return why == NULL ||
           wrong_say(wrong, "'skink config show' shows what is there", "%s",
                     why);
}

/* ---- addresses ---- */

/* The addresses stay in the order of their links, and within one in the order in
 * which they came. */
static bool
add_address(struct net *net, const struct net_address *a, struct wrong *wrong)
{
    char text[ADDR_TEXT];
    uint32_t at = net->addresses;

    if (net_own(net, a->addr) != NULL)
        return wrong_say(wrong, "'skink addr del' takes it away first",
                         "%s is there already", addr_format(text, a->addr));
    if (net->addresses == NET_ADDRESSES)
        return wrong_say(wrong, "take one away first",
                         "there is no room for more than %d addresses",
                         NET_ADDRESSES);
    for (; at > 0 && net->address[at - 1].link > a->link; at--)
        net->address[at] = net->address[at - 1];
    net->address[at] = *a;
    net->addresses++;
    return true;
}

static void
remove_route(struct net *net, uint32_t i)
{
    net->routes--;
    memmove(&net->route[i], &net->route[i + 1],
            (net->routes - i) * sizeof net->route[0]);
    net->route[net->routes] = (struct net_route){.metric = 0};
}

/* A route holds without this address when its source is another one and its
 * gateway is still a neighbour. */
static bool
still_holds(const struct net *net, const struct net_route *r)
{
    struct net one = *net;

    one.route[0] = *r;
    one.routes = 1;
    return net_check(&one) == NULL;
}

static bool
remove_address(struct net *net, const struct net_address *a,
               struct wrong *wrong)
{
    const struct net_address *own = net_own(net, a->addr);
    char text[ADDR_TEXT];
    size_t at;

    if (own == NULL || own->prefix_len != a->prefix_len || own->link != a->link)
        return wrong_say(wrong, "'skink status' shows what is there",
                         "there is no address %s/%u on that link",
                         addr_format(text, a->addr), a->prefix_len);
    at = (size_t)(own - net->address);
    net->addresses--;
    memmove(&net->address[at], &net->address[at + 1],
            (net->addresses - at) * sizeof net->address[0]);
    net->address[net->addresses] = (struct net_address){.link = 0};
    for (uint32_t i = net->routes; i > 0; i--) {
        if (!still_holds(net, &net->route[i - 1]))
            remove_route(net, i - 1);
    }
    return true;
}

static bool
change_address(struct conf_tables *t, const Skink__Control__ChangeAddress *m,
               struct wrong *wrong)
{
    struct net_address a;

    if (!message_to_address(m->address, &a))
        return malformed(wrong);
    return (m->remove ? remove_address(&t->net, &a, wrong)
                      : add_address(&t->net, &a, wrong)) &&
           checked(&t->net, wrong);
}

/* ---- routes ---- */

/* Is it the gateway that would be wrong? */
static bool
is_reachable(const struct net *net, const struct net_route *r)
{
    struct net_route bare = {.dst = addr_any_v4(),
                             .gateway = r->gateway,
                             .source = addr_any_v4(),
                             .link = r->link};

    return r->link >= net->links || still_holds(net, &bare);
}

static bool
unreachable(const struct net *net, const struct net_route *r,
            struct wrong *wrong)
{
    char text[ADDR_TEXT];

    return wrong_say(wrong, "'skink status' shows the networks of each link",
                     "the gateway %s is not in a network of %s",
                     addr_format(text, r->gateway), net->link[r->link].name);
}

static bool
add_route(struct net *net, const struct net_route *r, struct wrong *wrong)
{
    char text[ADDR_TEXT];

    for (uint32_t i = 0; i < net->routes; i++) {
        const struct net_route *other = &net->route[i];

        if (addr_equal(other->dst, r->dst) &&
            other->prefix_len == r->prefix_len && other->metric == r->metric)
            return wrong_say(wrong,
                             "give it another metric, or take that one "
                             "away first",
                             "a route to %s/%u with metric %u is there already",
                             addr_format(text, r->dst), r->prefix_len,
                             r->metric);
    }
    if (net->routes == NET_ROUTES)
        return wrong_say(wrong, "take one away first",
                         "there is no room for more than %d routes",
                         NET_ROUTES);
    if (!is_reachable(net, r))
        return unreachable(net, r, wrong);
    net->route[net->routes++] = *r;
    net_sort(net);
    return true;
}

static bool
is_meant(const struct net_route *have, const struct net_route *said)
{
    return addr_equal(have->dst, said->dst) &&
           have->prefix_len == said->prefix_len &&
           (addr_is_any(said->gateway) ||
            addr_equal(have->gateway, said->gateway)) &&
           (said->link == UNSAID || have->link == said->link) &&
           (said->metric == UNSAID || have->metric == said->metric);
}

static bool
take_route_away(struct net *net, const struct net_route *said,
                struct wrong *wrong)
{
    char text[ADDR_TEXT];

    for (uint32_t i = 0; i < net->routes; i++) {
        if (!is_meant(&net->route[i], said))
            continue;
        remove_route(net, i);
        return true;
    }
    return wrong_say(wrong, "'skink config show' shows what is there",
                     "there is no such route to %s/%u",
                     addr_format(text, said->dst), said->prefix_len);
}

static bool
change_route(struct conf_tables *t, const Skink__Control__ChangeRoute *m,
             struct wrong *wrong)
{
    struct net_route r;

    if (!message_to_route(m->route, &r))
        return malformed(wrong);
    return (m->remove ? take_route_away(&t->net, &r, wrong)
                      : add_route(&t->net, &r, wrong)) &&
           checked(&t->net, wrong);
}

/* ---- everything ---- */

static bool
configure_net(struct net *net, const Skink__Control__Configure *m,
              struct wrong *wrong)
{
    memset(net->address, 0, sizeof net->address);
    memset(net->route, 0, sizeof net->route);
    net->addresses = 0;
    net->routes = 0;
    net->forwarding = m->forwarding ? 1 : 0;
    for (size_t i = 0; i < m->n_addresses; i++) {
        struct net_address a;

        if (!message_to_address(m->addresses[i], &a))
            return malformed(wrong);
        if (!add_address(net, &a, wrong))
            return false;
    }
    for (size_t i = 0; i < m->n_routes; i++) {
        struct net_route r;

        if (!message_to_route(m->routes[i], &r))
            return malformed(wrong);
        if (!add_route(net, &r, wrong))
            return false;
    }
    return checked(net, wrong);
}

static bool
configure(struct conf_tables *t, const Skink__Control__Configure *m,
          struct wrong *wrong)
{
    memset(t->impair, 0, sizeof t->impair);
    t->tcp = (struct conf_tcp){.send_buffer = 0};
    for (size_t i = 0; i < m->n_impairs; i++) {
        if (!message_to_impair(m->impairs[i], t))
            return malformed(wrong);
    }
    if (m->tcp != NULL) {
        if (m->tcp->send_buffer > BUFFER_MAX ||
            m->tcp->receive_buffer > BUFFER_MAX ||
            m->tcp->congestion_control != CONF_CC_RENO)
            return malformed(wrong);
        t->tcp.send_buffer = m->tcp->send_buffer;
        t->tcp.receive_buffer = m->tcp->receive_buffer;
    }
    return configure_net(&t->net, m, wrong);
}

/* ---- ping ---- */

static bool
ping(struct conf_tables *t, const Skink__Control__Ping *m, uint64_t serial,
     struct wrong *wrong)
{
    struct conf_ping p = {.serial = serial,
                          .size = m->size,
                          .id = (uint16_t)m->id,
                          .seq = (uint16_t)m->seq};

    if (!message_to_addr(&m->dst, &p.dst) || m->size > PING_MAX ||
        m->id > UINT16_MAX || m->seq > UINT16_MAX)
        return malformed(wrong);
    t->ping[serial % CONF_PINGS] = p;
    return true;
}

/* ---- all of them ---- */

static bool
apply(struct conf_tables *t, const Skink__Control__Request *request,
      uint64_t serial, struct wrong *wrong)
{
    switch (request->command_case) {
    case SKINK__CONTROL__REQUEST__COMMAND_CONFIGURE:
        return configure(t, request->configure, wrong);
    case SKINK__CONTROL__REQUEST__COMMAND_ADDRESS:
        return change_address(t, request->address, wrong);
    case SKINK__CONTROL__REQUEST__COMMAND_ROUTE:
        return change_route(t, request->route, wrong);
    case SKINK__CONTROL__REQUEST__COMMAND_IMPAIR:
        return message_to_impair(request->impair, t) || malformed(wrong);
    case SKINK__CONTROL__REQUEST__COMMAND_PING:
        return ping(t, request->ping, serial, wrong);
    case SKINK__CONTROL__REQUEST__COMMAND_LOOK:
    case SKINK__CONTROL__REQUEST__COMMAND_DOWN:
    case SKINK__CONTROL__REQUEST__COMMAND_RESTART:
    case SKINK__CONTROL__REQUEST__COMMAND_NAMESPACES:
    case SKINK__CONTROL__REQUEST__COMMAND__NOT_SET:
    case _SKINK__CONTROL__REQUEST__COMMAND__CASE_IS_INT_SIZE:
        break;
    }
    return malformed(wrong);
}

bool
change_apply(struct conf_tables *tables, const Skink__Control__Request *request,
             uint64_t serial, struct wrong *wrong)
{
    struct conf_tables copy = *tables;

    if (!apply(&copy, request, serial, wrong))
        return false;
    *tables = copy;
    return true;
}
