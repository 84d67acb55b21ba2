/* SPDX-License-Identifier: Apache-2.0
 * banner.c - a greeting that can be copied into a terminal.
 */
#include "server/banner.h"

#include <stdio.h>

enum { TRIES = 3 };

enum { REACHABLE = LN_ADDR_TEXT + 16 };

/* An address that a client on this machine can use: nobody connects to "any". */
static const char *reachable(const struct ln_addr *addr, char out[REACHABLE])
{
    char text[LN_ADDR_TEXT];

    ln_addr_print(addr, text);
    if (strncmp(text, "[::]:", 5) == 0)
        snprintf(out, REACHABLE, "localhost:%s", text + 5);
    else if (strncmp(text, "0.0.0.0:", 8) == 0)
        snprintf(out, REACHABLE, "localhost:%s", text + 8);
    else
        snprintf(out, REACHABLE, "%s", text);
    return out;
}

static void print_listeners(const struct ln_listeners *l, struct ln_text *out)
{
    char address[REACHABLE];

    for (unsigned i = 0; i < l->count; i++)
        ln_text_printf(out, "  %-*s  %s%s\n", ln_listeners_width(l), l->items[i].name,
                       l->items[i].shared ? "" : "http://", reachable(&l->items[i].bound, address));
}

static void print_tries(const struct ln_conf *conf, const struct ln_listeners *l,
                        struct ln_text *out)
{
    char address[REACHABLE];
    unsigned printed = 0;

    if (l->count == 0 || l->items[0].shared)
        return;
    reachable(&l->items[0].bound, address);
    for (unsigned i = 0; i < conf->service_count && printed < TRIES; i++) {
        if (conf->services[i].path == NULL || !conf->generated_routes)
            continue;
        if (printed++ == 0)
            ln_text_puts(out, "\nTry:\n");
        ln_text_printf(out, "  curl -i http://%s%s\n", address, conf->services[i].path);
    }
}

void ln_banner_print(const struct ln_conf *conf, const struct ln_listeners *l, unsigned workers,
                     const char *control, struct ln_text *out)
{
    ln_text_printf(out, "lunette %s serves %s with %u worker%s\n\n", LN_VERSION, conf->file,
                   workers, workers == 1 ? "" : "s");
    print_listeners(l, out);
    ln_text_printf(out, "  %-*s  %s\n", ln_listeners_width(l), "control", control);
    print_tries(conf, l, out);
    ln_text_puts(out, conf->watch ? "\nSaved changes are live at once. Ctrl-C stops.\n"
                                  : "\n`lunette reload` takes changes. Ctrl-C stops.\n");
}
