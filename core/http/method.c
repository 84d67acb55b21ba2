/* SPDX-License-Identifier: Apache-2.0
 * method.c - looks methods up: most are the first row.
 */
#include "http/method.h"

#include "base/assert.h"

static const struct row {
    struct ln_slice name;
    enum ln_method id;
    bool idempotent;
} rows[] = {
#define METHOD(name, id, idempotent) {{name, sizeof name - 1}, LN_METHOD_##id, idempotent},
#include "http/method.def"
#undef METHOD
};

static const struct row *find(struct ln_slice method)
{
    for (size_t i = 0; i < LN_ARRAY_LEN(rows); i++)
        if (rows[i].name.n == method.n && memcmp(rows[i].name.p, method.p, method.n) == 0)
            return &rows[i];
    return NULL;
}

enum ln_method ln_method_identify(struct ln_slice method)
{
    const struct row *row = find(method);

    return row != NULL ? row->id : LN_METHOD_OTHER;
}

bool ln_method_is_known(struct ln_slice method)
{
    return find(method) != NULL;
}

bool ln_method_is_idempotent(struct ln_slice method)
{
    const struct row *row = find(method);

    return row != NULL && row->idempotent;
}
