/* SPDX-License-Identifier: Apache-2.0
 * target.c - the request target: its form, its characters, and the normal form of its path.
 *
 * Decisions where the standards leave a choice:
 * - A path that leads above the root is refused. RFC 3986 section 5.2.4 would clamp it, but nobody
 * who means well sends one, and a server behind us that does not clamp would leave its tree.
 * - "%2F" and "%5C" stay as they are. A segment that would be a dot segment for a server that
 * decodes them, or that cuts path parameters off first ("..;"), is refused: what is matched here
 * would not be what is served there.
 * - "[" and "]" are accepted in a query: RFC 3986 reserves them, browsers leave them bare. All else
 * is as written there.
 */
#include "http/target.h"

#include <strings.h>

#include "http/chars.h"

/* Query: pchar, "/", "?" and well-formed escapes (RFC 3986 section 3.4). Left as it is. */
static enum ln_reject judge_query(const char *p, size_t n)
{
    size_t i = 0;

    for (;;) {
        i += ln_chars_span(p + i, n - i, LN_CHARS_QUERY);
        if (i == n)
            return LN_REJECT_NONE;
        if (p[i] != '%')
            return p[i] == '#' ? LN_REJECT_TARGET_FRAGMENT : LN_REJECT_TARGET;
        if (ln_chars_escaped(p + i, n - i) < 0)
            return LN_REJECT_TARGET_ESCAPE;
        i += 3;
    }
}

/* Is [p, p+n), which has only good characters and no escape, normal as it stands? Only "/." can
 * make it otherwise. */
static bool is_normal(const char *p, size_t n)
{
    const char *at = p, *end = p + n;

    while ((at = memchr(at, '.', (size_t)(end - at))) != NULL) {
        if (at > p && at[-1] == '/')
            return false;
        at++;
    }
    return true;
}

/* Escapes of unreserved characters become those characters, other ones get upper-case digits
 * (RFC 3986 section 6.2.2). Returns the length, or 0 with *why set. */
static size_t decode(const char *p, size_t n, char *out, enum ln_reject *why)
{
    size_t length = 0;

    for (size_t i = 0; i < n; i++) {
        int c = (unsigned char)p[i];

        if (ln_chars_is(p[i], LN_CHARS_PATH)) {
            out[length++] = p[i];
            continue;
        }
        if (c != '%') {
            *why = c == '#' ? LN_REJECT_TARGET_FRAGMENT : LN_REJECT_TARGET;
            return 0;
        }
        c = ln_chars_escaped(p + i, n - i);
        if (c < 0) {
            *why = LN_REJECT_TARGET_ESCAPE;
            return 0;
        }
        if (ln_chars_is((char)c, LN_CHARS_UNRESERVED)) {
            out[length++] = (char)c;
        } else {
            out[length++] = '%';
            out[length++] = "0123456789ABCDEF"[c >> 4];
            out[length++] = "0123456789ABCDEF"[c & 15];
        }
        i += 2;
    }
    return length;
}

/* How many bytes at p separate segments for somebody: "/" for all, "%2F" and "%5C" for those who
 * decode too early. */
static size_t separator(const char *p, const char *end)
{
    if (*p == '/')
        return 1;
    if (end - p >= 3 && (memcmp(p, "%2F", 3) == 0 || memcmp(p, "%5C", 3) == 0))
        return 3;
    return 0;
}

/* Does [p, end), decoded but with its dot segments resolved, hide another one from us (see above)?
 */
static bool hides_dots(const char *p, const char *end)
{
    const char *segment = p;

    for (const char *at = p; at <= end; at++) {
        size_t cut = at < end ? separator(at, end) : 1;
        bool parameter = at < end && *at == ';';
        size_t n = (size_t)(at - segment);

        if (cut == 0 && !parameter)
            continue;
        if ((n == 1 || n == 2) && memcmp(segment, "..", n) == 0)
            return true;
        if (cut > 0) {
            segment = at + cut;
            at += cut - 1;
        }
    }
    return false;
}

/* Removes dot segments in place (RFC 3986 section 5.2.4); 0 when they lead above the root. Empty
 * segments count. */
static size_t remove_dots(char *p, size_t n)
{
    size_t out = 0, i = 0;

    while (i < n) { /* p[i] is the slash before a segment */
        size_t stop = i + 1;

        while (stop < n && p[stop] != '/')
            stop++;
        size_t len = stop - i - 1;

        if (len == 1 && p[i + 1] == '.') {
            if (stop == n)
                p[out++] = '/';
        } else if (len == 2 && p[i + 1] == '.' && p[i + 2] == '.') {
            if (out == 0)
                return 0;
            while (p[--out] != '/')
                ;
            if (stop == n)
                p[out++] = '/';
        } else {
            memmove(p + out, p + i, stop - i);
            out += stop - i;
        }
        i = stop;
    }
    return out;
}

static enum ln_reject normalise(const char *p, size_t n, struct ln_arena *arena,
                                struct ln_slice *path)
{
    enum ln_reject why = LN_REJECT_NONE;
    char *out = ln_arena_alloc(arena, n);
    size_t length = decode(p, n, out, &why);

    if (length == 0)
        return why;
    length = remove_dots(out, length);
    if (length == 0)
        return LN_REJECT_TARGET_ROOT;
    if (hides_dots(out, out + length))
        return LN_REJECT_TARGET_HIDDEN;
    *path = ln_slice(out, length);
    return LN_REJECT_NONE;
}

/* path-absolute or empty; an empty one is "/" (RFC 9110 section 4.2.3). */
static enum ln_reject judge_path(const char *p, size_t n, struct ln_arena *arena,
                                 struct ln_slice *path)
{
    if (n == 0) {
        *path = LN_SLICE("/");
        return LN_REJECT_NONE;
    }
    if (p[0] != '/')
        return LN_REJECT_TARGET_FORM;
    *path = ln_slice(p, n);
    if (ln_chars_are(p, n, LN_CHARS_PATH) && is_normal(p, n))
        return LN_REJECT_NONE;
    return normalise(p, n, arena, path);
}

/* [ path ] [ "?" query ] */
static enum ln_reject judge_rest(struct ln_target *t, struct ln_slice rest, struct ln_arena *arena)
{
    const char *mark = memchr(rest.p, '?', rest.n);
    size_t n = mark != NULL ? (size_t)(mark - rest.p) : rest.n;

    t->query = ln_slice(NULL, 0);
    if (mark != NULL)
        t->query = ln_slice(mark + 1, rest.n - n - 1);
    enum ln_reject why = judge_path(rest.p, n, arena, &t->path);

    if (why != LN_REJECT_NONE || mark == NULL)
        return why;
    return judge_query(t->query.p, t->query.n);
}

enum ln_reject ln_target_authority(struct ln_slice raw, struct ln_slice *authority)
{
    static const struct ln_slice scheme = {"http://", 7};
    size_t n;

    if (raw.n < scheme.n || strncasecmp(raw.p, scheme.p, scheme.n) != 0)
        return memmem(raw.p, raw.n, "://", 3) != NULL ? LN_REJECT_TARGET_SCHEME
                                                      : LN_REJECT_TARGET_FORM;
    raw.p += scheme.n;
    raw.n -= scheme.n;
    for (n = 0; n < raw.n && raw.p[n] != '/' && raw.p[n] != '?' && raw.p[n] != '#'; n++)
        ;
    *authority = ln_slice(raw.p, n);
    if (memchr(raw.p, '@', n) != NULL)
        return LN_REJECT_TARGET_USERINFO;
    return ln_authority_ok(*authority) ? LN_REJECT_NONE : LN_REJECT_TARGET_AUTHORITY;
}

/* absolute-form (RFC 9112 section 3.2.2). Without path and query it is, for OPTIONS, the server as
 * a whole: the last proxy on the way sends "*" (section 3.2.4). */
static enum ln_reject parse_absolute(struct ln_target *t, struct ln_slice raw,
                                     enum ln_method method, struct ln_arena *arena)
{
    enum ln_reject why = ln_target_authority(raw, &t->authority);

    if (why != LN_REJECT_NONE)
        return why;
    const char *path = t->authority.p + t->authority.n;
    struct ln_slice rest = ln_slice(path, raw.n - (size_t)(path - raw.p));

    t->form = LN_TARGET_ABSOLUTE;
    if (rest.n > 0 || method != LN_METHOD_OPTIONS)
        return judge_rest(t, rest, arena);
    t->path = LN_SLICE("*");
    return LN_REJECT_NONE;
}

/* authority-form (RFC 9112 section 3.2.3): a port is not optional there. */
static enum ln_reject parse_authority(struct ln_target *t, struct ln_slice raw)
{
    if (!ln_authority_ok(raw) || ln_authority_host(raw).n + 1 >= raw.n)
        return LN_REJECT_TARGET_FORM;
    t->form = LN_TARGET_AUTHORITY;
    t->authority = raw;
    return LN_REJECT_NONE;
}

enum ln_reject ln_target_parse(struct ln_target *t, struct ln_slice raw, enum ln_method method,
                               struct ln_arena *arena)
{
    *t = (struct ln_target){.form = LN_TARGET_ORIGIN};
    if (raw.n == 0)
        return LN_REJECT_TARGET_FORM;
    if (method == LN_METHOD_CONNECT)
        return parse_authority(t, raw);
    if (raw.p[0] == '/')
        return judge_rest(t, raw, arena);
    if (ln_slice_eq(raw, LN_SLICE("*"))) { /* RFC 9112 section 3.2.4 */
        if (method != LN_METHOD_OPTIONS)
            return LN_REJECT_TARGET_FORM;
        t->form = LN_TARGET_ASTERISK;
        t->path = raw;
        return LN_REJECT_NONE;
    }
    return parse_absolute(t, raw, method, arena);
}

bool ln_target_normalise(struct ln_slice raw, struct ln_arena *arena, struct ln_slice *path)
{
    struct ln_slice normal;

    if (raw.n == 0 || judge_path(raw.p, raw.n, arena, &normal) != LN_REJECT_NONE)
        return false;
    *path = normal;
    return true;
}
