/* SPDX-License-Identifier: MIT */
/* The INI file, line by line. Every error is shown, not only the first, and
 * nothing of a file with an error is used. */
#define _GNU_SOURCE 1
#include "ctl/config_file.h"

#include "base/os/log.h"
#include "ctl/commands.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEYS_MAX 32

struct reader {
    struct config *config;
    const char *path;
    unsigned line;
    unsigned errors;
    enum config_section section;
    bool skips;      /* a section that cannot be: its keys are not looked at */
    char header[48]; /* "[link tap0]" */
};

bool
config_default_path(char out[PATH_MAX])
{
    const char *xdg = secure_getenv("XDG_CONFIG_HOME");
    const char *home = secure_getenv("HOME");
    int n;

    if (geteuid() == 0)
        n = snprintf(out, PATH_MAX, "/etc/skink/skink.conf");
    else if (xdg != NULL && xdg[0] == '/')
        n = snprintf(out, PATH_MAX, "%s/skink/skink.conf", xdg);
    else if (home != NULL && home[0] == '/')
        n = snprintf(out, PATH_MAX, "%s/.config/skink/skink.conf", home);
    else
        return false;
    return n >= 0 && n < PATH_MAX;
}

/* ---- errors ---- */

static void __attribute__((format(printf, 2, 3)))
complain(struct reader *r, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fprintf(stderr, "%s:%u: %s\n", r->path, r->line, text);
    r->errors++;
}

static void
complain_wrong(struct reader *r, const struct wrong *wrong)
{
    complain(r, "%s (%s)", wrong->text, wrong->hint);
}

/* `kind` is what `typed` was meant to be. */
static void
complain_unknown(struct reader *r, const char *kind, const char *typed,
                 const char *where, const char *const *known)
{
    const char *nearest = cli_nearest(typed, known);

    complain(r, "unknown %s '%.40s'%s%s%s%s%s", kind, typed,
             where[0] != '\0' ? " in " : "", where,
             nearest != NULL ? " (did you mean '" : "",
             nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
}

/* ---- sections ---- */

static enum config_section
section_named(const char *name)
{
    for (enum config_section s = CONFIG_STACK; s <= CONFIG_SUPERVISE; s++) {
        if (strcmp(config_sections[s], name) == 0)
            return s;
    }
    return CONFIG_NONE;
}

static void
unknown_section(struct reader *r, const char *name)
{
    const char *names[CONFIG_SUPERVISE + 1] = {NULL};

    for (enum config_section s = CONFIG_STACK; s <= CONFIG_SUPERVISE; s++)
        names[s - CONFIG_STACK] = config_sections[s];
    complain_unknown(r, "section", name, "", names);
}

/* `text` is what stands between the brackets. */
static void
take_section(struct reader *r, char *text)
{
    char *name = text + strcspn(text, " \t");
    struct wrong wrong;

    snprintf(r->header, sizeof r->header, "[%.44s]", text);
    if (*name != '\0')
        *name++ = '\0';
    name += strspn(name, " \t");
    r->section = section_named(text);
    r->skips = true;
    if (r->section == CONFIG_NONE)
        unknown_section(r, text);
    else if (r->section == CONFIG_LINK && *name == '\0')
        complain(r, "a link needs a name (write it like [link tap0])");
    else if (r->section != CONFIG_LINK && *name != '\0')
        complain(r, "[%s] has no name (write it alone)", text);
    else if (r->section == CONFIG_LINK &&
             !config_begin_link(r->config, name, &wrong))
        complain_wrong(r, &wrong);
    else
        r->skips = false;
}

/* ---- keys ---- */

static void
unknown_key(struct reader *r, const char *name)
{
    const char *names[KEYS_MAX] = {NULL};
    size_t count = 0;

    if (r->section == CONFIG_SUPERVISE) {
        complain(r, "[supervise] is reserved: this version has no keys in it");
        return;
    }
    for (const struct config_key *k = config_keys;
         k->name != NULL && count < KEYS_MAX - 1; k++) {
        if (k->section == r->section)
            names[count++] = k->name;
    }
    complain_unknown(r, "key", name, r->header, names);
}

static void
take_key(struct reader *r, const char *name, const char *value)
{
    struct wrong wrong;

    for (const struct config_key *k = config_keys; k->name != NULL; k++) {
        if (k->section != r->section || strcmp(k->name, name) != 0)
            continue;
        if (!k->set(r->config, value, &wrong))
            complain(r, "%s: %s (%s)", name, wrong.text, wrong.hint);
        return;
    }
    unknown_key(r, name);
}

/* ---- lines ---- */

static char *
trim(char *text)
{
    size_t len;

    text += strspn(text, " \t");
    len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        text[--len] = '\0';
    return text;
}

/* A comment begins a line, or follows a blank. */
static void
cut_comment(char *line)
{
    for (char *c = line; *c != '\0'; c++) {
        bool begins = c == line || c[-1] == ' ' || c[-1] == '\t';

        if (begins && (*c == '#' || *c == ';')) {
            *c = '\0';
            return;
        }
    }
}

static void
take_line(struct reader *r, char *line)
{
    char *equals;
    size_t len;

    cut_comment(line);
    line = trim(line);
    len = strlen(line);
    if (len == 0)
        return;
    if (line[0] == '[') {
        if (line[len - 1] != ']') {
            complain(r, "a section ends with ']'");
            return;
        }
        line[len - 1] = '\0';
        take_section(r, trim(line + 1));
        return;
    }
    equals = strchr(line, '=');
    if (equals == NULL) {
        complain(r, "'%.40s' is neither Key=value nor [section]", line);
        return;
    }
    *equals = '\0';
    if (r->section == CONFIG_NONE && !r->skips)
        complain(r, "'%.40s' stands before any section", trim(line));
    else if (!r->skips)
        take_key(r, trim(line), trim(equals + 1));
}

bool
config_read(struct config *c, const char *path)
{
    struct reader r = {.config = c, .path = path};
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    FILE *f = fopen(path, "re");

    if (f == NULL)
        return false;
    while ((len = getline(&line, &room, f)) >= 0) {
        r.line++;
        if (strlen(line) != (size_t)len)
            complain(&r, "this is not text");
        else
            take_line(&r, line);
    }

    bool failed = ferror(f) != 0;
    int why = errno;

    free(line);
    fclose(f);
    errno = failed ? why : 0;
    return !failed && r.errors == 0;
}

void
config_load(struct config *c, const char *path)
{
    struct wrong wrong;

    config_init(c);
    if (!config_read(c, path)) {
        if (errno != 0)
            die(errno == EACCES ? EXIT_NOT_PERMITTED : EXIT_FAILED,
                "cannot read %s: %s", path, strerror(errno));
        exit(EXIT_FAILED);
    }
    if (config_finish(c, &wrong))
        return;
    fprintf(stderr, "%s: %s (%s)\n", path, wrong.text, wrong.hint);
    exit(EXIT_FAILED);
}
