/* SPDX-License-Identifier: Apache-2.0
 * file.h - a folder of its own for each test program, and configurations loaded from it by relative
 * paths.
 */
#ifndef LN_UNIT_CONF_FILE_H
#define LN_UNIT_CONF_FILE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/text.h"
#include "conf/bundle.h"
#include "conf/conf.h"
#include "conf/diag.h"
#include "unit.h"

/* Resolves nowhere, and without asking the network: a label has at most 63 bytes (RFC 1035
 * section 2.3.4). */
#define NO_HOST "no-host-has-a-label-of-more-than-sixty-three-bytes-because-dns-forbids-it"

/* Group setup and teardown: the working directory is a new empty folder, which vanishes afterwards.
 */
static inline int folder_open(void **state)
{
    char name[] = "/tmp/lunette-unit-XXXXXX";

    *state = mkdtemp(name) != NULL ? strdup(name) : NULL;
    return *state == NULL || chdir(*state) != 0 ? -1 : 0;
}

static inline int folder_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int folder_close(void **state)
{
    int rc = chdir("/");

    rc |= nftw(*state, folder_remove, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return rc;
}

static inline void write_bytes(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline void write_file(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

/* One load, with all that it needs. */
struct load {
    struct ln_bundle *bundle;
    struct ln_diag diag;
    struct ln_conf *conf;
    struct ln_text printed;
};

static inline void load_path(struct load *l, const char *path)
{
    l->bundle = ln_bundle_record();
    ln_diag_init(&l->diag);
    ln_text_init(&l->printed);
    l->conf = ln_conf_load(l->bundle, path, &l->diag);
    ln_diag_print(&l->diag, &l->printed);
    if (l->printed.p == NULL)
        ln_text_puts(&l->printed, "");
}

static inline void load_text(struct load *l, const char *yaml)
{
    write_file("gateway.yaml", yaml);
    load_path(l, "gateway.yaml");
}

static inline void load_end(struct load *l)
{
    ln_conf_free(l->conf);
    ln_diag_fini(&l->diag);
    ln_text_fini(&l->printed);
    ln_bundle_free(l->bundle);
}

static inline void load_good(struct load *l, const char *yaml)
{
    load_text(l, yaml);
    assert_string_equal(l->printed.p, "");
    assert_non_null(l->conf);
}

/* The whole report, to the letter; and a good file still loads afterwards. */
static inline void assert_refused(const char *yaml, const char *report)
{
    struct load l;

    load_text(&l, yaml);
    assert_string_equal(l.printed.p, report);
    assert_null(l.conf);
    assert_true(l.diag.errors > 0);
    load_end(&l);
    load_good(&l, "gateway: {port: \":0\"}\n");
    load_end(&l);
}

#endif
