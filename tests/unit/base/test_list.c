/* SPDX-License-Identifier: Apache-2.0
 * test_list.c - embedded list nodes.
 */
#include "unit.h"

#include "base/assert.h"
#include "base/list.h"

struct item {
    int number;
    struct ln_list node;
};

/* The numbers of the list in order, as a decimal number: 1, 2, 3 is 123. */
static int read_list(const struct ln_list *head)
{
    int sum = 0;

    for (struct ln_list *n = head->next; n != head; n = n->next) {
        assert_ptr_equal(n->prev->next, n);
        sum = sum * 10 + ln_container_of(n, struct item, node)->number;
    }
    return sum;
}

static void test_a_new_head_is_empty(void **state)
{
    struct ln_list head;

    (void)state;
    ln_list_init(&head);
    assert_true(ln_list_is_empty(&head));
    assert_int_equal(read_list(&head), 0);
}

static void test_append_prepend_and_insert_keep_order(void **state)
{
    struct ln_list head;
    struct item one = {.number = 1}, two = {.number = 2}, three = {.number = 3},
                four = {.number = 4};

    (void)state;
    ln_list_init(&head);
    ln_list_append(&head, &two.node);
    ln_list_append(&head, &four.node);
    ln_list_prepend(&head, &one.node);
    ln_list_insert(&four.node, &three.node);
    assert_int_equal(read_list(&head), 1234);
    assert_false(ln_list_is_empty(&head));
}

static void test_removing_twice_is_harmless(void **state)
{
    struct ln_list head;
    struct item one = {.number = 1}, two = {.number = 2};

    (void)state;
    ln_list_init(&head);
    ln_list_append(&head, &one.node);
    ln_list_append(&head, &two.node);
    ln_list_remove(&one.node);
    ln_list_remove(&one.node);
    assert_int_equal(read_list(&head), 2);
    assert_true(ln_list_is_empty(&one.node));
    ln_list_remove(&two.node);
    assert_true(ln_list_is_empty(&head));
}

static void test_a_removed_node_can_join_another_list(void **state)
{
    struct ln_list a, b;
    struct item one = {.number = 1};

    (void)state;
    ln_list_init(&a);
    ln_list_init(&b);
    ln_list_append(&a, &one.node);
    ln_list_remove(&one.node);
    ln_list_append(&b, &one.node);
    assert_int_equal(read_list(&a), 0);
    assert_int_equal(read_list(&b), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_head_is_empty),
        cmocka_unit_test(test_append_prepend_and_insert_keep_order),
        cmocka_unit_test(test_removing_twice_is_harmless),
        cmocka_unit_test(test_a_removed_node_can_join_another_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
