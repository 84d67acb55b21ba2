/* SPDX-License-Identifier: Apache-2.0
 * query.c - cutting and decoding query strings.
 */
#include "http/query.h"

#include "http/chars.h"

/* Does anything have to be decoded at all? */
static bool is_plain(struct ln_slice s, bool plus)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '%' || (plus && s.p[i] == '+'))
            return false;
    return true;
}

struct ln_slice ln_query_decode(struct ln_slice s, bool plus, struct ln_arena *arena)
{
    if (is_plain(s, plus))
        return s;
    char *out = ln_arena_alloc(arena, s.n);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        int c = ln_chars_escaped(s.p + i, s.n - i);

        if (c >= 0)
            i += 2;
        else
            c = plus && s.p[i] == '+' ? ' ' : s.p[i];
        out[n++] = (char)c;
    }
    return ln_slice(out, n);
}

struct ln_slice ln_query_encode(struct ln_slice s, bool plus, struct ln_arena *arena)
{
    char *out;
    size_t n = 0;

    if (ln_chars_are(s.p, s.n, LN_CHARS_UNRESERVED))
        return s;
    out = ln_arena_alloc(arena, s.n * 3);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (ln_chars_is(s.p[i], LN_CHARS_UNRESERVED)) {
            out[n++] = s.p[i];
        } else if (plus && c == ' ') {
            out[n++] = '+';
        } else {
            out[n++] = '%';
            out[n++] = "0123456789ABCDEF"[c >> 4];
            out[n++] = "0123456789ABCDEF"[c & 15];
        }
    }
    return ln_slice(out, n);
}

/* The next piece between "&", still encoded. */
static bool next_piece(struct ln_slice *rest, struct ln_slice *piece)
{
    while (rest->n > 0) {
        const char *mark = memchr(rest->p, '&', rest->n);
        size_t n = mark != NULL ? (size_t)(mark - rest->p) : rest->n;

        *piece = ln_slice(rest->p, n);
        n = mark != NULL ? n + 1 : n;
        rest->p += n;
        rest->n -= n;
        if (piece->n > 0)
            return true;
    }
    return false;
}

static void split(struct ln_slice piece, struct ln_query_arg *arg)
{
    const char *mark = memchr(piece.p, '=', piece.n);
    size_t n = mark != NULL ? (size_t)(mark - piece.p) : piece.n;

    arg->has_value = mark != NULL;
    arg->name = ln_slice(piece.p, n);
    arg->value = mark != NULL ? ln_slice(mark + 1, piece.n - n - 1) : ln_slice(piece.p + n, 0);
}

bool ln_query_next(struct ln_slice *rest, struct ln_query_arg *arg, struct ln_arena *arena)
{
    struct ln_slice piece;

    if (!next_piece(rest, &piece))
        return false;
    split(piece, arg);
    arg->name = ln_query_decode(arg->name, true, arena);
    arg->value = ln_query_decode(arg->value, true, arena);
    return true;
}

bool ln_query_get(struct ln_slice query, struct ln_slice name, struct ln_query_arg *arg,
                  struct ln_arena *arena)
{
    while (ln_query_next(&query, arg, arena))
        if (ln_slice_eq(arg->name, name))
            return true;
    return false;
}
