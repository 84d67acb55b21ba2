/* SPDX-License-Identifier: Apache-2.0
 * cli.h - the command line: commands, options, help, exit codes.
 *
 * Exit codes: 0 done, 1 it did not work, 2 the command line makes no sense.
 */
#ifndef LN_SERVER_CLI_H
#define LN_SERVER_CLI_H

#include <stdbool.h>

enum { LN_EXIT_OK = 0, LN_EXIT_FAILED = 1, LN_EXIT_USAGE = 2 };

enum { LN_CLI_HEADERS_MAX = 64 };

/* What may be given to commands; a command names the options that it takes (commands.c). */
struct ln_cli {
    const char *conf; /* never NULL for commands that take it: a default that exists, or the first
                         default */
    const char *control;                         /* NULL = by the configuration */
    const char *why;                             /* NULL = not asked */
    const char *headers[LN_CLI_HEADERS_MAX + 1]; /* "Name: value", of the request in `why` */
    const char *from, *listener;                 /* likewise; NULL = not said */
    int report;                                  /* -1 = none */
    bool json, quiet, force, jit;
    int argc; /* what is left: neither command nor option */
    char **argv;
};

/* The whole program after main(). */
int ln_cli_run(int argc, char **argv);

/* The page of one command, or with NULL of all; false when there is no such command. */
bool ln_cli_help(const char *command);

#endif
