/* SPDX-License-Identifier: MIT */
/* What every daemon does before its own first line. */
#define _GNU_SOURCE 1
#include "base/os/boot.h"

#include "base/os/args.h"
#include "base/os/fdpass.h"
#include "base/os/log.h"
#include "base/os/stop.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "ipd" speaks as "skink: ipd", the way users know it. */
static void
take_name(const char *name)
{
    static char prefix[64];

    snprintf(prefix, sizeof prefix, "skink: %s", name);
    log_name(prefix);
}

static bool
socket_option_is(int option, int expected)
{
    int value;
    socklen_t len = sizeof value;

    return getsockopt(BOOT_SOCKET, SOL_SOCKET, option, &value, &len) == 0 &&
           value == expected;
}

static void
require_supervisor(void)
{
    if (socket_option_is(SO_DOMAIN, AF_UNIX) &&
        socket_option_is(SO_TYPE, SOCK_SEQPACKET))
        return;
    log_line("is started by the supervisor, not by hand");
    log_hint("start everything with 'skink up'");
    exit(EXIT_USAGE);
}

/* A wrong placement costs speed; the daemon is right without it. */
static void
pin(const char *cpu)
{
    cpu_set_t set;
    uint64_t number = args_number("--cpu", cpu, 0, CPU_SETSIZE - 1);

    CPU_ZERO(&set);
    CPU_SET((size_t)number, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        log_line("cannot run on CPU %s: %s", cpu, strerror(errno));
}

static void
take_args(int argc, char **argv)
{
    const char *cpu = NULL;
    const struct arg args[] = {
        {.name = "cpu",
         .metavar = "N",
         .help = "run on this CPU only",
         .value = &cpu},
        {.name = NULL},
    };
    int operand = args_parse(argc, argv, args);

    if (operand < argc)
        die(EXIT_USAGE, "unexpected operand '%s'", argv[operand]);
    if (cpu != NULL)
        pin(cpu);
}

/* False when the message was the one that ends the handover. */
static bool
take_message(boot_adopt *adopt, void *tables)
{
    _Alignas(max_align_t) unsigned char msg[BOOT_MESSAGE];
    int fd = -1;
    size_t n = 1;
    ssize_t len = fdpass_receive(BOOT_SOCKET, msg, sizeof msg, &fd, &n, 0);

    if (len < 0)
        die(EXIT_FAILED, "cannot take over from the supervisor: %s",
            strerror(errno));
    if (len == 0)
        die(EXIT_FAILED, "the supervisor went away during the handover");
    if (len == 1 && msg[0] == 0 && n == 0)
        return false;
    if (!adopt(tables, msg, (size_t)len, n == 1 ? fd : -1))
        die(EXIT_FAILED, "refused a message of %zd bytes in the handover", len);
    return true;
}

int
boot(const char *name, int argc, char **argv, boot_adopt *adopt, void *tables)
{
    int stop;

    take_name(name);
    require_supervisor();
    take_args(argc, argv);
    stop = stop_open();
    while (take_message(adopt, tables))
        continue;
    return stop;
}

/* With write, since the smallest sandbox has no send; SIGPIPE is ignored. A
 * supervisor that is gone is no reason to die: its successor adopts us. */
void
boot_ready(void)
{
    if (write(BOOT_SOCKET, "\n", 1) < 0)
        log_line("cannot tell the supervisor of being ready: %s",
                 strerror(errno));
}
