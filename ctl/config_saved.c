/* SPDX-License-Identifier: MIT */
/* Compares the texts that file and instance would be written as, so that order
 * and comments do not count. What the file leaves open may be anything. */
#define _GNU_SOURCE 1
#include "ctl/config_saved.h"

#include "base/os/log.h"
#include "ctl/config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A seed that the file does not say, and the MTU of an interface that is only
 * borrowed. */
static void
adopt_unsaid(struct config *c, const struct conf_tables *running)
{
    struct conf_tables *file = &c->tables;

    for (uint32_t i = 0; i < file->net.links && i < running->net.links; i++) {
        if (c->mtu[i] == 0 && file->net.link[i].kind == NET_PACKET)
            file->net.link[i].mtu = running->net.link[i].mtu;
        for (int d = 0; d < CONF_DIRECTIONS; d++) {
            if (file->impair[i][d].seed == 0 &&
                impair_acts(&file->impair[i][d]))
                file->impair[i][d].seed = running->impair[i][d].seed;
        }
    }
}

static char *
text_of(const struct conf_tables *tables, const struct device device[LINKS_MAX])
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (f == NULL)
        die(EXIT_FAILED, "out of memory");
    config_write(f, NULL, tables, device);
    if (fclose(f) != 0)
        die(EXIT_FAILED, "out of memory");
    return text;
}

enum config_saved
config_saved(const struct look *l)
{
    static struct config c;
    struct device device[LINKS_MAX] = {{.name = ""}};
    struct wrong wrong;
    char *file, *running;
    bool same;

    config_init(&c);
    if (!config_read(&c, l->config) || !config_finish(&c, &wrong))
        return CONFIG_UNREADABLE;
    adopt_unsaid(&c, &l->tables);
    for (size_t i = 0; i < LINKS_MAX; i++)
        memcpy(device[i].name, l->device[i], DEVICE_NAME);
    file = text_of(&c.tables, c.device);
    running = text_of(&l->tables, device);
    same = strcmp(file, running) == 0;
    free(file);
    free(running);
    return same ? CONFIG_SAVED : CONFIG_UNSAVED;
}
