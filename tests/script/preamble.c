/* SPDX-License-Identifier: MIT */
/* `in STATE`: the shortest script that brings a connection there. */
#include "tests/script/play.h"

#include <stdio.h>
#include <string.h>

#define LINES 5

/* From the state in `from`; %s are the options of the peer's SYN, which came
 * behind the state's name. */
static const struct {
    const char *state, *from;
    const char *lines[LINES];
} ways[] = {
    {"CLOSED", NULL, {NULL}},
    {"LISTEN", NULL, {"listen"}},
    {"SYN-SENT", NULL, {"connect", "> S 0"}},
    {"SYN-RECEIVED", "LISTEN", {"< S 0 %s", "> S. 0 ack 1"}},
    {"CROSSED", "SYN-SENT", {"< S 0 %s", "> S. 0 ack 1"}},
    {"CONNECTED", "SYN-SENT", {"< S. 0 ack 1 %s", "> . 1 ack 1"}},
    {"QUEUED", "SYN-RECEIVED", {"< . 1 ack 1"}},
    {"ESTABLISHED", "QUEUED", {"accept"}},
    {"FAR", "SYN-RECEIVED", {"+100ms < . 1 ack 1", "accept"}},
    {"FIN-WAIT-1", "ESTABLISHED", {"shutdown", "> F. 1 ack 1"}},
    {"FIN-WAIT-2", "FIN-WAIT-1", {"< . 1 ack 2"}},
    {"CLOSING", "FIN-WAIT-1", {"< F. 1 ack 1", "> . 2 ack 2"}},
    {"TIME-WAIT", "FIN-WAIT-2", {"< F. 1 ack 2", "> . 2 ack 2"}},
    {"CLOSE-WAIT", "ESTABLISHED", {"< F. 1 ack 1", "> . 1 ack 2"}},
    {"LAST-ACK", "CLOSE-WAIT", {"shutdown", "> F. 1 ack 2"}},
};

static int
way_to(const char *state)
{
    for (int i = 0; i < (int)(sizeof ways / sizeof ways[0]); i++)
        if (state != NULL && strcmp(ways[i].state, state) == 0)
            return i;
    return -1;
}

static bool
play_text(struct stage *s, const char *line, const char *options)
{
    static const struct variable nothing;
    const char *hole = strstr(line, "%s");
    char text[WORDS_LINE];
    struct words w;
    int n;

    if (hole == NULL)
        n = snprintf(text, sizeof text, "%s", line);
    else
        n = snprintf(text, sizeof text, "%.*s%s", (int)(hole - line), line,
                     options);
    return n >= 0 && words_split(&w, text, (size_t)n, &nothing) &&
           play_line(s, &w);
}

static bool
walk(struct stage *s, int way, const char *options)
{
    if (ways[way].from != NULL && !walk(s, way_to(ways[way].from), options))
        return false;
    for (int i = 0; i < LINES && ways[way].lines[i] != NULL; i++)
        if (!play_text(s, ways[way].lines[i], options))
            return false;
    return true;
}

/* MSS 1460 unless the line has options of its own. */
static void
rest_of_line(struct words *w, char *out, size_t cap)
{
    size_t n = 0;

    snprintf(out, cap, "mss 1460");
    while (words_peek(w) != NULL && n < cap)
        n += (size_t)snprintf(out + n, cap - n, "%s ", words_take(w));
}

bool
preamble_run(struct stage *s, struct words *w)
{
    int way = way_to(words_take(w));
    struct peer *p = stage_peer(s);
    char options[120];

    if (way < 0)
        return stage_fail(s, "in and a state", "another word");
    rest_of_line(w, options, sizeof options);
    if (!walk(s, way, options) || !play_expect_silence(s))
        return false;
    if (p->tcb != NULL) {
        p->marks.snd = p->tcb->snd_max.v - p->tcb->iss.v;
        p->marks.rcv = p->tcb->rcv_nxt.v - p->tcb->irs.v;
    }
    return true;
}
