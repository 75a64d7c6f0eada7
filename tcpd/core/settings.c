/* SPDX-License-Identifier: MIT */
/* What setsockopt() changes of a connection or listener, and what follows from
 * a change at once. */
#include "base/bits.h"
#include "tcpd/core/internal.h"
#include "tcpd/core/keepalive.h"
#include "tcpd/core/output.h"
#include "tcpd/core/path.h"

#include <string.h>

#define KEEP_MS_MIN    1000u     /* Linux's, and what a timer may cost */
#define KEEP_MS_MAX    32767000u /* Linux's MAX_TCP_KEEPIDLE */
#define KEEP_COUNT_MAX 127u
#define FIN_WAIT_MAX   120000u /* as Linux */
#define BUFFER_MIN     256u    /* bytes */
#define ALL_FLAGS      (TCP_SET_NODELAY | TCP_SET_KEEPALIVE | TCP_SET_CORK)

void
tcp_settings_default(const struct tcp *tcp, struct tcp_settings *out)
{
    *out = (struct tcp_settings){
        .keep_idle_ms = TCP_KEEP_IDLE,
        .keep_interval_ms = TCP_KEEP_INTERVAL,
        .keep_count = TCP_KEEP_COUNT,
        .send_buffer = tcp->config.send_buffer,
        .receive_buffer = tcp->config.receive_buffer,
        .fin_timeout_ms = TCP_FIN_TIMEOUT,
        .syn_tries = TCP_SYN_TRIES,
    };
}

static uint32_t
within(uint32_t v, uint32_t least, uint32_t most)
{
    return min_u32(max_u32(v, least), most);
}

void
settings_take(const struct tcp *tcp, const struct tcp_settings *wanted,
              struct tcp_settings *out)
{
    if (wanted == NULL) {
        tcp_settings_default(tcp, out);
        return;
    }
    *out = (struct tcp_settings){
        .flags = wanted->flags & ALL_FLAGS,
        .keep_idle_ms = within(wanted->keep_idle_ms, KEEP_MS_MIN, KEEP_MS_MAX),
        .keep_interval_ms =
            within(wanted->keep_interval_ms, KEEP_MS_MIN, KEEP_MS_MAX),
        .keep_count = within(wanted->keep_count, 1, KEEP_COUNT_MAX),
        .user_timeout_ms = min_u32(wanted->user_timeout_ms, INT32_MAX),
        .send_buffer = within(wanted->send_buffer, BUFFER_MIN, STREAM_SPAN),
        .receive_buffer =
            within(wanted->receive_buffer, BUFFER_MIN, STREAM_SPAN - 1),
        .fin_timeout_ms = within(wanted->fin_timeout_ms, 1, FIN_WAIT_MAX),
        .congestion_control = wanted->congestion_control,
        .syn_tries = within(wanted->syn_tries, 1, TCP_SYN_TRIES_MAX),
    };
    if (wanted->mss_limit != 0)
        out->mss_limit = within(wanted->mss_limit, TCP_MSS_MIN, UINT16_MAX);
}

void
tcp_call_configure_listener(struct tcp *tcp, struct listener *l,
                            const struct tcp_settings *settings)
{
    settings_take(tcp, settings, &l->settings);
}

void
tcp_call_configure(struct tcp *tcp, struct tcb *tcb,
                   const struct tcp_settings *settings, instant_t now)
{
    uint32_t user_timeout = tcb->settings.user_timeout_ms;

    settings_take(tcp, settings, &tcb->settings);
    tcb_touch(tcp, tcb);
    if (tcb->state == TCB_CLOSED)
        return;
    if (!(tcb->settings.flags & TCP_SET_CORK))
        timer_stop(tcp, tcb, TIMER_CORK);
    if (tcb->settings.user_timeout_ms != user_timeout)
        user_timeout_changed(tcp, tcb, now);
    path_apply(tcp, tcb);
    keepalive_changed(tcp, tcb, now);
    tcb_want_output(tcp, tcb); /* what waited may go, the window may grow */
}
