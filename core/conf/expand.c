/* SPDX-License-Identifier: Apache-2.0
 * expand.c - puts variables of the environment into a text.
 */
#include "conf/expand.h"

#include "conf/node.h"

static bool is_name(struct ln_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = ln_lower(s.p[i]);

        if (!((c >= 'a' && c <= 'z') || c == '_' || (i > 0 && c >= '0' && c <= '9')))
            return false;
    }
    return s.n > 0 && s.n <= 128;
}

/* The braces and the dollar sign around `inside` are shown too. */
static int refuse_name(struct ln_slice inside, struct ln_err *err)
{
    struct ln_node whole = {.kind = LN_NODE_SCALAR, .text = {inside.p - 2, inside.n + 3}};
    char shown[LN_NODE_SHOWN];

    return ln_fail(err, LN_E_CONF,
                   "%s is not a variable, expected ${NAME} or ${NAME:-default}, or $$ for a dollar "
                   "sign",
                   ln_node_show(&whole, shown));
}

/* `inside` is what stands between the braces. */
static int put_variable(struct ln_bundle *env, struct ln_slice inside, struct ln_text *out,
                        struct ln_err *err)
{
    const char *mark = inside.n > 0 ? memmem(inside.p, inside.n, ":-", 2) : NULL;
    struct ln_slice name = mark != NULL ? ln_slice(inside.p, (size_t)(mark - inside.p)) : inside;
    char copy[129];

    if (!is_name(name))
        return refuse_name(inside, err);
    memcpy(copy, name.p, name.n);
    copy[name.n] = '\0';

    const char *value = ln_bundle_env(env, copy);

    if (mark != NULL && (value == NULL || value[0] == '\0'))
        ln_text_add(out, mark + 2, inside.n - name.n - 2);
    else if (value != NULL)
        ln_text_puts(out, value);
    else
        return ln_fail(err, LN_E_CONF,
                       "the variable %s is not set, expected it in the environment or a default: "
                       "${%s:-default}",
                       copy, copy);
    return 0;
}

int ln_expand(struct ln_bundle *env, struct ln_slice text, struct ln_text *out, struct ln_err *err)
{
    for (size_t i = 0; i < text.n;) {
        if (text.p[i] != '$' || i + 1 == text.n || (text.p[i + 1] != '$' && text.p[i + 1] != '{')) {
            ln_text_add(out, text.p + i++, 1);
            continue;
        }
        if (text.p[i + 1] == '$') {
            ln_text_puts(out, "$");
            i += 2;
            continue;
        }
        const char *start = text.p + i + 2;
        const char *end = memchr(start, '}', text.n - i - 2);

        if (end == NULL)
            return ln_fail(err, LN_E_CONF,
                           "\"${\" without \"}\", expected ${NAME} or ${NAME:-default}");
        if (put_variable(env, ln_slice(start, (size_t)(end - start)), out, err) != 0)
            return -1;
        i = (size_t)(end + 1 - text.p);
    }
    return 0;
}

static bool is_special(struct ln_slice s, size_t i)
{
    return s.p[i] == '$' && i + 1 < s.n && (s.p[i + 1] == '$' || s.p[i + 1] == '{');
}

static size_t variable_piece(struct ln_slice rest, struct ln_expand_piece *piece)
{
    const char *end = memchr(rest.p, '}', rest.n);
    struct ln_slice inside = ln_slice(rest.p + 2, (size_t)(end - rest.p) - 2);
    const char *mark = memmem(inside.p, inside.n, ":-", 2);

    piece->name = mark != NULL ? ln_slice(inside.p, (size_t)(mark - inside.p)) : inside;
    piece->has_default = mark != NULL;
    piece->text = mark != NULL ? ln_slice(mark + 2, inside.n - piece->name.n - 2) : LN_SLICE("");
    return (size_t)(end + 1 - rest.p);
}

bool ln_expand_next(struct ln_slice *rest, struct ln_expand_piece *piece)
{
    size_t n = 0;

    if (rest->n == 0)
        return false;
    *piece = (struct ln_expand_piece){.has_default = false};
    if (is_special(*rest, 0) && rest->p[1] == '{') {
        n = variable_piece(*rest, piece);
    } else if (is_special(*rest, 0)) {
        piece->text = ln_slice(rest->p, 1);
        n = 2;
    } else {
        while (n < rest->n && !is_special(*rest, n))
            n++;
        piece->text = ln_slice(rest->p, n);
    }
    *rest = ln_slice(rest->p + n, rest->n - n);
    return true;
}
