/* SPDX-License-Identifier: MIT */
/* One request, one reply, on a SEQPACKET connection whose peer the kernel names.
 * Everyone who reaches the socket may look at the daemons' own pages; only the
 * owner and root may look into rings and give orders. */
#define _GNU_SOURCE 1
#include "ctl/control.h"

#include "base/os/clock.h"
#include "base/os/fdpass.h"
#include "base/os/log.h"
#include "control.pb-c.h"
#include "ctl/change.h"
#include "ctl/netns.h"
#include "ctl/supervisor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void
drop(struct control_connection *c)
{
    c->waits = false;
    loop_close(&c->supervisor->loop, &c->source);
}

static void
send_reply(struct control_connection *c, const Skink__Control__Reply *reply,
           const int *fds, size_t n)
{
    uint8_t buf[CONTROL_MESSAGE];
    size_t len = skink__control__reply__get_packed_size(reply);

    if (len <= sizeof buf) {
        skink__control__reply__pack(reply, buf);
        /* An empty message would read as the end: all defaults pack to it. */
        if (len > 0 && fdpass_send(c->source.fd, buf, len, fds, n))
            return;
    }
    drop(c);
}

static void __attribute__((format(printf, 3, 4)))
answer(struct control_connection *c, enum exit_status error, const char *fmt,
       ...)
{
    Skink__Control__Reply reply;
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    skink__control__reply__init(&reply);
    reply.error = (uint32_t)error;
    reply.text = text;
    send_reply(c, &reply, NULL, 0);
}

static bool
may_order(const struct supervisor *s, uid_t uid)
{
    return uid == s->owner || uid == 0;
}

/* ---- the requests ---- */

/* Everybody who is let in sees the daemons' own pages; rings and what lies behind
 * them show whose bytes travel; a state holds secrets. */
static bool
may_see(uint32_t region, bool trusted)
{
    switch (region) {
    case REGION_CONF:
    case REGION_IPD_VIEW:
    case REGION_TCPD_VIEW:
        return true;
    case REGION_IPD_STATE:
    case REGION_TCPD_STATE:
        return false;
    default:
        return trusted ||
               (region >= REGION_CNC(0) && region < REGION_CNC(DAEMONS));
    }
}

static void
serve_look(struct control_connection *c)
{
    const struct setup *setup = c->supervisor->setup;
    const struct store *store = &c->supervisor->store;
    Skink__Control__Reply reply;
    char texts[LINKS_MAX][DEVICE_NAME], config[PATH_MAX];
    char *devices[LINKS_MAX];
    uint32_t ids[REGIONS];
    int fds[REGIONS];
    size_t n = 0;

    for (uint32_t id = REGION_NONE + 1; id < REGIONS; id++) {
        if (store->regions[id].readonly >= 0 &&
            may_see(id, may_order(c->supervisor, c->uid))) {
            fds[n] = store->regions[id].readonly;
            ids[n++] = id;
        }
    }

    skink__control__reply__init(&reply);
    reply.n_regions = n;
    reply.regions = ids;
    reply.n_devices = store->tables.net.links;
    reply.devices = devices;
    for (size_t i = 0; i < reply.n_devices; i++)
        devices[i] = memcpy(texts[i], setup->device[i].name, DEVICE_NAME);
    reply.config = memcpy(config, setup->config, sizeof config);
    send_reply(c, &reply, fds, n);
}

static void
serve_restart(struct control_connection *c, const char *name)
{
    uint32_t id = 0, daemons = c->supervisor->store.daemons;

    while (id < daemons && strcmp(daemon_name(id), name) != 0)
        id++;
    if (id == daemons) {
        answer(c, EXIT_FAILED, "there is no daemon '%.32s'", name);
        return;
    }
    c->waits = true;
    c->daemon = id;
    c->open = cnc_counter(c->supervisor->store.cnc[DAEMON_TCPD],
                          COUNTER_TCP_CURR_ESTAB);
    child_restart(&c->supervisor->children[id], clock_now());
}

static void
serve_namespaces(struct control_connection *c)
{
    const struct setup *setup = c->supervisor->setup;
    Skink__Control__Reply reply;
    char text[] = "namespaces";
    int fds[2];
    size_t n = 0;

    if (setup->userns)
        fds[n++] = netns_open("user");
    if (setup->netns)
        fds[n++] = netns_open("net");
    skink__control__reply__init(&reply);
    reply.text = text;
    if (n > 0 && (fds[0] < 0 || fds[n - 1] < 0))
        answer(c, EXIT_FAILED, "cannot open my namespaces: %s",
               strerror(errno));
    else
        send_reply(c, &reply, fds, n);
    while (n > 0) {
        if (fds[--n] >= 0)
            close(fds[n]);
    }
}

/* Repeatedly asked for, a ping is another one each time. */
static void
serve_change(struct control_connection *c,
             const Skink__Control__Request *request)
{
    struct supervisor *s = c->supervisor;
    struct conf_tables tables = s->store.tables;
    uint64_t serial = s->control.pings + 1;
    Skink__Control__Reply reply;
    char done[] = "done";
    struct wrong wrong;

    skink__control__reply__init(&reply);
    if (change_apply(&tables, request, serial, &wrong)) {
        store_show(&s->store, &tables);
        reply.text = done;
        if (request->command_case == SKINK__CONTROL__REQUEST__COMMAND_PING)
            reply.serial = s->control.pings = serial;
    } else {
        reply.error = EXIT_FAILED;
        reply.text = wrong.text;
        reply.hint = wrong.hint;
    }
    send_reply(c, &reply, NULL, 0);
}

static void
serve(struct control_connection *c, const Skink__Control__Request *request)
{
    bool looks = request->command_case == SKINK__CONTROL__REQUEST__COMMAND_LOOK;

    if (!looks && !may_order(c->supervisor, c->uid)) {
        answer(c, EXIT_NOT_PERMITTED, "instance '%s' is another user's",
               c->supervisor->setup->instance);
        return;
    }
    switch (request->command_case) {
    case SKINK__CONTROL__REQUEST__COMMAND_LOOK:
        serve_look(c);
        break;
    case SKINK__CONTROL__REQUEST__COMMAND_DOWN:
        supervisor_stop(c->supervisor);
        break;
    case SKINK__CONTROL__REQUEST__COMMAND_RESTART:
        serve_restart(c, request->restart->daemon);
        break;
    case SKINK__CONTROL__REQUEST__COMMAND_NAMESPACES:
        serve_namespaces(c);
        break;
    case SKINK__CONTROL__REQUEST__COMMAND_CONFIGURE:
    case SKINK__CONTROL__REQUEST__COMMAND_ADDRESS:
    case SKINK__CONTROL__REQUEST__COMMAND_ROUTE:
    case SKINK__CONTROL__REQUEST__COMMAND_IMPAIR:
    case SKINK__CONTROL__REQUEST__COMMAND_PING:
        serve_change(c, request);
        break;
    case SKINK__CONTROL__REQUEST__COMMAND__NOT_SET:
    case _SKINK__CONTROL__REQUEST__COMMAND__CASE_IS_INT_SIZE:
        answer(c, EXIT_FAILED, "the request is from another version of skink");
        break;
    }
}

/* ---- connections ---- */

static void
connection_event(void *owner, uint32_t events)
{
    struct control_connection *c = owner;
    Skink__Control__Request *request;
    uint8_t buf[CONTROL_MESSAGE];
    size_t no_fds = 0;
    ssize_t len = fdpass_receive(c->source.fd, buf, sizeof buf, NULL, &no_fds,
                                 MSG_DONTWAIT);

    (void)events;
    if (len < 0 && errno == EAGAIN)
        return;
    request = len > 0 ? skink__control__request__unpack(NULL, (size_t)len, buf)
                      : NULL;
    if (request == NULL) {
        drop(c);
        return;
    }
    serve(c, request);
    skink__control__request__free_unpacked(request, NULL);
}

/* A place for a new connection. Strangers share the upper places, and one more
 * takes the place of the oldest, which had time to ask: so nobody keeps others
 * out by just staying. */
static struct control_connection *
place_for(struct control *control, bool stranger)
{
    size_t first = stranger ? CONTROL_OWN : 0;
    struct control_connection *oldest = &control->connections[first];

    for (size_t i = first; i < CONTROL_CONNECTIONS; i++) {
        struct control_connection *c = &control->connections[i];

        if (c->source.fd < 0)
            return c;
        if (c->order < oldest->order)
            oldest = c;
    }
    drop(oldest);
    return oldest;
}

static void
welcome(struct supervisor *s, int fd, uid_t uid)
{
    struct control_connection *c = place_for(&s->control, !may_order(s, uid));

    c->supervisor = s;
    c->uid = uid;
    c->order = s->control.accepted++;
    c->waits = false;
    c->source =
        (struct source){.fd = fd, .ready = connection_event, .owner = c};
    if (!loop_add(&s->loop, &c->source, EPOLLIN))
        drop(c);
}

static void
listener_event(void *owner, uint32_t events)
{
    struct supervisor *s = owner;
    int fd = loop_accept(s->control.listener.fd, SOCK_CLOEXEC);
    struct ucred peer;
    socklen_t len = sizeof peer;

    (void)events;
    if (fd < 0)
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        close(fd);
    else
        welcome(s, fd, peer.uid);
}

bool
control_open(struct supervisor *s, int listener)
{
    for (size_t i = 0; i < CONTROL_CONNECTIONS; i++)
        s->control.connections[i].source.fd = -1;
    s->control.listener =
        (struct source){.fd = listener, .ready = listener_event, .owner = s};
    return loop_add(&s->loop, &s->control.listener, EPOLLIN);
}

/* ---- late replies ---- */

/* tcpd does not take its predecessor's connections over: that has to be said. */
static const char *
cost_text(char out[64], const struct control_connection *c)
{
    if (c->daemon != DAEMON_TCPD)
        out[0] = '\0';
    else if (c->open == 0)
        snprintf(out, 64, "; no connection was open");
    else
        snprintf(out, 64, "; %" PRIu64 " connection%s open and %s now reset",
                 c->open, c->open == 1 ? " was" : "s were",
                 c->open == 1 ? "is" : "are");
    return out;
}

void
control_restarted(struct supervisor *s, enum daemon_id id, duration_t outage)
{
    for (size_t i = 0; i < CONTROL_CONNECTIONS; i++) {
        struct control_connection *c = &s->control.connections[i];
        char cost[64];

        if (c->source.fd < 0 || !c->waits || c->daemon != id)
            continue;
        c->waits = false;
        answer(c, EXIT_OK, "%s restarted, %.1f ms outage%s", daemon_name(id),
               (double)outage.ns / 1e6, cost_text(cost, c));
    }
}

void
control_restart_failed(struct supervisor *s, enum daemon_id id)
{
    for (size_t i = 0; i < CONTROL_CONNECTIONS; i++) {
        struct control_connection *c = &s->control.connections[i];

        if (c->source.fd < 0 || !c->waits || c->daemon != id)
            continue;
        c->waits = false;
        answer(c, EXIT_FAILED, "%s does not come up", daemon_name(id));
    }
}
