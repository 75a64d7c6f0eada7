/* SPDX-License-Identifier: MIT */
/* Checks what people ask for before anything is created. */
#define _GNU_SOURCE 1
#include "ctl/parse.h"

#include "base/os/args.h"
#include "base/os/log.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEW_CPUS 4

/* One line that says what is wrong, one that names the fix. */
static _Noreturn void __attribute__((format(printf, 2, 3)))
refuse(const char *hint, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_line("%s", text);
    log_hint("%s", hint);
    exit(EXIT_USAGE);
}

/* ---- addresses ---- */

static uint32_t
netmask(uint32_t prefix_len)
{
    return prefix_len == 0 ? 0 : ~0U << (32 - prefix_len);
}

static _Noreturn void
bad_address(const char *text)
{
    refuse("write it like 10.7.0.2/24",
           "'%s' is not an address with a prefix length", text);
}

/* Neither the network's own address nor its broadcast; both exist from /30 up. */
static bool
is_host(uint32_t a, uint32_t prefix_len)
{
    uint32_t host = a & ~netmask(prefix_len);

    return prefix_len > 30 || (host != 0 && host != ~netmask(prefix_len));
}

static void
take_address(struct conf_net *net, const char *text)
{
    const char *slash = strchr(text, '/');
    char number[16];
    uint32_t v4;

    if (slash == NULL || (size_t)(slash - text) >= sizeof number)
        bad_address(text);
    snprintf(number, sizeof number, "%.*s", (int)(slash - text), text);
    if (!addr_parse_v4(number, &net->address))
        bad_address(text);
    net->prefix_len = (uint32_t)args_number("prefix length", slash + 1, 1, 32);
    v4 = addr_to_v4(net->address);
    if (addr_is_group(net->address) || v4 >> 24 == 0 || v4 >> 24 == 127)
        refuse("choose one like 10.7.0.2/24", "%s cannot be a host's address",
               number);
    if (!is_host(v4, net->prefix_len))
        refuse("choose another address of that network",
               "%s is the network's own or its broadcast address", number);
}

static struct addr
default_gateway(const struct conf_net *net)
{
    uint32_t own = addr_to_v4(net->address);
    uint32_t first = (own & netmask(net->prefix_len)) + 1;

    if (net->prefix_len > 30)
        return addr_v4(own ^ 1);
    return addr_v4(first == own ? first + 1 : first);
}

static void
take_gateway(struct conf_net *net, const char *text)
{
    uint32_t own = addr_to_v4(net->address), gw;

    if (!addr_parse_v4(text, &net->gateway)) {
        refuse("write the gateway like 10.7.0.1, or --gw none",
               "'%s' is not an address", text);
    }
    gw = addr_to_v4(net->gateway);
    if (((gw ^ own) & netmask(net->prefix_len)) != 0) {
        char address[ADDR_TEXT];

        log_line("the gateway %s is not in the network of %s/%u", text,
                 addr_format(address, net->address), net->prefix_len);
        log_hint("choose both with --addr and --gw");
        exit(EXIT_USAGE);
    }
    if (gw == own || !is_host(gw, net->prefix_len))
        refuse("choose the kernel's side of the link with --gw, or --gw none",
               "%s cannot be the gateway: it is ours, the network's own or "
               "its broadcast address",
               text);
}

void
parse_network(struct conf_net *net, const char *address, const char *gateway)
{
    take_address(net, address);
    if (gateway == NULL)
        net->gateway =
            net->prefix_len == 32 ? addr_any_v4() : default_gateway(net);
    else if (strcmp(gateway, "none") == 0)
        net->gateway = addr_any_v4();
    else
        take_gateway(net, gateway);
}

/* ---- link ---- */

/* "KIND" or "KIND:NAME"; NULL: it is another kind. */
static const char *
name_of_kind(const char *link, const char *kind, const char *name)
{
    size_t len = strlen(kind);

    if (strncmp(link, kind, len) != 0)
        return NULL;
    if (link[len] == ':')
        return link + len + 1;
    return link[len] == '\0' ? name : NULL;
}

void
parse_link(struct conf_net *net, const char *link)
{
    const char *name = name_of_kind(link, "tap", "tap0");

    net->link_kind = CONF_LINK_TAP;
    if (name == NULL) {
        name = name_of_kind(link, "veth", "veth0");
        net->link_kind = CONF_LINK_VETH;
    }
    if (name == NULL) {
        refuse("this version knows --link tap[:NAME] and --link veth[:NAME]",
               "unknown link '%s'", link);
    }
    /* The kernel's rule; '%' would make it choose a number itself. */
    if (name[0] == '\0' || strlen(name) > 15 || strpbrk(name, "/%: \t") != NULL)
        refuse("1 to 15 characters, none of them / % : or a space",
               "'%s' cannot be the name of an interface", name);
    snprintf(net->link_name, sizeof net->link_name, "%s", name);
}

/* ---- CPUs ---- */

static int
last_allowed(const cpu_set_t *allowed)
{
    for (int i = CPU_SETSIZE - 1; i >= 0; i--) {
        if (CPU_ISSET((size_t)i, allowed))
            return i;
    }
    return -1;
}

/* The next "N" or "N-M" of a list that ends with a NUL; returns what follows. */
static const char *
take_range(const char *list, uint64_t *from, uint64_t *to)
{
    char word[32], *dash;
    size_t len = strcspn(list, ",");

    snprintf(word, sizeof word, "%.*s", (int)(len < 31 ? len : 31), list);
    dash = strchr(word, '-');
    if (dash != NULL)
        *dash = '\0';
    *from = args_number("--cpus", word, 0, CPU_SETSIZE - 1);
    *to = dash == NULL ? *from
                       : args_number("--cpus", dash + 1, 0, CPU_SETSIZE - 1);
    if (*to < *from)
        refuse("write it like 0-1", "--cpus: %s comes after %s", word,
               dash + 1);
    return list[len] == ',' ? list + len + 1 : NULL;
}

/* The first DAEMONS of the list into `cpu`; returns how many. */
static size_t
take_list(int cpu[DAEMONS], const char *list, const cpu_set_t *allowed)
{
    size_t count = 0;

    while (list != NULL) {
        uint64_t from, to;

        list = take_range(list, &from, &to);
        for (uint64_t n = from; n <= to; n++) {
            if (!CPU_ISSET((size_t)n, allowed))
                refuse("see nproc and taskset -p $$, or --cpus none",
                       "--cpus: CPU %d is not there or not allowed", (int)n);
            if (count < DAEMONS)
                cpu[count++] = (int)n;
        }
    }
    return count;
}

void
parse_cpus(int cpu[DAEMONS], const char *list)
{
    cpu_set_t allowed;
    size_t count = 1;

    cpu[0] = -1;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof allowed, &allowed);
    if (list == NULL && CPU_COUNT(&allowed) <= FEW_CPUS)
        cpu[0] = last_allowed(&allowed);
    else if (list != NULL && strcmp(list, "none") != 0)
        count = take_list(cpu, list, &allowed);
    for (size_t i = count; i < DAEMONS; i++)
        cpu[i] = cpu[i - count];
}
