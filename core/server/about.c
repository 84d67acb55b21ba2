/* SPDX-License-Identifier: Apache-2.0
 * about.c - `lunette version` and `lunette docs`.
 */
#include <stdio.h>
#include <string.h>

#include "conf/reference.h"
#include "gateway/spec_match.h"
#include "net/loop.h"
#include "script/about.h"
#include "script/spec.h"
#include "server/commands.h"

int ln_command_version(const struct ln_cli *cli)
{
    if (cli->json)
        printf("{\"version\":\"%s\",\"engine\":\"%s\",\"libev\":\"%d.%d\"}\n", LN_VERSION,
               ln_about_engine(), ev_version_major(), ev_version_minor());
    else
        printf("lunette %s (%s, libev %d.%d)\n", LN_VERSION, ln_about_engine(), ev_version_major(),
               ev_version_minor());
    return LN_EXIT_OK;
}

int ln_command_docs(const struct ln_cli *cli)
{
    const char *page = cli->argc == 1 ? cli->argv[0] : "";
    struct ln_text text;

    ln_text_init(&text);
    if (strcmp(page, "directives") == 0)
        ln_conf_reference(&text);
    else if (strcmp(page, "example") == 0)
        ln_conf_example(&text);
    else if (page[0] != '\0')
        return ln_spec_main("docs", cli->argc + 1, cli->argv - 1, ln_router_spec_match);
    if (text.n == 0) {
        fprintf(stderr,
                "lunette docs: name a page: directives, example, plugins, api, or a plugin\n");
        return LN_EXIT_USAGE;
    }
    fwrite(text.p, 1, text.n, stdout);
    ln_text_fini(&text);
    return LN_EXIT_OK;
}
