/* SPDX-License-Identifier: MIT */
/* skink stats: every counter of every daemon, by name. */
#include "ctl/commands.h"

#include "ctl/json.h"
#include "ctl/look.h"

#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stats {
    const struct cli *cli;
    const char *pattern; /* NULL: all */
    bool nonzero;
    regex_t regex;
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

static void
show(struct stats *s, const char *name, uint64_t value)
{
    char text[32];

    if ((s->nonzero && value == 0) || !matches(s, name))
        return;
    if (s->cli->json)
        json_number(&s->json, name, value);
    else
        printf("%-32s %16s\n", name, grouped(text, value));
    s->shown++;
}

/* A reason may be met in more than one daemon. */
static uint64_t
drops_of_all(const struct look *l, enum drop why)
{
    uint64_t sum = 0;

    for (size_t d = 0; d < l->daemons; d++)
        sum += cnc_drops(l->cnc[d], why);
    return sum;
}

static void
show_all(struct stats *s, const struct look *l)
{
    for (enum counter c = 0; c < COUNTERS; c++)
        show(s, counter_name(c), cnc_counter(l->cnc[counter_daemon(c)], c));
    for (enum drop d = DROP_NONE + 1; d < DROPS; d++)
        show(s, drop_name(d), drops_of_all(l, d));
}

/* `daemon` is NULL when packets may be dropped for that reason in several. */
static void
print_meaning(const struct cli *cli, const char *name, const char *daemon,
              const char *help)
{
    struct json j = {.out = stdout};

    if (!cli->json) {
        printf("%s  %s%s\n  %s\n", name,
               daemon != NULL ? "counter  " : "counter of dropped packets",
               daemon != NULL ? daemon : "", help);
        return;
    }
    json_begin(&j, NULL, '{');
    json_text(&j, "name", name);
    json_text(&j, "daemon", daemon);
    json_text(&j, "help", help);
    json_end(&j, '}');
    putchar('\n');
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
    struct stats s = {.cli = cli, .json = {.out = stdout}};
    const char *name = NULL;
    const struct arg args[] = {
        {.name = "nonzero",
         .help = "only what was counted",
         .flag = &s.nonzero},
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
    if (cli->json)
        json_begin(&s.json, NULL, '{');
    show_all(&s, &look);
    if (cli->json) {
        json_end(&s.json, '}');
        putchar('\n');
    }
    if (s.shown == 0 && !cli->json)
        log_hint("nothing to show; 'skink stats' lists all counters");
    return EXIT_OK;
}
