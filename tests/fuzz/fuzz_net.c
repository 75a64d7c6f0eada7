/* SPDX-License-Identifier: MIT */
/* The network as it comes out of shared memory. net_check() reads any bytes;
 * of a network that it lets pass every question has an answer within its
 * tables, and sorting it again changes nothing. The input changes a sound
 * one, place by place. */
#include "tests/fuzz/fuzz.h"

#include "proto/wire/net.h"

static struct net
fuzz_sound_net(void)
{
    struct net net = {
        .links = 2,
        .addresses = 2,
        .routes = 2,
        .link[0] = {.name = "a", .mac = {{2}}, .mtu = 1500},
        .link[1] = {.name = "b", .mac = {{2, 1}}, .mtu = 1400},
        .address[0] = {.addr = addr_v4(0x0a070002), .prefix_len = 24},
        .address[1] = {.addr = addr_v4(0x0a080002),
                       .prefix_len = 24,
                       .link = 1},
        .route[0] = {.dst = addr_v4(0xc6336400),
                     .prefix_len = 24,
                     .link = 1,
                     .gateway = addr_v4(0x0a080001),
                     .source = addr_any_v4()},
        .route[1] = {.dst = addr_any_v4(),
                     .gateway = addr_v4(0x0a070001),
                     .source = addr_any_v4()},
    };

    return net;
}

static void
fuzz_ask(const struct net *net, struct addr a)
{
    struct net_path path;

    for (uint32_t link = 0; link < net->links; link++) {
        (void)net_is_neighbour(net, link, a);
        (void)net_first(net, link);
    }
    switch (net_path(net, a, &path)) {
    case NET_NONE:
        return;
    case NET_SELF:
        CHECK(net_own(net, a) != NULL && path.link < net->links);
        return;
    case NET_LINK:
        CHECK(path.link < net->links && path.mtu > 0 &&
              path.mtu <= net->link[path.link].mtu);
        CHECK(path.route >= -1 && path.route < (int32_t)net->routes);
        CHECK(net_is_host(net, a) && net_own(net, a) == NULL);
        CHECK(net_is_neighbour(net, path.link, path.next_hop));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {data, size};
    struct net net = fuzz_sound_net(), sorted;
    struct addr a;
    uint32_t changes = fuzz_below(&f, 32);

    CHECK(net_check(&net) == NULL);
    for (uint32_t i = 0; i < changes; i++) {
        size_t at = fuzz_u16(&f) % sizeof net;
        size_t len = fuzz_below(&f, 8);

        len = len < sizeof net - at ? len : sizeof net - at;
        fuzz_bytes(&f, (uint8_t *)&net + at, len);
    }
    if (net_check(&net) != NULL)
        return 0;
    sorted = net;
    net_sort(&sorted);
    CHECK(net_check(&sorted) == NULL);
    for (uint32_t i = 0; i < net.addresses; i++)
        fuzz_ask(&net, net.address[i].addr);
    for (uint32_t i = 0; i < net.routes; i++)
        fuzz_ask(&net, net.route[i].gateway);
    while (f.left > 0) {
        uint8_t kind = fuzz_u8(&f);

        a = addr_v4(kind < 128 ? fuzz_u32(&f) : 0x0a070000u + fuzz_u16(&f));
        if (kind == 255)
            fuzz_bytes(&f, &a, sizeof a);
        fuzz_ask(&net, a);
    }
    return 0;
}
