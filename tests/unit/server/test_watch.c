/* SPDX-License-Identifier: Apache-2.0
 * test_watch.c - changes of files are told however they come about; others are not.
 */
#include "server/place.h"

#include <sys/stat.h>

#include "base/assert.h"
#include "server/watch.h"

struct watching {
    struct ln_loop *loop;
    struct ln_watch *watch;
    struct ln_timer guard;
    unsigned told;
    bool late;
};

static void on_change(void *arg)
{
    struct watching *w = arg;

    w->told++;
    ln_loop_stop(w->loop);
}

static void on_late(struct ln_timer *t)
{
    struct watching *w = ln_container_of(t, struct watching, guard);

    w->late = true;
    ln_loop_stop(w->loop);
}

static void begin(struct watching *w)
{
    struct ln_err err;

    *w = (struct watching){.loop = ln_loop_new()};
    w->watch = ln_watch_new(w->loop, on_change, w, &err);
    assert_non_null(w->watch);
    ln_watch_begin(w->watch);
}

static void finish(struct watching *w)
{
    ln_watch_free(w->watch);
    ln_loop_free(w->loop);
}

/* Runs until a change was told; false when none is within the time. */
static bool is_told(struct watching *w, ln_msec within)
{
    w->late = false;
    ln_timer_start(w->loop, &w->guard, within, on_late);
    ln_loop_run(w->loop);
    ln_timer_stop(w->loop, &w->guard);
    return !w->late;
}

#define assert_told(w) assert_true(is_told(w, 5000))
/* Long enough for a change to settle: with a watcher that told too much this fails every time. */
#define assert_not_told(w) assert_false(is_told(w, 150))

static void watch_file(struct watching *w, const char *path)
{
    begin(w);
    ln_watch_add(w->watch, path);
    ln_watch_done(w->watch, 0);
}

static void test_writing_in_place(void **state)
{
    struct watching w;

    put_file(at(*state, "a.yaml"), "old");
    watch_file(&w, at(*state, "a.yaml"));
    put_file(at(*state, "a.yaml"), "new");
    assert_told(&w);
    put_file(at(*state, "a.yaml"), "newer");
    assert_told(&w);
    finish(&w);
}

static void test_replacing_by_rename_again_and_again(void **state)
{
    struct watching w;

    put_file(at(*state, "a.yaml"), "old");
    watch_file(&w, at(*state, "a.yaml"));
    for (unsigned i = 0; i < 3; i++) {
        put_file(at(*state, "a.yaml.new"), "new");
        assert_int_equal(rename(at(*state, "a.yaml.new"), at(*state, "a.yaml")), 0);
        assert_told(&w);
    }
    finish(&w);
}

static void test_removal_and_return(void **state)
{
    struct watching w;

    put_file(at(*state, "a.yaml"), "old");
    watch_file(&w, at(*state, "a.yaml"));
    assert_int_equal(unlink(at(*state, "a.yaml")), 0);
    assert_told(&w);
    put_file(at(*state, "a.yaml"), "back");
    assert_told(&w);
    finish(&w);
}

static void test_many_changes_are_told_once(void **state)
{
    struct watching w;

    put_file(at(*state, "a.yaml"), "old");
    watch_file(&w, at(*state, "a.yaml"));
    for (unsigned i = 0; i < 100; i++)
        put_file(at(*state, "a.yaml"), "new");
    assert_told(&w);
    assert_not_told(&w);
    assert_int_equal(w.told, 1);
    finish(&w);
}

static void test_other_names_in_the_folder_are_not_told(void **state)
{
    struct watching w;

    put_file(at(*state, "a.yaml"), "old");
    watch_file(&w, at(*state, "a.yaml"));
    put_file(at(*state, "access.log"), "line");
    assert_not_told(&w);
    put_file(at(*state, "a.yaml"), "new");
    assert_told(&w);
    finish(&w);
}

static void test_everything_in_a_listed_folder_is_told_but_noise(void **state)
{
    struct watching w;

    assert_int_equal(mkdir(at(*state, "plugins"), 0700), 0);
    watch_file(&w, at(*state, "plugins"));
    put_file(at(*state, "plugins/new.lua"), "return 1");
    assert_told(&w);
    put_file(at(*state, "plugins/.new.lua.swp"), "");
    put_file(at(*state, "plugins/new.lua~"), "");
    put_file(at(*state, "plugins/4913"), "");
    assert_not_told(&w);
    assert_int_equal(unlink(at(*state, "plugins/new.lua")), 0);
    assert_told(&w);
    finish(&w);
}

static void test_a_folder_that_comes_later_is_told(void **state)
{
    struct watching w;

    watch_file(&w, at(*state, "later/plugins"));
    assert_int_equal(mkdir(at(*state, "later"), 0700), 0);
    assert_told(&w);
    finish(&w);
}

static void test_a_file_is_not_told_before_it_is_written(void **state)
{
    struct watching w;
    FILE *f;

    watch_file(&w, at(*state, "a.yaml"));
    f = fopen(at(*state, "a.yaml"), "w");
    assert_non_null(f);
    assert_not_told(&w);
    assert_int_equal(fclose(f), 0);
    assert_told(&w);
    finish(&w);
}

static void test_a_swapped_link_is_told(void **state)
{
    struct watching w;

    assert_int_equal(mkdir(at(*state, "v1"), 0700), 0);
    put_file(at(*state, "v1/a.yaml"), "one");
    assert_int_equal(symlink("v1", at(*state, "..data")), 0);
    assert_int_equal(symlink("..data/a.yaml", at(*state, "a.yaml")), 0);
    watch_file(&w, at(*state, "a.yaml"));
    assert_int_equal(symlink("v1", at(*state, "..data_tmp")), 0);
    assert_int_equal(rename(at(*state, "..data_tmp"), at(*state, "..data")), 0);
    assert_told(&w);
    finish(&w);
}

static void test_what_is_not_named_again_is_not_watched(void **state)
{
    struct watching w;

    assert_int_equal(mkdir(at(*state, "old"), 0700), 0);
    put_file(at(*state, "a.yaml"), "a");
    begin(&w);
    ln_watch_add(w.watch, at(*state, "old"));
    ln_watch_add(w.watch, at(*state, "a.yaml"));
    ln_watch_done(w.watch, 0);
    ln_watch_begin(w.watch);
    ln_watch_add(w.watch, at(*state, "a.yaml"));
    ln_watch_done(w.watch, 0);
    put_file(at(*state, "old/x.lua"), "x");
    assert_not_told(&w);
    put_file(at(*state, "a.yaml"), "b");
    assert_told(&w);
    finish(&w);
}

static void test_a_change_between_reading_and_watching_is_told(void **state)
{
    struct watching w;
    ln_nsec before = ln_clock_wall();

    put_file(at(*state, "a.yaml"), "a");
    begin(&w);
    ln_watch_add(w.watch, at(*state, "a.yaml"));
    ln_watch_done(w.watch, before);
    assert_told(&w);
    ln_watch_begin(w.watch);
    ln_watch_add(w.watch, at(*state, "a.yaml"));
    ln_watch_done(w.watch, ln_clock_wall() + 1000000000u);
    assert_not_told(&w);
    finish(&w);
}

static void test_noise(void **state)
{
    static const char *const noise[] = {".x.lua.swp", ".git",      "x.lua~", "#x.lua#",
                                        "4913",       "x.lua.tmp", "x.swp"};
    static const char *const files[] = {"x.lua", "gateway.yaml", "..data", "tmp", "swp.lua"};

    (void)state;
    for (size_t i = 0; i < LN_ARRAY_LEN(noise); i++)
        assert_true(ln_watch_is_noise(noise[i]));
    for (size_t i = 0; i < LN_ARRAY_LEN(files); i++)
        assert_false(ln_watch_is_noise(files[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_writing_in_place),
        PLACE_TEST(test_replacing_by_rename_again_and_again),
        PLACE_TEST(test_removal_and_return),
        PLACE_TEST(test_many_changes_are_told_once),
        PLACE_TEST(test_other_names_in_the_folder_are_not_told),
        PLACE_TEST(test_everything_in_a_listed_folder_is_told_but_noise),
        PLACE_TEST(test_a_folder_that_comes_later_is_told),
        PLACE_TEST(test_a_file_is_not_told_before_it_is_written),
        PLACE_TEST(test_a_swapped_link_is_told),
        PLACE_TEST(test_what_is_not_named_again_is_not_watched),
        PLACE_TEST(test_a_change_between_reading_and_watching_is_told),
        cmocka_unit_test(test_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
