/* SPDX-License-Identifier: MIT */
/* The intrusive list. */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
    int value;
    struct list link;
};

static void
fill(struct list *head, struct item *items, int n)
{
    list_init(head);
    for (int i = 0; i < n; i++) {
        items[i].value = i;
        list_init(&items[i].link);
        list_append(head, &items[i].link);
    }
}

static void
new_list_is_empty(void **state)
{
    struct list head;

    (void)state;
    list_init(&head);
    assert_true(list_empty(&head));
    assert_null(list_pop(&head));
}

static void
items_leave_in_the_order_they_came(void **state)
{
    struct list head, *l;
    struct item items[3];
    int expected = 0;

    (void)state;
    fill(&head, items, 3);
    while ((l = list_pop(&head)) != NULL)
        assert_int_equal(list_item(l, struct item, link)->value, expected++);
    assert_int_equal(expected, 3);
    assert_true(list_empty(&head));
}

static void
popped_link_is_on_no_list(void **state)
{
    struct list head;
    struct item item;

    (void)state;
    fill(&head, &item, 1);
    assert_false(list_empty(&item.link));
    list_pop(&head);
    assert_true(list_empty(&item.link));
}

static void
middle_item_leaves_its_neighbours_joined(void **state)
{
    struct list head;
    struct item items[3];

    (void)state;
    fill(&head, items, 3);
    list_remove(&items[1].link);
    assert_ptr_equal(items[0].link.next, &items[2].link);
    assert_ptr_equal(items[2].link.prev, &items[0].link);
    assert_true(list_empty(&items[1].link));
}

static void
removing_twice_is_harmless(void **state)
{
    struct list head;
    struct item items[2];

    (void)state;
    fill(&head, items, 2);
    list_remove(&items[0].link);
    list_remove(&items[0].link);
    assert_ptr_equal(list_pop(&head), &items[1].link);
    assert_true(list_empty(&head));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_list_is_empty),
        cmocka_unit_test(items_leave_in_the_order_they_came),
        cmocka_unit_test(popped_link_is_on_no_list),
        cmocka_unit_test(middle_item_leaves_its_neighbours_joined),
        cmocka_unit_test(removing_twice_is_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
