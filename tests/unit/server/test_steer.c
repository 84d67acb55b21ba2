/* SPDX-License-Identifier: Apache-2.0
 * test_steer.c - lines of the control socket become words in records, or sentences about what is
 * wrong with them.
 */
#include "server/steer.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "shm/record.h"
#include "shm/steer.h"

struct place {
    struct ln_shm *shm;
    struct ln_demand demand;
};

static const size_t cell = sizeof(_Atomic uint32_t);

static void add_instance(struct place *p, const char *key)
{
    ln_demand_add_slots(&p->demand, LN_ZONE_INSTANCE, ln_slice_of(key),
                        sizeof(struct ln_instance_record), cell);
}

static void add_service(struct place *p, const char *name)
{
    ln_demand_add_slots(&p->demand, LN_ZONE_CURSOR, ln_slice_of(name),
                        sizeof(struct ln_cursor_record), cell);
}

static int silence(void **state)
{
    struct ln_err err;

    (void)state;
    return ln_log_open("/dev/null", LN_LOG_ERROR, LN_LOG_TEXT, &err);
}

static int set_up(void **state)
{
    static struct place place;
    struct ln_err err;

    place.shm = ln_shm_new(2, &err);
    ln_demand_init(&place.demand);
    add_service(&place, "users");
    add_instance(&place, "users http://a:1");
    add_instance(&place, "users http://b:2/base/");
    add_service(&place, "users2");
    add_instance(&place, "users2 http://c:3");
    assert_int_equal(ln_shm_satisfy(place.shm, &place.demand, &err), 0);
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    ln_demand_fini(&p->demand);
    ln_shm_free(p->shm);
    return 0;
}

static bool tell(struct place *p, const char *line, const char *sentence)
{
    struct ln_text out;

    ln_text_init(&out);

    bool ok = ln_steer(p->shm, &p->demand, ln_slice_of(line), 77, &out);

    ln_text_add(&out, "", 1);
    if (strstr(out.p, sentence) == NULL)
        fail_msg("%s: %s", line, out.p);
    ln_text_fini(&out);
    return ok;
}

static struct ln_instance_record *instance(struct place *p, const char *key)
{
    return ln_shm_find(p->shm, LN_ZONE_INSTANCE, ln_slice_of(key), NULL);
}

static uint32_t word(struct place *p, const char *key)
{
    return atomic_load(&instance(p, key)->steer);
}

static uint32_t steered(struct place *p, const char *service)
{
    struct ln_cursor_record *r = ln_shm_find(p->shm, LN_ZONE_CURSOR, ln_slice_of(service), NULL);

    return atomic_load(&r->steered);
}

static void test_verbs_are_known(void **state)
{
    (void)state;
    assert_true(ln_steer_is_command(LN_SLICE("drain a b")));
    assert_true(ln_steer_is_command(LN_SLICE("weight")));
    assert_false(ln_steer_is_command(LN_SLICE("drained a b")));
    assert_false(ln_steer_is_command(LN_SLICE("")));
}

static void test_words_are_written(void **state)
{
    struct place *p = *state;
    const char *a = "users http://a:1";

    assert_true(tell(p, "drain users http://a:1", "users http://a:1: draining, weight as conf"));
    assert_int_equal(word(p, a), ln_steer_word(LN_STEER_DRAINING, 0));
    assert_true(tell(p, "weight users a:1 7", "draining, weight 7"));
    assert_true(tell(p, "disable  users  a:1", "disabled, weight 7"));
    assert_int_equal(word(p, a), ln_steer_word(LN_STEER_DISABLED, 7));
    assert_int_equal(atomic_load(&instance(p, a)->since), 0);
    assert_true(tell(p, "enable users a:1/", "enabled, weight 7"));
    assert_int_equal(atomic_load(&instance(p, a)->since), 77);
    assert_true(tell(p, "weight users a:1 default", "enabled, weight as configured"));
    assert_int_equal(word(p, a), 0);
    assert_int_equal(steered(p, "users"), 2);
    assert_int_equal(steered(p, "users2"), 0);
    assert_true(tell(p, "drain users b:2/base", "http://b:2/base/: draining"));
    assert_int_equal(word(p, "users2 http://c:3"), 0);
}

static void test_mistakes_are_explained(void **state)
{
    struct place *p = *state;

    assert_false(tell(p, "drain usres a:1",
                      "no service \"usres\"; did you mean \"users\"?\n"
                      "there are: users, users2"));
    assert_false(tell(p, "drain zzz a:1", "no service \"zzz\"\nthere are: users, users2"));
    assert_false(tell(p, "drain users http://c:3", "no instance \"http://c:3\" of users"));
    assert_false(tell(p, "drain users b:2/bsae",
                      "did you mean \"b:2/base\"?\n"
                      "there are: http://a:1, http://b:2/base/"));
    assert_false(tell(p, "drain users", "expected a service and an instance"));
    assert_false(tell(p, "drain users a:1 7", "expected a service and an instance"));
    assert_false(tell(p, "weight users a:1", "expected a service and an instance and a weight"));
    assert_false(
        tell(p, "weight users a:1 7 8", "expected a service and an instance and a weight"));
    for (unsigned i = 0; i < 6; i++) {
        static const char *const lines[] = {
            "weight users a:1 0",   "weight users a:1 65536",
            "weight users a:1 -1",  "weight users a:1 1x",
            "weight users a:1 def", "weight users a:1 99999999999999999999"};

        assert_false(tell(p, lines[i], "expected a weight from 1 to 65535, or \"default\", got"));
    }
    assert_int_equal(word(p, "users http://a:1"), 0);
    assert_true(tell(p, "weight users a:1 65535", "enabled, weight 65535"));
}

static void test_long_lists_are_cut(void **state)
{
    struct place *p = *state;
    struct ln_err err;
    char key[32];

    for (unsigned i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "users2 http://h:%u", 100 + i);
        add_instance(p, key);
    }
    assert_int_equal(ln_shm_satisfy(p->shm, &p->demand, &err), 0);
    assert_false(tell(p, "drain users2 nobody", "http://h:108, ..."));
    assert_true(tell(p, "drain users2 h:119", "http://h:119: draining"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verbs_are_known),
        TEST(test_words_are_written),
        TEST(test_mistakes_are_explained),
        TEST(test_long_lists_are_cut),
    };

    return cmocka_run_group_tests(tests, silence, NULL);
}
