/* SPDX-License-Identifier: MIT */
/* Options as Linux has them: its names, ranges, units and errors. Two things
 * differ. A buffer's size is kept as it was given, not doubled: nothing but
 * text is counted in it. And what Linux would share with all sockets by sysctl
 * is limited by what a stream's chunks hold. */
#include "tcpd/options.h"

#include "base/bits.h"
#include "proto/shm/conf.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define SECOND 1000 /* ms */

/* Linux's: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT, MAX_TCP_SYNCNT,
 * MAX_TCP_WINDOW, TCP_FIN_TIMEOUT_MAX. */
#define KEEP_SECONDS_MAX    32767
#define KEEP_COUNT_MAX      127
#define SYN_COUNT_MAX       127
#define MSS_LIMIT_MAX       32767
#define FIN_TIMEOUT_MAX     (120 * SECOND)
#define CONGESTION_NAME     16 /* bytes of a name with its NUL */
#define FIN_TIMEOUT_AT_ONCE 1  /* ms: a negative TCP_LINGER2 */

/* ---- what there is ---- */

enum kind {
    KIND_FLAG,   /* `at`: a bit of flags */
    KIND_NUMBER, /* `at`: a field; EINVAL outside low to high */
    KIND_BUFFER  /* `at`: a field; brought into low to high */
};

struct option {
    int32_t level, name;
    enum kind kind;
    uint32_t at;
    uint32_t low, high; /* as Linux's caller gives them */
    uint32_t unit;      /* of the field, in one of the caller's */
};

#define AT(field) ((uint32_t)offsetof(struct tcp_settings, field))

static const struct option options[] = {
    {API_LEVEL_SOCKET, API_SO_KEEPALIVE, KIND_FLAG, TCP_SET_KEEPALIVE, 0, 0, 1},
    {API_LEVEL_SOCKET, API_SO_SNDBUF, KIND_BUFFER, AT(send_buffer),
     SEND_BUFFER_MIN, BUFFER_MAX, 1},
    {API_LEVEL_SOCKET, API_SO_RCVBUF, KIND_BUFFER, AT(receive_buffer),
     RECEIVE_BUFFER_MIN, BUFFER_MAX, 1},
    {API_LEVEL_TCP, API_TCP_NODELAY, KIND_FLAG, TCP_SET_NODELAY, 0, 0, 1},
    {API_LEVEL_TCP, API_TCP_CORK, KIND_FLAG, TCP_SET_CORK, 0, 0, 1},
    {API_LEVEL_TCP, API_TCP_KEEPIDLE, KIND_NUMBER, AT(keep_idle_ms), 1,
     KEEP_SECONDS_MAX, SECOND},
    {API_LEVEL_TCP, API_TCP_KEEPINTVL, KIND_NUMBER, AT(keep_interval_ms), 1,
     KEEP_SECONDS_MAX, SECOND},
    {API_LEVEL_TCP, API_TCP_KEEPCNT, KIND_NUMBER, AT(keep_count), 1,
     KEEP_COUNT_MAX, 1},
    {API_LEVEL_TCP, API_TCP_SYNCNT, KIND_NUMBER, AT(syn_tries), 1,
     SYN_COUNT_MAX, 1},
    {API_LEVEL_TCP, API_TCP_USER_TIMEOUT, KIND_NUMBER, AT(user_timeout_ms), 0,
     INT32_MAX, 1},
};

/* By enum conf_cc; NULL: not built in. */
static const char *const congestion_controls[] = {[CONF_CC_RENO] = "reno"};

static const struct option *
find(int32_t level, int32_t name)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (options[i].level == level && options[i].name == name)
            return &options[i];
    return NULL;
}

/* ---- fields ---- */

static uint32_t
field(const struct tcp_settings *s, uint32_t at)
{
    uint32_t value;

    memcpy(&value, (const uint8_t *)s + at, sizeof value);
    return value;
}

static void
set_field(struct tcp_settings *s, uint32_t at, uint32_t value)
{
    memcpy((uint8_t *)s + at, &value, sizeof value);
}

static uint32_t
clamp(uint32_t value, uint32_t low, uint32_t high)
{
    return min_u32(max_u32(value, low), high);
}

/* ---- numbers ---- */

bool
options_number(const struct api_request *q, int32_t *number)
{
    if (q->value_len < sizeof *number || q->value_len > sizeof q->value)
        return false;
    memcpy(number, q->value, sizeof *number);
    return true;
}

void
options_answer(struct api_result *r, int32_t number)
{
    memcpy(r->value, &number, sizeof number);
    r->value_len = sizeof number;
}

static int
set_option(struct tcp_settings *s, const struct option *o, int32_t value)
{
    switch (o->kind) {
    case KIND_FLAG:
        s->flags = value != 0 ? s->flags | o->at : s->flags & ~o->at;
        return 0;
    case KIND_NUMBER:
        if (value < 0 || (uint32_t)value < o->low || (uint32_t)value > o->high)
            return EINVAL;
        set_field(s, o->at, (uint32_t)value * o->unit);
        return 0;
    case KIND_BUFFER: /* Linux too takes a negative one as very large */
        set_field(s, o->at, clamp((uint32_t)value, o->low, o->high));
        return 0;
    }
    return EINVAL;
}

static int32_t
get_option(const struct tcp_settings *s, const struct option *o)
{
    if (o->kind == KIND_FLAG)
        return (s->flags & o->at) != 0;
    return (int32_t)(field(s, o->at) / o->unit);
}

/* 0 takes the limit away. */
static int
set_mss_limit(struct tcp_settings *s, int32_t value)
{
    if (value != 0 && (value < TCP_MSS_MIN || value > MSS_LIMIT_MAX))
        return EINVAL;
    s->mss_limit = (uint32_t)value;
    return 0;
}

/* Seconds; 0 is the default, a negative number no wait at all. */
static void
set_fin_timeout(struct tcp_settings *s, int32_t value)
{
    if (value < 0)
        s->fin_timeout_ms = FIN_TIMEOUT_AT_ONCE;
    else if (value == 0)
        s->fin_timeout_ms = TCP_FIN_TIMEOUT;
    else
        s->fin_timeout_ms =
            min_u32((uint32_t)value, FIN_TIMEOUT_MAX / SECOND) * SECOND;
}

static int32_t
get_fin_timeout(const struct tcp_settings *s)
{
    return s->fin_timeout_ms == FIN_TIMEOUT_AT_ONCE
               ? -1
               : (int32_t)(s->fin_timeout_ms / SECOND);
}

/* ---- names ---- */

/* The value need not end in a NUL, nor is it over behind one. */
static int
set_congestion_control(struct tcp_settings *s, const struct api_request *q)
{
    char name[CONGESTION_NAME] = {0};

    if (q->value_len == 0)
        return EINVAL;
    memcpy(name, q->value, min_u32(q->value_len, CONGESTION_NAME - 1));
    for (uint32_t i = 0; i < ARRAY_LEN(congestion_controls); i++)
        if (congestion_controls[i] != NULL &&
            strcmp(name, congestion_controls[i]) == 0) {
            s->congestion_control = i;
            return 0;
        }
    return ENOENT;
}

static void
get_congestion_control(const struct tcp_settings *s, struct api_result *r)
{
    uint32_t i = s->congestion_control;
    const char *name =
        i < ARRAY_LEN(congestion_controls) ? congestion_controls[i] : NULL;

    memset(r->value, 0, CONGESTION_NAME);
    if (name != NULL)
        memcpy(r->value, name, strlen(name));
    r->value_len = CONGESTION_NAME;
}

/* ---- all of them ---- */

int
options_set(struct tcp_settings *s, const struct api_request *q)
{
    const struct option *o = find(q->level, q->name);
    bool tcp = q->level == API_LEVEL_TCP;
    int32_t value;

    if (tcp && q->name == API_TCP_CONGESTION)
        return set_congestion_control(s, q);
    if (o == NULL &&
        !(tcp && (q->name == API_TCP_MAXSEG || q->name == API_TCP_LINGER2)))
        return ENOPROTOOPT;
    if (!options_number(q, &value))
        return EINVAL;
    if (o != NULL)
        return set_option(s, o, value);
    if (q->name == API_TCP_MAXSEG)
        return set_mss_limit(s, value);
    set_fin_timeout(s, value);
    return 0;
}

int
options_get(const struct tcp_settings *s, const struct api_request *q,
            struct api_result *r)
{
    const struct option *o = find(q->level, q->name);
    bool tcp = q->level == API_LEVEL_TCP;

    if (o != NULL)
        options_answer(r, get_option(s, o));
    else if (tcp && q->name == API_TCP_CONGESTION)
        get_congestion_control(s, r);
    else if (tcp && q->name == API_TCP_MAXSEG)
        options_answer(
            r, (int32_t)(s->mss_limit != 0 ? s->mss_limit : TCP_MSS_DEFAULT));
    else if (tcp && q->name == API_TCP_LINGER2)
        options_answer(r, get_fin_timeout(s));
    else
        return ENOPROTOOPT;
    return 0;
}

/* ---- before there is a connection ---- */

/* `asked`, in the field's unit, unless it is 0. */
static void
adopt(uint32_t *own, uint32_t asked, uint32_t low, uint32_t high)
{
    if (asked != 0)
        *own = clamp(asked, low, high);
}

struct tcp_settings
options_adopt(const struct tcp_settings *base, const struct api_settings *asked)
{
    struct tcp_settings s = *base;

    s.flags =
        asked->flags & (TCP_SET_NODELAY | TCP_SET_KEEPALIVE | TCP_SET_CORK);
    adopt(&s.keep_idle_ms, asked->keep_idle_ms, SECOND,
          KEEP_SECONDS_MAX * SECOND);
    adopt(&s.keep_interval_ms, asked->keep_interval_ms, SECOND,
          KEEP_SECONDS_MAX * SECOND);
    adopt(&s.keep_count, asked->keep_count, 1, KEEP_COUNT_MAX);
    adopt(&s.user_timeout_ms, asked->user_timeout_ms, 1, INT32_MAX);
    adopt(&s.send_buffer, asked->send_buffer, SEND_BUFFER_MIN, BUFFER_MAX);
    adopt(&s.receive_buffer, asked->receive_buffer, RECEIVE_BUFFER_MIN,
          BUFFER_MAX);
    adopt(&s.mss_limit, asked->mss_limit, TCP_MSS_MIN, MSS_LIMIT_MAX);
    adopt(&s.fin_timeout_ms, asked->fin_timeout_ms, FIN_TIMEOUT_AT_ONCE,
          FIN_TIMEOUT_MAX);
    adopt(&s.syn_tries, asked->syn_tries, 1, SYN_COUNT_MAX);
    if (asked->congestion_control < ARRAY_LEN(congestion_controls) &&
        congestion_controls[asked->congestion_control] != NULL)
        s.congestion_control = asked->congestion_control;
    return s;
}

static_assert((int)TCP_SET_NODELAY == (int)API_SET_NODELAY &&
                  (int)TCP_SET_KEEPALIVE == (int)API_SET_KEEPALIVE &&
                  (int)TCP_SET_CORK == (int)API_SET_CORK,
              "core and clients name the same bits");
