/* SPDX-License-Identifier: MIT */
/* What `skink top` sees: differences between two looks at shared memory. */
#ifndef CTL_TOP_H
#define CTL_TOP_H

#include "base/time.h"
#include "ctl/look.h"

#include <stdbool.h>
#include <stdint.h>

#define TOP_HISTORY 32 /* looks in the bars of traffic */

struct top_conn {
    uint32_t index;
    double rx, tx; /* bytes a second */
    struct view_conn v;
};

/* One look. */
struct top_sample {
    instant_t when;
    uint64_t rx_bytes, rx_frames, tx_bytes, tx_frames;
    uint64_t retrans, timeouts, drops;
    uint64_t turns[DAEMONS];
    double cpu_s[DAEMONS];
    /* Of each row: what passed, and whose it was. */
    uint64_t sent[VIEW_CONNS], received[VIEW_CONNS];
    struct top_ends {
        struct addr remote;
        uint16_t local_port, remote_port;
    } ends[VIEW_CONNS];
};

struct top {
    const struct cli *cli;
    struct look look;
    struct top_sample samples[2];
    struct top_conn conns[VIEW_CONNS]; /* busiest first */
    uint32_t conn_count;
    double seconds; /* between the two samples */
    double rx_history[TOP_HISTORY], tx_history[TOP_HISTORY];
    uint32_t looks;
};

/* The look after the last one; the first compares with nothing. */
void top_look(struct top *t);

const struct top_sample *top_now(const struct top *t);
const struct top_sample *top_before(const struct top *t);

/* A second, of a counter of both samples. One that fell has none. */
double top_rate(const struct top *t, uint64_t now, uint64_t before);

/* On stdout, with at most `conns` connections; `live`: it will be shown again. */
void top_print(const struct top *t, uint32_t conns, bool live);
void top_print_json(const struct top *t);

#endif
