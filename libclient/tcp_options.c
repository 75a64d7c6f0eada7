/* SPDX-License-Identifier: MIT */
/* Options of level IPPROTO_TCP. */
#include "libclient/instance.h"
#include "libclient/options.h"
#include "libclient/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>

#define MS_PER_S       1000
#define MSS_DEFAULT    536 /* RFC 9293 3.7.1 */
#define FIN_TIMEOUT    60  /* seconds, as Linux's tcp_fin_timeout */
#define LINGER2_MOST   120
#define CLAMP_LEAST    4096 /* bytes */
#define CLAMP_MOST     0x3fffffff
#define CONGESTION_MAX 16 /* as Linux's TCP_CA_NAME_MAX */

/* Options that are numbers at tcpd, within Linux's limits. */
static const struct number {
    int name;
    int least, most; /* else -EINVAL */
    int normal;      /* what is in force when nothing was set */
    uint32_t scale;  /* what tcpd counts in one of Linux's units */
    size_t at;       /* in struct api_settings */
} numbers[] = {
    {TCP_KEEPIDLE, 1, 32767, 7200, MS_PER_S,
     offsetof(struct api_settings, keep_idle_ms)},
    {TCP_KEEPINTVL, 1, 32767, 75, MS_PER_S,
     offsetof(struct api_settings, keep_interval_ms)},
    {TCP_KEEPCNT, 1, 127, 9, 1, offsetof(struct api_settings, keep_count)},
    {TCP_SYNCNT, 1, 127, 6, 1, offsetof(struct api_settings, syn_tries)},
    {TCP_USER_TIMEOUT, 0, INT32_MAX, 0, 1,
     offsetof(struct api_settings, user_timeout_ms)},
};

static const char *const congestion_controls[] = {"reno"};

static const struct number *
number_of(int name)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].name == name)
            return &numbers[i];
    return NULL;
}

/* ---- set ---- */

static int
set_number(struct skink *s, struct sock *k, const struct number *n,
           int32_t value)
{
    uint32_t scaled = (uint32_t)value * n->scale;

    if (value < n->least || value > n->most)
        return -EINVAL;
    memcpy((uint8_t *)&k->options.tcpd + n->at, &scaled, sizeof scaled);
    option_tell(s, k, IPPROTO_TCP, n->name, &value, sizeof value);
    return 0;
}

static int
set_nodelay(struct skink *s, struct sock *k, int32_t on)
{
    on = on != 0;
    k->options.tcpd.flags &= ~(uint32_t)API_SET_NODELAY;
    if (on)
        k->options.tcpd.flags |= API_SET_NODELAY;
    option_tell(s, k, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (on && k->based)
        stream_flush(s, k);
    return 0;
}

/* Corked here: tcpd would hear of it after the bytes. */
static int
set_cork(struct skink *s, struct sock *k, int on)
{
    if (on != 0) {
        k->options.flags |= OPTION_CORK;
        return 0;
    }
    k->options.flags &= ~(uint32_t)OPTION_CORK;
    if (k->based)
        stream_flush(s, k);
    return 0;
}

static int
set_mss(struct skink *s, struct sock *k, int32_t value)
{
    if (value != 0 && (value < 88 || value > 32767))
        return -EINVAL;
    k->options.tcpd.mss_limit = (uint32_t)value;
    option_tell(s, k, IPPROTO_TCP, TCP_MAXSEG, &value, sizeof value);
    return 0;
}

static int
set_linger2(struct skink *s, struct sock *k, int32_t value)
{
    if (value < 0)
        value = -1;
    else if (value > LINGER2_MOST)
        value = LINGER2_MOST;
    k->options.linger2 = value;
    k->options.tcpd.fin_timeout_ms = value < 0 ? 1 : (uint32_t)value * MS_PER_S;
    option_tell(s, k, IPPROTO_TCP, TCP_LINGER2, &value, sizeof value);
    return 0;
}

static int
set_clamp(struct skink *s, struct sock *k, int value)
{
    if (value < 0 || (value == 0 && k->phase != PHASE_FRESH))
        return -EINVAL;
    if (value != 0 && value < CLAMP_LEAST)
        value = CLAMP_LEAST;
    k->options.window_clamp = value > CLAMP_MOST ? CLAMP_MOST : (uint32_t)value;
    tcp_option_limit_window(s, k);
    return 0;
}

static int
set_int(struct skink *s, struct sock *k, int name, int32_t value)
{
    const struct number *n = number_of(name);

    if (n != NULL)
        return set_number(s, k, n, value);
    switch (name) {
    case TCP_NODELAY:
        return set_nodelay(s, k, value);
    case TCP_CORK:
        return set_cork(s, k, value);
    case TCP_MAXSEG:
        return set_mss(s, k, value);
    case TCP_LINGER2:
        return set_linger2(s, k, value);
    case TCP_WINDOW_CLAMP:
        return set_clamp(s, k, value);
    case TCP_QUICKACK: /* not kept, as on Linux */
        option_tell(s, k, IPPROTO_TCP, name, &value, sizeof value);
        return 0;
    }
    return -ENOPROTOOPT;
}

static int
set_congestion(struct skink *s, struct sock *k, const char *value,
               socklen_t len)
{
    size_t n = strnlen(value, len < CONGESTION_MAX ? len : CONGESTION_MAX);

    if (len == 0)
        return -EINVAL;
    for (size_t i = 0;
         i < sizeof congestion_controls / sizeof congestion_controls[0]; i++) {
        const char *name = congestion_controls[i];

        if (strlen(name) == n && memcmp(name, value, n) == 0) {
            k->options.congestion = name;
            options_tell_rest(s, k);
            return 0;
        }
    }
    return -ENOENT;
}

int
tcp_option_set(struct skink *s, struct sock *k, int name, const void *value,
               socklen_t len)
{
    int n, rc;

    if (name == TCP_CONGESTION)
        return set_congestion(s, k, value, len);
    rc = option_take_int(value, len, &n);
    return rc != 0 ? rc : set_int(s, k, name, n);
}

/* ---- get ---- */

static int
get_number(const struct sock *k, const struct number *n)
{
    uint32_t scaled;

    memcpy(&scaled, (const uint8_t *)&k->options.tcpd + n->at, sizeof scaled);
    return scaled == 0 ? n->normal : (int)(scaled / n->scale);
}

/* Of a connection what is in force now, which tcpd alone knows. */
static int
give_mss(struct skink *s, struct sock *k, void *value, socklen_t *len)
{
    int32_t mss = 0;
    socklen_t size = sizeof mss;
    uint32_t limit = k->options.tcpd.mss_limit;

    if (k->phase != PHASE_CONNECTED ||
        option_ask(s, k, IPPROTO_TCP, TCP_MAXSEG, &mss, &size) != 0)
        mss = limit != 0 ? (int32_t)limit : MSS_DEFAULT;
    return option_give_int(mss, value, len);
}

static int
give_congestion(struct skink *s, struct sock *k, void *value, socklen_t *len)
{
    char name[CONGESTION_MAX] = "";
    socklen_t size = sizeof name - 1;
    const char *set = k->options.congestion;

    if (set == NULL &&
        option_ask(s, k, IPPROTO_TCP, TCP_CONGESTION, name, &size) != 0)
        set = congestion_controls[0];
    if (set != NULL)
        memcpy(name, set, strlen(set));
    if (*len > sizeof name)
        *len = sizeof name;
    memcpy(value, name, *len);
    return 0;
}

/* False: there is no such option. */
static bool
int_of(const struct sock *k, int name, int *out)
{
    const struct options *o = &k->options;
    const struct number *n = number_of(name);

    if (n != NULL) {
        *out = get_number(k, n);
        return true;
    }
    switch (name) {
    case TCP_NODELAY:
        *out = (o->tcpd.flags & API_SET_NODELAY) != 0;
        return true;
    case TCP_CORK:
        *out = (o->flags & OPTION_CORK) != 0;
        return true;
    case TCP_LINGER2:
        *out = o->linger2 == 0 ? FIN_TIMEOUT : o->linger2;
        return true;
    case TCP_WINDOW_CLAMP:
        *out = (int)o->window_clamp;
        return true;
    case TCP_QUICKACK:
        *out = 1;
        return true;
    }
    return false;
}

int
tcp_option_get(struct skink *s, struct sock *k, int name, void *value,
               socklen_t *len)
{
    int n;

    switch (name) {
    case TCP_MAXSEG:
        return give_mss(s, k, value, len);
    case TCP_CONGESTION:
        return give_congestion(s, k, value, len);
    case TCP_INFO:
        return info_give_tcp_info(s, k, value, len);
    }
    return int_of(k, name, &n) ? option_give_int(n, value, len) : -ENOPROTOOPT;
}
