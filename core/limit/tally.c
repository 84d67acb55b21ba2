/* SPDX-License-Identifier: Apache-2.0
 * tally.c - what Redis is asked, and what it says. The judging itself is in *.lua beside this file,
 * embedded by cmake/embed.cmake: a script is place.lua, the file of its algorithm, and judge.lua.
 */
#include "limit/tally.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"

enum { USEC_PER_MSEC = 1000, NSEC_PER_USEC = 1000 };

extern const unsigned char ln_file_core_limit_gcra_lua[];
extern const unsigned long ln_file_core_limit_gcra_lua_size;
extern const unsigned char ln_file_core_limit_sliding_window_lua[];
extern const unsigned long ln_file_core_limit_sliding_window_lua_size;
extern const unsigned char ln_file_core_limit_sliding_log_lua[];
extern const unsigned long ln_file_core_limit_sliding_log_lua_size;
extern const unsigned char ln_file_core_limit_fixed_window_lua[];
extern const unsigned long ln_file_core_limit_fixed_window_lua_size;
extern const unsigned char ln_file_core_limit_place_lua[];
extern const unsigned long ln_file_core_limit_place_lua_size;
extern const unsigned char ln_file_core_limit_judge_lua[];
extern const unsigned long ln_file_core_limit_judge_lua_size;
extern const unsigned char ln_file_core_limit_gateways_lua[];
extern const unsigned long ln_file_core_limit_gateways_lua_size;

#define TEXT(name)                                                                                 \
    {                                                                                              \
        ln_file_core_limit_##name##_lua, &ln_file_core_limit_##name##_lua_size                     \
    }

static const struct {
    const unsigned char *bytes;
    const unsigned long *size;
} texts[LN_LIMIT_WAYS] = {
    [LN_LIMIT_GCRA] = TEXT(gcra),
    [LN_LIMIT_SLIDING_WINDOW] = TEXT(sliding_window),
    [LN_LIMIT_SLIDING_LOG] = TEXT(sliding_log),
    [LN_LIMIT_FIXED_WINDOW] = TEXT(fixed_window),
};

void ln_tallies_init(struct ln_tallies *all)
{
    all->digest = ln_digest_new();
    for (unsigned i = 0; i < LN_LIMIT_WAYS; i++) {
        size_t first = ln_file_core_limit_place_lua_size, n = *texts[i].size,
               rest = ln_file_core_limit_judge_lua_size;

        all->texts[i] = ln_alloc(first + n + rest);
        memcpy(all->texts[i], ln_file_core_limit_place_lua, first);
        memcpy(all->texts[i] + first, texts[i].bytes, n);
        memcpy(all->texts[i] + first + n, ln_file_core_limit_judge_lua, rest);
        ln_redis_script_init(&all->scripts[i], ln_slice(all->texts[i], first + n + rest));
    }
    ln_redis_script_init(&all->gateways, ln_slice((const char *)ln_file_core_limit_gateways_lua,
                                                  ln_file_core_limit_gateways_lua_size));
}

void ln_tallies_fini(struct ln_tallies *all)
{
    ln_digest_free(all->digest);
    for (unsigned i = 0; i < LN_LIMIT_WAYS; i++)
        ln_free(all->texts[i]);
}

/* ---- keys ---- */

/* What has to be written like in URLs: '%', with which that begins, '}', which ends what a cluster
 * goes by, and what does not print; in a rule ':' too, which ends it. */
static bool is_plain(char c, bool is_rule)
{
    static const bool plain[256] = {['!' ... '$'] = true, ['&' ... '|'] = true, ['~'] = true};

    return plain[(unsigned char)c] && !(is_rule && c == ':');
}

static char *put_escaped(char *to, struct ln_slice text, bool is_rule)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.n; i++) {
        unsigned char b = (unsigned char)text.p[i];

        if (is_plain(text.p[i], is_rule)) {
            *to++ = text.p[i];
        } else {
            *to++ = '%';
            *to++ = hex[b >> 4];
            *to++ = hex[b & 15];
        }
    }
    return to;
}

/* '~' and a digest; an identity that looks like one gets one too. */
static char *put_digest(char *to, struct ln_digest *d, struct ln_slice text)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char sum[LN_DIGEST_SHA256];

    ln_digest_sha256(d, text.p, text.n, sum);
    *to++ = '~';
    for (unsigned i = 0; i < sizeof sum; i++) {
        *to++ = hex[sum[i] >> 4];
        *to++ = hex[sum[i] & 15];
    }
    return to;
}

struct ln_slice ln_tally_key(const struct ln_tally *t, struct ln_slice identity,
                             char out[LN_TALLY_KEY_MAX])
{
    char *to = out + t->prefix_len;

    memcpy(out, t->prefix, t->prefix_len);
    if (identity.n > LN_TALLY_IDENTITY_MAX || (identity.n > 0 && identity.p[0] == '~'))
        to = put_digest(to, t->all->digest, identity);
    else
        to = put_escaped(to, identity, false);
    *to++ = '}';
    return ln_slice(out, (size_t)(to - out));
}

struct ln_slice ln_tally_gateways_key(const struct ln_tally *t, char out[LN_TALLY_KEY_MAX])
{
    static const char end[] = "}:gateways";
    size_t n = t->prefix_len - 1; /* without the colon */

    memcpy(out, t->prefix, n);
    memcpy(out + n, end, sizeof end - 1);
    return ln_slice(out, n + sizeof end - 1);
}

/* ---- limits ---- */

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

static void add_window(struct ln_tally *t, const struct ln_limit *limit)
{
    ln_assert(limit->count > 0 && limit->per > 0 && limit->way == t->way);

    uint64_t us = limit->per * USEC_PER_MSEC;
    uint64_t shared = limit->way == LN_LIMIT_GCRA ? common_divisor(limit->count, us) : 1;
    uint64_t numbers[] = {limit->count / shared, us / shared, limit->burst};

    for (size_t i = 0; i < LN_ARRAY_LEN(numbers); i++)
        t->windows_len += ln_redis_write_number(t->windows + t->windows_len, (int64_t)numbers[i]);
    t->count++;
}

void ln_tally_init(struct ln_tally *t, struct ln_tallies *all, const struct ln_limit *limits,
                   unsigned count, struct ln_slice rule)
{
    static const char begin[] = "rate_limit:{";
    char *to = t->prefix + sizeof begin - 1;

    ln_assert(count > 0 && count <= LN_TALLY_WINDOWS && rule.n <= LN_TALLY_RULE_MAX);
    t->all = all;
    t->way = limits[0].way;
    t->count = 0;
    t->windows_len = 0;
    t->suffix[0] = '\0';
    for (unsigned i = 0; i < count; i++)
        add_window(t, &limits[i]);
    memcpy(t->prefix, begin, sizeof begin - 1);
    to = put_escaped(to, rule, true);
    *to++ = ':';
    t->prefix_len = (size_t)(to - t->prefix);
}

void ln_tally_init_apart(struct ln_tally *t, struct ln_tallies *all, const struct ln_limit *limit,
                         struct ln_slice rule)
{
    unsigned long long count = limit->count, per = limit->per, burst = limit->burst;

    ln_tally_init(t, all, limit, 1, rule);
    if (limit->way == LN_LIMIT_GCRA && burst != count)
        snprintf(t->suffix, sizeof t->suffix, ":%llu/%llu/%llu", count, per, burst);
    else
        snprintf(t->suffix, sizeof t->suffix, ":%llu/%llu", count, per);
}

static void put_keys(const struct ln_tally *t, struct ln_redis_call *c, struct ln_slice identity)
{
    char text[LN_TALLY_KEY_MAX + LN_TALLY_SUFFIX_MAX];
    struct ln_slice key = ln_tally_key(t, identity, text);
    size_t suffix = strlen(t->suffix);

    memcpy(text + key.n, t->suffix, suffix);
    ln_redis_call_word(c, key.p, key.n + suffix);
    text[key.n] = ':';
    for (unsigned i = 1; i < t->count; i++) {
        text[key.n + 1] = (char)('1' + i);
        ln_redis_call_word(c, text, key.n + 2);
    }
}

void ln_tally_ask(const struct ln_tally *t, struct ln_redis_call *c, struct ln_slice identity,
                  int64_t least, uint64_t most)
{
    ln_redis_call_script(c, &t->all->scripts[t->way], 1 + t->count + 2 + 3 * t->count);
    ln_redis_call_number(c, t->count); /* keys */
    put_keys(t, c, identity);
    ln_redis_call_number(c, least);
    ln_redis_call_number(c, (int64_t)most);
    ln_redis_call_words(c, ln_slice(t->windows, t->windows_len));
}

static bool is_answer(const struct ln_tally *t, const struct ln_redis_reply *r)
{
    if (r->kind != LN_REDIS_ARRAY || r->count != 5)
        return false;
    for (unsigned i = 0; i < 5; i++)
        if (r->items[i]->kind != LN_REDIS_INTEGER || r->items[i]->integer < (i == 0 ? -1 : 0))
            return false;
    return r->items[4]->integer >= 1 && r->items[4]->integer <= t->count;
}

static ln_nsec nsec_of(int64_t us)
{
    return (uint64_t)us < UINT64_MAX / NSEC_PER_USEC ? (uint64_t)us * NSEC_PER_USEC : UINT64_MAX;
}

bool ln_tally_read(const struct ln_tally *t, const struct ln_redis_call *c,
                   struct ln_tally_answer *out, struct ln_slice *why)
{
    const struct ln_redis_reply *r = c->replies[0];

    if (!is_answer(t, r)) {
        *why =
            r->kind == LN_REDIS_FAULT ? r->text : LN_SLICE("it does not answer as our scripts do");
        return false;
    }
    out->ok = r->items[0]->integer >= 0;
    out->granted = out->ok ? (uint64_t)r->items[0]->integer : 0;
    out->left = (uint64_t)r->items[1]->integer;
    out->wait = nsec_of(r->items[2]->integer);
    out->reset = nsec_of(r->items[3]->integer);
    out->which = (unsigned)r->items[4]->integer - 1;
    return true;
}
