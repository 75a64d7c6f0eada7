/* SPDX-License-Identifier: MIT */
/* Attaching to an instance and detaching from it; and fork.
 *
 * The supervisor answers the connection with two regions, two pages in which we
 * see how tcpd and apid are, and a token for requests. The connection stays:
 * it is the doorbell, and its end is our end. A child of fork would keep it
 * open beyond the parent's life, so a fork handler closes it there. */
#include "base/os/fdpass.h"
#include "base/os/rundir.h"
#include "libclient/client.h"
#include "libclient/instance.h"
#include "libclient/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define ANSWER_SECONDS   5 /* how long the supervisor may take */
#define WELCOME_FDS      4
#define DEFAULT_INSTANCE "default"

const char *
skink_version(void)
{
    return SKINK_VERSION;
}

/* ---- fork ---- */

static struct list instances = {&instances, &instances};
static pthread_mutex_t instances_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void
before_fork(void)
{
    pthread_mutex_lock(&instances_mutex);
}

static void
after_fork_in_parent(void)
{
    pthread_mutex_unlock(&instances_mutex);
}

static void
after_fork_in_child(void)
{
    for (struct list *l = instances.next; l != &instances; l = l->next) {
        struct skink *s = list_item(l, struct skink, all);

        if (s->forked)
            continue; /* a grandchild: its parent's parent attached */
        s->forked = true;
        close(s->connection);
        close(s->timer);
        close(s->epoll);
    }
    pthread_mutex_unlock(&instances_mutex);
}

static void
watch_forks(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

static void
remember(struct skink *s)
{
    pthread_once(&fork_once, watch_forks);
    pthread_mutex_lock(&instances_mutex);
    list_append(&instances, &s->all);
    pthread_mutex_unlock(&instances_mutex);
}

static void
forget(struct skink *s)
{
    pthread_mutex_lock(&instances_mutex);
    list_remove(&s->all);
    pthread_mutex_unlock(&instances_mutex);
}

/* ---- making and freeing ---- */

static bool
watch(struct skink *s, int fd)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) == 0;
}

static bool
open_descriptors(struct skink *s, const struct parts *p)
{
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return s->epoll >= 0 && s->timer >= 0 &&
           requests_open(s, p->endpoint, p->token, cnc_of(&s->apid_cnc)) &&
           watch(s, s->connection) && watch(s, s->timer) &&
           watch(s, s->requests.fd);
}

static void
take_parts(struct skink *s, const struct parts *p)
{
    s->connection = p->connection;
    s->tx_region = p->tx;
    s->rx_region = p->rx;
    s->tcpd_cnc = p->tcpd_cnc;
    s->apid_cnc = p->apid_cnc;
    s->tx = (struct client_tx_shm *)(void *)p->tx.base;
    s->rx = (const struct client_rx_shm *)(const void *)p->rx.base;
    s->tcpd = cnc_of(&p->tcpd_cnc);
}

static void
init_locks(struct skink *s)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&s->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->news, &attr);
    pthread_condattr_destroy(&attr);
}

static void
unmap(struct skink *s)
{
    region_unmap(&s->tx_region);
    region_unmap(&s->rx_region);
    region_unmap(&s->tcpd_cnc);
    region_unmap(&s->apid_cnc);
}

static void
close_descriptors(struct skink *s)
{
    if (s->timer >= 0)
        close(s->timer);
    if (s->epoll >= 0)
        close(s->epoll);
    close(s->connection);
}

static void
destroy(struct skink *s)
{
    requests_close(&s->requests);
    close_descriptors(s);
    unmap(s);
    pthread_cond_destroy(&s->news);
    pthread_mutex_destroy(&s->mutex);
    free(s->socks);
    free(s);
}

int
instance_new(struct skink **out, const struct parts *p)
{
    static const struct request hello = {.ask = ASK_HELLO};
    struct skink *s = calloc(1, sizeof *s);
    int rc;

    *out = NULL;
    if (s == NULL)
        return -ENOMEM;
    take_parts(s, p);
    init_locks(s);
    s->timer = s->epoll = -1;
    s->socks = calloc(CLIENT_SLOTS, sizeof *s->socks);
    socks_init(s);
    stream_init_chunks(s);
    list_init(&s->all);
    if (s->socks == NULL || !open_descriptors(s, p) ||
        request_start(s, NULL, &hello) == NULL) {
        rc = errno != 0 ? -errno : -ENOMEM;
        destroy(s);
        return rc;
    }
    remember(s);
    *out = s;
    return 0;
}

void
skink_free(struct skink *s)
{
    if (s == NULL)
        return;
    forget(s);
    if (!s->forked) {
        destroy(s);
        return;
    }
    /* The regions were not mapped here, the descriptors are closed, and
     * ZeroMQ's threads and the mutex are the parent's. */
    free(s->socks);
    free(s);
}

/* ---- the supervisor ---- */

static int
connect_supervisor(const char *rundir)
{
    const struct timeval limit = {.tv_sec = ANSWER_SECONDS};
    struct sockaddr_un address;
    int fd, saved;

    if (!rundir_socket(&address, rundir, "attach"))
        return -errno;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    saved = errno == EAGAIN ? ETIMEDOUT : errno;
    close(fd);
    return -saved;
}

/* The supervisor's answer, and its descriptors. */
static int
receive_welcome(int connection, struct client_welcome *w, int fds[WELCOME_FDS],
                size_t *n)
{
    ssize_t len = fdpass_receive(connection, w, sizeof *w, fds, n, 0);

    if (len < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    if (len == 0)
        return -ECONNREFUSED;
    if ((size_t)len != sizeof *w || w->abi != SHM_ABI)
        return -EPROTO;
    if (w->error != 0)
        return w->error < 0 && w->error > -4096 ? w->error : -EPROTO;
    return *n == WELCOME_FDS && w->client < CLIENTS_MAX ? 0 : -EPROTO;
}

static int
map_regions(struct parts *p, uint32_t client, const int fds[WELCOME_FDS])
{
    if (!region_map(&p->tx, fds[0], REGION_CLIENT_TX(client), true) ||
        !region_map(&p->rx, fds[1], REGION_CLIENT_RX(client), false) ||
        !region_map(&p->tcpd_cnc, fds[2], REGION_TCPD_CNC, false) ||
        !region_map(&p->apid_cnc, fds[3], REGION_APID_CNC, false))
        return -errno;
    if (p->tx.size < CLIENT_REGION_SIZE || p->rx.size < CLIENT_REGION_SIZE ||
        cnc_of(&p->tcpd_cnc) == NULL || cnc_of(&p->apid_cnc) == NULL)
        return -EPROTO;
    return 0;
}

static void
unmap_parts(struct parts *p)
{
    region_unmap(&p->tx);
    region_unmap(&p->rx);
    region_unmap(&p->tcpd_cnc);
    region_unmap(&p->apid_cnc);
}

/* Fills in all of *p but the endpoint; on failure nothing but the connection. */
static int
be_welcomed(struct parts *p)
{
    struct client_welcome w;
    int fds[WELCOME_FDS];
    size_t n = WELCOME_FDS;
    int rc = receive_welcome(p->connection, &w, fds, &n);

    if (rc == 0)
        rc = map_regions(p, w.client, fds);
    if (rc == 0)
        memcpy(p->token, w.token, sizeof p->token);
    else
        unmap_parts(p);
    while (n > 0)
        close(fds[--n]);
    return rc;
}

static int
attach(struct skink **out, const char *rundir)
{
    struct parts p = {.connection = connect_supervisor(rundir)};
    int rc, len;

    if (p.connection < 0)
        return p.connection;
    len = snprintf(p.endpoint, sizeof p.endpoint, "ipc://%s/tcpd", rundir);
    rc = len < (int)sizeof p.endpoint ? be_welcomed(&p) : -ENAMETOOLONG;
    if (rc == 0)
        return instance_new(out, &p);
    close(p.connection);
    return rc;
}

int
skink_open(struct skink **out, const char *instance)
{
    char rundir[RUNDIR_SIZE];

    *out = NULL;
    if (instance == NULL)
        instance = getenv("SKINK_INSTANCE");
    if (instance == NULL || instance[0] == '\0')
        instance = DEFAULT_INSTANCE;
    if (!rundir_path(rundir, sizeof rundir, instance))
        return -errno;
    return attach(out, rundir);
}
