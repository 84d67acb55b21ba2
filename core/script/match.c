/* SPDX-License-Identifier: Apache-2.0
 * match.c - Lua's patterns with a bound: what string.find and its like mean in plugins.
 *
 * A pattern such as ("a?"):rep(30) .. ("a"):rep(30) takes as many steps as there are ways to divide
 * the subject, and nothing can stop Lua's own matcher, which is one call of C. This one counts its
 * steps and gives up. It means exactly what LuaJIT's does (a NUL ends a pattern, %g and %z are
 * classes, 200 levels), but it never calls Lua: string.gsub calls its function between two calls
 * of C, so that functions may wait.
 *
 * Matching goes by items from left to right and comes back to the last choice when the rest does
 * not fit. A choice is one level of recursion, at most DEPTH_MAX.
 */
#include <limits.h>
#include <string.h>

#include "base/assert.h"
#include "script/api.h"
#include "script/guard.h"

enum {
    DEPTH_MAX = 200,
    CAPTURES = LN_ARRAY_LEN(((struct ln_match *)NULL)->at),
    STEPS = 4 << 20, /* some 10 ms */
    STEPS_PER_BYTE = 32,
    LOOK = 1 << 16, /* steps between two looks at the clock */
};

struct matcher {
    const char *begin, *end; /* of the subject */
    const char *stop;        /* of the pattern */
    struct ln_match *out;
    int64_t steps; /* left */
    int look;      /* until the next look at the clock */
    int depth, level;
    int error; /* once it is set, everything returns NULL */
};

static const char *go(struct matcher *m, const char *s, const char *p);

static const char *fail(struct matcher *m, int error)
{
    m->error = error;
    return NULL;
}

static bool spend(struct matcher *m, int64_t steps)
{
    m->steps -= steps;
    m->look -= (int)steps;
    if (LN_LIKELY(m->steps >= 0 && m->look >= 0))
        return true;
    m->look = LOOK;
    if (m->steps >= 0 && !ln_guard_is_over())
        return true;
    fail(m, LN_MATCH_STEPS);
    return false;
}

/* A byte of the pattern; behind its end there is the NUL that every Lua string has. */
static unsigned char at(const struct matcher *m, const char *p)
{
    return p < m->stop ? (unsigned char)*p : 0;
}

static bool is_in_class(unsigned char c, unsigned char class)
{
    bool is;
    unsigned char lower = class >= 'A' && class <= 'Z' ? (unsigned char)(class + 32) : class;
    bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), digit = c >= '0' && c <= '9';

    switch (lower) {
    case 'a':
        is = alpha;
        break;
    case 'c':
        is = c < 32 || c == 127;
        break;
    case 'd':
        is = digit;
        break;
    case 'g':
        is = c > 32 && c < 127;
        break;
    case 'l':
        is = c >= 'a' && c <= 'z';
        break;
    case 'p':
        is = c > 32 && c < 127 && !alpha && !digit;
        break;
    case 's':
        is = c == ' ' || (c >= 9 && c <= 13);
        break;
    case 'u':
        is = c >= 'A' && c <= 'Z';
        break;
    case 'w':
        is = alpha || digit;
        break;
    case 'x':
        is = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        break;
    case 'z':
        is = c == 0;
        break;
    default:
        return class == c;
    }
    return is == (lower == class);
}

/* Behind the item that begins at `p`: a byte, %x, or a set. */
static const char *item_end(struct matcher *m, const char *p)
{
    unsigned char c = at(m, p++);

    if (c == '%')
        return at(m, p) == 0 ? fail(m, LN_MATCH_ENDS_WITH_ESCAPE) : p + 1;
    if (c != '[')
        return p;
    if (at(m, p) == '^')
        p++;
    do { /* the first byte of a set may be a bracket */
        c = at(m, p);
        if (c == 0)
            return fail(m, LN_MATCH_NO_BRACKET);
        p++;
        if (c == '%' && at(m, p) != 0)
            p++;
    } while (at(m, p) != ']');
    return p + 1;
}

/* `p` at the opening bracket, `last` at the closing one. */
static bool is_in_set(const struct matcher *m, unsigned char c, const char *p, const char *last)
{
    bool yes = true;

    if (at(m, p + 1) == '^') {
        yes = false;
        p++;
    }
    while (++p < last) {
        if (*p == '%') {
            p++;
            if (is_in_class(c, at(m, p)))
                return yes;
        } else if (at(m, p + 1) == '-' && p + 2 < last) {
            p += 2;
            if ((unsigned char)p[-2] <= c && c <= (unsigned char)*p)
                return yes;
        } else if ((unsigned char)*p == c) {
            return yes;
        }
    }
    return !yes;
}

/* Does the item from `p` to `end` take the byte? */
static bool takes(struct matcher *m, const char *s, const char *p, const char *end)
{
    unsigned char c;

    if (!spend(m, 1 + (end - p) / 8) || s >= m->end) /* at the end, too: the item was walked */
        return false;
    c = (unsigned char)*s;
    switch (at(m, p)) {
    case '.':
        return true;
    case '%':
        return is_in_class(c, at(m, p + 1));
    case '[':
        return is_in_set(m, c, p, end - 1);
    default:
        return at(m, p) == c;
    }
}

static const char *most(struct matcher *m, const char *s, const char *p, const char *end)
{
    ptrdiff_t n = 0;

    while (takes(m, s + n, p, end))
        n++;
    for (; n >= 0 && m->error == 0; n--) {
        const char *rest = go(m, s + n, end + 1);

        if (rest != NULL)
            return rest;
    }
    return NULL;
}

static const char *least(struct matcher *m, const char *s, const char *p, const char *end)
{
    for (;; s++) {
        const char *rest = go(m, s, end + 1);

        if (rest != NULL || m->error != 0)
            return rest;
        if (!takes(m, s, p, end))
            return NULL;
    }
}

static const char *open_capture(struct matcher *m, const char *s, const char *p, int len)
{
    if (m->level >= CAPTURES)
        return fail(m, LN_MATCH_CAPTURES_MANY);
    m->out->at[m->level] = (int32_t)(s - m->begin);
    m->out->len[m->level] = len;
    m->level++;

    const char *rest = go(m, s, p);

    if (rest == NULL)
        m->level--;
    return rest;
}

static const char *close_capture(struct matcher *m, const char *s, const char *p)
{
    int i = m->level - 1;

    while (i >= 0 && m->out->len[i] != LN_MATCH_OPEN)
        i--;
    if (i < 0)
        return fail(m, LN_MATCH_CAPTURE_BAD);
    m->out->len[i] = (int32_t)(s - m->begin) - m->out->at[i];

    const char *rest = go(m, s, p);

    if (rest == NULL)
        m->out->len[i] = LN_MATCH_OPEN;
    return rest;
}

/* %1 and so on: the text of an earlier capture. */
static const char *again(struct matcher *m, const char *s, unsigned char digit)
{
    int i = digit - '1';

    if (i < 0 || i >= m->level || m->out->len[i] == LN_MATCH_OPEN)
        return fail(m, LN_MATCH_INDEX_BAD);

    /* A position compares as a text that is longer than any subject. */
    size_t n = (size_t)m->out->len[i];

    if ((size_t)(m->end - s) < n || !spend(m, (int64_t)n / 8))
        return NULL;
    return memcmp(m->begin + m->out->at[i], s, n) == 0 ? s + n : NULL;
}

/* %bxy */
static const char *balanced(struct matcher *m, const char *s, const char *p)
{
    unsigned char open = at(m, p), close = open != 0 ? at(m, p + 1) : 0;
    int64_t n = 1;

    if (close == 0)
        return fail(m, LN_MATCH_UNBALANCED);
    if (s >= m->end || (unsigned char)*s != open)
        return NULL;
    for (s++; s < m->end && spend(m, 1); s++) {
        unsigned char c = (unsigned char)*s;

        if (c == close && --n == 0)
            return s + 1;
        n += c == open && c != close;
    }
    return NULL;
}

/* %f[set]: `p` at the bracket. The end of the set when `s` stands at its frontier. */
static const char *frontier(struct matcher *m, const char *s, const char *p)
{
    if (at(m, p) != '[')
        return fail(m, LN_MATCH_FRONTIER_BAD);

    const char *end = item_end(m, p);
    unsigned char before = s == m->begin ? 0 : (unsigned char)s[-1];
    unsigned char here = s < m->end ? (unsigned char)*s : 0;

    if (end == NULL || !spend(m, 2 + (end - p) / 4))
        return NULL;
    return !is_in_set(m, before, p, end - 1) && is_in_set(m, here, p, end - 1) ? end : NULL;
}

/* %b, %f, %1: moves both, or returns false. An item that is none of these is not touched. */
static bool special(struct matcher *m, const char **s, const char **p)
{
    unsigned char c = at(m, *p + 1);

    if (c == 'b') {
        *s = balanced(m, *s, *p + 2);
        *p += 4;
    } else if (c == 'f') {
        *p = frontier(m, *s, *p + 2);
        return *p != NULL;
    } else {
        *s = again(m, *s, c);
        *p += 2;
    }
    return *s != NULL;
}

static bool is_special(const struct matcher *m, const char *p)
{
    unsigned char c = at(m, p + 1);

    return at(m, p) == '%' && (c == 'b' || c == 'f' || (c >= '0' && c <= '9'));
}

/* One item with what follows it. True: go on at *s and *p. False: *s is the result. */
static bool step(struct matcher *m, const char **s, const char **p)
{
    const char *end = item_end(m, *p), *rest;

    if (end == NULL) {
        *s = NULL;
        return false;
    }
    switch (at(m, end)) {
    case '?':
        if (takes(m, *s, *p, end) && (rest = go(m, *s + 1, end + 1)) != NULL) {
            *s = rest;
            return false;
        }
        *p = end + 1;
        return true;
    case '+':
        *s = takes(m, *s, *p, end) ? most(m, *s + 1, *p, end) : NULL;
        return false;
    case '*':
        *s = most(m, *s, *p, end);
        return false;
    case '-':
        *s = least(m, *s, *p, end);
        return false;
    default:
        *s = takes(m, *s, *p, end) ? *s + 1 : NULL;
        *p = end;
        return *s != NULL;
    }
}

static const char *walk(struct matcher *m, const char *s, const char *p)
{
    while (m->error == 0 && spend(m, 1)) {
        unsigned char c = at(m, p);

        if (c == 0 || (c == '$' && at(m, p + 1) == 0))
            return c == 0 || s == m->end ? s : NULL;
        if (c == '(' && at(m, p + 1) == ')')
            return open_capture(m, s, p + 2, LN_MATCH_POSITION);
        if (c == '(')
            return open_capture(m, s, p + 1, LN_MATCH_OPEN);
        if (c == ')')
            return close_capture(m, s, p + 1);
        if (is_special(m, p)) {
            if (!special(m, &s, &p))
                return NULL;
        } else if (!step(m, &s, &p)) {
            return s;
        }
    }
    return NULL;
}

/* Where the match of the pattern from `p` ends that begins at `s`. */
static const char *go(struct matcher *m, const char *s, const char *p)
{
    if (++m->depth > DEPTH_MAX)
        return fail(m, LN_MATCH_COMPLEX);

    const char *rest = walk(m, s, p);

    m->depth--;
    return m->error == 0 ? rest : NULL;
}

static int put(struct ln_match *out, ptrdiff_t from, ptrdiff_t to, int count)
{
    out->from = (int32_t)from;
    out->to = (int32_t)to;
    out->count = count;
    return LN_OK;
}

int ln_match_next(struct ln_match *out, const char *s, size_t n, const char *p, size_t p_len,
                  size_t init, bool anchor)
{
    struct matcher m = {.begin = s, .end = s + n, .stop = p + p_len, .out = out, .look = LOOK};
    const char *from = s + (init < n ? init : n);
    bool anchored = anchor && p_len > 0 && *p == '^';
    /* Where ".*" and what follows fits nowhere, it fits nowhere from a later begin either: one walk
     * instead of one for each byte. */
    bool once = anchored || (p_len >= 2 && p[0] == '.' && (p[1] == '*' || p[1] == '-'));

    ln_assert(n <= INT32_MAX);
    m.steps = STEPS + STEPS_PER_BYTE * (int64_t)n;
    do {
        m.level = m.depth = 0;
        const char *to = go(&m, from, p + anchored);

        if (m.error != 0)
            return m.error;
        if (to != NULL)
            return put(out, from - s, to - s, m.level);
    } while (from++ < m.end && !once);
    return LN_NONE;
}

static bool is_plain(const char *p, size_t p_len)
{
    for (size_t i = 0; i < p_len; i++)
        if (strchr("^$*+?.([%-", p[i]) != NULL && p[i] != '\0')
            return false;
    return true;
}

int ln_match_plain(struct ln_match *out, const char *s, size_t n, const char *p, size_t p_len,
                   size_t init)
{
    size_t from = init < n ? init : n;
    const char *found = p_len > 0 ? memmem(s + from, n - from, p, p_len) : s + from;

    ln_assert(n <= INT32_MAX);
    if (found == NULL)
        return LN_NONE;
    return put(out, found - s, found - s + (ptrdiff_t)p_len, 0);
}

int ln_match_find(struct ln_match *out, const char *s, size_t n, const char *p, size_t p_len,
                  size_t init)
{
    if (is_plain(p, p_len))
        return ln_match_plain(out, s, n, p, p_len, init);
    return ln_match_next(out, s, n, p, p_len, init, true);
}
