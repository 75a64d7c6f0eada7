/* SPDX-License-Identifier: MIT */
/* libpcap compiles the filter twice: for frames, and for packets without Ethernet
 * header. */
#include "ctl/capture_filter.h"

#include "base/os/log.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 1024

static struct {
    bool given;
    bool raw_matches; /* can a packet without Ethernet header pass at all? */
    struct bpf_program frames, raw;
} filter;

static pcap_t *
open_dead(int link_type)
{
    pcap_t *p = pcap_open_dead(link_type, CAPTURE_MAX);

    if (p == NULL)
        die(EXIT_FAILED, "no memory for a filter");
    return p;
}

static bool
compile(pcap_t *p, struct bpf_program *program, const char *text)
{
    return pcap_compile(p, program, text, 1, PCAP_NETMASK_UNKNOWN) == 0;
}

static void
join_words(char text[TEXT_MAX], const char *const *words, int n)
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < n && words[i] != NULL; i++) {
        used += (size_t)snprintf(text + used, TEXT_MAX - used, "%s%s",
                                 i > 0 ? " " : "", words[i]);
        if (used >= TEXT_MAX)
            die(EXIT_USAGE, "the filter is longer than %d characters",
                TEXT_MAX - 1);
    }
}

/* A filter about Ethernet has no meaning for packets without it; what libpcap
 * then refuses matches none of those. */
void
capture_filter(const char *const *words, int n)
{
    pcap_t *frames = open_dead(DLT_EN10MB), *raw = open_dead(DLT_RAW);
    char text[TEXT_MAX];

    join_words(text, words, n);
    filter.given = text[0] != '\0';
    if (filter.given && !compile(frames, &filter.frames, text)) {
        log_line("'%s' is no filter: %s", text, pcap_geterr(frames));
        log_hint("filters are those of tcpdump, see pcap-filter(7): 'tcp port "
                 "80', 'host 10.7.0.1 and icmp'");
        exit(EXIT_USAGE);
    }
    filter.raw_matches = filter.given && compile(raw, &filter.raw, text);
    pcap_close(raw);
    pcap_close(frames);
}

bool
capture_passes(bool ethernet, const uint8_t *bytes, uint32_t captured,
               uint32_t len)
{
    const struct bpf_program *f = ethernet ? &filter.frames : &filter.raw;
    const struct pcap_pkthdr h = {.caplen = captured, .len = len};

    if (!filter.given)
        return true;
    return (ethernet || filter.raw_matches) &&
           pcap_offline_filter(f, &h, bytes) != 0;
}
