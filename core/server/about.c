/* SPDX-License-Identifier: Apache-2.0
 * about.c - `lunette version`.
 */
#include <stdio.h>

#include "net/loop.h"
#include "server/commands.h"

int ln_command_version(const struct ln_cli *cli)
{
    if (cli->json)
        printf("{\"version\":\"%s\",\"libev\":\"%d.%d\"}\n", LN_VERSION, ev_version_major(),
               ev_version_minor());
    else
        printf("lunette %s (libev %d.%d)\n", LN_VERSION, ev_version_major(), ev_version_minor());
    return LN_EXIT_OK;
}
