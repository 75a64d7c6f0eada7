/* SPDX-License-Identifier: MIT */
/* What a seed decides of a run. */
#include "tests/sim/seed.h"

#include "base/bits.h"

#define LISTENERS 4

uint32_t
seed_between(struct rng *r, uint32_t least, uint32_t most)
{
    return least + (uint32_t)rng_below(r, most - least + 1);
}

bool
seed_one_in(struct rng *r, uint32_t n)
{
    return rng_below(r, n) == 0;
}

uint32_t
seed_size(struct rng *r, uint32_t most)
{
    uint32_t bound = most >> seed_between(r, 0, 12);

    return seed_between(r, 1, max_u32(bound, 1));
}

struct wire_weather
seed_weather(struct rng *r)
{
    bool fine = seed_one_in(r, 4);
    struct wire_weather w = {
        .loss = fine ? 0 : seed_between(r, 0, 80),
        .reorder = fine ? 0 : seed_between(r, 0, 100),
        .duplicate = fine ? 0 : seed_between(r, 0, 50),
        .damage = fine ? 0 : seed_between(r, 0, 20),
        .delay = duration_us(seed_size(r, 150000)),
        .jitter = duration_us(seed_size(r, 100000)),
        .ns_per_byte = seed_one_in(r, 2) ? 0 : seed_size(r, 1000),
        .gro = seed_one_in(r, 3),
        .path_mtu = seed_between(r, 560, 1500),
        .narrow_at = INSTANT_NEVER,
    };

    if (seed_one_in(r, 3))
        w.narrow_at =
            (instant_t){duration_ms(SEED_BEGIN + seed_size(r, 20000)).ns};

    w.queue = duration_ms(seed_between(r, 20, 300));
    return w;
}

struct tcp_config
seed_config(struct rng *r, uint32_t mtu)
{
    return (struct tcp_config){
        .tcbs = SEED_TCBS,
        .listeners = LISTENERS,
        .send_buffer = max_u32(seed_size(r, 1 << 20), 1000),
        .receive_buffer = max_u32(seed_size(r, 1 << 20), 1000),
        .gso_max = seed_one_in(r, 3) ? 0 : seed_between(r, mtu, 65000),
        .secret = {{rng_next(r), rng_next(r)}},
    };
}

struct host_plan
seed_plan(struct rng *r)
{
    return (struct host_plan){
        .manners = seed_one_in(r, 12)   ? HOST_VANISH
                   : seed_one_in(r, 12) ? HOST_ABORT
                   : seed_one_in(r, 3)  ? HOST_PATIENT
                                        : HOST_EAGER,
        .to_send = seed_one_in(r, 6) ? 0 : seed_size(r, 400000),
        .write_most = seed_size(r, 200000),
        .read_most = seed_size(r, 400000),
        .pause = duration_us(seed_size(r, 10000)),
        .long_pause = duration_ms(seed_size(r, 4000)),
        .nodelay = seed_one_in(r, 3),
        .keep_idle_ms = seed_one_in(r, 3) ? seed_between(r, 500, 20000) : 0,
        .fickle = seed_one_in(r, 4),
    };
}

void
seed_reconcile(struct host_plan plan[2], const struct tcp_config config[2])
{
    if (plan[SEED_CLIENT].manners == HOST_PATIENT)
        plan[SEED_SERVER].manners = HOST_EAGER;
    for (int i = 0; i < 2; i++) {
        uint64_t step = min_u64(plan[i].write_most, plan[1 - i].read_most);

        step = min_u64(step, config[i].send_buffer);
        step = min_u64(step, config[1 - i].receive_buffer);
        plan[i].to_send = min_u64(plan[i].to_send, step * 400);
    }
}
