/* SPDX-License-Identifier: MIT */
/* A wish to stop, arriving where the loop waits for everything else. */
#include "base/os/stop.h"

#include "base/os/log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static bool asked;

int
stop_open(void)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        die(EXIT_FAILED, "cannot block SIGTERM: %s", strerror(errno));
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        die(EXIT_FAILED, "cannot ignore SIGPIPE: %s", strerror(errno));
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        die(EXIT_FAILED, "signalfd: %s", strerror(errno));
    return fd;
}

bool
stop_asked(int fd)
{
    struct signalfd_siginfo info;

    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        asked = true;
    return asked;
}
