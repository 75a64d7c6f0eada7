/* SPDX-License-Identifier: MIT */
/* Every script in this directory is a test of its own name. SCRIPTS is the
 * directory; arguments choose scripts instead. */
#include "tests/script/script.h"

#include "base/check.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SCRIPT_MAX 65536 /* bytes */

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static void
read_script(const char *path, char text[SCRIPT_MAX])
{
    FILE *file = fopen(path, "r");
    size_t len;

    if (file == NULL)
        fail_msg("%s: %s", path, "cannot be read");
    len = fread(text, 1, SCRIPT_MAX, file);
    fclose(file);
    if (len == SCRIPT_MAX)
        fail_msg("%s: %s", path, "is too long");
    text[len] = '\0';
}

static void
every_line_holds(void **state)
{
    static char text[SCRIPT_MAX];
    const char *path = *state;
    struct script_failure f;

    read_script(path, text);
    if (script_run(text, &f))
        return;
    print_error("%s:%u: expected %s\n", base_name(path), f.line, f.expected);
    print_error("%s:%u: came     %s\n", base_name(path), f.line, f.came);
    fail();
}

int
main(int argc, char **argv)
{
    struct CMUnitTest *tests;
    glob_t found = {0};
    size_t n = (size_t)argc - 1;
    char **paths = argv + 1;
    int failed;

    if (n == 0) {
        CHECK(glob(SCRIPTS "/*.tcp", 0, NULL, &found) == 0);
        n = found.gl_pathc;
        paths = found.gl_pathv;
    }
    tests = calloc(n, sizeof *tests);
    CHECK(tests != NULL);
    for (size_t i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest){.name = base_name(paths[i]),
                                       .test_func = every_line_holds,
                                       .initial_state = paths[i]};
    failed = _cmocka_run_group_tests("scripts", tests, n, NULL, NULL);
    free(tests);
    globfree(&found);
    return failed;
}
