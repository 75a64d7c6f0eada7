/* SPDX-License-Identifier: MIT */
/* A client connects once; that connection is its life and its doorbell. The
 * supervisor makes its two regions and a secret token, hands tcpd its ends,
 * and then answers. It does not watch the connection: the kept duplicate is
 * for tcpd's successor, and it is tcpd that sees the client die, ends its
 * streams as a kernel would, and says when the regions may go.
 *
 * A region is never given to a second client: it is punched out and closed,
 * and only the number is used again. */
#define _GNU_SOURCE 1
#include "ctl/clients.h"

#include "base/os/fdpass.h"
#include "base/os/log.h"
#include "ctl/supervisor.h"
#include "ctl/words.h"
#include "proto/shm/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNMAPPED_UID 65534 /* how a user namespace shows everybody else */

static bool
is_trusted(const struct supervisor *s, uid_t uid)
{
    return uid == s->owner || uid == 0;
}

/* Root's instance serves everyone whom it can tell apart, a user's instance its
 * user and root. */
static bool
is_allowed(const struct supervisor *s, uid_t uid)
{
    return is_trusted(s, uid) || (s->owner == 0 && uid != UNMAPPED_UID);
}

int
clients_admit(const struct supervisor *s, uid_t uid)
{
    unsigned same = 0, live = 0, strangers = 0;

    if (!is_allowed(s, uid))
        return -EPERM;
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        const struct client *c = &s->clients.client[i];

        live += c->live;
        same += c->live && c->uid == uid;
        strangers += c->live && !is_trusted(s, c->uid);
    }
    if (live == CLIENTS_MAX ||
        (!is_trusted(s, uid) && strangers >= CLIENTS_MAX - CLIENTS_OWN))
        return -EAGAIN;
    return same >= CLIENTS_PER_UID ? -EDQUOT : 0;
}

static uint32_t
number_of(const struct supervisor *s, const struct client *c)
{
    return (uint32_t)(c - s->clients.client);
}

static struct client *
free_client(struct supervisor *s)
{
    struct client *c = s->clients.client;

    while (c->live)
        c++;
    return c;
}

static void
discard(struct client *c)
{
    store_region_punch(&c->tx, CLIENT_REGION_SIZE);
    store_region_punch(&c->rx, CLIENT_REGION_SIZE);
    close(c->connection);
    *c = (struct client){.live = false};
}

/* Everything that a client has, into a free place. NULL, errno set. */
static struct client *
create(struct supervisor *s, int connection, uid_t uid)
{
    struct client *c = free_client(s);
    uint32_t n = number_of(s, c);

    *c = (struct client){
        .uid = uid,
        .connection = connection,
        .tx = {.writable = -1, .readonly = -1},
        .rx = {.writable = -1, .readonly = -1},
    };
    if (store_region(&c->tx, REGION_CLIENT_TX(n), CLIENT_REGION_SIZE,
                     s->store.epoch) &&
        store_region(&c->rx, REGION_CLIENT_RX(n), CLIENT_REGION_SIZE,
                     s->store.epoch) &&
        getrandom(c->token, sizeof c->token, 0) == (ssize_t)sizeof c->token) {
        c->serial = ++s->clients.serials;
        c->live = true;
        return c;
    }

    int why = errno;

    store_region_punch(&c->tx, CLIENT_REGION_SIZE);
    store_region_punch(&c->rx, CLIENT_REGION_SIZE);
    errno = why;
    return NULL;
}

/* A client that is not there to hear it, or does not read, is tcpd's to find. */
static void
welcome(const struct supervisor *s, const struct client *c)
{
    struct client_welcome msg = {.abi = SHM_ABI, .client = number_of(s, c)};
    const int fds[] = {
        c->tx.writable,
        c->rx.readonly,
        s->store.regions[REGION_TCPD_CNC].readonly,
        s->store.regions[REGION_APID_CNC].readonly,
    };

    memcpy(msg.token, c->token, sizeof msg.token);
    /* EPIPE: it was gone before it was greeted, and nobody wants to know. */
    if (!fdpass_send(c->connection, &msg, sizeof msg, fds, 4) && errno != EPIPE)
        log_line("cannot welcome client %u: %s", msg.client, strerror(errno));
}

static void
refuse(int connection, int error)
{
    struct client_welcome msg = {.abi = SHM_ABI, .error = error};

    /* Any user can do that as often as he likes: it is not worth a line. */
    if (!fdpass_send(connection, &msg, sizeof msg, NULL, 0) && errno != EPIPE)
        log_line("cannot refuse a client: %s", strerror(errno));
    close(connection);
}

/* Of a process in a pid namespace that the supervisor does not see the pid is 0. */
static void
read_comm(char comm[16], pid_t pid)
{
    char path[32];
    ssize_t len;
    int fd;

    memset(comm, 0, 16);
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    len = read(fd, comm, 16);
    close(fd);
    if (len > 0)
        comm[len - 1] = '\0'; /* a newline */
}

static void
enter_in_book(struct supervisor *s, const struct client *c,
              const struct ucred *peer)
{
    struct conf_client *row = &s->store.conf->client[number_of(s, c)];
    uint64_t words[2];
    char comm[16];

    read_comm(comm, peer->pid);
    memcpy(words, comm, sizeof words);
    row->pid = (uint32_t)peer->pid;
    row->uid = (uint32_t)peer->uid;
    row->comm[0] = words[0];
    row->comm[1] = words[1];
    row->serial = c->serial;
    s->store.conf->clients++;
}

/* tcpd first: a client that is faster than its own handover would be asked to
 * prove a token of which tcpd knows nothing. */
static void
attach(struct supervisor *s, int connection)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    struct client *c;
    int error;

    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
        close(connection);
        return;
    }
    if ((error = clients_admit(s, peer.uid)) != 0) {
        refuse(connection, error);
        return;
    }
    if ((c = create(s, connection, peer.uid)) == NULL) {
        refuse(connection, -errno);
        return;
    }
    enter_in_book(s, c, &peer);
    child_feed(&s->children[DAEMON_TCPD]);
    welcome(s, c);
}

static void
listener_event(void *owner, uint32_t events)
{
    struct supervisor *s = owner;
    int connection =
        loop_accept(s->clients.listener.fd, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (connection >= 0)
        attach(s, connection);
}

bool
clients_open(struct supervisor *s, int listener)
{
    s->clients.listener =
        (struct source){.fd = listener, .ready = listener_event, .owner = s};
    return loop_add(&s->loop, &s->clients.listener, EPOLLIN);
}

/* ---- tcpd's share ---- */

/* The three messages in their order; the last one makes the client whole. */
static bool
hand_over_one(const struct supervisor *s, struct client *c, int sock)
{
    const struct {
        enum handover_kind kind;
        int fd;
    } parts[] = {
        {HANDOVER_CLIENT_TX, c->tx.readonly},
        {HANDOVER_CLIENT_RX, c->rx.writable},
        {HANDOVER_CLIENT, c->connection},
    };

    while (c->handed < 3) {
        struct handover msg = {
            .kind = parts[c->handed].kind,
            .id = number_of(s, c),
            .writable = parts[c->handed].kind == HANDOVER_CLIENT_RX,
            .uid = c->uid,
            .serial = c->serial,
        };

        memcpy(msg.token, c->token, sizeof msg.token);
        if (!fdpass_send(sock, &msg, sizeof msg, &parts[c->handed].fd, 1))
            return false;
        c->handed++;
    }
    return true;
}

bool
clients_hand_over(struct supervisor *s, int sock)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &s->clients.client[i];

        if (c->live && !hand_over_one(s, c, sock))
            return false;
    }
    return true;
}

void
clients_forget_handover(struct supervisor *s)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        s->clients.client[i].handed = 0;
}

void
clients_gone(struct supervisor *s, uint32_t number)
{
    if (number >= CLIENTS_MAX || !s->clients.client[number].live)
        return;
    discard(&s->clients.client[number]);
    s->store.conf->client[number].serial = 0;
    s->store.conf->clients--;
}
