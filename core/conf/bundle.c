/* SPDX-License-Identifier: Apache-2.0
 * bundle.c - gathers files, folders, names and variables, and remembers each as it was when first
 * asked for.
 */
#include "conf/bundle.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "conf/bundle_fact.h"

enum { FILE_MAX = 16 << 20 };

struct ln_bundle *ln_bundle_new(void)
{
    struct ln_bundle *b = ln_zalloc(sizeof *b);

    ln_arena_init(&b->arena, NULL);
    for (unsigned i = 0; i < LN_FACT_KINDS; i++)
        ln_map_init(&b->by_key[i]);
    return b;
}

struct ln_bundle *ln_bundle_record(void)
{
    return ln_bundle_new();
}

void ln_bundle_free(struct ln_bundle *b)
{
    if (b == NULL)
        return;
    for (unsigned i = 0; i < LN_FACT_KINDS; i++)
        ln_map_fini(&b->by_key[i]);
    ln_free(b->facts);
    ln_arena_reset(&b->arena);
    if (b->image != NULL)
        munmap(b->image, b->image_size);
    ln_free(b);
}

bool ln_bundle_add(struct ln_bundle *b, const struct ln_fact *fact)
{
    if (ln_map_get(&b->by_key[fact->kind], fact->key) != NULL)
        return false;

    struct ln_fact *own = ln_arena_alloc(&b->arena, sizeof *own);

    *own = *fact;
    if (b->count == b->cap) {
        b->cap = b->cap > 0 ? b->cap * 2 : 16;
        b->facts = ln_realloc(b->facts, b->cap * sizeof(struct ln_fact *));
    }
    b->facts[b->count++] = own;
    ln_map_put(&b->by_key[fact->kind], fact->key, own);
    return true;
}

static struct ln_fact *find(const struct ln_bundle *b, enum ln_fact_kind kind, struct ln_slice key)
{
    return ln_map_get(&b->by_key[kind], key);
}

static struct ln_fact *remember(struct ln_bundle *b, enum ln_fact_kind kind, struct ln_slice key,
                                struct ln_slice value, const struct ln_err *why)
{
    struct ln_fact fact = {
        .kind = kind,
        .code = (uint32_t)why->code,
        .sys = (uint32_t)why->sys,
        .key = ln_arena_dup(&b->arena, key),
        .value = ln_arena_dup(&b->arena, why->code == LN_E_NONE ? value : ln_slice_of(why->text)),
    };

    ln_bundle_add(b, &fact);
    return find(b, kind, key);
}

/* A replaying bundle knows what was recorded and nothing else. */
static bool is_replaying(const struct ln_bundle *b)
{
    return b->image != NULL;
}

static int tell(const struct ln_fact *fact, struct ln_err *err)
{
    if (err == NULL)
        return -1;
    err->code = (enum ln_err_code)fact->code;
    err->sys = (int)fact->sys;
    snprintf(err->text, sizeof err->text, "%s", fact->value.p);
    return -1;
}

/* Reads to the end, so that files without a size (/proc) work too. */
static int read_all(int fd, const char *path, struct ln_text *bytes, struct ln_err *err)
{
    char chunk[65536];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ln_fail(err, LN_E_SYS, "cannot read %s", path);
        if (bytes->n + (size_t)n > FILE_MAX)
            return ln_fail(err, LN_E_LIMIT, "cannot read %s: larger than 16 MiB", path);
        ln_text_add(bytes, chunk, (size_t)n);
    }
    return 0;
}

/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
static int read_path(const char *path, struct ln_text *bytes, struct ln_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    int rc;

    if (fd < 0)
        return ln_fail(err, LN_E_SYS, "cannot read %s", path);
    if (fstat(fd, &st) != 0)
        rc = ln_fail(err, LN_E_SYS, "cannot read %s", path);
    else if (!S_ISREG(st.st_mode))
        rc = ln_fail(err, LN_E_CONF, "cannot read %s: not a regular file", path);
    else
        rc = read_all(fd, path, bytes, err);
    close(fd);
    return rc;
}

int ln_bundle_read(struct ln_bundle *b, const char *path, struct ln_slice *bytes,
                   struct ln_err *err)
{
    struct ln_fact *fact = find(b, LN_FACT_FILE, ln_slice_of(path));

    if (fact == NULL && is_replaying(b))
        return ln_fail(err, LN_E_STATE, "cannot read %s: it was not recorded", path);
    if (fact == NULL) {
        struct ln_err why = {.code = LN_E_NONE};
        struct ln_text text;

        ln_text_init(&text);
        read_path(path, &text, &why);
        fact = remember(b, LN_FACT_FILE, ln_slice_of(path), ln_slice(text.p, text.n), &why);
        ln_text_fini(&text);
    }
    if (fact->code != LN_E_NONE)
        return tell(fact, err);
    *bytes = fact->value;
    return 0;
}

bool ln_bundle_is_dir(struct ln_bundle *b, const char *path)
{
    struct ln_fact *fact = find(b, LN_FACT_DIR, ln_slice_of(path));

    if (fact == NULL && is_replaying(b))
        return false;
    if (fact == NULL) {
        struct ln_err why = {.code = LN_E_NONE};
        struct stat st;

        if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
            ln_fail(&why, LN_E_STATE, "%s is not a folder", path);
        fact = remember(b, LN_FACT_DIR, ln_slice_of(path), LN_SLICE(""), &why);
    }
    return fact->code == LN_E_NONE;
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);

    return n >= m && memcmp(name + n - m, suffix, m) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
    char **v;
    size_t count, cap;
};

static void gather(const char *dir, const char *suffix, struct names *names)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    if (d == NULL)
        return;
    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.' || !has_suffix(e->d_name, suffix))
            continue;
        if (names->count == names->cap) {
            names->cap = names->cap > 0 ? names->cap * 2 : 16;
            names->v = ln_realloc(names->v, names->cap * sizeof *names->v);
        }
        names->v[names->count++] = ln_strdup(e->d_name);
    }
    closedir(d);
    if (names->count > 0)
        qsort(names->v, names->count, sizeof *names->v, by_name);
}

static struct ln_fact *list_folder(struct ln_bundle *b, const char *dir, const char *suffix,
                                   struct ln_slice key)
{
    struct ln_err none = {.code = LN_E_NONE};
    struct names names = {.count = 0};
    struct ln_text value;

    ln_text_init(&value);
    gather(dir, suffix, &names);
    for (size_t i = 0; i < names.count; i++) {
        ln_text_add(&value, names.v[i], strlen(names.v[i]) + 1);
        ln_free(names.v[i]);
    }
    ln_free(names.v);

    struct ln_fact *fact = remember(b, LN_FACT_LIST, key, ln_slice(value.p, value.n), &none);

    ln_text_fini(&value);
    return fact;
}

static const char *const *make_names(struct ln_bundle *b, struct ln_slice value)
{
    size_t count = 0;

    for (size_t i = 0; i < value.n; i++)
        count += value.p[i] == '\0';

    const char **names = ln_arena_alloc(&b->arena, (count + 1) * sizeof *names);
    const char *at = value.p;

    for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
        names[i] = at;
    names[count] = NULL;
    return names;
}

const char *const *ln_bundle_list(struct ln_bundle *b, const char *dir, const char *suffix)
{
    struct ln_text key;

    ln_text_init(&key);
    ln_text_add(&key, dir, strlen(dir) + 1);
    ln_text_puts(&key, suffix);

    struct ln_fact *fact = find(b, LN_FACT_LIST, ln_slice(key.p, key.n));

    if (fact == NULL && !is_replaying(b))
        fact = list_folder(b, dir, suffix, ln_slice(key.p, key.n));
    ln_text_fini(&key);
    if (fact == NULL)
        return make_names(b, LN_SLICE(""));
    if (fact->names == NULL)
        fact->names = make_names(b, fact->value);
    return fact->names;
}

/* getaddrinfo() may name an address more than once. */
static void add_ip(struct ln_text *ips, const struct sockaddr *from)
{
    char ip[LN_FACT_IP] = {0};

    if (from->sa_family == AF_INET) {
        ip[0] = '4';
        memcpy(ip + 1, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        ip[0] = '6';
        memcpy(ip + 1, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
    } else {
        return;
    }
    for (size_t i = 0; i < ips->n; i += LN_FACT_IP)
        if (memcmp(ips->p + i, ip, LN_FACT_IP) == 0)
            return;
    if (ips->n < (size_t)LN_FACT_IP * LN_FACT_IPS)
        ln_text_add(ips, ip, LN_FACT_IP);
}

/* RFC 6761 section 6.3: localhost is both loopback addresses, also where the hosts file knows only
 * one of them. */
static void add_loopback(struct ln_text *ips)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    add_ip(ips, (const struct sockaddr *)&v4);
    add_ip(ips, (const struct sockaddr *)&v6);
}

static struct ln_fact *ask_resolver(struct ln_bundle *b, const char *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    struct ln_err why = {.code = LN_E_NONE};
    struct ln_text ips;
    int rc = getaddrinfo(host, NULL, &hints, &found);

    ln_text_init(&ips);
    if (rc != 0)
        ln_fail(&why, LN_E_CONF, "cannot resolve \"%s\": %s", host, gai_strerror(rc));
    for (struct addrinfo *a = found; a != NULL; a = a->ai_next)
        add_ip(&ips, a->ai_addr);
    if (strcasecmp(host, "localhost") == 0) {
        add_loopback(&ips);
        why.code = LN_E_NONE; /* known, also where there is no hosts file */
    }
    if (found != NULL)
        freeaddrinfo(found);

    struct ln_fact *fact =
        remember(b, LN_FACT_NAME, ln_slice_of(host), ln_slice(ips.p, ips.n), &why);

    ln_text_fini(&ips);
    return fact;
}

static void fill_addr(struct ln_addr *addr, const char ip[LN_FACT_IP], unsigned port)
{
    memset(addr, 0, sizeof *addr);
    if (ip[0] == '4') {
        addr->len = sizeof addr->v4;
        addr->v4.sin_family = AF_INET;
        memcpy(&addr->v4.sin_addr, ip + 1, 4);
        addr->v4.sin_port = htons((uint16_t)port);
    } else {
        addr->len = sizeof addr->v6;
        addr->v6.sin6_family = AF_INET6;
        memcpy(&addr->v6.sin6_addr, ip + 1, 16);
        addr->v6.sin6_port = htons((uint16_t)port);
    }
}

/* A literal is no outside fact: nothing to record, nothing to ask. */
static unsigned parse_literal(struct ln_bundle *b, const char *host, unsigned port,
                              const struct ln_addr **addrs)
{
    char ip[LN_FACT_IP] = {0};

    if (inet_pton(AF_INET, host, ip + 1) == 1)
        ip[0] = '4';
    else if (inet_pton(AF_INET6, host, ip + 1) == 1)
        ip[0] = '6';
    else
        return 0;

    struct ln_addr *own = ln_arena_alloc(&b->arena, sizeof *own);

    fill_addr(own, ip, port);
    *addrs = own;
    return 1;
}

unsigned ln_bundle_resolve(struct ln_bundle *b, const char *host, unsigned port,
                           const struct ln_addr **addrs, struct ln_err *err)
{
    if (parse_literal(b, host, port, addrs) == 1)
        return 1;

    struct ln_fact *fact = find(b, LN_FACT_NAME, ln_slice_of(host));

    if (fact == NULL && is_replaying(b)) {
        ln_fail(err, LN_E_STATE, "cannot resolve \"%s\": it was not recorded", host);
        return 0;
    }
    if (fact == NULL)
        fact = ask_resolver(b, host);
    if (fact->code != LN_E_NONE) {
        tell(fact, err);
        return 0;
    }

    unsigned count = (unsigned)(fact->value.n / LN_FACT_IP);
    struct ln_addr *own = ln_arena_alloc(&b->arena, (count + 1) * sizeof *own);

    for (unsigned i = 0; i < count; i++)
        fill_addr(&own[i], fact->value.p + (size_t)i * LN_FACT_IP, port);
    *addrs = own;
    if (count == 0)
        ln_fail(err, LN_E_CONF, "cannot resolve \"%s\": it has no addresses", host);
    return count;
}

const char *ln_bundle_env(struct ln_bundle *b, const char *name)
{
    struct ln_fact *fact = find(b, LN_FACT_ENV, ln_slice_of(name));

    if (fact == NULL && is_replaying(b))
        return NULL;
    if (fact == NULL) {
        struct ln_err why = {.code = LN_E_NONE};
        const char *value = getenv(name);

        if (value == NULL)
            ln_fail(&why, LN_E_STATE, "%s is not set", name);
        fact = remember(b, LN_FACT_ENV, ln_slice_of(name), ln_slice_of(value), &why);
    }
    return fact->code == LN_E_NONE ? fact->value.p : NULL;
}

bool ln_bundle_made(const struct ln_bundle *b, const char *name, struct ln_slice *bytes)
{
    const struct ln_fact *fact = find(b, LN_FACT_MADE, ln_slice_of(name));

    if (fact != NULL)
        *bytes = fact->value;
    return fact != NULL;
}

void ln_bundle_make(struct ln_bundle *b, const char *name, struct ln_slice bytes)
{
    const struct ln_err none = {.code = LN_E_NONE};

    remember(b, LN_FACT_MADE, ln_slice_of(name), bytes, &none);
}

void ln_bundle_blank(struct ln_bundle *b, const char *path)
{
    struct ln_fact *fact = find(b, LN_FACT_FILE, ln_slice_of(path));

    if (fact == NULL || fact->code != LN_E_NONE || is_replaying(b))
        return;
    explicit_bzero((char *)fact->value.p, fact->value.n);
    fact->value.n = 0;
}

const char *ln_bundle_next_path(const struct ln_bundle *b, unsigned *at)
{
    while (*at < b->count) {
        const struct ln_fact *fact = b->facts[(*at)++];

        if (fact->kind == LN_FACT_FILE || fact->kind == LN_FACT_DIR || fact->kind == LN_FACT_LIST)
            return fact->key.p; /* a list's path ends at the NUL before its suffix */
    }
    return NULL;
}
