/* SPDX-License-Identifier: MIT */
/* The options of `skink up`, over the configuration file, as what an instance is
 * to be. */
#define _GNU_SOURCE 1
#include "ctl/setup.h"

#include "base/os/spawn.h"
#include "ctl/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTIONS_MAX 64

struct option {
    const char *name, *value;
};

struct wish {
    struct setup *setup;
    struct option option[OPTIONS_MAX]; /* those that are keys of the file too */
    size_t options;
    bool forward;
};

/* The build tree has the shape of an installation. SKINK_LIBEXEC is for tests. */
static void
find_daemons(struct setup *setup)
{
    const char *given = secure_getenv("SKINK_LIBEXEC");
    int n;

    if (given != NULL)
        n = snprintf(setup->libexec, sizeof setup->libexec, "%s", given);
    else
        n = snprintf(setup->libexec, sizeof setup->libexec,
                     "%s/../libexec/skink", spawn_self_dir());
    if (n < 0 || (size_t)n >= sizeof setup->libexec)
        die(EXIT_FAILED, "the path of the daemons is too long");
}

/* Options are about the file, which comes first wherever it is named; so they are
 * collected before they are carried out. */
static void
take_option(void *owner, const struct arg *row, const char *value)
{
    struct wish *w = owner;

    if (w->options == OPTIONS_MAX)
        die(EXIT_USAGE, "these are too many options");
    w->option[w->options++] =
        (struct option){.name = row->name, .value = value};
}

static size_t
option_rows(struct wish *w, struct arg *rows)
{
    size_t n = 0;

    for (const struct config_key *k = config_keys; k->name != NULL; k++) {
        if (k->option == NULL)
            continue;
        rows[n++] = (struct arg){.name = k->option,
                                 .metavar = k->metavar,
                                 .help = k->help,
                                 .each = take_option,
                                 .owner = w};
    }
    return n;
}

static bool
was_given(const struct wish *w, const char *name)
{
    for (size_t i = 0; i < w->options; i++) {
        if (strcmp(w->option[i].name, name) == 0)
            return true;
    }
    return false;
}

static void
carry_out(struct config *c, const struct option *option)
{
    struct wrong wrong;
    const struct config_key *k = config_keys;

    while (k->option == NULL || strcmp(k->option, option->name) != 0)
        k++;
    if (k->section == CONFIG_LINK &&
        (strcmp(k->option, "link") == 0 || c->tables.net.links == 0) &&
        !config_begin_link(c, "", &wrong))
        wrong_die(&wrong, EXIT_USAGE);
    if (k->set(c, option->value, &wrong))
        return;
    log_line("--%s: %s", option->name, wrong.text);
    log_hint("%s", wrong.hint);
    exit(EXIT_USAGE);
}

/* An option that is about a link stands behind its --link; before any, it is about
 * the default one. Links, and what hangs on them, come from one side: from the
 * options if these say anything about it, else from the file. */
static void
apply_options(struct wish *w, struct config *c)
{
    struct wrong wrong;

    if (w->options > 0)
        config_forget_links(c);
    if (w->options > 0 && !was_given(w, "link")) {
        const struct option tap = {.name = "link", .value = "tap"};

        carry_out(c, &tap);
    }
    for (size_t i = 0; i < w->options; i++)
        carry_out(c, &w->option[i]);
    if (w->forward)
        c->tables.net.forwarding = 1;
    if (!config_finish(c, &wrong))
        wrong_die(&wrong, EXIT_USAGE);
}

/* The one that is named, or the one in the usual place if it is about this
 * instance. */
static void
read_file(struct wish *w, struct cli *cli, struct config *c, const char *named)
{
    char path[PATH_MAX];

    config_init(c);
    if (named == NULL && (!config_default_path(path) || access(path, F_OK) < 0))
        return;
    if (!config_read(c, named != NULL ? named : path)) {
        if (errno != 0)
            log_line("cannot read %s: %s", named != NULL ? named : path,
                     strerror(errno));
        exit(EXIT_FAILED);
    }
    if (named == NULL &&
        strcmp(c->instance[0] != '\0' ? c->instance : "default",
               cli->instance) != 0) {
        config_init(c);
        return;
    }
    if (named != NULL && !cli->named && c->instance[0] != '\0')
        cli_instance(cli, c->instance);
    if (realpath(named != NULL ? named : path, w->setup->config) == NULL)
        w->setup->config[0] = '\0';
}

/* Where a device is made that lives as long as the namespace alone. */
static void
require_netns(const struct setup *setup, const struct net_link *link)
{
    if (link->kind != NET_VETH || setup->netns)
        return;
    log_line("a veth pair would outlive the instance here");
    log_hint("give it a network of its own: skink up --netns --link veth");
    exit(EXIT_USAGE);
}

/* Who may not open a TAP device may still make a veth pair in a namespace. */
static void
settle_link(struct wish *w, struct config *c)
{
    struct net_link *link = &c->tables.net.link[0];

    if (!w->setup->netns || was_given(w, "link") || c->tables.net.links > 1 ||
        w->setup->config[0] != '\0' || device_has_tap())
        return;
    log_hint("/dev/net/tun: %s; the link is a veth pair instead of a TAP",
             strerror(errno));
    link->kind = NET_VETH;
    snprintf(link->name, sizeof link->name, "veth0");
    snprintf(c->device[0].name, DEVICE_NAME, "veth0");
}

static void
settle(struct wish *w, const struct cli *cli, struct config *c)
{
    struct setup *setup = w->setup;

    settle_link(w, c);
    for (uint32_t i = 0; i < c->tables.net.links; i++)
        require_netns(setup, &c->tables.net.link[i]);
    config_seed(&c->tables);
    setup->tables = c->tables;
    memcpy(setup->device, c->device, sizeof setup->device);
    snprintf(setup->instance, sizeof setup->instance, "%s", cli->instance);
    snprintf(setup->rundir, sizeof setup->rundir, "%s", cli->rundir);
    find_daemons(setup);
}

void
setup_take(struct setup *setup, bool *foreground, struct cli *cli, int argc,
           char **argv)
{
    struct wish wish = {.setup = setup};
    const char *cpus = NULL, *file = NULL;
    const struct arg own[] = {
        {.name = "forward",
         .help = "pass packets on from link to link",
         .flag = &wish.forward},
        {.name = "config",
         .metavar = "FILE",
         .help = "instead of the usual file (/etc/skink/skink.conf)",
         .value = &file},
        {.name = "cpus",
         .metavar = "LIST|none",
         .help = "where the daemons run (default: together, if CPUs are few)",
         .value = &cpus},
        {.name = "netns",
         .help = "in a network namespace of its own; no root needed",
         .flag = &setup->netns},
        {.name = "fg", .help = "stay in the foreground", .flag = foreground},
        {.name = NULL},
    };
    struct arg rows[CLI_OPTIONS_MAX];
    static struct config config; /* cli->instance may point into it */
    size_t n = option_rows(&wish, rows);

    memcpy(rows + n, own, sizeof own);
    cli_parse(cli, rows, argc, argv, NULL, 0);
    parse_cpus(setup->cpu, cpus);
    read_file(&wish, cli, &config, file);
    apply_options(&wish, &config);
    settle(&wish, cli, &config);
}
