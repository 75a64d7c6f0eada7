/* SPDX-License-Identifier: MIT */
/* The life of a daemon: started with a socket, handed what it may touch, ready,
 * watched, dead, replaced. Only the daemon that died is replaced; the others do
 * not notice but for the rings that stand still.
 *
 * Fencing: a successor starts only when the pidfd has said that its predecessor
 * is gone, so no region ever has two writers. The pidfd, not a number, is what
 * is waited for and killed. */
#define _GNU_SOURCE 1
#include "ctl/children.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "ctl/supervisor.h"
#include "ctl/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct conf_daemon *
book(const struct child *c)
{
    return &c->supervisor->store.conf->daemons[c->id];
}

static void
enter(struct child *c, enum conf_daemon_state state)
{
    c->state = state;
    book(c)->state = (uint32_t)state;
}

struct cnc_view
child_look(const struct child *c)
{
    return cnc_look(c->supervisor->store.cnc[c->id]);
}

void
child_ready(struct child *c)
{
    instant_t now = clock_now();
    struct cnc_view view = child_look(c);
    duration_t outage = {0};

    if (c->state != CONF_DAEMON_STARTING)
        return;
    if (!instant_is_never(c->down_since)) {
        outage = instant_sub(now, c->down_since);
        book(c)->last_outage_ns = outage.ns;
    }
    c->down_since = INSTANT_NEVER;
    c->was_ready = true;
    pulse_grant(&c->pulse, &view, now);
    enter(c, CONF_DAEMON_OK);
    supervisor_ready(c->supervisor, c->id, outage);
}

/* ---- start ---- */

static void died(struct child *c, struct death death, instant_t now);

/* A process that cannot be watched must not run. */
static void
abandon(struct child *c)
{
    siginfo_t info;

    pidfd_send_signal(c->pidfd.fd, SIGKILL, NULL, 0);
    waitid(P_PIDFD, (id_t)c->pidfd.fd, &info, WEXITED);
    loop_close(&c->supervisor->loop, &c->boot);
    loop_close(&c->supervisor->loop, &c->pidfd);
}

/* All linkds are one program. */
static const char *
program_name(const struct child *c)
{
    return daemon_name(c->id < DAEMON_LINKD ? c->id : DAEMON_LINKD);
}

static bool
start_process(struct child *c)
{
    const struct setup *setup = c->supervisor->setup;
    struct loop *loop = &c->supervisor->loop;
    char path[PATH_MAX + 16], name[16], option[] = "--cpu", cpu[16];
    char *argv[] = {name, setup->cpu[c->id] < 0 ? NULL : option, cpu, NULL};
    int pair[2];

    snprintf(path, sizeof path, "%s/%s", setup->libexec, program_name(c));
    snprintf(name, sizeof name, "%s", daemon_name(c->id));
    snprintf(cpu, sizeof cpu, "%d", setup->cpu[c->id]);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return false;

    const struct spawn_fd fds[] = {{.from = pair[1], .to = 3}, {.from = -1}};
    bool spawned = spawn(&c->process, path, argv, fds);
    int why = errno;

    close(pair[1]);
    if (!spawned) {
        close(pair[0]);
        errno = why;
        return false;
    }
    c->pidfd.fd = c->process.pidfd;
    c->boot.fd = pair[0];
    if (loop_add(loop, &c->pidfd, EPOLLIN) && loop_add(loop, &c->boot, EPOLLIN))
        return true;
    why = errno;
    abandon(c);
    errno = why;
    return false;
}

void
child_start(struct child *c, instant_t now)
{
    c->handed = 0;
    c->handed_all = false;
    c->intent = CONF_EXIT_NONE;
    c->limit = instant_add(now, BOOT_LIMIT);
    enter(c, CONF_DAEMON_STARTING);
    if (c->id == DAEMON_TCPD)
        clients_forget_handover(c->supervisor);
    if (!start_process(c)) {
        log_line("cannot start %s/%s: %s", c->supervisor->setup->libexec,
                 program_name(c), strerror(errno));
        died(c, (struct death){.why = CONF_EXIT_LEFT, .exit = 256 + 127}, now);
        return;
    }
    book(c)->pid = (uint32_t)c->process.pid;
    book(c)->started_ns = now.ns;
    child_feed(c);
}

/* ---- death ---- */

static void
replace(struct child *c, struct death death, instant_t now)
{
    struct verdict verdict = {.delay = {0}};

    if (judge_own_fault(death.why))
        verdict = strikes_add(&c->strikes, now);
    if (c->id == DAEMON_APID)
        verdict = verdict_spare(verdict);
    book(c)->restarts++;
    if (verdict.delay.ns == 0) {
        child_start(c, now);
        return;
    }
    c->limit = instant_add(now, verdict.delay);
    enter(c, verdict.state);
    if (verdict.state == CONF_DAEMON_FAILED)
        supervisor_given_up(c->supervisor, c->id);
}

static void
died(struct child *c, struct death death, instant_t now)
{
    struct supervisor *s = c->supervisor;
    char text[48];

    book(c)->pid = 0;
    book(c)->last_work = child_look(c).work;
    book(c)->last_exit = death.exit;
    book(c)->last_why = (uint32_t)death.why;
    enter(c, CONF_DAEMON_DOWN);
    if (s->stopping)
        return;
    supervisor_shorten_log(s);
    judge_text(text, death.why, death.exit);
    if (!c->was_ready) {
        log_line("%s ended before it was ready: %s", daemon_name(c->id), text);
        supervisor_boot_failed(s);
        return;
    }
    log_line("%s ended: %s", daemon_name(c->id), text);
    if (instant_is_never(c->down_since))
        c->down_since = now;
    replace(c, death, now);
}

static void
pidfd_event(void *owner, uint32_t events)
{
    struct child *c = owner;
    struct loop *loop = &c->supervisor->loop;
    instant_t now = clock_now();
    siginfo_t info = {0};

    (void)events;
    if (waitid(P_PIDFD, (id_t)c->pidfd.fd, &info, WEXITED | WNOHANG) < 0 ||
        info.si_pid == 0)
        return;
    /* Its last words count: a client that it gave back must not be handed to
     * its successor. */
    child_listen(c);
    loop_close(loop, &c->boot);
    loop_close(loop, &c->pidfd);
    died(c, judge_death(&info, c->intent), now);
}

/* ---- orders ---- */

void
child_kill(struct child *c, enum conf_exit_why intent)
{
    c->intent = intent;
    pidfd_send_signal(c->pidfd.fd, SIGKILL, NULL, 0);
}

void
child_restart(struct child *c, instant_t now)
{
    if (c->supervisor->stopping)
        return;
    c->strikes.count = 0;
    if (c->pidfd.fd >= 0) {
        if (instant_is_never(c->down_since))
            c->down_since = now;
        child_kill(c, CONF_EXIT_RESTART);
        return;
    }
    child_start(c, now);
}

void
children_start(struct supervisor *s, instant_t now)
{
    for (uint32_t i = 0; i < s->store.daemons; i++) {
        s->children[i] = (struct child){
            .supervisor = s,
            .id = i,
            .down_since = INSTANT_NEVER,
            .pidfd = {.fd = -1, .ready = pidfd_event},
            .boot = {.fd = -1, .ready = child_boot_event},
        };
        s->children[i].pidfd.owner = &s->children[i];
        s->children[i].boot.owner = &s->children[i];
    }
    for (size_t i = 0; i < DAEMONS && !s->stopping; i++) {
        if (daemon_order[i] < s->store.daemons)
            child_start(&s->children[daemon_order[i]], now);
    }
}

void
children_signal(struct supervisor *s, int signal)
{
    for (size_t i = 0; i < s->store.daemons; i++) {
        if (s->children[i].pidfd.fd >= 0)
            pidfd_send_signal(s->children[i].pidfd.fd, signal, NULL, 0);
    }
}

bool
children_gone(const struct supervisor *s)
{
    for (size_t i = 0; i < s->store.daemons; i++) {
        if (s->children[i].pidfd.fd >= 0)
            return false;
    }
    return true;
}
