/* SPDX-License-Identifier: Apache-2.0
 * place.h - a temporary folder for a test, and files in it.
 */
#ifndef LN_TEST_SERVER_PLACE_H
#define LN_TEST_SERVER_PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct place {
    char dir[64];
};

static inline int place_setup(void **state)
{
    struct place *p = malloc(sizeof *p);

    snprintf(p->dir, sizeof p->dir, "/tmp/lunette-unit-XXXXXX");
    *state = p;
    return mkdtemp(p->dir) != NULL ? 0 : -1;
}

static inline int place_remove(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline int place_teardown(void **state)
{
    struct place *p = *state;
    int rc = nftw(p->dir, place_remove, 8, FTW_DEPTH | FTW_PHYS);

    free(p);
    return rc;
}

/* The path of a name in the folder; four of them live at a time. */
static inline const char *at(const struct place *p, const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, PATH_MAX, "%s/%s", p->dir, name);
    return path;
}

static inline void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

#define PLACE_TEST(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

#endif
