/* SPDX-License-Identifier: MIT */
/* Plays the lines of a script: segments and time here, the rest by table. */
#include "tests/script/play.h"

#include <stdio.h>
#include <string.h>

#define SHOWN 120 /* characters of a segment in a message */

/* ---- what is expected and what comes ---- */

static void
show(const struct stage *s, const struct sent *sent, uint32_t like, char *out)
{
    char who[16] = "";

    if (sent->peer != s->peer)
        snprintf(who, sizeof who, "peer %u ", sent->peer);
    snprintf(out, SHOWN, "%s> ", who);
    said_write(&sent->said, like, out + strlen(out), SHOWN - strlen(out));
}

bool
play_expect_silence(struct stage *s)
{
    const struct sent *sent = stage_look(s);
    char came[SHOWN];

    if (sent == NULL)
        return true;
    show(s, sent, SAID_SACK, came);
    return stage_fail(s, "nothing", "%s", came);
}

static bool
run_none(struct stage *s, struct words *w)
{
    (void)w;
    return play_expect_silence(s);
}

/* Forgets what has been sent: for what a script is not about. */
static bool
run_drain(struct stage *s, struct words *w)
{
    (void)w;
    while (stage_look(s) != NULL)
        stage_next(s);
    return true;
}

static bool
read_segment(struct stage *s, struct words *w, struct said *said)
{
    const char *wrong;

    if (said_read(said, w, &stage_peer(s)->marks, &wrong))
        return true;
    return stage_fail(s, "a segment: FLAGS SEQ(LENGTH) ack N ...", "\"%s\"",
                      wrong);
}

static bool
run_receive(struct stage *s, struct words *w)
{
    struct said said;

    return read_segment(s, w, &said) && stage_put(s, &said);
}

static bool
run_expect(struct stage *s, struct words *w)
{
    const struct sent *sent = stage_look(s);
    struct said said;
    char expected[SHOWN] = "> ", came[SHOWN] = "nothing";

    if (!read_segment(s, w, &said))
        return false;
    if (sent != NULL && sent->peer == s->peer &&
        said_matches(&said, &sent->said)) {
        stage_next(s);
        return true;
    }
    said_write(&said, UINT32_MAX, expected + 2, SHOWN - 2);
    if (sent != NULL)
        show(s, sent, said.has | said.lacks, came);
    return stage_fail(s, expected, "%s", came);
}

/* ---- time and turns ---- */

/* What was sent on the way came too early. */
static bool
pass_time(struct stage *s, const char *word)
{
    const instant_t from = s->now;
    const struct sent *sent;
    char expected[64], came[SHOWN];
    duration_t by;

    if (!duration_read(word + 1, &by))
        return stage_fail(s, "a span of time such as +200ms", "%s", word);
    if (!play_expect_silence(s) || !stage_advance(s, by))
        return false;
    sent = stage_look(s);
    if (sent == NULL || !instant_before(sent->at, s->now))
        return true;
    show(s, sent, 0, came);
    snprintf(expected, sizeof expected, "nothing before %s", word);
    return stage_fail(s, expected, "%s at +%.3fs", came,
                      (double)instant_sub(sent->at, from).ns / 1e9);
}

static bool
run_begin_turn(struct stage *s, struct words *w)
{
    (void)w;
    s->in_turn = true;
    return true;
}

static bool
run_end_turn(struct stage *s, struct words *w)
{
    (void)w;
    s->in_turn = false;
    return stage_end_turn(s);
}

static bool
run_peer(struct stage *s, struct words *w)
{
    uint32_t peer;

    if (!words_number(w, &peer) || peer >= STAGE_PEERS)
        return stage_fail(s, "a peer from 0 to 5", "none");
    s->peer = peer;
    return true;
}

const struct command segment_commands[] = {
    {"<", run_receive},  {"in", preamble_run}, {"{", run_begin_turn},
    {"}", run_end_turn}, {"peer", run_peer},   {NULL, NULL},
};

/* They may be said while a segment waits to be expected. */
static const struct command expecting[] = {
    {">", run_expect},
    {"none", run_none},
    {"drain", run_drain},
    {NULL, NULL},
};

/* ---- lines ---- */

static const struct command *
look_up(const struct command *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static bool
play_words(struct stage *s, struct words *w, const char *name)
{
    const struct command *c = look_up(expecting, name);

    if (c == NULL)
        c = look_up(check_commands, name);
    if (c == NULL) {
        if (!play_expect_silence(s))
            return false;
        c = look_up(segment_commands, name);
    }
    if (c == NULL)
        c = look_up(call_commands, name);
    if (c == NULL)
        return stage_fail(s, "a word of the language", "\"%s\"", name);
    return c->run(s, w);
}

bool
play_line(struct stage *s, struct words *w)
{
    const char *name = words_take(w);

    if (name != NULL && name[0] == '+') {
        if (!pass_time(s, name))
            return false;
        name = words_take(w);
    }
    if (name != NULL && !play_words(s, w, name))
        return false;
    if (words_peek(w) != NULL)
        return stage_fail(s, "the line's end", "\"%s\"", words_peek(w));
    return true;
}
