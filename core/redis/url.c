/* SPDX-License-Identifier: Apache-2.0
 * url.c - cuts a URL into its parts (RFC 3986 section 3).
 */
#include "redis/url.h"

#include <stdio.h>

static const char EXPECTED[] =
    "expected redis://[user:password@]host[:port][/db] or unix:/path[?db=n]";
static const char EXPECTED_SENTINEL[] =
    "expected redis-sentinel://[user:password@]host[:port],host[:port]/name[/db]";
static const char EXPECTED_CLUSTER[] =
    "expected redis-cluster://[user:password@]host[:port],host[:port]";

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

static bool read_port(struct ln_slice text, uint16_t *port)
{
    uint64_t n = 0;

    if (!ln_slice_to_u64(text, &n) || n == 0 || n > 65535)
        return false;
    *port = (uint16_t)n;
    return true;
}

/* Everything but what its port is worth. */
static bool split_place(struct ln_slice text, struct ln_slice *host, struct ln_slice *port)
{
    *port = text;
    if (text.n == 0 || text.p[0] != '[') {
        *host = cut(port, ':');
    } else {
        *port = ln_slice(text.p + 1, text.n - 1);
        *host = cut(port, ']');
        if (port->p == NULL || (port->n > 0 && port->p[0] != ':'))
            return false;
        *port = port->n > 0 ? ln_slice(port->p + 1, port->n - 1) : ln_slice(NULL, 0);
    }
    for (size_t i = 0; i < host->n; i++)
        if ((unsigned char)host->p[i] <= ' ' || (unsigned char)host->p[i] >= 0x7f)
            return false;
    return true;
}

static int read_place(struct ln_slice text, uint16_t port, struct ln_redis_place *place,
                      const char *expected, struct ln_err *err)
{
    struct ln_slice host, digits;

    place->port = port;
    if (!split_place(text, &host, &digits))
        return ln_fail(err, LN_E_CONF, "%s", expected);
    if (digits.p != NULL && !read_port(digits, &place->port))
        return ln_fail(err, LN_E_CONF, "the port of a Redis URL is a number from 1 to 65535");
    if (host.n >= sizeof place->host)
        return ln_fail(err, LN_E_CONF, "the host of a Redis URL is too long");
    if (host.n == 0)
        host = LN_SLICE("localhost");
    memcpy(place->host, host.p, host.n);
    place->host[host.n] = '\0';
    return 0;
}

static int print_place(char *out, size_t room, const struct ln_redis_place *p)
{
    return snprintf(out, room, strchr(p->host, ':') != NULL ? "[%s]:%u" : "%s:%u", p->host,
                    p->port);
}

/* What stands before the first slash, with users and all. */
static int read_authority(struct ln_slice *rest, struct ln_redis_url *url, struct ln_err *err)
{
    const char *at = rest->n > 0 ? memrchr(rest->p, '@', rest->n) : NULL;
    struct ln_slice before = *rest;

    if (at == NULL)
        return 0;
    before.n = (size_t)(at - rest->p);
    *rest = ln_slice(at + 1, rest->n - before.n - 1);
    return read_user(before, url, err);
}

static void put_label(struct ln_redis_url *url)
{
    char place[300];

    print_place(place, sizeof place, &url->at[0]);
    snprintf(url->label, sizeof url->label, "redis://%s/%u", place, url->db);
}

static int read_tcp(struct ln_slice rest, struct ln_redis_url *url, struct ln_err *err)
{
    struct ln_slice path;

    if (read_authority(&rest, url, err) != 0)
        return -1;
    path = rest;
    rest = cut(&path, '/');
    if (has(rest, '?') || has(path, '?') || has(rest, '#') || has(path, '#'))
        return ln_fail(err, LN_E_CONF, "a Redis URL takes no ?options: %s", EXPECTED);
    if (path.n > 0 && read_db(path, url, err) != 0)
        return -1;
    if (read_place(rest, LN_REDIS_PORT, &url->at[0], EXPECTED, err) != 0)
        return -1;
    url->count = 1;
    put_label(url);
    return 0;
}

static int read_places(struct ln_slice list, uint16_t port, struct ln_redis_url *url,
                       const char *expected, struct ln_err *err)
{
    while (list.p != NULL) {
        struct ln_slice one = cut(&list, ',');

        if (one.n == 0)
            return ln_fail(err, LN_E_CONF, "%s", expected);
        if (url->count == LN_REDIS_SEEDS_MAX)
            return ln_fail(err, LN_E_CONF, "a Redis URL names at most %d hosts",
                           LN_REDIS_SEEDS_MAX);
        if (read_place(one, port, &url->at[url->count], expected, err) != 0)
            return -1;
        url->count++;
    }
    return 0;
}

/* "redis-cluster://a:1,b:2", and for sentinels the name of the master; cut where it gets too long.
 */
static void put_label_of_many(struct ln_redis_url *url, const char *scheme)
{
    size_t room = sizeof url->label, n = (size_t)snprintf(url->label, room, "%s", scheme);

    for (unsigned i = 0; i < url->count && n < room; i++) {
        if (i > 0)
            n += (size_t)snprintf(url->label + n, room - n, ",");
        if (n < room)
            n += (size_t)print_place(url->label + n, room - n, &url->at[i]);
    }
    if (url->way == LN_REDIS_BY_SENTINEL && n < room)
        snprintf(url->label + n, room - n, "/%s", url->master);
}

static int read_sentinel_option(struct ln_slice option, struct ln_redis_url *url,
                                struct ln_err *err)
{
    static const struct ln_slice name = {"sentinelPassword=", 17};

    if (option.p == NULL)
        return 0;
    if (!ln_slice_has_prefix(option, name))
        return ln_fail(err, LN_E_CONF, "%s[?sentinelPassword=text]", EXPECTED_SENTINEL);
    if (!decode(ln_slice(option.p + name.n, option.n - name.n), url->sentinel_password,
                sizeof url->sentinel_password))
        return ln_fail(err, LN_E_CONF, "sentinelPassword: too long, or not %%-encoded");
    return 0;
}

static int read_sentinels(struct ln_slice rest, struct ln_redis_url *url, struct ln_err *err)
{
    struct ln_slice option = rest, name, db;

    rest = cut(&option, '?');
    if (read_authority(&rest, url, err) != 0 || read_sentinel_option(option, url, err) != 0)
        return -1;
    name = rest;
    rest = cut(&name, '/');
    db = name;
    name = cut(&db, '/');
    if (name.n == 0 || !decode(name, url->master, sizeof url->master))
        return ln_fail(err, LN_E_CONF, "the name of the master is missing or not one: %s",
                       EXPECTED_SENTINEL);
    if (db.p != NULL && read_db(db, url, err) != 0)
        return -1;
    url->way = LN_REDIS_BY_SENTINEL;
    if (read_places(rest, LN_REDIS_SENTINEL_PORT, url, EXPECTED_SENTINEL, err) != 0)
        return -1;
    put_label_of_many(url, "redis-sentinel://");
    return 0;
}

static int read_cluster(struct ln_slice rest, struct ln_redis_url *url, struct ln_err *err)
{
    if (read_authority(&rest, url, err) != 0)
        return -1;
    if (has(rest, '/') || has(rest, '?'))
        return ln_fail(err, LN_E_CONF, "a cluster has one database, and takes no ?options: %s",
                       EXPECTED_CLUSTER);
    url->way = LN_REDIS_BY_CLUSTER;
    if (read_places(rest, LN_REDIS_PORT, url, EXPECTED_CLUSTER, err) != 0)
        return -1;
    put_label_of_many(url, "redis-cluster://");
    return 0;
}

void ln_redis_url_of(const struct ln_redis_url *whole, const struct ln_redis_place *place,
                     struct ln_redis_url *url)
{
    *url = (struct ln_redis_url){.db = whole->db, .count = 1, .at = {*place}};
    memcpy(url->user, whole->user, sizeof url->user);
    memcpy(url->password, whole->password, sizeof url->password);
    put_label(url);
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
                                 tls = {"rediss://", 9}, many = {"redis-cluster://", 16},
                                 watched = {"redis-sentinel://", 17};

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
    if (ln_slice_has_prefix(text, many))
        return read_cluster(ln_slice(text.p + many.n, text.n - many.n), url, err);
    if (ln_slice_has_prefix(text, watched))
        return read_sentinels(ln_slice(text.p + watched.n, text.n - watched.n), url, err);
    return ln_fail(err, LN_E_CONF, "%s", EXPECTED);
}
