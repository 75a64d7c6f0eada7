/* SPDX-License-Identifier: MIT */
/* What a seed decides of a run: the network, both hosts and their applications. */
#ifndef TESTS_SIM_SEED_H
#define TESTS_SIM_SEED_H

#include "base/rng.h"
#include "tests/sim/host.h"
#include "tests/sim/wire.h"

#define SEED_BEGIN  5000 /* ms on the clock when it starts */
#define SEED_CLIENT 0
#define SEED_SERVER 1
#define SEED_TCBS   8

uint32_t seed_between(struct rng *r, uint32_t least, uint32_t most);
bool seed_one_in(struct rng *r, uint32_t n);
/* A number of any magnitude: small ones are as likely as large ones. */
uint32_t seed_size(struct rng *r, uint32_t most);

struct wire_weather seed_weather(struct rng *r);
/* Of a host behind a link of that MTU. */
struct tcp_config seed_config(struct rng *r, uint32_t mtu);
struct host_plan seed_plan(struct rng *r);

/* Two that wait for each other would wait for ever. Small sizes get small
 * amounts, or nothing but the number of events would grow. */
void seed_reconcile(struct host_plan plan[2],
                    const struct tcp_config config[2]);

#endif
