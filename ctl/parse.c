/* SPDX-License-Identifier: MIT */
/* Checks what people ask for before anything is created. */
#define _GNU_SOURCE 1
#include "ctl/parse.h"

#include "base/bits.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
wrong_say(struct wrong *wrong, const char *hint, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(wrong->text, sizeof wrong->text, fmt, ap);
    va_end(ap);
    snprintf(wrong->hint, sizeof wrong->hint, "%s", hint);
    return false;
}

void
wrong_die(const struct wrong *wrong, enum exit_status status)
{
    log_line("%s", wrong->text);
    log_hint("%s", wrong->hint);
    exit((int)status);
}

/* ---- numbers ---- */

bool
parse_switch(const char *text, uint32_t *on, struct wrong *wrong)
{
    bool yes = strcmp(text, "on") == 0 || strcmp(text, "yes") == 0;

    if (!yes && strcmp(text, "off") != 0 && strcmp(text, "no") != 0)
        return wrong_say(wrong, "write on or off", "'%.40s' is not a switch",
                         text);
    *on = yes;
    return true;
}

/* Digits up to something else; returns that, or NULL when there is no number. */
static const char *
take_digits(const char *text, uint64_t *out)
{
    const char *c = text;
    uint64_t v = 0;

    for (; *c >= '0' && *c <= '9'; c++) {
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*c - '0'), &v))
            return NULL;
    }
    *out = v;
    return c == text ? NULL : c;
}

bool
parse_number(const char *what, const char *text, uint64_t lo, uint64_t hi,
             uint64_t *out, struct wrong *wrong)
{
    uint64_t v;
    const char *end = take_digits(text, &v);

    if (end != NULL && *end == '\0' && v >= lo && v <= hi) {
        *out = v;
        return true;
    }
    return wrong_say(wrong, "write it in digits alone",
                     "%s%s'%.40s' is not a number from %" PRIu64 " to %" PRIu64,
                     what, what[0] != '\0' ? ": " : "", text, lo, hi);
}

bool
parse_size(const char *text, uint32_t lo, uint32_t hi, uint32_t *bytes,
           struct wrong *wrong)
{
    uint64_t v = 0;
    const char *end = take_digits(text, &v);
    unsigned shift = 0;

    if (end != NULL && *end != '\0' && end[1] == '\0')
        shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 0;
    if (end == NULL || (*end != '\0' && shift == 0) || v > hi ||
        v << shift < lo || v << shift > hi)
        return wrong_say(wrong, "write bytes, like 65536, 64K or 4M",
                         "'%.40s' is not a size from %u to %u bytes", text, lo,
                         hi);
    *bytes = (uint32_t)(v << shift);
    return true;
}

/* ---- addresses ---- */

static uint32_t
netmask(uint32_t prefix_len)
{
    return prefix_len == 0 ? 0 : ~0U << (32 - prefix_len);
}

/* "A/L" into both; without "/L" a length of `without`, if that is at most 32. */
static bool
split_prefix(const char *text, uint32_t without, struct addr *addr,
             uint32_t *prefix_len)
{
    size_t len = strcspn(text, "/");
    uint64_t bits = without;
    char number[16];
    const char *end = "";

    if (len >= sizeof number)
        return false;
    snprintf(number, sizeof number, "%.*s", (int)len, text);
    if (text[len] == '/')
        end = take_digits(text + len + 1, &bits);
    if (end == NULL || *end != '\0' || bits > 32 ||
        !addr_parse_v4(number, addr))
        return false;
    *prefix_len = (uint32_t)bits;
    return true;
}

bool
parse_address(const char *text, struct net_address *out, struct wrong *wrong)
{
    struct net_address a = *out;
    uint32_t v4, host;

    if (!split_prefix(text, 33, &a.addr, &a.prefix_len) || a.prefix_len == 0)
        return wrong_say(wrong, "write it like 10.7.0.2/24",
                         "'%.40s' is not an address with a prefix length",
                         text);
    v4 = addr_to_v4(a.addr);
    if (v4 >> 28 >= 0xe || v4 >> 24 == 0 || v4 >> 24 == 127)
        return wrong_say(wrong, "choose one like 10.7.0.2/24",
                         "%.40s cannot be a host's address", text);
    host = v4 & ~netmask(a.prefix_len);
    if (a.prefix_len <= 30 && (host == 0 || host == ~netmask(a.prefix_len)))
        return wrong_say(wrong, "choose another address of that network",
                         "%.40s is the network's own or its broadcast address",
                         text);
    *out = a;
    return true;
}

bool
parse_network(const char *text, struct addr *dst, uint32_t *prefix_len,
              struct wrong *wrong)
{
    struct addr a;
    uint32_t bits;

    if (strcmp(text, "default") == 0) {
        *dst = addr_any_v4();
        *prefix_len = 0;
        return true;
    }
    if (!split_prefix(text, 32, &a, &bits))
        return wrong_say(wrong, "write it like 10.0.0.0/8, or default",
                         "'%.40s' is not a network", text);
    if ((addr_to_v4(a) & ~netmask(bits)) != 0) {
        char fixed[ADDR_TEXT], hint[80];

        addr_format(fixed, addr_v4(addr_to_v4(a) & netmask(bits)));
        snprintf(hint, sizeof hint, "did you mean %s/%u?", fixed, bits);
        return wrong_say(wrong, hint, "%.40s has bits set behind its prefix",
                         text);
    }
    *dst = a;
    *prefix_len = bits;
    return true;
}

/* ---- links ---- */

static const struct kind {
    const char *name;
    bool is_path; /* what follows is no interface's name */
    bool needs_device;
} kinds[] = {
    [NET_TAP] = {"tap", false, false},
    [NET_VETH] = {"veth", false, false},
    [NET_PACKET] = {"packet", false, true},
    [NET_PAIR] = {"pair", true, true},
};

const char *
parse_kind_text(uint32_t kind)
{
    return kind < ARRAY_LEN(kinds) ? kinds[kind].name : "unknown";
}

/* The kernel's rule; '%' would make it choose a number itself. */
bool
parse_name(const char *text, char out[NET_NAME], struct wrong *wrong)
{
    size_t len = strlen(text);

    if (len == 0 || len >= NET_NAME || strpbrk(text, "/%: \t[]#") != NULL)
        return wrong_say(wrong,
                         "1 to 15 characters, none of them / % : # [ ] or a "
                         "space",
                         "'%.40s' cannot be the name of an interface", text);
    memset(out, 0, NET_NAME);
    snprintf(out, NET_NAME, "%s", text);
    return true;
}

static bool
take_path(const char *path, char device[DEVICE_NAME], struct wrong *wrong)
{
    /* ".0", ".1" and the final NUL come behind it. */
    if (path[0] != '/' || strlen(path) > DEVICE_NAME - 3)
        return wrong_say(wrong, "write it like pair:/tmp/lab",
                         "'%.60s' is not an absolute path of up to %d letters",
                         path, DEVICE_NAME - 3);
    snprintf(device, DEVICE_NAME, "%s", path);
    return true;
}

bool
parse_link(const char *text, enum net_link_kind *kind, char device[DEVICE_NAME],
           struct wrong *wrong)
{
    size_t len = strcspn(text, ":"), i = 0;
    char name[NET_NAME] = "";

    while (i < ARRAY_LEN(kinds) && (strlen(kinds[i].name) != len ||
                                    strncmp(kinds[i].name, text, len) != 0))
        i++;
    if (i == ARRAY_LEN(kinds))
        return wrong_say(wrong,
                         "there are tap[:NAME], veth[:NAME], packet:IF and "
                         "pair:PATH",
                         "unknown link '%.40s'", text);
    if (text[len] == '\0' && kinds[i].needs_device)
        return wrong_say(wrong, "write packet:eth1, or pair:/tmp/lab",
                         "which one? '%s' alone does not say", text);
    *kind = (enum net_link_kind)i;
    if (kinds[i].is_path)
        return take_path(text + len + 1, device, wrong);
    if (text[len] == ':' && !parse_name(text + len + 1, name, wrong))
        return false;
    snprintf(device, DEVICE_NAME, "%s", name);
    return true;
}
