/* SPDX-License-Identifier: Apache-2.0
 * about.c - `lunette version`, `lunette docs` and `lunette schema`.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "conf/bundle.h"
#include "conf/conf.h"
#include "conf/diag.h"
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

/* The folder of plugins that the configuration names, or would name: mistakes elsewhere in it do
 * not matter here. To be freed. */
static char *plugin_folder(const char *path)
{
    struct ln_bundle *bundle = ln_bundle_record();
    struct ln_diag diag;

    ln_diag_init(&diag);

    struct ln_conf *conf = ln_conf_load_anyway(bundle, path, &diag);
    char *folder = ln_strdup(conf->plugins_dir != NULL ? conf->plugins_dir : "");

    ln_conf_free(conf);
    ln_diag_fini(&diag);
    ln_bundle_free(bundle);
    return folder;
}

int ln_command_schema(const struct ln_cli *cli)
{
    static char name[] = "schema";
    char *folder = plugin_folder(cli->conf);
    char *argv[] = {name, folder, cli->argc > 0 ? cli->argv[0] : NULL, NULL};
    int rc = LN_EXIT_USAGE;

    if (cli->argc > 1)
        fprintf(stderr, "lunette schema: name one plugin, or none\n");
    else
        rc = ln_spec_main("schema", 2 + cli->argc, argv, ln_router_spec_match);
    ln_free(folder);
    return rc;
}
