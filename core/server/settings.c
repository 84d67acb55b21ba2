/* SPDX-License-Identifier: Apache-2.0
 * settings.c - replays a bundle.
 */
#include "server/settings.h"

#include <sched.h>

#include "conf/diag.h"
#include "shm/region.h"

int ln_settings_load(struct ln_settings *s, int bundle, const char *conf_path, struct ln_err *err)
{
    struct ln_diag diag;

    *s = (struct ln_settings){.bundle = ln_bundle_replay(bundle, err)};
    if (s->bundle == NULL)
        return -1;
    ln_diag_init(&diag);
    s->conf = ln_conf_load(s->bundle, conf_path, &diag);
    if (s->conf == NULL) {
        struct ln_text text;

        ln_text_init(&text);
        ln_diag_print(&diag, &text);
        ln_fail(err, LN_E_CONF, "%s",
                text.p != NULL ? text.p : "the configuration cannot be read again");
        ln_text_fini(&text);
        ln_settings_fini(s);
    }
    ln_diag_fini(&diag);
    return s->conf != NULL ? 0 : -1;
}

void ln_settings_fini(struct ln_settings *s)
{
    if (s->conf != NULL)
        ln_conf_free(s->conf);
    ln_bundle_free(s->bundle);
    *s = (struct ln_settings){0};
}

unsigned ln_settings_workers(const struct ln_conf *conf)
{
    cpu_set_t ours;
    unsigned n = conf->gateway.workers;

    if (n == 0)
        n = sched_getaffinity(0, sizeof ours, &ours) == 0 ? (unsigned)CPU_COUNT(&ours) : 1;
    return n < LN_SHM_WORKERS_MAX ? n : LN_SHM_WORKERS_MAX;
}
