/* SPDX-License-Identifier: Apache-2.0
 * commands.c - the tables of commands and of their options.
 */
#include "server/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

#include "server/supervisor.h"

static int run(const struct ln_cli *cli)
{
    struct ln_run_options options = {cli->conf, cli->control, cli->report, cli->quiet, false};

    return ln_supervisor_run(&options);
}

static int dev(const struct ln_cli *cli)
{
    struct ln_run_options options = {cli->conf, cli->control, cli->report, cli->quiet, true};

    if (isatty(STDERR_FILENO) && getenv("NO_COLOR") == NULL)
        ln_log_colour(true);
    return ln_supervisor_run(&options);
}

static int help(const struct ln_cli *cli)
{
    const char *command = cli->argc > 0 ? cli->argv[0] : NULL;

    if (ln_cli_help(command))
        return LN_EXIT_OK;
    fprintf(stderr, "lunette: there is no command \"%s\"\n", command);
    return LN_EXIT_USAGE;
}

/* clang-format off */
const struct ln_command ln_commands[] = {
    {"run", "", "serve, in the foreground",
     "Checks the configuration, listens, and serves until it is told to stop.\n"
     "TERM or Ctrl-C lets running requests finish; a second one a second later, or QUIT, stops now.\n"
     "HUP reloads, USR1 reopens log files.\n",
     LN_CLI_CONF | LN_CLI_CONTROL | LN_CLI_REPORT | LN_CLI_QUIET, run},

    {"dev", "", "serve while plugins and routes are written",
     "As run; files are always watched, and before a change is taken the specs of the plugins in use run\n"
     "(spec/plugins/NAME_spec.lua or spec/NAME_spec.lua). What fails is shown, and the old code stays.\n",
     LN_CLI_CONF | LN_CLI_CONTROL | LN_CLI_REPORT | LN_CLI_QUIET, dev},

    {"check", "", "check a configuration without serving it",
     "Loads everything - the file, routes, plugins - and tells all that is wrong with it, each with\n"
     "file, line and what was expected. Listens nowhere and connects to nothing.\n",
     LN_CLI_CONF | LN_CLI_JSON, ln_command_check},

    {"routes", "", "show the routes, or explain a match",
     "Prints the effective table: method, path, where it was written, its chain of plugins, where it\n"
     "goes, and under which conditions. With --why, the story of one request: which route takes it,\n"
     "and why the others do not; exit code 1 when none does.\n",
     LN_CLI_CONF | LN_CLI_JSON | LN_CLI_WHY | LN_CLI_HEADER | LN_CLI_FROM | LN_CLI_LISTENER, ln_command_routes},

    {"eject", "", "write generated routes as a routes file",
     "Prints the routes file that is equal to the routes which services with a path generate, with\n"
     "their plugins: a beginning that is not empty. Variables of the environment stay variables.\n",
     LN_CLI_CONF, ln_command_eject},

    {"reload", "", "let the running gateway take its files anew",
     "Waits for the outcome. Exit code 1 with the errors when the new configuration did not do; the\n"
     "old one then stays in use.\n",
     LN_CLI_CONF | LN_CLI_CONTROL | LN_CLI_JSON, ln_command_reload},

    {"status", "", "ask the running gateway how it is",
     "Workers, the generation of the configuration, connections, requests served.\n",
     LN_CLI_CONF | LN_CLI_CONTROL | LN_CLI_JSON, ln_command_status},

    {"metrics", "", "print what the running gateway counts",
     "In the text format of Prometheus: the gateway's own numbers and those of plugins, all workers\n"
     "together.\n",
     LN_CLI_CONF | LN_CLI_CONTROL, ln_command_metrics},

    {"drain", "SERVICE INSTANCE", "give an instance no more requests",
     "Those that it has may finish. INSTANCE is its URL, or the part behind ://. It stays so over reloads,\n"
     "until `lunette enable` or the end of the gateway. In a panic (panicThreshold) it gets requests all the same.\n",
     LN_CLI_CONF | LN_CLI_CONTROL | LN_CLI_ARGS, ln_command_drain},

    {"disable", "SERVICE INSTANCE", "give an instance no requests, whatever happens",
     "As drain, but in a panic, too.\n",
     LN_CLI_CONF | LN_CLI_CONTROL | LN_CLI_ARGS, ln_command_disable},

    {"enable", "SERVICE INSTANCE", "take drain or disable back",
     "The instance gets requests again, over slowStart. Its weight stays as it is.\n",
     LN_CLI_CONF | LN_CLI_CONTROL | LN_CLI_ARGS, ln_command_enable},

    {"weight", "SERVICE INSTANCE N", "give an instance another weight",
     "N is from 1 to 65535, or \"default\" for that of the configuration. It counts for every strategy, for\n"
     "round_robin, too. It stays so over reloads, until the end of the gateway.\n",
     LN_CLI_CONF | LN_CLI_CONTROL | LN_CLI_ARGS, ln_command_weight},

    {"instances", "[SERVICE]", "tell how the instances of services are",
     "Their state, weight, requests in flight over all workers, latency and last failure, as the running\n"
     "gateway sees them:\n"
     "  up         gets requests\n"
     "  down       cannot be reached; tried again by and by\n"
     "  unhealthy  its checks fail, and they are heeded\n"
     "  open       its breaker has opened; half-open: it is being probed\n"
     "  draining, disabled  by `lunette drain`, `lunette disable`\n",
     LN_CLI_CONF | LN_CLI_CONTROL | LN_CLI_JSON | LN_CLI_ARGS, ln_command_instances},

    {"stop", "", "stop the running gateway",
     "Lets running requests finish, as TERM does, and waits for the end.\n",
     LN_CLI_CONF | LN_CLI_CONTROL, ln_command_stop},

    {"test", "[PATH...] [--watch] [--coverage[=FILE]] [--jit] [OPTIONS OF BUSTED]", "run specs on the code of this very program",
     "Runs busted inside, with a clock that specs move by hand. Without paths: the specs in spec/.\n"
     "  --watch            run again when a source below this folder changes; Ctrl-C ends\n"
     "  --coverage[=FILE]  tell which lines of plugins and routes files ran; FILE: for lcov, too\n"
     "  --jit              tell where handlers stay interpreted, and why\n",
     LN_CLI_RAW, ln_command_test},

    {"new", "plugin NAME [DIR]", "begin a plugin: the file, its spec, its page",
     "Writes plugins/NAME.lua, spec/plugins/NAME_spec.lua and docs/plugins/NAME.md below DIR, a small plugin\n"
     "that works and passes its spec. Overwrites nothing.\n",
     LN_CLI_ARGS, ln_command_new},

    {"types", "[DIR]", "tell editors and linters about the Lua API",
     "Writes below DIR: .luarc.json and .lunette/library for the Lua language server, .luacheckrc for luacheck.\n"
     "Keeps files that are there and differ.\n",
     LN_CLI_ARGS | LN_CLI_FORCE, ln_command_types},

    {"doctor", "", "judge the machine, the configuration and the plugins",
     "Limits, memory, what the kernel offers, how LuaJIT was built, who may write the files of the\n"
     "configuration. Exit code 1 when something is wrong.\n"
     "With --jit, also runs the handlers of every route, and of every standard plugin, thousands of times\n"
     "and tells where they stay interpreted; exit code 1 when any does.\n",
     LN_CLI_CONF | LN_CLI_JSON | LN_CLI_JIT, ln_command_doctor},

    {"docs", "directives|example|plugins|api|PLUGIN", "print a page of the reference",
     "directives: every key with its values, default and sentence. example: a file with every key.\n"
     "plugins: the standard plugins and their settings. api: what plugins and routes see. The name or the file\n"
     "of a plugin: its settings.\n",
     LN_CLI_ARGS, ln_command_docs},

    {"schema", "[PLUGIN]", "print the JSON Schema of gateway.yaml",
     "For editors: every key, and the settings of all plugins that this configuration can use. With\n"
     "the name of a plugin: of its settings alone.\n",
     LN_CLI_CONF | LN_CLI_JSON | LN_CLI_ARGS, ln_command_schema},

    {"version", "", "print the version", "Of lunette and of the libraries inside.\n",
     LN_CLI_JSON, ln_command_version},

    {"help", "[COMMAND]", "print help", "On everything, or on one command.\n",
     LN_CLI_ARGS, help},

    {NULL, NULL, NULL, NULL, 0, NULL},
};

#define MEMBER(name) offsetof(struct ln_cli, name)

const struct ln_cli_option_row ln_cli_options[] = {
    {LN_CLI_CONF, "-c", "--config", "FILE", LN_CLI_TEXT, MEMBER(conf),
     "the configuration; without it gateway.yaml, else conf/gateway.yaml,\nelse /etc/lunette/gateway.yaml"},
    {LN_CLI_CONTROL, NULL, "--control", "PATH", LN_CLI_TEXT, MEMBER(control),
     "the control socket; without it $LUNETTE_CONTROL, else a name made\nfrom the path of the configuration"},
    {LN_CLI_JSON, NULL, "--json", NULL, LN_CLI_FLAG, MEMBER(json),
     "answer in JSON"},
    {LN_CLI_REPORT, NULL, "--report", "FD", LN_CLI_FD, MEMBER(report),
     "write a line of JSON to this descriptor when everything serves"},
    {LN_CLI_QUIET, NULL, "--quiet", NULL, LN_CLI_FLAG, MEMBER(quiet),
     "no greeting"},
    {LN_CLI_JIT, NULL, "--jit", NULL, LN_CLI_FLAG, MEMBER(jit),
     "try what the compiler makes of plugins and routes"},
    {LN_CLI_FORCE, NULL, "--force", NULL, LN_CLI_FLAG, MEMBER(force),
     "write files anew that are there and differ"},
    {LN_CLI_WHY, NULL, "--why", "REQUEST", LN_CLI_TEXT, MEMBER(why),
     "such as \"GET /api/users\" or \"POST http://example.com/x\""},
    {LN_CLI_HEADER, "-H", "--header", "FIELD", LN_CLI_LIST, MEMBER(headers),
     "a header of that request, such as \"X-Version: 2\"; any number"},
    {LN_CLI_FROM, NULL, "--from", "ADDRESS", LN_CLI_TEXT, MEMBER(from),
     "the address of its client; without it 127.0.0.1"},
    {LN_CLI_LISTENER, NULL, "--listener", "NAME", LN_CLI_TEXT, MEMBER(listener),
     "where it comes in; without it the first listener"},
    {0, NULL, NULL, NULL, LN_CLI_FLAG, 0, NULL},
};
/* clang-format on */
