/* SPDX-License-Identifier: MIT */
/* What an instance is to be, as `skink up` has checked it. */
#ifndef CTL_SETUP_H
#define CTL_SETUP_H

#include "base/os/rundir.h"
#include "proto/shm/conf.h"
#include "proto/shm/layout.h"

#include <limits.h>
#include <stdbool.h>

struct setup {
    char instance[40];
    char rundir[RUNDIR_SIZE];
    char libexec[PATH_MAX]; /* where the daemons' programs are */
    struct conf_net net;
    int link;         /* the device's descriptor; -1: none */
    int log;          /* the file behind stderr, kept short; -1: not ours */
    int cpu[DAEMONS]; /* -1: wherever the scheduler likes */
    bool netns;       /* lives in a network namespace of its own */
    bool userns;      /* and in a user namespace */
};

#endif
