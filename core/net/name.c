/* SPDX-License-Identifier: Apache-2.0
 * name.c - judges names by their labels.
 */
#include "net/name.h"

enum { LABEL_MAX = 63 };

static bool is_label(const char *p, size_t n)
{
    if (n == 0 || n > LABEL_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = p[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    return true;
}

bool ln_name_is_host(struct ln_slice name)
{
    size_t n = name.n > 0 && name.p[name.n - 1] == '.' ? name.n - 1 : name.n, start = 0;
    bool number = true;

    if (n == 0 || n > LN_NAME_MAX)
        return false;
    for (size_t i = 0; i <= n; i++) {
        if (i < n && name.p[i] != '.')
            continue;
        if (!is_label(name.p + start, i - start))
            return false;
        number = true;
        for (size_t k = start; k < i; k++)
            number = number && name.p[k] >= '0' && name.p[k] <= '9';
        start = i + 1;
    }
    return !number;
}

bool ln_name_is_local(struct ln_slice name)
{
    static const struct ln_slice local = {"localhost", 9};

    if (name.n < local.n || !ln_slice_eq(ln_slice(name.p + name.n - local.n, local.n), local))
        return false;
    return name.n == local.n || name.p[name.n - local.n - 1] == '.';
}
