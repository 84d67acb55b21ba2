/* SPDX-License-Identifier: Apache-2.0
 * list.h - doubly linked list whose nodes are embedded in what they link; the head is a node too.
 */
#ifndef LN_BASE_LIST_H
#define LN_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct ln_list {
    struct ln_list *next, *prev; /* a node that is in no list points to itself */
};

static inline void ln_list_init(struct ln_list *l)
{
    l->next = l->prev = l;
}

static inline bool ln_list_is_empty(const struct ln_list *l)
{
    return l->next == l;
}

/* Before `at`: with the head as `at`, the end of the list. */
static inline void ln_list_insert(struct ln_list *at, struct ln_list *node)
{
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
}

static inline void ln_list_append(struct ln_list *head, struct ln_list *node)
{
    ln_list_insert(head, node);
}

static inline void ln_list_prepend(struct ln_list *head, struct ln_list *node)
{
    ln_list_insert(head->next, node);
}

/* Leaves the node pointing to itself, so that removing twice is harmless. */
static inline void ln_list_remove(struct ln_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    ln_list_init(node);
}

#endif
