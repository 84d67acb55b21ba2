/* SPDX-License-Identifier: Apache-2.0
 * cli.c - finds the command, reads its options, prints help.
 */
#include "server/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/text.h"
#include "gateway/spec_match.h"
#include "script/spec.h"
#include "server/commands.h"
#include "server/supervisor.h"

enum option {
    CONF = 1,
    CONTROL = 2,
    JSON = 4,
    REPORT = 8,
    QUIET = 16,
    WHY = 32,
    ARGS = 64,
    RAW = 128
};

static const char *const default_confs[] = {"conf/gateway.yaml", "/etc/lunette/gateway.yaml"};

static int run(const struct ln_cli *cli)
{
    struct ln_run_options options = {cli->conf, cli->control, cli->report, cli->quiet};

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

static int test(const struct ln_cli *cli)
{
    return ln_spec_main(cli->argc + 1, cli->argv - 1, ln_router_spec_match);
}

static const struct command {
    const char *name, *arguments, *summary, *text;
    unsigned options;
    int (*run)(const struct ln_cli *cli);
} commands[] = {
    {"run", "[-c FILE] [--control PATH] [--report FD] [--quiet]", "serve, in the foreground",
     "Checks the configuration, listens, and serves until it is told to stop.\n"
     "TERM or Ctrl-C lets running requests finish; a second one a second later, or QUIT, stops "
     "now.\n"
     "HUP reloads, USR1 reopens log files.\n",
     CONF | CONTROL | REPORT | QUIET, run},
    {"check", "[-c FILE] [--json]", "check a configuration without serving it",
     "Loads everything - the file, routes, plugins - and tells all that is wrong with it, each "
     "with\n"
     "file, line and what was expected. Listens nowhere and connects to nothing.\n",
     CONF | JSON, ln_command_check},
    {"routes", "[-c FILE] [--json] [--why \"GET /path\"]", "show the routes, or explain a match",
     "Prints the effective table: method, path, where it was written, its chain of plugins.\n"
     "With --why, the story of one request: which route it takes, and why the others lost.\n",
     CONF | JSON | WHY, ln_command_routes},
    {"reload", "[-c FILE] [--control PATH] [--json]", "let the running gateway take its files anew",
     "Waits for the outcome. Exit code 1 with the errors when the new configuration did not do; "
     "the\n"
     "old one then stays in use.\n",
     CONF | CONTROL | JSON, ln_command_reload},
    {"status", "[-c FILE] [--control PATH] [--json]", "ask the running gateway how it is",
     "Workers, the generation of the configuration, connections, requests served.\n",
     CONF | CONTROL | JSON, ln_command_status},
    {"stop", "[-c FILE] [--control PATH]", "stop the running gateway",
     "Lets running requests finish, as TERM does, and waits for the end.\n", CONF | CONTROL,
     ln_command_stop},
    {"test", "[PATH...] [OPTIONS OF BUSTED]", "run specs on the code of this very program",
     "Runs busted inside, with a clock that specs move by hand. Without paths: the specs in spec/, "
     "those\n"
     "that need a running gateway left out.\n",
     RAW, test},
    {"docs", "directives|example|plugins|api", "print a page of the reference",
     "directives: every key with its values, default and sentence. example: a file with every "
     "key. plugins: the\nstandard plugins and their settings. api: what plugins and routes see.\n",
     ARGS, ln_command_docs},
    {"version", "[--json]", "print the version", "Of lunette and of the libraries inside.\n", JSON,
     ln_command_version},
    {"help", "[COMMAND]", "print help", "On everything, or on one command.\n", ARGS, help},
};

static const struct {
    enum option option;
    const char *text;
} option_help[] = {
    {CONF, "  -c, --config FILE  the configuration; without it conf/gateway.yaml, else\n"
           "                     /etc/lunette/gateway.yaml"},
    {CONTROL,
     "  --control PATH     the control socket; without it $LUNETTE_CONTROL, else a name made\n"
     "                     from the path of the configuration"},
    {JSON, "  --json             answer in JSON"},
    {REPORT, "  --report FD        write a line of JSON to this descriptor when everything serves"},
    {QUIET, "  --quiet            no greeting"},
    {WHY, "  --why REQUEST      such as \"GET /api/users\" or \"POST http://example.com/x\""},
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < LN_ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* ---- help
 * ------------------------------------------------------------------------------------------------------
 */

static void print_overview(FILE *out)
{
    fprintf(out, "lunette %s - a programmable HTTP gateway\n\nusage: lunette COMMAND [OPTIONS]\n\n",
            LN_VERSION);
    for (size_t i = 0; i < LN_ARRAY_LEN(commands); i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\nlunette help COMMAND tells more.\n");
}

static void print_command(FILE *out, const struct command *c)
{
    fprintf(out, "usage: lunette %s %s\n\n%s", c->name, c->arguments, c->text);
    if (c->options & ~(unsigned)(ARGS | RAW))
        fprintf(out, "\n");
    for (size_t i = 0; i < LN_ARRAY_LEN(option_help); i++)
        if (c->options & option_help[i].option)
            fprintf(out, "%s\n", option_help[i].text);
    fprintf(out, "\nExit codes: 0 done, 1 it did not work, 2 the command line makes no sense.\n");
}

bool ln_cli_help(const char *command)
{
    const struct command *c = command != NULL ? find(command) : NULL;

    if (command != NULL && c == NULL)
        return false;
    if (c != NULL)
        print_command(stdout, c);
    else
        print_overview(stdout);
    return true;
}

/* ---- options
 * ---------------------------------------------------------------------------------------------------
 */

static int usage(const struct command *c, const char *what, const char *about)
{
    fprintf(stderr, "lunette %s: %s%s%s\nusage: lunette %s %s\n", c->name, what,
            about != NULL ? " " : "", about != NULL ? about : "", c->name, c->arguments);
    return LN_EXIT_USAGE;
}

static const struct {
    const char *name;
    enum option option;
    bool has_value;
} options[] = {
    {"-c", CONF, true},      {"--config", CONF, true},   {"--control", CONTROL, true},
    {"--json", JSON, false}, {"--report", REPORT, true}, {"--quiet", QUIET, false},
    {"--why", WHY, true},
};

static bool parse_fd(const char *text, int *fd)
{
    uint64_t n;

    if (!ln_slice_to_u64(ln_slice_of(text), &n) || n > 1u << 20)
        return false;
    *fd = (int)n;
    return true;
}

static bool set(struct ln_cli *cli, enum option option, const char *value)
{
    switch (option) {
    case CONF:
        cli->conf = value;
        break;
    case CONTROL:
        cli->control = value;
        break;
    case JSON:
        cli->json = true;
        break;
    case REPORT:
        return parse_fd(value, &cli->report);
    case QUIET:
        cli->quiet = true;
        break;
    case WHY:
        cli->why = value;
        break;
    case ARGS:
    case RAW:
        break;
    }
    return true;
}

/* The option at argv[i], with its value; returns how many words it took, 0 = a mistake that was
 * told. */
static int take_option(struct ln_cli *cli, const struct command *c, int left, char **argv)
{
    const char *equals = strncmp(argv[0], "--", 2) == 0 ? strchr(argv[0], '=') : NULL;
    size_t n = equals != NULL ? (size_t)(equals - argv[0]) : strlen(argv[0]);

    for (size_t i = 0; i < LN_ARRAY_LEN(options); i++) {
        if (strlen(options[i].name) != n || strncmp(options[i].name, argv[0], n) != 0 ||
            !(c->options & options[i].option))
            continue;

        const char *value = equals != NULL ? equals + 1 : left > 1 ? argv[1] : NULL;

        if (options[i].has_value ? value == NULL : equals != NULL)
            usage(c, options[i].has_value ? "a value is missing after" : "no value belongs to",
                  options[i].name);
        else if (!set(cli, options[i].option, value))
            usage(c, "this is no descriptor:", value);
        else
            return options[i].has_value && equals == NULL ? 2 : 1;
        return 0;
    }
    usage(c, "unknown option", argv[0]);
    return 0;
}

static const char *find_conf(void)
{
    for (size_t i = 0; i < LN_ARRAY_LEN(default_confs); i++)
        if (access(default_confs[i], F_OK) == 0)
            return default_confs[i];
    return default_confs[0];
}

static int run_command(const struct command *c, int argc, char **argv)
{
    struct ln_cli cli = {.report = -1};
    int kept = 0;

    for (int i = 0; i < argc;) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_command(stdout, c);
            return LN_EXIT_OK;
        }
        if (c->options & RAW)
            break;
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            int taken = take_option(&cli, c, argc - i, argv + i);

            if (taken == 0)
                return LN_EXIT_USAGE;
            i += taken;
            continue;
        }
        if (!(c->options & ARGS))
            return usage(c, "unexpected argument", argv[i]);
        argv[kept++] = argv[i++];
    }
    cli.argc = c->options & RAW ? argc : kept;
    cli.argv = argv;
    if ((c->options & CONF) && cli.conf == NULL)
        cli.conf = find_conf();
    return c->run(&cli);
}

/* ---- the command
 * -----------------------------------------------------------------------------------------------
 */

static const char *next_name(void *state)
{
    size_t *i = state;

    return *i < LN_ARRAY_LEN(commands) ? commands[(*i)++].name : NULL;
}

static int unknown(const char *name)
{
    size_t at = 0;
    const char *meant = ln_text_nearest(ln_slice_of(name), next_name, &at);

    fprintf(stderr, "lunette: there is no command \"%s\"", name);
    if (meant != NULL)
        fprintf(stderr, "; did you mean \"%s\"?", meant);
    fprintf(stderr, "\nlunette help names all.\n");
    return LN_EXIT_USAGE;
}

int ln_cli_run(int argc, char **argv)
{
    const struct command *c;

    if (argc < 2) {
        print_overview(stderr);
        return LN_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_overview(stdout);
        return LN_EXIT_OK;
    }
    c = find(strcmp(argv[1], "--version") == 0 ? "version" : argv[1]);
    if (c == NULL)
        return unknown(argv[1]);
    return run_command(c, argc - 2, argv + 2);
}
