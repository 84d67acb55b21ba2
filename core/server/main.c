/* SPDX-License-Identifier: Apache-2.0
 * main.c - the program.
 */
#include "server/cli.h"

int main(int argc, char **argv)
{
    return ln_cli_run(argc, argv);
}
