/* SPDX-License-Identifier: Apache-2.0
 * inspect.c - `lunette check` and `lunette eject`.
 */
#include <stdio.h>

#include "conf/bundle.h"
#include "conf/diag.h"
#include "conf/eject.h"
#include "server/checker.h"
#include "server/commands.h"

static void put(FILE *out, const struct ln_text *text)
{
    if (text->n > 0)
        fwrite(text->p, 1, text->n, out);
}

static void print_ok(const struct ln_checked *c)
{
    printf("configuration ok: %u route%s, %u service%s", c->routes, c->routes == 1 ? "" : "s",
           c->services, c->services == 1 ? "" : "s");
    if (c->warnings > 0)
        printf(", %u warning%s", c->warnings, c->warnings == 1 ? "" : "s");
    printf("\n");
}

int ln_command_check(const struct ln_cli *cli)
{
    struct ln_checked checked;
    struct ln_err err;
    int rc;

    if (ln_checker_run(cli->conf, LN_PLUGIN_SPECS_AS_CONFIGURED, &checked, &err) != 0) {
        fprintf(stderr, "lunette: %s\n", err.text);
        return LN_EXIT_FAILED;
    }
    rc = checked.ok ? LN_EXIT_OK : LN_EXIT_FAILED;
    if (cli->json) {
        printf("{\"ok\":%s,\"routes\":%u,\"services\":%u,\"problems\":%s}\n",
               checked.ok ? "true" : "false", checked.routes, checked.services,
               checked.json.n > 0 ? checked.json.p : "[]");
    } else {
        put(stderr, &checked.text);
        if (checked.ok)
            print_ok(&checked);
        else
            fprintf(stderr, "%u error%s\n", checked.errors, checked.errors == 1 ? "" : "s");
    }
    ln_checked_fini(&checked);
    return rc;
}

int ln_command_eject(const struct ln_cli *cli)
{
    struct ln_bundle *bundle = ln_bundle_record();
    struct ln_diag diag;
    struct ln_text out;
    int rc = LN_EXIT_FAILED;

    ln_diag_init(&diag);
    ln_text_init(&out);

    struct ln_conf *conf = ln_conf_load(bundle, cli->conf, &diag);

    if (conf == NULL) {
        ln_diag_print(&diag, &out);
        put(stderr, &out);
    } else if (ln_eject_routes(conf, &out) == 0) {
        fprintf(stderr, "lunette eject: no service has a path, so no routes are generated\n");
        rc = LN_EXIT_OK;
    } else {
        put(stdout, &out);
        rc = LN_EXIT_OK;
    }
    ln_conf_free(conf);
    ln_text_fini(&out);
    ln_diag_fini(&diag);
    ln_bundle_free(bundle);
    return rc;
}
