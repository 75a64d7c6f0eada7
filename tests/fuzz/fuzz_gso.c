/* SPDX-License-Identifier: MIT */
/* Cutting and joining of segments, virtio-net headers, and a pair's datagrams.
 * Any frame of any descriptor is refused or cut into frames that a wire takes,
 * which have all of its payload once; segments that were joined and are cut
 * again are the ones that came; what a device or a peer says of a frame fits
 * it. The first byte picks which. */
#include "tests/fuzz/fuzz.h"

#include "base/bits.h"
#include "linkd/driver_pair.h"
#include "linkd/gro.h"
#include "linkd/gso.h"
#include "linkd/vnet.h"
#include "tests/linkd/segment.h"

#include <sys/socket.h>

#define FRAMES    8
#define FRAME_MAX 1514

/* ---- any frame ---- */

/* An IPv4 frame with TCP, of which the input then changes what it likes. */
static uint32_t
some_frame(struct fuzz *f, uint8_t *frame)
{
    struct segment s = segment_of(fuzz_u32(f), fuzz_u16(f) % 8000);
    uint32_t len;

    s.flags = fuzz_u8(f);
    s.tsval = fuzz_below(f, 2);
    len = segment_encode(&s, frame);
    for (uint32_t n = fuzz_below(f, 16); n > 0; n--)
        frame[fuzz_u8(f) % min_u32(len, 80)] = fuzz_u8(f);
    return fuzz_below(f, 4) ? len : fuzz_u16(f) % (len + 1);
}

static void
fuzz_cut(struct fuzz *f)
{
    static uint8_t made[8192];
    uint32_t len = some_frame(f, made), header = 0, pieces = 0, payload = 0;
    struct frame frame = {.flags = fuzz_u8(f) & 7, .gso_size = fuzz_u16(f)};
    uint8_t *head, *text;
    struct gso g;
    struct frame out;

    if (len == 0)
        return;
    header = fuzz_u8(f) % (min_u32(len, PACKET_HEADER) + 1);
    head = fuzz_exact(made, header);
    text = fuzz_exact(made + header, len - header);
    frame.header = head;
    frame.header_len = header;
    frame.payload = text;
    frame.len = len - header;
    frame.csum_start = fuzz_u16(f) % (len + 1);
    frame.csum_offset = fuzz_u16(f) % (len + 1);
    if (frame.gso_size == 0 ||
        frame.csum_start + (uint32_t)frame.csum_offset + 2 > len)
        frame.flags &= PACKET_CSUM_VOUCHED;
    if (gso_start(&g, &frame)) {
        while (gso_next(&g, &out)) {
            volatile uint8_t byte = 0;

            CHECK(out.flags == 0 && frame_size(&out) <= len);
            for (uint32_t i = 0; i < out.header_len; i++)
                byte = out.header[i];
            for (uint32_t i = 0; i < out.len; i++)
                byte = out.payload[i];
            (void)byte;
            payload += out.len;
            CHECK(++pieces <= len);
        }
        CHECK(payload <= len);
    }
    free(head);
    free(text);
}

/* ---- segments that come ---- */

struct joined {
    struct gro g;
    struct packet p;
    uint8_t *bytes;
    uint32_t from, to; /* which frames it holds */
};

static uint8_t frames[FRAMES][FRAME_MAX];
static uint32_t lens[FRAMES];

/* Cut again, it is what it was joined from. */
static void
check_joined(struct joined *j)
{
    struct frame whole, out;
    struct gso cut;
    uint8_t gathered[FRAME_MAX];
    uint32_t i = j->from;

    gro_finish(&j->g, &j->p);
    CHECK(j->g.len <= PACKET_MAX);
    whole = frame_received(&j->p, j->bytes, j->g.len);
    CHECK(gso_start(&cut, &whole));
    for (; gso_next(&cut, &out); i++) {
        CHECK(i < j->to && frame_size(&out) <= FRAME_MAX);
        memcpy(gathered, out.header, out.header_len);
        if (out.len > 0)
            memcpy(gathered + out.header_len, out.payload, out.len);
        if (j->to - j->from == 1)
            continue; /* passed on as it came, padding and all */
        /* But for the acknowledgements, which move on, the identification and
         * the sums over both. */
        CHECK(frame_size(&out) <= lens[i]);
        CHECK(memcmp(gathered + SEGMENT_TCP + TCP_SEQ,
                     frames[i] + SEGMENT_TCP + TCP_SEQ, 4) == 0);
        CHECK(memcmp(gathered + j->g.at.payload, frames[i] + j->g.at.payload,
                     frame_size(&out) - j->g.at.payload) == 0);
    }
    CHECK(i == j->to);
}

static void
make_frames(struct fuzz *f)
{
    uint32_t seq = fuzz_u32(f);
    uint32_t size = 1 + fuzz_u16(f) % 1448;

    for (uint32_t i = 0; i < FRAMES; i++) {
        struct segment s = segment_of(seq, size);
        uint8_t odd = fuzz_u8(f);

        s.len = odd & 1 ? fuzz_u16(f) % 1448 : size;
        s.flags = odd & 2 ? fuzz_u8(f) : TCP_ACK;
        s.ack += odd & 4 ? fuzz_u8(f) : 0;
        s.tsval = odd & 8 ? fuzz_below(f, 3) : 99;
        s.id = (uint16_t)(300 + i + (odd & 16 ? fuzz_u8(f) : 0));
        s.tos = odd & 32 ? fuzz_u8(f) : 0;
        seq += s.len;
        lens[i] = segment_encode(&s, frames[i]);
        if (odd & 64)
            frames[i][fuzz_u8(f) % min_u32(lens[i], 120)] ^= fuzz_u8(f);
        if (odd & 128)
            lens[i] = fuzz_u16(f) % (lens[i] + 1);
    }
}

static void
fuzz_join(struct fuzz *f)
{
    struct joined j = {.bytes = malloc(PACKET_MAX)};
    struct packet one = {.flags = 0};

    CHECK(j.bytes != NULL);
    make_frames(f);
    for (uint32_t i = 0; i < FRAMES;) {
        bool grows;

        j.p = (struct packet){.flags = 0};
        j.from = i;
        memcpy(j.bytes, frames[i], lens[i]);
        grows = lens[i] > 0 && gro_start(&j.g, j.bytes, lens[i], &j.p);
        for (i++; grows && i < FRAMES; i++) {
            uint8_t *next = fuzz_exact(frames[i], lens[i]);
            bool added = gro_add(&j.g, next, lens[i], &one);

            free(next);
            if (!added)
                break;
        }
        j.to = i;
        if (grows)
            check_joined(&j);
    }
    free(j.bytes);
}

/* ---- virtio-net headers ---- */

static void
check_metadata(const struct packet *p, uint32_t len)
{
    CHECK((p->flags & ~7) == 0);
    CHECK(!(p->flags & PACKET_GSO_TCPV4) || p->gso_size > 0);
    CHECK(!(p->flags & PACKET_CSUM_PARTIAL) ||
          (uint32_t)p->csum_start + p->csum_offset + 2 <= len);
}

static void
fuzz_header(struct fuzz *f)
{
    struct virtio_net_hdr v;
    struct packet p = {.flags = 0};
    uint32_t len = fuzz_u16(f);

    fuzz_bytes(f, &v, sizeof v);
    if (vnet_decode(&v, len, &p))
        check_metadata(&p, len);
}

/* What somebody on the other end of a pair sends. */
static void
fuzz_datagram(struct fuzz *f)
{
    static int pair[2] = {-1, -1};
    static const struct sockaddr_un nobody = {.sun_family = AF_UNIX};
    uint32_t size = 64 + fuzz_u8(f), len = 0;
    uint8_t *room = malloc(size);
    struct packet p = {.flags = 0};
    enum drop why = DROP_NONE;
    struct driver d;

    if (pair[0] < 0)
        CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) == 0);
    CHECK(room != NULL);
    d = driver_pair(pair[0], &nobody);
    CHECK(send(pair[1], f->at, f->left, 0) == (ssize_t)f->left);
    if (d.read(&d, room, size, &p, &len, &why) == DRIVER_DONE) {
        CHECK(len >= ETHERNET_HEADER && len <= size);
        check_metadata(&p, len);
    }
    CHECK(d.read(&d, room, size, &p, &len, &why) == DRIVER_NOTHING);
    free(room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct fuzz *) = {
        fuzz_cut, fuzz_join, fuzz_header, fuzz_datagram};
    struct fuzz f = {data, size};

    targets[fuzz_below(&f, sizeof targets / sizeof targets[0])](&f);
    return 0;
}
