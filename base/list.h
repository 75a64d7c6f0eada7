/* SPDX-License-Identifier: MIT */
/* A circular doubly linked list whose links live inside its items. An item is
 * on at most one list per link; a link that is on none points at itself. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

/* The item that contains the link `l` as member `m`. */
#define list_item(l, type, m) ((type *)(void *)((char *)(l)-offsetof(type, m)))

static inline void
list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

/* Of a list: has no items. Of an item's link: is on no list. */
static inline bool
list_empty(const struct list *l)
{
    return l->next == l;
}

static inline void
list_append(struct list *head, struct list *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

/* Leaves `l` on no list; harmless when it is on none already. */
static inline void
list_remove(struct list *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

/* The first link, removed, or NULL. */
static inline struct list *
list_pop(struct list *head)
{
    struct list *l = head->next;

    if (l == head)
        return NULL;
    /* The analyzer believes that an item popped and freed is still here. */
    list_remove(l); /* NOLINT(clang-analyzer-unix.Malloc) */
    return l;
}

#endif
