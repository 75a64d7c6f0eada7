/* SPDX-License-Identifier: MIT */
/* skink up: checks what is asked for, then becomes the supervisor. */
#define _GNU_SOURCE 1
#include "ctl/commands.h"

#include "base/os/spawn.h"
#include "ctl/device.h"
#include "ctl/instance.h"
#include "ctl/netns.h"
#include "ctl/parse.h"
#include "ctl/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct up {
    struct setup setup;
    bool foreground;
    bool link_named; /* --link was given */
    int ready;       /* write end of the readiness pipe; -1 in the foreground */
};

/* The build tree has the shape of an installation. SKINK_LIBEXEC is for tests. */
static void
find_daemons(struct setup *setup)
{
    const char *given = secure_getenv("SKINK_LIBEXEC");
    int n;

    if (given != NULL)
        n = snprintf(setup->libexec, sizeof setup->libexec, "%s", given);
    else
        n = snprintf(setup->libexec, sizeof setup->libexec,
                     "%s/../libexec/skink", spawn_self_dir());
    if (n < 0 || (size_t)n >= sizeof setup->libexec)
        die(EXIT_FAILED, "the path of the daemons is too long");
}

/* NULL: not given. */
static void
take_link(struct up *up, const char *link)
{
    up->link_named = link != NULL;
    parse_link(&up->setup.net, up->link_named ? link : "tap");
    if (up->setup.net.link_kind != CONF_LINK_VETH || up->setup.netns)
        return;
    log_line("a veth pair would outlive the instance here");
    log_hint("give it a network of its own: skink up --netns --link %s", link);
    exit(EXIT_USAGE);
}

static void
parse(struct up *up, struct cli *cli, int argc, char **argv)
{
    struct setup *setup = &up->setup;
    const char *link = NULL, *addr = "10.7.0.2/24", *gw = NULL;
    const char *mtu = "1500", *cpus = NULL;
    const struct arg args[] = {
        {.name = "link",
         .metavar = "KIND[:NAME]",
         .help = "tap (default tap0), or with --netns also veth",
         .value = &link},
        {.name = "addr",
         .metavar = "ADDR/LEN",
         .help = "the stack's address (default 10.7.0.2/24)",
         .value = &addr},
        {.name = "gw",
         .metavar = "ADDR|none",
         .help = "gateway, and the host's side of a new link (10.7.0.1)",
         .value = &gw},
        {.name = "mtu",
         .metavar = "BYTES",
         .help = "of the link (default 1500)",
         .value = &mtu},
        {.name = "cpus",
         .metavar = "LIST|none",
         .help = "where the daemons run (default: together, if CPUs are few)",
         .value = &cpus},
        {.name = "netns",
         .help = "in a network namespace of its own; no root needed",
         .flag = &setup->netns},
        {.name = "fg",
         .help = "stay in the foreground",
         .flag = &up->foreground},
        {.name = "help",
         .letter = 'h',
         .help = "this text",
         .flag = &cli->help},
        {.name = NULL},
    };

    cli_parse(cli, args, argc, argv, NULL, 0);
    take_link(up, link);
    parse_network(&setup->net, addr, gw);
    setup->net.mtu = (uint32_t)args_number("--mtu", mtu, 576, 65535);
    parse_cpus(setup->cpu, cpus);
    snprintf(setup->instance, sizeof setup->instance, "%s", cli->instance);
    snprintf(setup->rundir, sizeof setup->rundir, "%s", cli->rundir);
    find_daemons(setup);
}

/* Who may not open a TAP device may still make a veth pair in a namespace. */
static void
settle_link(struct setup *setup)
{
    if (!setup->netns || device_has_tap())
        return;
    log_hint("/dev/net/tun: %s; the link is a veth pair instead of a TAP",
             strerror(errno));
    parse_link(&setup->net, "veth");
}

static void
announce(const struct up *up, pid_t pid)
{
    const struct conf_net *net = &up->setup.net;
    char address[ADDR_TEXT], gateway[ADDR_TEXT];

    addr_format(address, net->address);
    addr_format(gateway, net->gateway);
    printf("%s up  %s/%u gw %s  %s %u  pid %d\n", up->setup.instance, address,
           net->prefix_len, addr_is_any(net->gateway) ? "none" : gateway,
           net->link_name, net->mtu, (int)pid);
    fflush(stdout);
    if (up->setup.netns)
        log_hint("run programs in its network: skink -i %s exec COMMAND",
                 up->setup.instance);
}

static void
tell_ready(void *arg)
{
    struct up *up = arg;

    if (up->ready < 0) {
        announce(up, getpid());
        return;
    }
    if (write(up->ready, ".", 1) < 0)
        raise(SIGTERM); /* who asked for the instance was interrupted */
    close(up->ready);
    up->ready = -1;
}

static enum exit_status
supervise(struct up *up)
{
    struct setup *setup = &up->setup;
    struct listeners listeners;
    enum exit_status status;

    instance_sign();
    if (setup->netns)
        netns_enter(&setup->userns);
    setup->link = device_open(&setup->net);
    instance_listen(setup, &listeners);
    status = supervisor_run(setup, &listeners, tell_ready, up);
    /* Let go by hand: connections to the command end with this process, and
     * who sees them end may start the instance again at once. */
    close(setup->link);
    instance_leave(setup);
    return status;
}

static _Noreturn void
become_daemon(struct up *up)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    up->setup.log = instance_log(&up->setup);
    if (setsid() < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0 ||
        dup2(up->setup.log, STDERR_FILENO) < 0 || chdir("/") < 0)
        die(EXIT_FAILED, "cannot go into the background: %s", strerror(errno));
    exit((int)supervise(up));
}

/* What the supervisor and its daemons said before they gave up. */
static void
show_log(const struct setup *setup)
{
    char path[RUNDIR_SIZE + 8], buf[4096];
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "%s/log", setup->rundir);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (n = read(fd, buf, sizeof buf)) > 0) {
        if (write(STDERR_FILENO, buf, (size_t)n) < 0)
            break;
    }
    if (fd >= 0)
        close(fd);
}

/* The parent's part: nothing is up until the pipe says so. */
static enum exit_status
wait_for(const struct up *up, pid_t child, int pipe_end)
{
    char byte;
    int status;

    if (read(pipe_end, &byte, 1) == 1) {
        announce(up, child);
        return EXIT_OK;
    }
    show_log(&up->setup);
    if (waitpid(child, &status, 0) == child && WIFEXITED(status) &&
        WEXITSTATUS(status) != EXIT_OK)
        return (enum exit_status)WEXITSTATUS(status);
    log_line("the supervisor ended before the instance was up");
    return EXIT_FAILED;
}

static pid_t supervisor; /* of the parent that waits for it */

/* Who interrupts `up` has no instance then, even if it has just come up. */
static void
give_up(int signal)
{
    kill(supervisor, SIGTERM);
    waitpid(supervisor, NULL, 0);
    _exit(128 + signal);
}

static void
watch_over(pid_t child)
{
    const struct sigaction action = {.sa_handler = give_up};

    supervisor = child;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Signals wait until both know which side of the fork they are on. */
static enum exit_status
go_to_background(struct up *up)
{
    sigset_t interrupts, before;
    int ends[2];
    pid_t child;

    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigaddset(&interrupts, SIGTERM);
    sigprocmask(SIG_BLOCK, &interrupts, &before);
    if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0)
        die(EXIT_FAILED, "cannot go into the background: %s", strerror(errno));
    if (child > 0)
        watch_over(child);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (child == 0) {
        close(ends[0]);
        up->ready = ends[1];
        become_daemon(up);
    }
    close(ends[1]);
    return wait_for(up, child, ends[0]);
}

enum exit_status
cmd_up(struct cli *cli, int argc, char **argv)
{
    struct up up = {.ready = -1, .setup = {.link = -1, .log = -1}};

    parse(&up, cli, argc, argv);
    instance_lock(&up.setup);
    if (!up.link_named)
        settle_link(&up.setup);
    return up.foreground ? supervise(&up) : go_to_background(&up);
}
