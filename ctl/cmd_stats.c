/* SPDX-License-Identifier: MIT */
/* skink stats: every counter of every daemon, by name. */
#define _GNU_SOURCE 1
#include "ctl/commands.h"

#include "base/os/clock.h"
#include "ctl/look.h"
#include "ctl/page.h"
#include "ctl/stats_hint.h"

#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* All counters at one moment. */
struct look_at {
    uint64_t counter[COUNTERS], drop[DROPS];
    instant_t when;
};

struct stats {
    const struct cli *cli;
    const char *pattern; /* NULL: all */
    bool nonzero, rate;
    regex_t regex;
    double seconds; /* between two looks; 0: there was but one */
    struct json json;
    size_t shown;
};

/* "1,204", as people read it. */
static const char *
grouped(char out[32], uint64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, value);
    char *to = out;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

static bool
matches(const struct stats *s, const char *name)
{
    return s->pattern == NULL || regexec(&s->regex, name, 0, NULL, 0) == 0;
}

/* "-": nothing was ever counted, so there is nothing to have a rate. */
static void
print_row(const struct stats *s, const char *name, uint64_t value, double rate)
{
    char text[32];

    printf("%-32s %16s", name, grouped(text, value));
    if (s->seconds > 0 && value == 0)
        printf(" %11s", "-");
    else if (s->seconds > 0)
        printf(" %11.1f", rate);
    putchar('\n');
}

static void
json_row(struct stats *s, const char *name, uint64_t value, double rate)
{
    if (s->seconds <= 0) {
        json_number(&s->json, name, value);
        return;
    }
    json_begin(&s->json, name, '{');
    json_number(&s->json, "total", value);
    json_decimal(&s->json, "per_s", rate);
    json_end(&s->json, '}');
}

/* A gauge may fall. */
static void
show(struct stats *s, const char *name, uint64_t value, uint64_t before)
{
    double rate =
        s->seconds > 0 ? ((double)value - (double)before) / s->seconds : 0;

    if ((s->nonzero && value == 0) || !matches(s, name))
        return;
    if (s->cli->json)
        json_row(s, name, value, rate);
    else
        print_row(s, name, value, rate);
    s->shown++;
}

/* A reason may be met in more than one daemon, and a counter of linkd's in each
 * link's. */
static void
look_at_all(struct look_at *now, const struct look *l)
{
    *now = (struct look_at){.when = clock_now()};
    for (enum counter c = 0; c < COUNTERS; c++) {
        uint32_t first = counter_daemon(c);
        uint32_t last = first == DAEMON_LINKD ? l->daemons - 1 : first;

        for (uint32_t d = first; d <= last; d++)
            now->counter[c] += cnc_counter(l->cnc[d], c);
    }
    for (enum drop why = DROP_NONE + 1; why < DROPS; why++) {
        for (size_t d = 0; d < l->daemons; d++)
            now->drop[why] += cnc_drops(l->cnc[d], why);
    }
}

static void
show_all(struct stats *s, const struct look *l)
{
    static struct look_at before, now;
    const struct timespec second = {.tv_sec = 1};

    look_at_all(&now, l);
    if (s->rate) {
        before = now;
        nanosleep(&second, NULL);
        look_at_all(&now, l);
        s->seconds = (double)instant_sub(now.when, before.when).ns / 1e9;
    }
    s->json = page_begin(s->cli, '{');
    if (s->rate && !s->cli->json)
        printf("%-32s %16s %11s\n", "", "TOTAL", "/s");
    for (enum counter c = 0; c < COUNTERS; c++)
        show(s, counter_name(c), now.counter[c], before.counter[c]);
    for (enum drop d = DROP_NONE + 1; d < DROPS; d++)
        show(s, drop_name(d), now.drop[d], before.drop[d]);
    page_end(s->cli, &s->json, '}');
}

/* `daemon` is NULL when packets may be dropped for that reason in several. */
static void
print_meaning(const struct cli *cli, const char *name, const char *daemon,
              const char *help)
{
    struct json j = page_begin(cli, '{');
    const char *hint = stats_hint(name);

    if (cli->json) {
        json_text(&j, "name", name);
        json_text(&j, "daemon", daemon);
        json_text(&j, "help", help);
        json_text(&j, "look_at", hint);
        page_end(cli, &j, '}');
        return;
    }
    printf("%s  %s%s\n  %s\n", name,
           daemon != NULL ? "counter  " : "counter of dropped packets",
           daemon != NULL ? daemon : "", help);
    if (hint != NULL)
        printf("  Look at: %s\n", hint);
}

/* The names are in the program, so no instance is needed. */
static enum exit_status
explain(const struct cli *cli, const char *name)
{
    for (enum counter c = 0; c < COUNTERS; c++) {
        if (strcmp(counter_name(c), name) != 0)
            continue;
        print_meaning(cli, name, daemon_name(counter_daemon(c)),
                      counter_help(c));
        return EXIT_OK;
    }
    for (enum drop d = DROP_NONE + 1; d < DROPS; d++) {
        if (strcmp(drop_name(d), name) != 0)
            continue;
        print_meaning(cli, name, NULL, drop_help(d));
        return EXIT_OK;
    }
    log_line("there is no counter '%s'", name);
    log_hint("'skink stats' lists them all");
    return EXIT_FAILED;
}

static void
compile(struct stats *s)
{
    char why[128];
    int error;

    if (s->pattern == NULL)
        return;
    error = regcomp(&s->regex, s->pattern, REG_EXTENDED | REG_NOSUB);
    if (error == 0)
        return;
    regerror(error, &s->regex, why, sizeof why);
    log_line("'%s' is not a regular expression: %s", s->pattern, why);
    log_hint("PATTERN is one as of grep -E, for a part of the name: 'drop', "
             "'^tcp.in', 'retrans|reset'");
    exit(EXIT_USAGE);
}

/* The names are known without any instance. */
static bool
matches_any(const struct stats *s)
{
    for (enum counter c = 0; c < COUNTERS; c++) {
        if (matches(s, counter_name(c)))
            return true;
    }
    for (enum drop d = DROP_NONE + 1; d < DROPS; d++) {
        if (matches(s, drop_name(d)))
            return true;
    }
    log_line("no counter's name matches '%s'", s->pattern);
    log_hint("'skink stats' lists them all");
    return false;
}

enum exit_status
cmd_stats(struct cli *cli, int argc, char **argv)
{
    struct stats s = {.cli = cli};
    const char *name = NULL;
    const struct arg args[] = {
        {.name = "nonzero",
         .help = "only what was counted",
         .flag = &s.nonzero},
        {.name = "rate",
         .help = "also how much a second, of the next second",
         .flag = &s.rate},
        {.name = "explain",
         .metavar = "NAME",
         .help = "what a counter means",
         .value = &name},
        {.name = NULL},
    };
    struct look look;

    cli_parse(cli, args, argc, argv, &s.pattern, 1);
    if (name != NULL)
        return explain(cli, name);
    compile(&s);
    if (!matches_any(&s))
        return EXIT_FAILED;
    look_open(&look, cli);
    show_all(&s, &look);
    if (s.shown == 0 && !cli->json)
        log_hint("nothing to show; 'skink stats' lists all counters");
    return EXIT_OK;
}
