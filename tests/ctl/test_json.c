/* SPDX-License-Identifier: MIT */
/* JSON as RFC 8259 wants it. */
#include "ctl/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

struct page {
    char *text;
    size_t len;
    struct json json;
};

static void
open_page(struct page *p)
{
    *p = (struct page){.text = NULL};
    p->json.out = open_memstream(&p->text, &p->len);
    assert_non_null(p->json.out);
}

static void
assert_page(struct page *p, const char *expected)
{
    fclose(p->json.out);
    assert_string_equal(p->text, expected);
    free(p->text);
}

static void
commas_stand_between_values_only(void **state)
{
    struct page p;

    (void)state;
    open_page(&p);
    json_begin(&p.json, NULL, '{');
    json_begin(&p.json, "list", '[');
    json_begin(&p.json, NULL, '{');
    json_end(&p.json, '}');
    json_begin(&p.json, NULL, '{');
    json_number(&p.json, "n", UINT64_MAX);
    json_end(&p.json, '}');
    json_end(&p.json, ']');
    json_decimal(&p.json, "d", 1.5);
    json_end(&p.json, '}');
    assert_page(&p, "{\"list\":[{},{\"n\":18446744073709551615}],\"d\":1.500}");
}

static void
texts_are_escaped(void **state)
{
    struct page p;

    (void)state;
    open_page(&p);
    json_text(&p.json, NULL, "a\"b\\c\n\x7f\xff");
    assert_page(&p, "\"a\\\"b\\\\c\\u000a\\u007f\\u00ff\"");
}

static void
no_text_is_null(void **state)
{
    struct page p;

    (void)state;
    open_page(&p);
    json_text(&p.json, NULL, NULL);
    assert_page(&p, "null");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_stand_between_values_only),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(no_text_is_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
