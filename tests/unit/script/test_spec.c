/* SPDX-License-Identifier: Apache-2.0
 * busted inside the process: the exit code, the real core behind gate, and the world that is reset.
 */
#include "script/spec.h"

#include "world.h"

static int match_first(struct ln_vm *vm, struct ln_req *r, struct ln_diag *diag)
{
    unsigned count;

    ln_vm_routes(vm, &count);
    (void)diag;
    return r != NULL && count > 0 && ln_slice_eq(r->path, LN_SLICE("/x")) ? 0 : -1;
}

struct job {
    const char *dir, *argument;
};

/* In a child: busted ends the process when a spec fails. */
static int run(const struct job *job)
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0) {
        char name[] = "lunette test", *argv[] = {name, (char *)job->argument, NULL};
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        dup2(null, STDOUT_FILENO);
        if (getenv("LUNETTE_SHOW") == NULL)
            dup2(null, STDERR_FILENO);
        if (chdir(job->dir) != 0)
            _exit(9);
        _exit(ln_spec_main("test", job->argument != NULL ? 2 : 1, argv, match_first));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int run_spec(const char *body)
{
    struct world w;

    world_init(&w);
    world_file(&w, "spec/one_spec.lua", body);
    int code = run(&(struct job){w.dir, NULL});
    world_fini(&w);
    return code;
}

static void test_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(
        run_spec("describe('x', function() it('is so', function() assert.is_true(true) end) end)"),
        0);
    assert_int_equal(
        run_spec(
            "describe('x', function() it('is not', function() assert.is_true(false) end) end)"),
        1);
    assert_int_equal(run_spec("error('broken file')"), 1);
}

static void test_an_unknown_option_is_an_error(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    assert_int_equal(run(&(struct job){w.dir, "--no-such-option"}), 1);
    world_fini(&w);
}

static void test_a_plugin_runs_on_the_real_core(void **state)
{
    (void)state;
    assert_int_equal(
        run_spec("local gate = require 'lunette.spec'\n"
                 "describe('rate-limit', function()\n"
                 "  before_each(gate.reset)\n"
                 "  for round = 1, 2 do\n"
                 "    it('limits', function()\n"
                 "      local p = gate.plugin('rate-limit', { rate = '1/h', burst = 2 })\n"
                 "      assert.is_nil(gate.request(p).status)\n"
                 "      assert.is_nil(gate.request(p).status)\n"
                 "      assert.equal(429, gate.request(p).status)\n"
                 "      gate.clock:advance(3600)\n"
                 "      assert.is_nil(gate.request(p).status)\n"
                 "    end)\n"
                 "  end\n"
                 "end)\n"),
        0);
}

static void test_routes_are_matched_by_the_router_given(void **state)
{
    (void)state;
    assert_int_equal(run_spec("local gate = require 'lunette.spec'\n"
                              "it('matches', function()\n"
                              "  local f = io.open('r.lua', 'w') f:write('get \"/x\" { reply = { "
                              "200 } }') f:close()\n"
                              "  local routes = gate.routes('r.lua')\n"
                              "  assert.equal('GET /x', routes:match('GET /x').name)\n"
                              "  assert.is_nil(routes:match('GET /y'))\n"
                              "end)\n"),
                     0);
}

static void test_objects_of_an_earlier_spec_are_dead(void **state)
{
    (void)state;
    assert_int_equal(
        run_spec("local gate, world = require 'lunette.spec', require 'lunette.world'\n"
                 "it('dies', function()\n"
                 "  local r = world.request {}\n"
                 "  local req = r.req\n"
                 "  assert.equal('/', req.path)\n"
                 "  gate.reset()\n"
                 "  assert.has_error(function() return req.path end)\n"
                 "  assert.has_error(function() world.request_headers(r) end)\n"
                 "  assert.equal('/', world.request({}).req.path)\n"
                 "end)\n"),
        0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_codes),
        cmocka_unit_test(test_an_unknown_option_is_an_error),
        cmocka_unit_test(test_a_plugin_runs_on_the_real_core),
        cmocka_unit_test(test_routes_are_matched_by_the_router_given),
        cmocka_unit_test(test_objects_of_an_earlier_spec_are_dead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
