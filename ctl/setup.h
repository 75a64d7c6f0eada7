/* SPDX-License-Identifier: MIT */
/* What an instance is to be, as `skink up` has checked it. */
#ifndef CTL_SETUP_H
#define CTL_SETUP_H

#include "base/os/rundir.h"
#include "ctl/commands.h"
#include "ctl/device.h"
#include "proto/shm/conf.h"
#include "proto/shm/layout.h"

#include <limits.h>
#include <stdbool.h>

struct setup {
    char instance[40];
    char rundir[RUNDIR_SIZE];
    char libexec[PATH_MAX];    /* where the daemons' programs are */
    char config[PATH_MAX];     /* the file it comes from; "": none */
    struct conf_tables tables; /* to begin with; the links stay */
    struct device device[LINKS_MAX];
    int link[LINKS_MAX]; /* the devices' descriptors; -1: none */
    int log;             /* the file behind stderr, kept short; -1: not ours */
    int cpu[DAEMONS];    /* -1: wherever the scheduler likes */
    bool netns;          /* lives in a network namespace of its own */
    bool userns;         /* and in a user namespace */
};

/* Reads options and file; nothing is made yet. Dies as the commands do. */
void setup_take(struct setup *setup, bool *foreground, struct cli *cli,
                int argc, char **argv);

#endif
