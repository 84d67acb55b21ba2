/* SPDX-License-Identifier: Apache-2.0
 * Handlers run in their order, answer early, raise, and wait.
 */
#include "world.h"

static void test_inline_function_answers(void **state)
{
    struct world w;
    struct visit v;

    (void)state;
    world_init(&w);
    if (world_routes(&w, "get \"/hello\" { function(req) return 200, { hello = req.method } end }\n") != 0)
        fail_msg("%s", w.report);
    visit_init(&v, &w, 0);
    assert_int_equal(ln_vm_request(w.vm, &v.r), LN_RUN_DONE);
    assert_int_equal(v.r.verdict, LN_VERDICT_REPLY);
    assert_int_equal(v.r.reply_status, 200);
    assert_slice(v.r.reply_body, "{\"hello\":\"GET\"}");
    assert_string_equal(visit_header(&v, &v.r.reply_fields, "content-type"), "application/json");
    visit_fini(&v, &w);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inline_function_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
