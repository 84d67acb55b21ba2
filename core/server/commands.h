/* SPDX-License-Identifier: Apache-2.0
 * commands.h - what the commands do. Each prints its result and returns the exit code.
 */
#ifndef LN_SERVER_COMMANDS_H
#define LN_SERVER_COMMANDS_H

#include "server/cli.h"

/* inspect.c: look at a configuration without serving it. */
int ln_command_check(const struct ln_cli *cli);
int ln_command_routes(const struct ln_cli *cli);

/* remote.c: talk to the gateway that runs. */
int ln_command_reload(const struct ln_cli *cli);
int ln_command_status(const struct ln_cli *cli);
int ln_command_stop(const struct ln_cli *cli);

/* about.c: tell about the program itself. */
int ln_command_version(const struct ln_cli *cli);
int ln_command_docs(const struct ln_cli *cli);

#endif
