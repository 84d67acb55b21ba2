/* SPDX-License-Identifier: Apache-2.0
 * test_plugin_specs.c - which specs are run, and what becomes of their failures.
 */
#include "server/place.h"

#include <sys/stat.h>

#include "base/assert.h"
#include "server/plugin_specs.h"

/* A plugin folder with one plugin in it that has been read, and a spec of this text. */
struct project {
    struct ln_conf conf;
    struct ln_bundle *bundle;
    struct ln_diag diag;
    char folder[512];
};

static void begin(struct project *p, const struct place *place, const char *spec, const char *text)
{
    struct ln_slice bytes;
    struct ln_err err;

    *p = (struct project){.bundle = ln_bundle_record()};
    snprintf(p->folder, sizeof p->folder, "%s", at(place, "plugins"));
    p->conf.plugins_dir = p->folder;
    p->conf.gateway.user = "";
    p->conf.plugin_specs = true;
    ln_diag_init(&p->diag);
    mkdir(p->folder, 0755);
    mkdir(at(place, "spec"), 0755);
    mkdir(at(place, "spec/plugins"), 0755);
    put_file(at(place, "plugins/my-own.lua"), "-- not run here\n");
    put_file(at(place, spec), text);
    assert_int_equal(ln_bundle_read(p->bundle, at(place, "plugins/my-own.lua"), &bytes, &err), 0);
}

static void finish(struct project *p, const struct place *place, const char *spec)
{
    static const char *const made[] = {"plugins/my-own.lua", "plugins", "spec/plugins", "spec"};

    unlink(at(place, spec));
    for (size_t i = 0; i < LN_ARRAY_LEN(made); i++)
        remove(at(place, made[i]));
    ln_diag_fini(&p->diag);
    ln_bundle_free(p->bundle);
}

static bool is_watched(struct project *p, const char *end)
{
    unsigned walk = 0;

    for (const char *path; (path = ln_bundle_next_path(p->bundle, &walk)) != NULL;)
        if (strlen(path) > strlen(end) && strcmp(path + strlen(path) - strlen(end), end) == 0)
            return true;
    return false;
}

static void run_one(void **state, const char *spec, const char *text, enum ln_plugin_specs when,
                    unsigned errors, unsigned warnings)
{
    struct project p;

    begin(&p, *state, spec, text);
    ln_plugin_specs_run(&p.conf, p.bundle, when, &p.diag);
    assert_int_equal(p.diag.errors, errors);
    assert_int_equal(p.diag.count - p.diag.errors, warnings);
    if (when == LN_PLUGIN_SPECS_ALWAYS)
        assert_true(is_watched(&p, spec));
    finish(&p, *state, spec);
}

static const char passes[] = "it('passes', function() end)\n";
static const char fails[] =
    "it('a', function() error('x') end)\nit('b', function() error('y') end)\n";

static void test_every_name_of_a_spec(void **state)
{
    run_one(state, "spec/plugins/my-own_spec.lua", fails, LN_PLUGIN_SPECS_ALWAYS, 2, 0);
    run_one(state, "spec/my-own_spec.lua", fails, LN_PLUGIN_SPECS_ALWAYS, 2, 0);
    run_one(state, "spec/plugins/my_own_spec.lua", fails, LN_PLUGIN_SPECS_ALWAYS, 2, 0);
    run_one(state, "spec/my_own_spec.lua", passes, LN_PLUGIN_SPECS_ALWAYS, 0, 0);
}

static void test_when(void **state)
{
    run_one(state, "spec/my-own_spec.lua", fails, LN_PLUGIN_SPECS_NEVER, 0, 0);
    run_one(state, "spec/my-own_spec.lua", fails, LN_PLUGIN_SPECS_TELL, 0, 2);
    run_one(state, "spec/my-own_spec.lua", fails, LN_PLUGIN_SPECS_AS_CONFIGURED, 2, 0);
}

static void test_off_in_the_configuration(void **state)
{
    struct project p;

    begin(&p, *state, "spec/my-own_spec.lua", fails);
    p.conf.plugin_specs = false;
    ln_plugin_specs_run(&p.conf, p.bundle, LN_PLUGIN_SPECS_AS_CONFIGURED, &p.diag);
    assert_int_equal(p.diag.count, 0);
    p.conf.plugins_dir = NULL;
    ln_plugin_specs_run(&p.conf, p.bundle, LN_PLUGIN_SPECS_ALWAYS, &p.diag);
    assert_int_equal(p.diag.count, 0);
    finish(&p, *state, "spec/my-own_spec.lua");
}

static void test_specs_of_other_plugins_are_left_alone(void **state)
{
    run_one(state, "spec/other_spec.lua", fails, LN_PLUGIN_SPECS_AS_CONFIGURED, 0, 0);
}

static void test_place_of_a_failure(void **state)
{
    struct project p;

    begin(&p, *state, "spec/my-own_spec.lua", "\n\nit('breaks', function() error('so') end)\n");
    ln_plugin_specs_run(&p.conf, p.bundle, LN_PLUGIN_SPECS_ALWAYS, &p.diag);
    assert_int_equal(p.diag.errors, 1);
    assert_int_equal(p.diag.items[0].line, 3);
    assert_string_equal(p.diag.items[0].file, at(*state, "spec/my-own_spec.lua"));
    assert_string_equal(p.diag.items[0].text, "spec: breaks: so");
    finish(&p, *state, "spec/my-own_spec.lua");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_every_name_of_a_spec),
        PLACE_TEST(test_when),
        PLACE_TEST(test_off_in_the_configuration),
        PLACE_TEST(test_specs_of_other_plugins_are_left_alone),
        PLACE_TEST(test_place_of_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
