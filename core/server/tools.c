/* SPDX-License-Identifier: Apache-2.0
 * tools.c - the commands whose work is done in Lua: lua/lunette/tools.
 */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "gateway/spec_match.h"
#include "script/spec.h"
#include "server/commands.h"
#include "server/rerun.h"

enum { ARGUMENTS_MAX = 16 };

/* Runs the tool with the words of the command line, and one option if it is not NULL. */
static int run_tool(const char *tool, const struct ln_cli *cli, const char *option)
{
    char *argv[ARGUMENTS_MAX] = {(char *)(uintptr_t)tool};
    int argc = 1;

    for (int i = 0; i < cli->argc && argc < ARGUMENTS_MAX - 1; i++)
        argv[argc++] = cli->argv[i];
    if (option != NULL)
        argv[argc++] = (char *)(uintptr_t)option;
    return ln_spec_main(tool, argc, argv, ln_router_spec_match);
}

int ln_command_new(const struct ln_cli *cli)
{
    return run_tool("new", cli, NULL);
}

int ln_command_types(const struct ln_cli *cli)
{
    return run_tool("types", cli, cli->force ? "--force" : NULL);
}

int ln_tool_run(const char *tool, const struct ln_cli *cli)
{
    char *argv[] = {(char *)(uintptr_t)tool, (char *)(uintptr_t)cli->conf, "--json", NULL};

    return ln_spec_main(tool, cli->json ? 3 : 2, argv, ln_router_spec_match);
}

static int test_once(const void *arg)
{
    const struct ln_cli *cli = arg;

    return ln_spec_main("test", cli->argc + 1, cli->argv - 1, ln_router_spec_match);
}

/* --watch is taken out wherever it stands; the other words are for the specs. */
int ln_command_test(const struct ln_cli *cli)
{
    struct ln_cli rest = *cli;
    int kept = 0;

    for (int i = 0; i < cli->argc; i++)
        if (strcmp(cli->argv[i], "--watch") != 0)
            rest.argv[kept++] = cli->argv[i];
    rest.argc = kept;
    return kept < cli->argc ? ln_rerun(test_once, &rest) : test_once(&rest);
}
