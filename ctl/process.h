/* SPDX-License-Identifier: MIT */
/* What /proc knows of a process. */
#ifndef CTL_PROCESS_H
#define CTL_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct process {
    bool known;         /* it lives and may be looked at */
    bool runnable;      /* runs, or waits for nothing but a CPU */
    double cpu_s;       /* user and system time since its start */
    uint64_t rss_bytes; /* shared pages included */
};

void process_look(struct process *p, uint32_t pid);

#endif
