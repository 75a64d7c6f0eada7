/* SPDX-License-Identifier: MIT */
/* Says what a packet is, as far as its headers were captured. */
#include "ctl/dissect.h"

#include "base/bits.h"
#include "ctl/line.h"
#include "proto/wire/arp.h"
#include "proto/wire/ether.h"
#include "proto/wire/icmp.h"
#include "proto/wire/ipv4.h"
#include "proto/wire/tcp.h"

/* ---- TCP ---- */

static void
add_flags(struct line *l, uint8_t flags)
{
    static const struct {
        uint8_t flag;
        char letter;
    } letters[] = {
        {TCP_SYN, 'S'}, {TCP_FIN, 'F'}, {TCP_RST, 'R'}, {TCP_PSH, 'P'},
        {TCP_ACK, '.'}, {TCP_URG, 'U'}, {TCP_ECE, 'E'}, {TCP_CWR, 'W'},
    };

    line_add(l, ": Flags [");
    for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
        if (flags & letters[i].flag)
            line_add(l, "%c", letters[i].letter);
    }
    line_add(l, "]");
}

static void
add_options(struct line *l, const struct tcp_options *o)
{
    if (o->has_mss)
        line_add(l, ", mss %u", o->mss);
    if (o->has_wscale)
        line_add(l, ", wscale %u", o->wscale);
    if (o->sack_permitted)
        line_add(l, ", sackOK");
    for (uint8_t i = 0; i < o->sack_count; i++)
        line_add(l, ", sack %u:%u", o->sack[i].left, o->sack[i].right);
}

static void
add_tcp(struct line *l, const struct ipv4 *ip, const uint8_t *bytes,
        uint32_t captured, uint32_t len)
{
    char from[ADDR_TEXT], to[ADDR_TEXT];
    struct tcp_header h;

    if (tcp_decode(bytes, captured, &h) != DROP_NONE) {
        line_add(l, "IP %s > %s: TCP, cut off or broken, length %u",
                 addr_format(from, ip->src), addr_format(to, ip->dst), len);
        return;
    }
    line_add(l, "IP %s.%u > %s.%u", addr_format(from, ip->src), h.src_port,
             addr_format(to, ip->dst), h.dst_port);
    add_flags(l, h.flags);
    line_add(l, ", seq %u", h.seq);
    if (h.flags & TCP_ACK)
        line_add(l, ", ack %u", h.ack);
    line_add(l, ", win %u", h.window);
    add_options(l, &h.opt);
    line_add(l, ", length %u", len < h.header_len ? 0 : len - h.header_len);
}

/* ---- ICMP, ARP ---- */

static const char *
icmp_name(uint8_t type, uint8_t code)
{
    static const char *const unreachable[] = {
        "net unreachable", "host unreachable", "protocol unreachable",
        "port unreachable", "fragmentation needed"};

    switch (type) {
    case ICMP_ECHO_REPLY:
        return "echo reply";
    case ICMP_ECHO_REQUEST:
        return "echo request";
    case ICMP_DEST_UNREACHABLE:
        return code < ARRAY_LEN(unreachable) ? unreachable[code]
                                             : "unreachable";
    case ICMP_TIME_EXCEEDED:
        return code == ICMP_TTL_EXCEEDED ? "time exceeded in transit"
                                         : "reassembly time exceeded";
    case ICMP_PARAMETER_PROBLEM:
        return "parameter problem";
    default:
        return "of another type";
    }
}

static void
add_icmp(struct line *l, const struct ipv4 *ip, const uint8_t *bytes,
         uint32_t captured, uint32_t len)
{
    char from[ADDR_TEXT], to[ADDR_TEXT];

    line_add(l, "IP %s > %s: ICMP", addr_format(from, ip->src),
             addr_format(to, ip->dst));
    if (captured < ICMP_HEADER_LEN) {
        line_add(l, ", length %u", len);
        return;
    }
    line_add(l, " %s", icmp_name(bytes[0], bytes[1]));
    if (bytes[0] == ICMP_ECHO_REQUEST || bytes[0] == ICMP_ECHO_REPLY)
        line_add(l, ", id %u, seq %u", be16_load(bytes + 4),
                 be16_load(bytes + 6));
    if (bytes[0] == ICMP_DEST_UNREACHABLE && bytes[1] == ICMP_FRAG_NEEDED)
        line_add(l, ", mtu %u", be16_load(bytes + 6));
    line_add(l, ", length %u", len);
}

static void
add_arp(struct line *l, const uint8_t *bytes, uint32_t captured)
{
    char sender[ADDR_TEXT], target[ADDR_TEXT], mac[MAC_TEXT];
    struct arp a;

    if (arp_decode(bytes, captured, &a) != DROP_NONE) {
        line_add(l, "ARP, cut off or broken");
        return;
    }
    addr_format(sender, a.sender);
    if (a.op == ARP_REQUEST)
        line_add(l, "ARP, Request who-has %s tell %s",
                 addr_format(target, a.target), sender);
    else
        line_add(l, "ARP, Reply %s is-at %s", sender,
                 mac_format(mac, a.sender_mac));
}

/* ---- IPv4, Ethernet ---- */

static void
add_ipv4(struct line *l, const uint8_t *bytes, uint32_t captured, uint32_t len)
{
    char from[ADDR_TEXT], to[ADDR_TEXT];
    struct ipv4 ip;
    uint32_t inside;

    if (ipv4_decode(bytes, captured, len, &ip) != DROP_NONE ||
        captured < ip.header_len) {
        line_add(l, "IP, cut off or broken, length %u", len);
        return;
    }
    inside = (uint32_t)ip.total_len - ip.header_len;
    bytes += ip.header_len;
    captured -= ip.header_len;
    if (captured > inside)
        captured = inside;
    if (ip.frag_offset != 0)
        line_add(l, "IP %s > %s: fragment of id %u at %u, length %u",
                 addr_format(from, ip.src), addr_format(to, ip.dst), ip.id,
                 ip.frag_offset, inside);
    else if (ip.proto == IP_PROTO_TCP)
        add_tcp(l, &ip, bytes, captured, inside);
    else if (ip.proto == IP_PROTO_ICMP)
        add_icmp(l, &ip, bytes, captured, inside);
    else
        line_add(l, "IP %s > %s: protocol %u, length %u",
                 addr_format(from, ip.src), addr_format(to, ip.dst), ip.proto,
                 inside);
    if (ip.more)
        line_add(l, ", more fragments follow");
}

const char *
dissect(char out[DISSECT_TEXT], const uint8_t *bytes, uint32_t captured,
        uint32_t len, bool ethernet)
{
    struct line l = line_begin(out, DISSECT_TEXT);
    struct ether e = {.type = ETHER_IPV4};

    if (ethernet) {
        if (ether_decode(bytes, captured, &e) != DROP_NONE) {
            line_add(&l, "a frame of %u bytes, cut off", len);
            return out;
        }
        bytes += ETHER_LEN;
        captured -= ETHER_LEN;
        len -= ETHER_LEN;
    }
    if (e.type == ETHER_ARP)
        add_arp(&l, bytes, captured);
    else if (e.type == ETHER_IPV4)
        add_ipv4(&l, bytes, captured, len);
    else
        line_add(&l, "a frame of type 0x%04x, length %u", e.type, len);
    return out;
}
