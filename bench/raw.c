/* SPDX-License-Identifier: MIT */
/* raw: the upper bound of any stack on a TAP. It answers the kernel's TCP with
 * the least that keeps it talking: no timers, no retransmission, no loss, one
 * stream at a time, one copy between device and application, 64 KiB a frame.
 *
 * On PORT it is the server of `flow`, on PORT + 1 that of `probe`: an echo that
 * remembers nothing, since each segment says all that its answer needs. The
 * kernel's side of the device is the caller's to configure, with our MAC
 * address as a permanent neighbour. For measurements alone. */
#define _GNU_SOURCE 1
#include "base/bits.h"
#include "base/os/args.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "bench/sockets.h"
#include "proto/wire/ether.h"
#include "proto/wire/ipv4.h"
#include "proto/wire/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#define NOTE      64 /* bytes of flow's request and report */
#define MSS       1460
#define TEXT      (44 * MSS)   /* bytes a frame */
#define IN_FLIGHT (512 * 1024) /* what stays in the cache */
#define WSCALE    7
#define ISS       1000

struct frame {
    struct virtio_net_hdr_mrg_rxbuf vnet;
    uint8_t bytes[65536 + ETHER_LEN];
} __attribute__((aligned(64)));

/* The one stream. */
struct stream {
    uint16_t peer_port;
    uint32_t rcv_nxt, snd_una, snd_nxt, snd_wnd;
    uint8_t snd_wscale;
    char note[NOTE + 1];
    uint64_t received;
    bool pours; /* it is ours to send, until: */
    bool closed;
    instant_t end;
};

static int tap;
static struct sockaddr_in endpoint;
static struct ether ether;       /* of what we send */
static struct addr ours, theirs; /* theirs: who spoke last */
static struct frame in, out;
static uint8_t application[1 << 17];
static struct stream stream;

/* ---- out ---- */

static void
emit(struct tcp_header *h, const void *text, uint32_t len)
{
    struct ipv4 ip = {
        .src = ours,
        .dst = theirs,
        .ttl = 64,
        .proto = IP_PROTO_TCP,
        .dont_fragment = true,
    };
    uint32_t header;

    ether_encode(out.bytes, &ether);
    header = (uint32_t)tcp_encode(out.bytes + ETHER_LEN + IPV4_HEADER_LEN, h);
    ip.total_len = (uint16_t)(IPV4_HEADER_LEN + header + len);
    ipv4_encode(out.bytes + ETHER_LEN, &ip);
    tcp_checksum_partial(out.bytes + ETHER_LEN + IPV4_HEADER_LEN, ours, theirs,
                         header + len);
    if (len > 0)
        memcpy(out.bytes + ETHER_LEN + IPV4_HEADER_LEN + header, text, len);
    out.vnet.hdr = (struct virtio_net_hdr){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .csum_start = ETHER_LEN + IPV4_HEADER_LEN,
        .csum_offset = TCP_CHECKSUM_OFFSET,
        .hdr_len = (uint16_t)(ETHER_LEN + IPV4_HEADER_LEN + header),
        .gso_type = len > MSS ? VIRTIO_NET_HDR_GSO_TCPV4 : 0,
        .gso_size = len > MSS ? MSS : 0,
    };
    if (write(tap, &out, sizeof out.vnet + ETHER_LEN + ip.total_len) < 0)
        die(EXIT_FAILED, "write: %s", strerror(errno));
}

static struct tcp_header
header_to(uint16_t own_port, uint16_t peer_port, uint32_t seq, uint32_t ack,
          uint8_t flags)
{
    return (struct tcp_header){
        .src_port = own_port,
        .dst_port = peer_port,
        .seq = seq,
        .ack = ack,
        .flags = flags,
        .window = (uint16_t)((1 << 20) >> WSCALE),
    };
}

static void
answer_syn(const struct tcp_header *h)
{
    struct tcp_header r =
        header_to(h->dst_port, h->src_port, ISS, h->seq + 1, TCP_SYN | TCP_ACK);

    r.opt.has_mss = true;
    r.opt.mss = MSS;
    r.opt.has_wscale = h->opt.has_wscale;
    r.opt.wscale = WSCALE;
    emit(&r, NULL, 0);
}

static void
say(const void *text, uint32_t len, uint8_t flags)
{
    struct tcp_header h =
        header_to(ntohs(endpoint.sin_port), stream.peer_port, stream.snd_nxt,
                  stream.rcv_nxt, (uint8_t)(TCP_ACK | flags));

    emit(&h, text, len);
    stream.snd_nxt += len + ((flags & TCP_FIN) != 0);
}

/* ---- echo ---- */

static void
echo(const struct tcp_header *h, const uint8_t *text, uint32_t len)
{
    uint8_t fin = h->flags & TCP_FIN;
    struct tcp_header r =
        header_to(h->dst_port, h->src_port, h->ack, h->seq + len + (fin != 0),
                  (uint8_t)(TCP_ACK | fin));

    if (len > 0 || fin != 0)
        emit(&r, text, len);
}

/* ---- flow ---- */

static void
begin(const struct tcp_header *h)
{
    stream = (struct stream){
        .peer_port = h->src_port,
        .rcv_nxt = h->seq + 1,
        .snd_una = ISS + 1,
        .snd_nxt = ISS + 1,
        .snd_wnd = h->window,
        .snd_wscale = h->opt.has_wscale ? h->opt.wscale : 0,
    };
}

/* The one copy that an application would cost. */
static void
take_text(const uint8_t *text, uint32_t len)
{
    if (stream.received < NOTE)
        memcpy(stream.note + stream.received, text,
               min_u64(NOTE - stream.received, len));
    else
        memcpy(application, text, len);
    stream.received += len;
    stream.rcv_nxt += len;
}

static void
heed_note(void)
{
    char direction;
    int verify;
    uint64_t seed;
    int64_t ms;

    if (sscanf(stream.note, "flow %c %d %" SCNu64 " %" SCNd64, &direction,
               &verify, &seed, &ms) != 4)
        die(EXIT_FAILED, "this is no flow");
    stream.pours = direction == 'd';
    stream.end = instant_add(clock_now(), duration_ms(ms));
}

static void
finish(void)
{
    char report[NOTE] = "";

    stream.rcv_nxt++;
    if (stream.pours) {
        say(NULL, 0, 0);
        return;
    }
    snprintf(report, sizeof report, "%" PRIu64 " 0", stream.received - NOTE);
    say(report, NOTE, TCP_FIN);
}

static void
flow(const struct tcp_header *h, const uint8_t *text, uint32_t len)
{
    uint64_t before = stream.received;

    if (h->src_port != stream.peer_port)
        return;
    stream.snd_una = h->ack;
    stream.snd_wnd = (uint32_t)h->window << stream.snd_wscale;
    if (h->seq != stream.rcv_nxt) {
        if (len > 0 || h->flags & TCP_FIN)
            say(NULL, 0, 0);
        return;
    }
    take_text(text, len);
    if (before < NOTE && stream.received >= NOTE)
        heed_note();
    if (h->flags & TCP_FIN)
        finish();
    else if (len > 0)
        say(NULL, 0, 0);
}

/* True: something was sent. */
static bool
pour(void)
{
    uint32_t flight = stream.snd_nxt - stream.snd_una;

    if (!stream.pours || stream.closed)
        return false;
    if (!instant_before(clock_now(), stream.end)) {
        say(NULL, 0, TCP_FIN);
        stream.closed = true;
        return true;
    }
    if (flight + TEXT > min_u64(stream.snd_wnd, IN_FLIGHT))
        return false;
    say(application, TEXT, TCP_PSH);
    return true;
}

/* ---- in ---- */

static void
take(size_t len)
{
    const uint8_t *segment;
    struct ipv4 ip;
    struct tcp_header h;
    uint32_t segment_len;

    if (len < ETHER_LEN || in.bytes[12] != 8 || in.bytes[13] != 0 ||
        ipv4_decode(in.bytes + ETHER_LEN, len - ETHER_LEN, len - ETHER_LEN,
                    &ip) != DROP_NONE ||
        ip.proto != IP_PROTO_TCP || !addr_equal(ip.dst, ours))
        return;
    segment = in.bytes + ETHER_LEN + ip.header_len;
    segment_len = ip.total_len - ip.header_len;
    if (tcp_decode(segment, segment_len, &h) != DROP_NONE || h.flags & TCP_RST)
        return;
    theirs = ip.src;
    memcpy(ether.dst.b, in.bytes + 6, sizeof ether.dst.b);
    if (h.flags & TCP_SYN) {
        if (h.dst_port == ntohs(endpoint.sin_port))
            begin(&h);
        answer_syn(&h);
    } else if (h.dst_port == ntohs(endpoint.sin_port)) {
        flow(&h, segment + h.header_len, segment_len - h.header_len);
    } else {
        echo(&h, segment + h.header_len, segment_len - h.header_len);
    }
}

static _Noreturn void
loop(void)
{
    struct pollfd fd = {.fd = tap, .events = POLLIN};

    for (;;) {
        ssize_t n = read(tap, &in, sizeof in);

        if (n > (ssize_t)sizeof in.vnet)
            take((size_t)n - sizeof in.vnet);
        else if (n < 0 && errno != EAGAIN)
            die(EXIT_FAILED, "read: %s", strerror(errno));
        if (!pour() && n < 0)
            poll(&fd, 1, stream.pours && !stream.closed ? 1 : -1);
    }
}

static void
open_tap(const char *name)
{
    struct ifreq req = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    int header = sizeof(struct virtio_net_hdr_mrg_rxbuf);

    tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    snprintf(req.ifr_name, sizeof req.ifr_name, "%.15s", name);
    if (tap < 0 || ioctl(tap, TUNSETIFF, &req) < 0 ||
        ioctl(tap, TUNSETVNETHDRSZ, &header) < 0 ||
        ioctl(tap, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) < 0)
        die(EXIT_FAILED, "%s: %s", name, strerror(errno));
}

int
main(int argc, char **argv)
{
    static const struct mac own = {.b = {2, 0, 0, 0, 0, 2}};
    bool help = false;
    const struct arg args[] = {
        {.name = "help", .letter = 'h', .help = "this text", .flag = &help},
        {.name = NULL},
    };
    int at = args_parse(argc, argv, args);

    log_name("raw");
    if (help || argc - at != 3) {
        puts("usage: raw TAP ADDR PORT\n\n"
             "Speaks as ADDR, 02:00:00:00:00:02, on the TAP, which it makes; "
             "says 'ready'\nwhen it is there. flow's server on PORT, probe's "
             "on PORT + 1.");
        return help ? EXIT_OK : EXIT_USAGE;
    }
    endpoint = parse_endpoint(argv[at + 1], argv[at + 2]);
    ours = addr_v4(ntohl(endpoint.sin_addr.s_addr));
    ether.src = own;
    ether.type = ETHER_IPV4;
    open_tap(argv[at]);
    puts("ready");
    fflush(stdout);
    loop();
}
