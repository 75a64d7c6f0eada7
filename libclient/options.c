/* SPDX-License-Identifier: MIT */
/* Socket options: Linux's levels, names, numbers and types. All are kept here, so
 * that most questions are answered here. What tcpd has to know goes along with
 * connect or listen, and later in passing: it is checked here, so that nobody
 * has to wait for the answer. */
#include "libclient/calls.h"
#include "libclient/client.h"
#include "libclient/instance.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

#define TIMEOUT_LONGEST 1000000000 /* seconds; longer is for ever */
#define BUFFER_LEAST    4096       /* bytes */
#define BUFFER_MOST     ((SLOT_CHUNKS - 2) * CHUNK)

/* What tcpd takes when nobody has said anything. */
#define SEND_BUFFER    2097152
#define RECEIVE_BUFFER 1048576

void
options_init(struct options *o)
{
    *o = (struct options){.lowat = 1, .linger = -1};
}

/* ---- tcpd ---- */

/* Does tcpd know more of it than its address? */
static bool
is_known(const struct sock *k)
{
    return k->renewal == RENEW_NONE &&
           (k->phase == PHASE_CONNECTED || k->phase == PHASE_CONNECTING ||
            k->phase == PHASE_LISTENING);
}

void
option_tell(struct skink *s, struct sock *k, int level, int name,
            const void *value, size_t len)
{
    struct request what = {.ask = ASK_SET,
                           .level = level,
                           .name = name,
                           .value_len = (uint16_t)len};

    if (!is_known(k) || len > API_VALUE)
        return;
    memcpy(what.value, value, len);
    (void)request_start(s, k, &what);
}

int
option_ask(struct skink *s, struct sock *k, int level, int name, void *value,
           socklen_t *len)
{
    const struct request what = {
        .ask = ASK_GET, .level = level, .name = name, .awaited = true};
    struct request *r, answer;
    int rc;

    if (!is_known(k) || k->phase == PHASE_CONNECTING)
        return -ENOTCONN;
    r = request_start(s, k, &what);
    rc = r == NULL ? -ENOMEM : request_wait(s, r, &answer);
    if (rc != 0)
        return rc;
    if (*len > answer.value_len)
        *len = answer.value_len;
    memcpy(value, answer.value, *len);
    return 0;
}

void
options_tell_rest(struct skink *s, struct sock *k)
{
    const char *name = k->options.congestion;

    if (name != NULL)
        option_tell(s, k, IPPROTO_TCP, TCP_CONGESTION, name, strlen(name));
}

/* ---- values in ---- */

int
option_take_int(const void *value, socklen_t len, int *out)
{
    if (len < sizeof *out)
        return -EINVAL;
    memcpy(out, value, sizeof *out);
    return 0;
}

static int
take_timeout(const void *value, socklen_t len, duration_t *out)
{
    struct timeval tv;

    if (len < sizeof tv)
        return -EINVAL;
    memcpy(&tv, value, sizeof tv);
    if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
        return -EDOM;
    if (tv.tv_sec < 0) { /* as Linux: such a time has passed already */
        *out = duration_us(1);
        return 0;
    }
    *out = duration_us(tv.tv_sec > TIMEOUT_LONGEST
                           ? 0
                           : (int64_t)tv.tv_sec * 1000000 + tv.tv_usec);
    return 0;
}

static int
take_linger(const void *value, socklen_t len, struct options *o)
{
    struct linger l;

    if (len < sizeof l)
        return -EINVAL;
    memcpy(&l, value, sizeof l);
    o->linger = l.l_onoff == 0 || l.l_linger < 0 ? -1 : l.l_linger;
    return 0;
}

/* ---- values out ---- */

int
option_give_int(int n, void *value, socklen_t *len)
{
    if (*len > sizeof n)
        *len = sizeof n;
    memcpy(value, &n, *len);
    return 0;
}

static int
give_struct(const void *from, size_t size, void *value, socklen_t *len)
{
    if (*len < size)
        return -EINVAL;
    memcpy(value, from, size);
    *len = (socklen_t)size;
    return 0;
}

static int
give_timeout(duration_t d, void *value, socklen_t *len)
{
    struct timeval tv = {.tv_sec = d.ns / 1000000000,
                         .tv_usec = d.ns / 1000 % 1000000};

    return give_struct(&tv, sizeof tv, value, len);
}

static int
give_linger(const struct options *o, void *value, socklen_t *len)
{
    struct linger l = {.l_onoff = o->linger >= 0,
                       .l_linger = o->linger >= 0 ? o->linger : 0};

    return give_struct(&l, sizeof l, value, len);
}

/* ---- buffers ---- */

static uint32_t
buffer_size(int asked)
{
    if (asked < BUFFER_LEAST)
        return BUFFER_LEAST;
    return asked > BUFFER_MOST ? BUFFER_MOST : (uint32_t)asked;
}

static int
set_send_buffer(struct skink *s, struct sock *k, int asked)
{
    int32_t size = (int32_t)buffer_size(asked);

    k->options.tcpd.send_buffer = (uint32_t)size;
    option_tell(s, k, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return 0;
}

void
tcp_option_limit_window(struct skink *s, struct sock *k)
{
    struct options *o = &k->options;
    uint32_t was = o->tcpd.receive_buffer;
    uint32_t size = o->receive_buffer;
    int32_t value;

    if (o->window_clamp != 0 && (size == 0 || o->window_clamp < size))
        size = o->window_clamp;
    if (size == was)
        return;
    o->tcpd.receive_buffer = size;
    value = size == 0 ? RECEIVE_BUFFER : (int32_t)size;
    option_tell(s, k, SOL_SOCKET, SO_RCVBUF, &value, sizeof value);
}

static int
set_receive_buffer(struct skink *s, struct sock *k, int asked)
{
    k->options.receive_buffer = buffer_size(asked);
    tcp_option_limit_window(s, k);
    return 0;
}

/* As Linux: the buffer grows with the mark, which is half of it at most. */
static int
set_lowat(struct skink *s, struct sock *k, int asked)
{
    struct options *o = &k->options;
    uint32_t most = buffer_size(BUFFER_MOST) / 2;
    uint32_t lowat = asked < 0 ? INT32_MAX : (uint32_t)asked;

    if (o->receive_buffer != 0)
        most = o->receive_buffer / 2;
    else if (lowat > BUFFER_LEAST)
        set_receive_buffer(s, k, lowat > most ? (int)most * 2 : asked * 2);
    o->lowat = lowat == 0 ? 1 : lowat > most ? most : lowat;
    sock_wake(s, k);
    instance_news(s);
    return 0;
}

/* What is in force: of a connection, as its cursors show it. */
static int
send_buffer(const struct sock *k)
{
    if (k->phase == PHASE_CONNECTED && k->state != SLOT_DEAD &&
        k->send_limit > k->freed && k->send_limit - k->freed <= BUFFER_MOST)
        return (int)(k->send_limit - k->freed);
    return k->options.tcpd.send_buffer != 0 ? (int)k->options.tcpd.send_buffer
                                            : SEND_BUFFER;
}

static int
give_receive_buffer(struct skink *s, struct sock *k, void *value,
                    socklen_t *len)
{
    const struct options *o = &k->options;
    int32_t size = RECEIVE_BUFFER;
    socklen_t size_len = sizeof size;

    if (o->receive_buffer != 0)
        size = (int32_t)o->receive_buffer;
    else if (option_ask(s, k, SOL_SOCKET, SO_RCVBUF, &size, &size_len) != 0)
        size = RECEIVE_BUFFER;
    return option_give_int(size, value, len);
}

/* ---- level SOL_SOCKET ---- */

/* The option's flag here; 0: it has none. */
static uint32_t
flag_of(int name)
{
    switch (name) {
    case SO_REUSEADDR:
        return OPTION_REUSEADDR;
    case SO_BROADCAST:
        return OPTION_BROADCAST;
    case SO_DONTROUTE:
        return OPTION_DONTROUTE;
    case SO_OOBINLINE:
        return OPTION_OOBINLINE;
    }
    return 0;
}

static int
set_keepalive(struct skink *s, struct sock *k, int32_t on)
{
    on = on != 0;
    k->options.tcpd.flags &= ~(uint32_t)API_SET_KEEPALIVE;
    if (on)
        k->options.tcpd.flags |= API_SET_KEEPALIVE;
    option_tell(s, k, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return 0;
}

static int
set_int(struct skink *s, struct sock *k, int name, const void *value,
        socklen_t len)
{
    uint32_t flag = flag_of(name);
    int n, rc = option_take_int(value, len, &n);

    if (rc != 0)
        return rc;
    if (flag != 0) {
        k->options.flags &= ~flag;
        k->options.flags |= n != 0 ? flag : 0;
        return 0;
    }
    switch (name) {
    case SO_KEEPALIVE:
        return set_keepalive(s, k, n);
    case SO_SNDBUF:
        return set_send_buffer(s, k, n);
    case SO_RCVBUF:
        return set_receive_buffer(s, k, n);
    case SO_RCVLOWAT:
        return set_lowat(s, k, n);
    }
    return -ENOPROTOOPT;
}

static int
set_option(struct skink *s, struct sock *k, int level, int name,
           const void *value, socklen_t len)
{
    if (level == IPPROTO_TCP)
        return tcp_option_set(s, k, name, value, len);
    if (level != SOL_SOCKET)
        return -ENOPROTOOPT;
    switch (name) {
    case SO_RCVTIMEO:
        return take_timeout(value, len, &k->options.receive_timeout);
    case SO_SNDTIMEO:
        return take_timeout(value, len, &k->options.send_timeout);
    case SO_LINGER:
        return take_linger(value, len, &k->options);
    }
    return set_int(s, k, name, value, len);
}

/* False: there is no such option. */
static bool
int_of(struct skink *s, struct sock *k, int name, int *out)
{
    const struct options *o = &k->options;

    if (flag_of(name) != 0) {
        *out = (o->flags & flag_of(name)) != 0;
        return true;
    }
    switch (name) {
    case SO_ERROR:
        sock_look(s, k);
        *out = sock_take_error(k);
        return true;
    case SO_TYPE:
        *out = SOCK_STREAM;
        return true;
    case SO_DOMAIN:
        *out = AF_INET;
        return true;
    case SO_PROTOCOL:
        *out = IPPROTO_TCP;
        return true;
    case SO_ACCEPTCONN:
        *out = k->phase == PHASE_LISTENING;
        return true;
    case SO_KEEPALIVE:
        *out = (o->tcpd.flags & API_SET_KEEPALIVE) != 0;
        return true;
    case SO_SNDBUF:
        sock_look(s, k);
        *out = send_buffer(k);
        return true;
    case SO_RCVLOWAT:
        *out = (int)o->lowat;
        return true;
    case SO_SNDLOWAT:
        *out = 1;
        return true;
    }
    return false;
}

static int
get_option(struct skink *s, struct sock *k, int level, int name, void *value,
           socklen_t *len)
{
    int n;

    if (level == IPPROTO_TCP)
        return tcp_option_get(s, k, name, value, len);
    if (level != SOL_SOCKET)
        return -ENOPROTOOPT;
    switch (name) {
    case SO_RCVTIMEO:
        return give_timeout(k->options.receive_timeout, value, len);
    case SO_SNDTIMEO:
        return give_timeout(k->options.send_timeout, value, len);
    case SO_LINGER:
        return give_linger(&k->options, value, len);
    case SO_RCVBUF:
        return give_receive_buffer(s, k, value, len);
    }
    return int_of(s, k, name, &n) ? option_give_int(n, value, len)
                                  : -ENOPROTOOPT;
}

/* ---- the calls ---- */

int
skink_setsockopt(struct skink *s, int handle, int level, int name,
                 const void *value, socklen_t len)
{
    struct sock *k;
    int rc = instance_enter_sock(s, handle, &k);

    if (rc != 0)
        return rc;
    rc = value == NULL ? -EFAULT : set_option(s, k, level, name, value, len);
    instance_leave(s);
    return rc;
}

int
skink_getsockopt(struct skink *s, int handle, int level, int name, void *value,
                 socklen_t *len)
{
    struct sock *k;
    int rc = instance_enter_sock(s, handle, &k);

    if (rc != 0)
        return rc;
    if (value == NULL || len == NULL)
        rc = -EFAULT;
    else if (*len > INT32_MAX)
        rc = -EINVAL;
    else
        rc = get_option(s, k, level, name, value, len);
    instance_leave(s);
    return rc;
}

int
skink_set_nonblocking(struct skink *s, int handle, int on)
{
    struct sock *k;
    int rc = instance_enter_sock(s, handle, &k);

    if (rc != 0)
        return rc;
    k->nonblocking = on != 0;
    instance_leave(s);
    return 0;
}
