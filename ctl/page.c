/* SPDX-License-Identifier: MIT */
/* The frame around a command's JSON. */
#include "ctl/page.h"

struct json
page_begin(const struct cli *cli, char bracket)
{
    struct json j = {.out = stdout};

    if (cli->json)
        json_begin(&j, NULL, bracket);
    return j;
}

void
page_end(const struct cli *cli, struct json *j, char bracket)
{
    if (!cli->json)
        return;
    json_end(j, bracket);
    putchar('\n');
}
