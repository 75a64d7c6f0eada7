/* SPDX-License-Identifier: MIT */
/* skink config: the running configuration as a file, and the file's as what runs.
 * The supervisor never sees a file: it is read here, and what it says goes to the
 * supervisor as checked values. */
#define _GNU_SOURCE 1
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/config_diff.h"
#include "ctl/config_file.h"
#include "ctl/json.h"
#include "ctl/look.h"
#include "ctl/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which file ---- */

static _Noreturn void
no_file(void)
{
    log_line("which file?");
    log_hint("name it: skink config check FILE");
    exit(EXIT_USAGE);
}

/* The named one, the one that the instance was started with, or the usual one. */
static const char *
choose_file(const char *named, const char *started_with)
{
    static char path[PATH_MAX];

    if (named != NULL)
        return named;
    if (started_with[0] != '\0')
        return started_with;
    if (!config_default_path(path))
        no_file();
    return path;
}

/* A seed that the file does not say may be any, so also the one that is used. */
static void
adopt_seeds(struct conf_tables *file, const struct conf_tables *running)
{
    for (uint32_t i = 0; i < file->net.links; i++) {
        for (int d = 0; d < CONF_DIRECTIONS; d++) {
            struct conf_impair *to = &file->impair[i][d], with;

            with = *to;
            with.seed = running->impair[i][d].seed;
            if (to->seed == 0 &&
                memcmp(&with, &running->impair[i][d], sizeof with) == 0)
                *to = with;
        }
    }
}

/* The MTU of an interface that is only borrowed is its own when the file says
 * nothing. */
static void
adopt_mtus(struct config *c, const struct net *running)
{
    for (uint32_t i = 0; i < c->tables.net.links && i < running->links; i++) {
        if (c->mtu[i] == 0 && c->tables.net.link[i].kind == NET_PACKET)
            c->tables.net.link[i].mtu = running->link[i].mtu;
    }
}

static void
load(struct config *c, const struct look *look, const char *path)
{
    config_load(c, path);
    adopt_seeds(&c->tables, &look->tables);
    adopt_mtus(c, &look->tables.net);
}

/* ---- text ---- */

static char *
text_of(const char *instance, const struct conf_tables *tables,
        const struct device device[LINKS_MAX])
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (f == NULL)
        die(EXIT_FAILED, "out of memory");
    config_write(f, instance, tables, device);
    if (fclose(f) != 0)
        die(EXIT_FAILED, "out of memory");
    return text;
}

static void
devices_of(const struct look *look, struct device device[LINKS_MAX])
{
    for (size_t i = 0; i < LINKS_MAX; i++)
        memcpy(device[i].name, look->device[i], DEVICE_NAME);
}

/* The lines of the file, one by one: keys may come again. */
static void
print_json(char *text)
{
    struct json j = {.out = stdout};
    const char *section = "";

    json_begin(&j, NULL, '[');
    for (char *line = strtok(text, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        char *value = strchr(line, '=');

        if (line[0] == '[') {
            section = line + 1;
            line[strcspn(line, "]")] = '\0';
        } else if (line[0] != '#' && value != NULL) {
            *value++ = '\0';
            json_begin(&j, NULL, '{');
            json_text(&j, "section", section);
            json_text(&j, "key", line);
            json_text(&j, "value", value);
            json_end(&j, '}');
        }
    }
    json_end(&j, ']');
    putchar('\n');
}

static enum exit_status
show(const struct cli *cli)
{
    struct device device[LINKS_MAX] = {{.name = ""}};
    struct look look;
    char *text;

    look_open(&look, cli);
    devices_of(&look, device);
    text = text_of(cli->instance, &look.tables, device);
    if (cli->json)
        print_json(text);
    else
        fputs(text, stdout);
    free(text);
    return EXIT_OK;
}

static enum exit_status
check(const char *named)
{
    static struct config c;
    const char *path = choose_file(named, "");

    config_load(&c, path);
    printf("%s: ok\n", path);
    return EXIT_OK;
}

static enum exit_status
diff(const struct cli *cli, const char *named)
{
    static struct config c;
    struct device device[LINKS_MAX] = {{.name = ""}};
    struct look look;
    const char *path;
    char *running, *file;

    look_open(&look, cli);
    path = choose_file(named, look.config);
    load(&c, &look, path);
    devices_of(&look, device);
    running = text_of(NULL, &look.tables, device);
    file = text_of(NULL, &c.tables, c.device);

    bool same = config_diff(stdout, path, file, running);

    free(running);
    free(file);
    return same ? EXIT_OK : EXIT_FAILED;
}

/* ---- save ---- */

static _Noreturn void
not_saved(const char *path, const char *temporary)
{
    int why = errno;

    unlink(temporary);
    log_line("cannot write %s: %s", path, strerror(why));
    if (why == ENOENT)
        log_hint("make its directory first, or name another file");
    exit((int)(why == EACCES || why == EPERM ? EXIT_NOT_PERMITTED
                                             : EXIT_FAILED));
}

/* The old file stays as FILE~; at every moment there is a whole FILE. */
static void
replace_file(const char *path, const char *text)
{
    char temporary[PATH_MAX + 16], old[PATH_MAX + 16];
    size_t len = strlen(text);
    int fd;

    snprintf(temporary, sizeof temporary, "%s.%d", path, (int)getpid());
    snprintf(old, sizeof old, "%s~", path);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len || fsync(fd) < 0 ||
        close(fd) < 0)
        not_saved(path, temporary);
    if (unlink(old) < 0 && errno != ENOENT)
        not_saved(old, temporary);
    if (link(path, old) < 0 && errno != ENOENT)
        not_saved(old, temporary);
    if (rename(temporary, path) < 0)
        not_saved(path, temporary);
}

static enum exit_status
save(const struct cli *cli, const char *named)
{
    struct device device[LINKS_MAX] = {{.name = ""}};
    struct look look;
    const char *path;
    char *text;

    look_open(&look, cli);
    path = choose_file(named, look.config);
    devices_of(&look, device);
    text = text_of(cli->instance, &look.tables, device);
    replace_file(path, text);
    free(text);
    printf("%s\n", path);
    return EXIT_OK;
}

/* ---- reload ---- */

static _Noreturn void
needs_restart(const char *what, const char *of)
{
    log_line(
        "%s%s%s cannot change while the instance runs; nothing was changed", of,
        of[0] != '\0' ? "'s " : "", what);
    log_hint(
        "'skink down' and 'skink up' take the file as it is; 'skink config "
        "diff' shows what differs");
    exit(EXIT_FAILED);
}

static void
require_same_links(const struct config *c, const struct look *look)
{
    const struct net *running = &look->tables.net;

    if (c->tables.net.links != running->links)
        needs_restart("number of links", "the instance");
    for (uint32_t i = 0; i < running->links; i++) {
        const struct net_link *a = &c->tables.net.link[i];
        const struct net_link *b = &running->link[i];

        if (strcmp(a->name, b->name) != 0)
            needs_restart("links", "the instance");
        if (a->kind != b->kind ||
            strcmp(c->device[i].name, look->device[i]) != 0)
            needs_restart("type", b->name);
        if (a->mtu != b->mtu)
            needs_restart("MTU", b->name);
        if (a->offloads != b->offloads)
            needs_restart("offloads", b->name);
    }
}

/* The messages of one Configure, and the values that they point into. */
struct configure {
    Skink__Control__Address address[NET_ADDRESSES], *addresses[NET_ADDRESSES];
    Skink__Control__Route route[NET_ROUTES], *routes[NET_ROUTES];
    Skink__Control__Impair impair[LINKS_MAX * CONF_DIRECTIONS];
    Skink__Control__Impair *impairs[LINKS_MAX * CONF_DIRECTIONS];
    Skink__Control__Tcp tcp;
    Skink__Control__Configure message;
};

static void
fill_net(struct configure *m, struct net *net)
{
    for (uint32_t i = 0; i < net->addresses; i++) {
        message_of_address(&m->address[i], &net->address[i]);
        m->addresses[i] = &m->address[i];
    }
    for (uint32_t i = 0; i < net->routes; i++) {
        message_of_route(&m->route[i], &net->route[i]);
        m->routes[i] = &m->route[i];
    }
    m->message.n_addresses = net->addresses;
    m->message.addresses = m->addresses;
    m->message.n_routes = net->routes;
    m->message.routes = m->routes;
    m->message.forwarding = net->forwarding != 0;
}

static void
fill_rest(struct configure *m, const struct conf_tables *t)
{
    size_t n = 0;

    for (uint32_t i = 0; i < t->net.links; i++) {
        for (int d = 0; d < CONF_DIRECTIONS; d++, n++) {
            message_of_impair(&m->impair[n], i, (enum conf_direction)d,
                              &t->impair[i][d]);
            m->impairs[n] = &m->impair[n];
        }
    }
    m->message.n_impairs = n;
    m->message.impairs = m->impairs;
    skink__control__tcp__init(&m->tcp);
    m->tcp.send_buffer = t->tcp.send_buffer;
    m->tcp.receive_buffer = t->tcp.receive_buffer;
    m->tcp.congestion_control = t->tcp.congestion_control;
    m->message.tcp = &m->tcp;
}

static enum exit_status
reload(const struct cli *cli, const char *named)
{
    static struct config c;
    static struct configure m;
    Skink__Control__Request request;
    Skink__Control__Reply *reply;
    struct look look;
    size_t no_fds = 0;

    look_open(&look, cli);
    load(&c, &look, choose_file(named, look.config));
    require_same_links(&c, &look);
    config_seed(&c.tables);
    skink__control__configure__init(&m.message);
    fill_net(&m, &c.tables.net);
    fill_rest(&m, &c.tables);
    skink__control__request__init(&request);
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_CONFIGURE;
    request.configure = &m.message;
    reply = call(cli, &request, NULL, &no_fds);
    if (reply == NULL)
        die(EXIT_FAILED, "the supervisor ended");
    skink__control__reply__free_unpacked(reply, NULL);
    return EXIT_OK;
}

/* ---- the words ---- */

enum exit_status
cmd_config(struct cli *cli, int argc, char **argv)
{
    static const char *const names[] = {"show",   "check", "diff",
                                        "reload", "save",  NULL};
    const struct arg args[] = {{.name = NULL}};
    const char *words[2] = {NULL, NULL}, *nearest;
    int count = cli_parse(cli, args, argc, argv, words, 2);

    if (count == 0 || (count == 1 && strcmp(words[0], "show") == 0))
        return show(cli);
    if (strcmp(words[0], "show") == 0) {
        log_line("show takes no file, it shows what runs");
        log_hint("to compare with a file: skink config diff FILE");
        return EXIT_USAGE;
    }
    if (strcmp(words[0], "check") == 0)
        return check(words[1]);
    if (strcmp(words[0], "diff") == 0)
        return diff(cli, words[1]);
    if (strcmp(words[0], "reload") == 0)
        return reload(cli, words[1]);
    if (strcmp(words[0], "save") == 0)
        return save(cli, words[1]);
    nearest = cli_nearest(words[0], names);
    log_line("config has no '%s'%s%s%s", words[0],
             nearest != NULL ? " (did you mean '" : "",
             nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
    log_hint("usage: skink %s", cli->usage);
    return EXIT_USAGE;
}
