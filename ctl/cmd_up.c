/* SPDX-License-Identifier: MIT */
/* skink up: checks what is asked for, then becomes the supervisor. */
#define _GNU_SOURCE 1
#include "ctl/commands.h"

#include "ctl/device.h"
#include "ctl/instance.h"
#include "ctl/netns.h"
#include "ctl/setup.h"
#include "ctl/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct up {
    struct setup setup;
    bool foreground;
    int ready; /* write end of the readiness pipe; -1 in the foreground */
};

static void
announce_addresses(const struct net *net, uint32_t link)
{
    char address[ADDR_TEXT];

    for (uint32_t i = 0; i < net->addresses; i++) {
        if (net->address[i].link == link)
            printf("  %s/%u", addr_format(address, net->address[i].addr),
                   net->address[i].prefix_len);
    }
}

/* `net` as the devices have made it. */
static void
announce(const struct up *up, const struct net *net, pid_t pid)
{
    char gateway[ADDR_TEXT] = "none";

    for (uint32_t i = 0; i < net->routes; i++) {
        if (net->route[i].prefix_len == 0)
            addr_format(gateway, net->route[i].gateway);
    }
    printf("%s up", up->setup.instance);
    for (uint32_t i = 0; i < net->links; i++) {
        announce_addresses(net, i);
        if (i == 0)
            printf(" gw %s", gateway);
        printf("  %s %u", net->link[i].name, net->link[i].mtu);
    }
    printf("  pid %d\n", (int)pid);
    fflush(stdout);
    if (up->setup.netns)
        log_hint("run programs in its network: skink -i %s exec COMMAND",
                 up->setup.instance);
}

static void
tell_ready(void *arg)
{
    struct up *up = arg;
    const struct net *net = &up->setup.tables.net;

    if (up->ready < 0) {
        announce(up, net, getpid());
        return;
    }
    if (write(up->ready, net, sizeof *net) < 0)
        raise(SIGTERM); /* who asked for the instance was interrupted */
    close(up->ready);
    up->ready = -1;
}

static void
open_links(struct setup *setup)
{
    for (uint32_t i = 0; i < setup->tables.net.links; i++)
        setup->link[i] = device_open(&setup->tables.net, i, &setup->device[i]);
}

static void
close_links(const struct setup *setup)
{
    for (uint32_t i = 0; i < setup->tables.net.links; i++)
        close(setup->link[i]);
    device_leave();
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
    open_links(setup);
    instance_listen(setup, &listeners);
    status = supervisor_run(setup, &listeners, tell_ready, up);
    /* Let go by hand: connections to the command end with this process, and
     * who sees them end may start the instance again at once. */
    close_links(setup);
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

/* What the supervisor and its daemons said before they were up, or gave up. */
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

static enum exit_status
failed(pid_t child)
{
    int status;

    if (waitpid(child, &status, 0) == child && WIFEXITED(status) &&
        WEXITSTATUS(status) != EXIT_OK)
        return (enum exit_status)WEXITSTATUS(status);
    log_line("the supervisor ended before the instance was up");
    return EXIT_FAILED;
}

static volatile sig_atomic_t interrupt; /* the signal; 0: none */

static void
note(int signal)
{
    interrupt = signal;
}

/* Waits for the pipe, in which signals are heard. False: there was one. */
static bool
pipe_is_ready(int pipe_end, const sigset_t *heard)
{
    struct pollfd pollfd = {.fd = pipe_end, .events = POLLIN};

    while (ppoll(&pollfd, 1, NULL, heard) < 0 && interrupt == 0)
        ;
    return interrupt == 0;
}

/* The parent's part: nothing is up until the pipe says so. Who interrupts `up` has
 * no instance then, even if it has just come up. */
static enum exit_status
wait_for(const struct up *up, pid_t child, int pipe_end, const sigset_t *heard)
{
    struct net net;

    if (!pipe_is_ready(pipe_end, heard)) {
        kill(child, SIGTERM);
        waitpid(child, NULL, 0);
        exit(128 + interrupt);
    }
    show_log(&up->setup);
    if (read(pipe_end, &net, sizeof net) != (ssize_t)sizeof net)
        return failed(child);
    announce(up, &net, child);
    return EXIT_OK;
}

static enum exit_status
go_to_background(struct up *up, const sigset_t *before)
{
    const struct sigaction action = {.sa_handler = note};
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0)
        die(EXIT_FAILED, "cannot go into the background: %s", strerror(errno));
    if (child == 0) {
        close(ends[0]);
        up->ready = ends[1];
        become_daemon(up);
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    close(ends[1]);
    return wait_for(up, child, ends[0], before);
}

/* From the lock on, an interruption takes effect only where everything is taken
 * away again: in the supervisor's loop, or in the parent that waits for it. */
enum exit_status
cmd_up(struct cli *cli, int argc, char **argv)
{
    struct up up = {.ready = -1, .setup = {.log = -1}};
    sigset_t interrupts, before;

    setup_take(&up.setup, &up.foreground, cli, argc, argv);
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigaddset(&interrupts, SIGTERM);
    sigprocmask(SIG_BLOCK, &interrupts, &before);
    instance_lock(&up.setup);
    return up.foreground ? supervise(&up) : go_to_background(&up, &before);
}
