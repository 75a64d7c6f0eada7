/* SPDX-License-Identifier: MIT */
/* The supervisor: creator and keeper of everything that outlives a daemon.
 *
 * It makes the regions, the bells and the sockets, opens the device, starts the
 * daemons with exactly what the topology grants them, and replaces the one
 * that dies. It sees no packet and no client message: what it parses is a word
 * of its own daemons and a request of the command, both bounded.
 *
 * All of it runs in one thread around one epoll. Deaths come by pidfd, so nothing
 * has to be polled but the hearts: every 50 ms the turn counters are compared
 * (judge.h). When the supervisor itself was late, nobody is judged.
 *
 * It does not outlive itself yet: its daemons see their boot socket end and
 * leave, and the next supervisor starts with fresh regions. */
#define _GNU_SOURCE 1
#include "ctl/supervisor.h"

#include "base/os/clock.h"
#include "base/os/stop.h"
#include "ctl/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define STOP_PATIENCE duration_ms(2000)
#define LOG_LONGEST   (1024 * 1024) /* bytes */

static void
stop_event(void *owner, uint32_t events)
{
    struct supervisor *s = owner;

    (void)events;
    if (stop_asked(s->stop.fd))
        supervisor_stop(s);
}

void
supervisor_stop(struct supervisor *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->kill_at = instant_add(clock_now(), STOP_PATIENCE);
    children_signal(s, SIGTERM);
}

void
supervisor_ready(struct supervisor *s, enum daemon_id id, duration_t outage)
{
    control_restarted(s, id, outage);
    if (s->up)
        return;
    for (size_t i = 0; i < s->store.daemons; i++) {
        if (!s->children[i].was_ready)
            return;
    }
    s->up = true;
    journal_date(&s->journal);
    s->tell_ready(s->tell_ready_arg);
}

/* Later deaths are survived; one before the instance was ever up is an error of
 * its setup and belongs on the user's screen. */
void
supervisor_boot_failed(struct supervisor *s)
{
    s->failed = true;
    supervisor_stop(s);
}

void
supervisor_given_up(struct supervisor *s, enum daemon_id id)
{
    log_line("%s dies again and again: tried once a second from now on",
             daemon_name(id));
    control_restart_failed(s, id);
}

/* A daemon in a crash loop must not fill the file system of run directories. */
void
supervisor_shorten_log(const struct supervisor *s)
{
    struct stat st;

    if (s->setup->log >= 0 && fstat(s->setup->log, &st) == 0 &&
        st.st_size > LOG_LONGEST && ftruncate(s->setup->log, 0) == 0)
        log_line("the log was full and begins again here");
}

/* Every client costs six descriptors, and those on their way count too. */
static void
raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Rounded up: waking too early would only mean another look. */
static int
timeout_ms(const struct supervisor *s, instant_t now)
{
    instant_t next = instant_add(s->watched, WATCH_PERIOD);

    next = instant_min(next, watch_next(s));
    if (instant_due(next, now))
        return 0;
    return (int)((instant_sub(next, now).ns + 999999) / 1000000);
}

static void
keep_watch(struct supervisor *s)
{
    instant_t now = clock_now();
    duration_t since = instant_sub(now, s->watched);

    if (since.ns < WATCH_PERIOD.ns && !instant_due(watch_next(s), now))
        return;
    watch_children(s, now, since.ns > 2 * WATCH_PERIOD.ns);
    s->watched = now;
    if (s->stopping && instant_due(s->kill_at, now))
        children_signal(s, SIGKILL);
}

static bool
open_all(struct supervisor *s, const struct listeners *listeners)
{
    raise_descriptor_limit();
    if (!store_open(&s->store, s->setup, listeners->requests))
        return false;
    s->stop =
        (struct source){.fd = stop_open(), .ready = stop_event, .owner = s};
    if (loop_open(&s->loop) && loop_add(&s->loop, &s->stop, EPOLLIN) &&
        (s->setup->log < 0 ||
         journal_open(&s->journal, &s->loop, s->setup->log)) &&
        clients_open(s, listeners->attach) &&
        control_open(s, listeners->control))
        return true;
    log_line("cannot set up the supervisor: %s", strerror(errno));
    return false;
}

/* What is said after the last turn of the loop goes into the file directly. */
static void
stderr_back(struct supervisor *s)
{
    if (s->journal.pipe.fd < 0)
        return;
    dup2(s->setup->log, STDERR_FILENO);
    journal_drain(&s->journal);
}

enum exit_status
supervisor_run(const struct setup *setup, const struct listeners *listeners,
               void (*tell_ready)(void *), void *arg)
{
    struct supervisor *s = calloc(1, sizeof *s);

    if (s == NULL)
        die(EXIT_FAILED, "out of memory");
    s->setup = setup;
    s->owner = geteuid();
    s->journal.pipe.fd = -1;
    s->tell_ready = tell_ready;
    s->tell_ready_arg = arg;
    if (!open_all(s, listeners)) {
        stderr_back(s);
        free(s);
        return EXIT_FAILED;
    }
    s->watched = clock_now();
    children_start(s, s->watched);
    while (!s->stopping || !children_gone(s)) {
        loop_turn(&s->loop, timeout_ms(s, clock_now()));
        keep_watch(s);
    }

    /* Descriptors, regions and the device go with the process. */
    enum exit_status status = s->failed ? EXIT_FAILED : EXIT_OK;

    stderr_back(s);
    free(s);
    return status;
}
