/* SPDX-License-Identifier: Apache-2.0
 * url.c - cuts a URL into its parts (RFC 3986 section 3).
 */
#include "redis/url.h"

#include <stdio.h>

static const char EXPECTED[] =
    "expected redis://[user:password@]host[:port][/db] or unix:/path[?db=n]";

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ln_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes into a text of its own; false when it does not fit, or a NUL or half an escape is
 * in it. */
static bool decode(struct ln_slice s, char *out, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        int c = (unsigned char)s.p[i];

        if (c == '%') {
            int high = i + 2 < s.n ? hex(s.p[i + 1]) : -1;
            int low = high >= 0 ? hex(s.p[i + 2]) : -1;

            if (low < 0)
                return false;
            c = high * 16 + low;
            i += 2;
        }
        if (c == 0 || n + 1 >= room)
            return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return true;
}

/* The part before the first `at`, which is taken off with it; all of it when there is none. */
static struct ln_slice cut(struct ln_slice *rest, char at)
{
    const char *p = rest->n > 0 ? memchr(rest->p, at, rest->n) : NULL;
    struct ln_slice front = *rest;

    if (p == NULL) {
        *rest = ln_slice(NULL, 0);
        return front;
    }
    front.n = (size_t)(p - rest->p);
    *rest = ln_slice(p + 1, rest->n - front.n - 1);
    return front;
}

static bool has(struct ln_slice s, char c)
{
    return s.n > 0 && memchr(s.p, c, s.n) != NULL;
}

static int read_db(struct ln_slice text, struct ln_redis_url *url, struct ln_err *err)
{
    uint64_t db = 0;

    if (!ln_slice_to_u64(text, &db) || db > 65535)
        return ln_fail(err, LN_E_CONF, "the database of a Redis URL is a number such as /2");
    url->db = (unsigned)db;
    return 0;
}

static int read_user(struct ln_slice info, struct ln_redis_url *url, struct ln_err *err)
{
    struct ln_slice user = cut(&info, ':');

    if (info.p == NULL)
        return ln_fail(err, LN_E_CONF,
                       "a Redis URL with a user needs a password too: redis://user:password@host, "
                       "or redis://:password@host without a user");
    if (decode(user, url->user, sizeof url->user) &&
        decode(info, url->password, sizeof url->password))
        return 0;
    return ln_fail(err, LN_E_CONF, "user or password of a Redis URL: too long, or not %%-encoded");
}

static int read_port(struct ln_slice text, struct ln_redis_url *url, struct ln_err *err)
{
    uint64_t port = 0;

    if (!ln_slice_to_u64(text, &port) || port == 0 || port > 65535)
        return ln_fail(err, LN_E_CONF, "the port of a Redis URL is a number from 1 to 65535");
    url->port = (uint16_t)port;
    return 0;
}

static int read_host(struct ln_slice place, struct ln_redis_url *url, struct ln_err *err)
{
    struct ln_slice host = place;
    bool brackets = place.n > 0 && place.p[0] == '[';

    url->port = LN_REDIS_PORT;
    if (brackets) {
        place = ln_slice(place.p + 1, place.n - 1);
        host = cut(&place, ']');
        if (place.p == NULL || (place.n > 0 && place.p[0] != ':'))
            return ln_fail(err, LN_E_CONF, "%s", EXPECTED);
        place = place.n > 0 ? ln_slice(place.p + 1, place.n - 1) : ln_slice(NULL, 0);
    } else {
        host = cut(&place, ':');
    }
    if (place.p != NULL && read_port(place, url, err) != 0)
        return -1;
    if (host.n == 0)
        host = LN_SLICE("localhost");
    for (size_t i = 0; i < host.n; i++)
        if ((unsigned char)host.p[i] <= ' ' || (unsigned char)host.p[i] >= 0x7f)
            return ln_fail(err, LN_E_CONF, "%s", EXPECTED);
    if (host.n >= sizeof url->host)
        return ln_fail(err, LN_E_CONF, "the host of a Redis URL is too long");
    memcpy(url->host, host.p, host.n);
    url->host[host.n] = '\0';
    snprintf(url->label, sizeof url->label, brackets ? "redis://[%s]:%u/%u" : "redis://%s:%u/%u",
             url->host, url->port, url->db);
    return 0;
}

static int read_tcp(struct ln_slice rest, struct ln_redis_url *url, struct ln_err *err)
{
    struct ln_slice before = rest, path;
    const char *at = rest.n > 0 ? memrchr(rest.p, '@', rest.n) : NULL;

    if (at != NULL) {
        before.n = (size_t)(at - rest.p);
        rest = ln_slice(at + 1, rest.n - before.n - 1);
        if (read_user(before, url, err) != 0)
            return -1;
    }
    path = rest;
    rest = cut(&path, '/');
    if (has(rest, '?') || has(path, '?') || has(rest, '#') || has(path, '#'))
        return ln_fail(err, LN_E_CONF, "a Redis URL takes no ?options: %s", EXPECTED);
    if (path.n > 0 && read_db(path, url, err) != 0)
        return -1;
    return read_host(rest, url, err);
}

static int read_unix(struct ln_slice rest, struct ln_redis_url *url, struct ln_err *err)
{
    struct ln_slice option = rest, path = cut(&option, '?');
    static const struct ln_slice db = {"db=", 3};

    if (ln_slice_has_prefix(path, LN_SLICE("//")))
        path = ln_slice(path.p + 2, path.n - 2);
    if (path.n == 0 || path.p[0] != '/')
        return ln_fail(err, LN_E_CONF,
                       "unix: needs an absolute path, such as unix:/run/redis.sock");
    if (!decode(path, url->path, sizeof url->path))
        return ln_fail(err, LN_E_CONF, "the path of a unix socket has at most %zu bytes",
                       sizeof url->path - 1);
    if (option.p != NULL && !ln_slice_has_prefix(option, db))
        return ln_fail(err, LN_E_CONF, "%s", EXPECTED);
    if (option.p != NULL && read_db(ln_slice(option.p + db.n, option.n - db.n), url, err) != 0)
        return -1;
    snprintf(url->label, sizeof url->label, "unix:%s", url->path);
    return 0;
}

int ln_redis_url_parse(struct ln_slice text, struct ln_redis_url *url, struct ln_err *err)
{
    static const struct ln_slice tcp = {"redis://", 8}, local = {"unix:", 5},
                                 tls = {"rediss://", 9};

    *url = (struct ln_redis_url){.db = 0};
    if (text.n > LN_REDIS_URL_MAX)
        return ln_fail(err, LN_E_CONF, "a Redis URL has at most %d bytes", LN_REDIS_URL_MAX);
    if (ln_slice_has_prefix(text, tls))
        return ln_fail(err, LN_E_CONF,
                       "rediss:// (TLS) is not available: use redis:// in a network you trust, or "
                       "unix:/path to a local tunnel");
    if (ln_slice_has_prefix(text, tcp))
        return read_tcp(ln_slice(text.p + tcp.n, text.n - tcp.n), url, err);
    if (ln_slice_has_prefix(text, local))
        return read_unix(ln_slice(text.p + local.n, text.n - local.n), url, err);
    return ln_fail(err, LN_E_CONF, "%s", EXPECTED);
}
