/* SPDX-License-Identifier: Apache-2.0
 * commands.h - what the commands do. Each prints its result and returns the exit code.
 *
 * A new command is a row in commands.c, its function one of these. A new option is a bit here, a
 * row in commands.c, and a member of struct ln_cli; usage lines and help pages are made from the
 * rows.
 */
#ifndef LN_SERVER_COMMANDS_H
#define LN_SERVER_COMMANDS_H

#include <stddef.h>

#include "server/cli.h"

/* The options that commands may take, and how they take the rest of their words. */
enum ln_cli_option {
    LN_CLI_CONF = 1 << 0,
    LN_CLI_CONTROL = 1 << 1,
    LN_CLI_JSON = 1 << 2,
    LN_CLI_REPORT = 1 << 3,
    LN_CLI_QUIET = 1 << 4,
    LN_CLI_WHY = 1 << 5,
    LN_CLI_HEADER = 1 << 24, /* those of the request in --why */
    LN_CLI_FROM = 1 << 25,
    LN_CLI_LISTENER = 1 << 26,
    LN_CLI_JIT = 1 << 27,
    LN_CLI_FORCE = 1 << 28,
    LN_CLI_ARGS = 1 << 29, /* words that are no options */
    LN_CLI_RAW = 1 << 30,  /* every word as it is, options too */
};

enum ln_cli_kind {
    LN_CLI_FLAG, /* bool: there or not */
    LN_CLI_TEXT, /* const char *: the last one given */
    LN_CLI_LIST, /* const char *[LN_CLI_HEADERS_MAX + 1]: all that were given, in order */
    LN_CLI_FD,   /* int: the number of an open descriptor */
};

struct ln_cli_option_row {
    enum ln_cli_option option;
    const char *letter, *name; /* "-c" (or NULL), "--config" */
    const char *value;         /* what help calls its value; NULL for flags */
    enum ln_cli_kind kind;
    size_t member;    /* where in struct ln_cli */
    const char *text; /* for help; lines after the first are set below it */
};

struct ln_command {
    const char *name;
    const char *arguments; /* of the usage line, before the options; "" = none */
    const char *summary, *text;
    unsigned options; /* enum ln_cli_option */
    int (*run)(const struct ln_cli *cli);
};

extern const struct ln_command ln_commands[]; /* ends with a row without a name */
extern const struct ln_cli_option_row ln_cli_options[];

/* inspect.c, routes.c: look at a configuration without serving it. */
int ln_command_check(const struct ln_cli *cli);
int ln_command_routes(const struct ln_cli *cli);
int ln_command_eject(const struct ln_cli *cli);

/* remote.c: talk to the gateway that runs. */
int ln_command_reload(const struct ln_cli *cli);
int ln_command_status(const struct ln_cli *cli);
int ln_command_instances(const struct ln_cli *cli);
int ln_command_metrics(const struct ln_cli *cli);
int ln_command_stop(const struct ln_cli *cli);
int ln_command_drain(const struct ln_cli *cli);
int ln_command_disable(const struct ln_cli *cli);
int ln_command_enable(const struct ln_cli *cli);
int ln_command_weight(const struct ln_cli *cli);

/* about.c: tell about the program itself. */
int ln_command_version(const struct ln_cli *cli);
int ln_command_docs(const struct ln_cli *cli);
int ln_command_schema(const struct ln_cli *cli);

/* tools.c: what is written in Lua. */
int ln_command_test(const struct ln_cli *cli);
int ln_command_new(const struct ln_cli *cli);
int ln_command_types(const struct ln_cli *cli);
/* The tool of that name with the configuration as its only word, and --json if it was asked for. */
int ln_tool_run(const char *tool, const struct ln_cli *cli);

/* doctor.c: judge the machine. */
int ln_command_doctor(const struct ln_cli *cli);

#endif
