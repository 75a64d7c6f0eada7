/* SPDX-License-Identifier: MIT */
/* Texts and messages of the command. Any file, filter, value or request is
 * taken or refused, never the process's end; what is taken is within its
 * limits, and written out it is read as the same. The first byte picks
 * which. */
#define _GNU_SOURCE 1
#include "tests/fuzz/fuzz.h"

#include "ctl/change.h"
#include "ctl/config_file.h"
#include "ctl/conn_filter.h"
#include "ctl/message.h"
#include "ctl/parse.h"

#include <sys/mman.h>
#include <unistd.h>

/* ---- the configuration file ---- */

/* What it complains of would fill disks. */
static bool
read_quietly(struct config *c, const char *path)
{
    static FILE *quiet;
    FILE *shown = stderr;
    bool read;

    if (quiet == NULL)
        quiet = fopen("/dev/null", "we");
    CHECK(quiet != NULL);
    stderr = quiet;
    read = config_read(c, path);
    stderr = shown;
    return read;
}

static bool
read_config(struct config *c, const char *text, size_t len)
{
    char path[32];
    int fd = memfd_create("config", MFD_CLOEXEC);
    bool read;

    CHECK(fd >= 0 && write(fd, text, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    config_init(c);
    read = read_quietly(c, path);
    close(fd);
    return read;
}

static void
fuzz_config(struct fuzz *f)
{
    static struct config c, again;
    struct wrong wrong;
    char *out = NULL;
    size_t size = 0;
    FILE *file;

    if (!read_config(&c, (const char *)f->at, f->left) ||
        !config_finish(&c, &wrong))
        return;
    CHECK(net_check(&c.tables.net) == NULL);
    file = open_memstream(&out, &size);
    CHECK(file != NULL);
    config_write(file, c.instance[0] == '\0' ? NULL : c.instance, &c.tables,
                 c.device);
    fclose(file);
    CHECK(read_config(&again, out, size) && config_finish(&again, &wrong));
    CHECK(net_check(&again.tables.net) == NULL &&
          again.tables.net.links == c.tables.net.links &&
          again.tables.net.addresses == c.tables.net.addresses &&
          again.tables.net.routes == c.tables.net.routes);
    free(out);
}

/* ---- filters ---- */

static void
fuzz_filter(struct fuzz *f)
{
    struct conn_ends ends;
    char *text, *words[8];
    size_t count = 0;
    const struct conn_filter *filter;
    const char *wrong = NULL;

    fuzz_bytes(f, &ends, sizeof ends);
    ends.state %= 12;
    text = fuzz_text(f);
    for (char *at = text; count < 8; at += strlen(at) + 1) {
        words[count++] = at;
        at[strcspn(at, "|")] = '\0';
        if (at + strlen(at) >= text + strlen(text))
            break;
    }
    filter = conn_filter_parse((const char *const *)words, count, &wrong);
    CHECK((filter == NULL) == (wrong != NULL));
    if (filter != NULL) {
        (void)conn_filter_passes(filter, &ends);
        (void)conn_filter_names_states(filter);
    }
    free(text);
}

/* ---- values ---- */

static void
check_parsed(const struct conf_impair *i)
{
    CHECK(i->loss <= 1000000 && i->reorder <= 1000000 && i->dup <= 1000000 &&
          i->corrupt <= 1000000);
}

static void
parse_impairment(const char *text, struct wrong *wrong)
{
    struct conf_impair i[CONF_DIRECTIONS] = {{0}}, again[CONF_DIRECTIONS];
    char out[IMPAIR_TEXT];

    if (!parse_impair(text, i, wrong))
        return;
    for (int d = 0; d < CONF_DIRECTIONS; d++) {
        check_parsed(&i[d]);
        memset(again, 0, sizeof again);
        CHECK(parse_impair(impair_format(out, &i[d]), again, wrong));
        CHECK(again[0].loss == i[d].loss && again[0].rate == i[d].rate &&
              again[0].delay_us == i[d].delay_us);
    }
}

static void
fuzz_values(struct fuzz *f)
{
    uint32_t which = fuzz_below(f, 8), n;
    char *text = fuzz_text(f), name[NET_NAME], device[DEVICE_NAME];
    struct parsed_route route;
    struct net_address address;
    enum net_link_kind kind;
    struct wrong wrong;
    struct addr a;
    uint64_t v;
    bool ok = false;

    memset(&wrong, 0xa5, sizeof wrong);
    if (which == 0)
        ok = parse_switch(text, &n, &wrong);
    else if (which == 1)
        ok = parse_number("n", text, 3, 70000, &v, &wrong) &&
             (v < 3 || v > 70000 ? abort(), false : true);
    else if (which == 2)
        ok = parse_size(text, 4096, 1 << 22, &n, &wrong);
    else if (which == 3)
        ok = parse_address(text, &address, &wrong);
    else if (which == 4)
        ok = parse_network(text, &a, &n, &wrong);
    else if (which == 5)
        ok = parse_name(text, name, &wrong);
    else if (which == 6)
        ok = parse_link(text, &kind, device, &wrong);
    else
        ok = parse_route_line(text, &route, &wrong);
    if (!ok)
        CHECK(memchr(wrong.text, '\0', sizeof wrong.text) != NULL &&
              wrong.text[0] != '\0' &&
              memchr(wrong.hint, '\0', sizeof wrong.hint) != NULL);
    free(text);
}

static void
fuzz_impair(struct fuzz *f)
{
    char *text = fuzz_text(f);
    struct wrong wrong;

    parse_impairment(text, &wrong);
    free(text);
}

/* ---- requests ---- */

static void
fuzz_request(struct fuzz *f)
{
    static struct conf_tables tables, before;
    size_t len;
    uint8_t *bytes = fuzz_rest(f, &len);
    Skink__Control__Request *m =
        skink__control__request__unpack(NULL, len, bytes);
    struct wrong wrong;

    free(bytes);
    if (m == NULL)
        return;
    memset(&tables, 0, sizeof tables);
    tables.net.links = 2;
    tables.net.link[0] =
        (struct net_link){.name = "a", .mac = {{2}}, .mtu = 1500};
    tables.net.link[1] =
        (struct net_link){.name = "b", .mac = {{2, 1}}, .mtu = 1500};
    tables.net.addresses = 1;
    tables.net.address[0] =
        (struct net_address){.addr = addr_v4(0x0a070002), .prefix_len = 24};
    CHECK(net_check(&tables.net) == NULL);
    before = tables;
    if (!change_apply(&tables, m, 7, &wrong))
        CHECK(memcmp(&before, &tables, sizeof tables) == 0);
    CHECK(net_check(&tables.net) == NULL);
    for (int d = 0; d < CONF_DIRECTIONS; d++)
        check_parsed(&tables.impair[0][d]);
    skink__control__request__free_unpacked(m, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct fuzz *) = {
        fuzz_config, fuzz_filter, fuzz_values, fuzz_impair, fuzz_request};
    struct fuzz f = {data, size};

    targets[fuzz_below(&f, sizeof targets / sizeof targets[0])](&f);
    return 0;
}
