/* SPDX-License-Identifier: MIT */
/* Starts, stops and watches an instance of stubs. */
#define _GNU_SOURCE 1
#include "tests/ctl/instance.h"

#include "ctl/call.h"
#include "ctl/instance.h"
#include "ctl/supervisor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- arrange ---- */

static void
tell(void *arg)
{
    const int *fd = arg;

    if (write(*fd, ".", 1) != 1)
        _exit(9);
}

static _Noreturn void
supervise(const struct instance *f, int ready)
{
    struct listeners listeners;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    instance_lock(&f->setup);
    instance_sign();
    instance_listen(&f->setup, &listeners);
    _exit((int)supervisor_run(&f->setup, &listeners, tell, &ready));
}

bool
instance_start(struct instance *f)
{
    int ends[2];
    char byte;
    bool up;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    f->supervisor = fork();
    assert_true(f->supervisor >= 0);
    if (f->supervisor == 0)
        supervise(f, ends[1]);
    close(ends[1]);
    up = read(ends[0], &byte, 1) == 1;
    close(ends[0]);
    if (up)
        look_open(&f->look, &f->cli);
    return up;
}

int
instance_stop(struct instance *f, int signal)
{
    int status;

    kill(f->supervisor, signal);
    assert_int_equal(waitpid(f->supervisor, &status, 0), f->supervisor);
    f->supervisor = 0;
    return status;
}

void
instance_order(const struct instance *f, const char *daemon, const char *what)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", f->dir, daemon);
    file = fopen(path, "we");
    assert_non_null(file);
    fputs(what, file);
    fclose(file);
}

static void
link_stubs(const struct instance *f)
{
    char self[4096], path[128];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

    assert_true(len > 0);
    self[len] = '\0';
    assert_int_equal(mkdir(f->setup.libexec, 0700), 0);
    for (uint32_t i = 0; i <= DAEMON_LINKD; i++) {
        snprintf(path, sizeof path, "%s/libexec/%s", f->dir, daemon_name(i));
        assert_int_equal(symlink(self, path), 0);
    }
}

void
instance_give_links(struct instance *f, uint32_t links)
{
    struct net *net = &f->setup.tables.net;

    net->links = links;
    for (uint32_t i = 0; i < LINKS_MAX; i++) {
        f->setup.link[i] = -1;
        if (i >= links)
            continue;
        net->link[i] = (struct net_link){.mtu = 1500, .offloads = 1};
        snprintf(net->link[i].name, sizeof net->link[i].name, "tap%u", i);
    }
}

int
instance_make(void **state)
{
    struct instance *f = calloc(1, sizeof *f);

    assert_non_null(f);
    snprintf(f->dir, sizeof f->dir, "/tmp/skink-test-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(setenv("SKINK_STUBS", f->dir, 1), 0);
    f->cli = (struct cli){.instance = "test"};
    f->setup = (struct setup){.instance = "test", .log = -1};
    instance_give_links(f, 1);
    for (size_t i = 0; i < DAEMONS; i++)
        f->setup.cpu[i] = -1;
    snprintf(f->setup.libexec, sizeof f->setup.libexec, "%s/libexec", f->dir);
    snprintf(f->setup.rundir, sizeof f->setup.rundir, "%s/run/test", f->dir);
    snprintf(f->cli.rundir, sizeof f->cli.rundir, "%s/run/test", f->dir);
    link_stubs(f);
    *state = f;
    return 0;
}

int
instance_make_running(void **state)
{
    instance_make(state);
    assert_true(instance_start(*state));
    return 0;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

int
instance_remove(void **state)
{
    struct instance *f = *state;

    if (f->supervisor > 0)
        instance_stop(f, SIGTERM);
    nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

/* ---- look ---- */

void
instance_breathe(void)
{
    const struct timespec ms = {.tv_nsec = 1000000};

    nanosleep(&ms, NULL);
}

void
instance_wait(const struct instance *f, enum daemon_id id,
              enum conf_daemon_state state, uint32_t restarts)
{
    const struct conf_daemon *d = &f->look.conf->daemons[id];

    for (int i = 0; i < INSTANCE_TRIES; i++) {
        if (d->state == (uint32_t)state && d->restarts >= restarts)
            return;
        instance_breathe();
    }
    fail_msg("%s is in state %u after %u restarts", daemon_name(id), d->state,
             d->restarts);
}

pid_t
instance_pid(const struct instance *f, enum daemon_id id)
{
    return (pid_t)f->look.conf->daemons[id].pid;
}

const char *
instance_restart(const struct instance *f, const char *daemon)
{
    Skink__Control__Request request;
    Skink__Control__Restart restart;
    Skink__Control__Reply *reply;
    static char said[256];
    char name[16];
    size_t no_fds = 0;

    snprintf(name, sizeof name, "%s", daemon);
    skink__control__request__init(&request);
    skink__control__restart__init(&restart);
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_RESTART;
    request.restart = &restart;
    restart.daemon = name;
    reply = call(&f->cli, &request, NULL, &no_fds);
    assert_non_null(reply);
    snprintf(said, sizeof said, "%s", reply->text);
    skink__control__reply__free_unpacked(reply, NULL);
    return said;
}
