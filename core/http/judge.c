/* SPDX-License-Identifier: Apache-2.0
 * judge.c - what the fields of a head mean together, and every combination that could mean two
 * things.
 *
 * Each rule names its section. When a message breaks several, the one that is looked at first is
 * told; the order is framing, Host, Connection, Expect.
 */
#include "http/judge.h"

#include <strings.h>

#include "http/chars.h"
#include "http/hop.h"
#include "http/target.h"

/* The fields that take part, gathered in one walk. */
struct gathered {
    const struct ln_field *length, *coding, *host, *expect;
    unsigned lengths, codings, hosts;
    bool connection, expect_other;
    bool upgrade, te, keep_alive; /* such a field exists */
};

/* What Connection said (RFC 9110 section 7.6.1). */
struct options {
    bool close, keep_alive, upgrade;
};

static void gather(struct gathered *g, struct ln_fields *f)
{
    *g = (struct gathered){0};
    for (unsigned i = 0; i < f->count; i++) {
        const struct ln_field *at = &f->v[i];

        switch (at->id) {
        case LN_FIELD_CONTENT_LENGTH:
            g->length = at;
            g->lengths++;
            break;
        case LN_FIELD_TRANSFER_ENCODING:
            g->coding = at;
            g->codings++;
            break;
        case LN_FIELD_HOST:
            g->host = at;
            g->hosts++;
            break;
        case LN_FIELD_EXPECT:
            g->expect = at;
            g->expect_other |= !ln_slice_caseeq(ln_field_value(at), LN_SLICE("100-continue"));
            break;
        case LN_FIELD_CONNECTION:
            g->connection = true;
            break;
        case LN_FIELD_UPGRADE:
            g->upgrade = true;
            break;
        case LN_FIELD_TE:
            g->te = true;
            break;
        case LN_FIELD_KEEP_ALIVE:
            g->keep_alive = true;
            break;
        default:
            break;
        }
    }
}

/* Content-Length = 1*DIGIT (RFC 9110 section 8.6): no list, no sign, no more than signed 64-bit
 * readers behind us can hold. Leading zeros are cut off in the field too, so that no reader can
 * take them for octal. */
static enum ln_reject read_length(const struct ln_field *f, uint64_t *length)
{
    struct ln_field *canonical = (struct ln_field *)f;

    if (!ln_slice_to_u64(ln_field_value(f), length) || *length > INT64_MAX)
        return LN_REJECT_LENGTH;
    while (canonical->value_len > 1 && canonical->value[0] == '0') {
        canonical->value++;
        canonical->value_len--;
    }
    return LN_REJECT_NONE;
}

/* RFC 9112 section 6.3, without any of its ways to repair: what could be read in two ways is
 * refused. */
static enum ln_reject frame(const struct gathered *g, uint8_t minor, enum ln_framing otherwise,
                            enum ln_framing *framing, uint64_t *length)
{
    *framing = otherwise;
    *length = 0;
    if (g->codings > 0) {
        if (g->lengths > 0)
            return LN_REJECT_LENGTH_AND_CODING; /* rule 3: smuggling, or an accident */
        if (minor == 0)
            return LN_REJECT_CODING_VERSION; /* section 6.1: its sender cannot have meant it */
        /* Another coding, or one more, would leave a body that we cannot delimit (rule 4) or not
         * pass on. */
        if (g->codings > 1 || !ln_slice_caseeq(ln_field_value(g->coding), LN_SLICE("chunked")))
            return LN_REJECT_CODING;
        *framing = LN_FRAMING_CHUNKED;
        return LN_REJECT_NONE;
    }
    if (g->lengths == 0)
        return LN_REJECT_NONE;
    if (g->lengths > 1)
        return LN_REJECT_LENGTH_REPEATED; /* rule 5, and equal values too */
    *framing = LN_FRAMING_LENGTH;
    return read_length(g->length, length);
}

/* False when it is none of the options that have a meaning of their own. */
static bool note_option(struct options *o, struct ln_slice token)
{
    if (ln_slice_caseeq(token, LN_SLICE("keep-alive")))
        return o->keep_alive = true;
    if (ln_slice_caseeq(token, LN_SLICE("close")))
        return o->close = true;
    if (ln_slice_caseeq(token, LN_SLICE("upgrade")))
        return o->upgrade = true;
    return false;
}

enum { OPTIONS_MAX = 64 };

/* Connection = #connection-option, tokens. With `strict` none may name a field that is for
 * everybody on the way: its removal would change what the request is (RFC 9110 section 7.6.1). */
static enum ln_reject read_options(const struct ln_fields *f, bool strict, struct options *o)
{
    unsigned count = 0;

    for (unsigned i = 0; i < f->count; i++) {
        struct ln_slice rest = ln_field_value(&f->v[i]), token;

        if (f->v[i].id != LN_FIELD_CONNECTION)
            continue;
        while (ln_slice_next_token(&rest, &token)) {
            if (++count > OPTIONS_MAX) /* each is looked for among all fields */
                return LN_REJECT_CONNECTION;
            if (note_option(o, token))
                continue;
            if (!ln_chars_are(token.p, token.n, LN_CHARS_TOKEN))
                return LN_REJECT_CONNECTION;
            if (strict && ln_hop_is_protected(token))
                return LN_REJECT_CONNECTION_NAMES;
        }
    }
    return LN_REJECT_NONE;
}

/* RFC 9112 section 9.3: 1.1 persists unless told, 1.0 only when told. */
static bool persists(const struct options *o, uint8_t minor)
{
    return !o->close && (minor > 0 || o->keep_alive);
}

static struct ln_slice without_default_port(struct ln_slice authority)
{
    const char *colon = memrchr(authority.p, ':', authority.n);
    struct ln_slice port;

    if (colon == NULL || authority.p[authority.n - 1] == ']')
        return authority;
    port = ln_slice(colon + 1, authority.n - (size_t)(colon + 1 - authority.p));
    if (port.n == 0 || ln_slice_eq(port, LN_SLICE("80")))
        authority.n = (size_t)(colon - authority.p);
    return authority;
}

/* The authority of an absolute target is the host (RFC 9112 section 3.2.2); a Host that says
 * otherwise is refused, since whoever reads the other one would route elsewhere. */
static enum ln_reject judge_absolute(struct ln_req_head *h, const struct gathered *g)
{
    struct ln_slice authority;
    enum ln_reject why = ln_target_authority(h->target, &authority);

    if (why != LN_REJECT_NONE)
        return why;
    if (g->hosts > 0 &&
        !ln_slice_caseeq(without_default_port(h->host), without_default_port(authority)))
        return LN_REJECT_HOST_CONTRADICTS;
    h->host = authority;
    return LN_REJECT_NONE;
}

/* RFC 9112 section 3.2: exactly one, well-formed, in 1.1; at most one in 1.0. */
static enum ln_reject judge_host(struct ln_req_head *h, const struct gathered *g)
{
    h->host = ln_slice(NULL, 0);
    if (g->hosts > 1)
        return LN_REJECT_HOST_REPEATED;
    if (g->hosts == 0 && h->minor > 0)
        return LN_REJECT_HOST_MISSING;
    if (g->hosts > 0) {
        h->host = ln_field_value(g->host);
        if (!ln_authority_ok(h->host))
            return LN_REJECT_HOST_BAD;
    }
    if (h->target.p[0] == '/' || h->target.p[0] == '*')
        return LN_REJECT_NONE;
    return judge_absolute(h, g);
}

/* RFC 9110 section 10.1.1: 1.0 clients cannot wait for it, and without content there is nothing to
 * wait for. */
static enum ln_reject judge_expect(struct ln_req_head *h, const struct gathered *g)
{
    h->expect_continue = false;
    if (g->expect == NULL || h->minor == 0)
        return LN_REJECT_NONE;
    if (g->expect_other)
        return LN_REJECT_EXPECT;
    h->expect_continue = h->framing == LN_FRAMING_CHUNKED || h->length > 0;
    return LN_REJECT_NONE;
}

/* TE = #t-codings: is "trailers" among them? (RFC 9110 section 10.1.4) */
static bool wants_trailers(const struct ln_fields *f)
{
    for (unsigned i = 0; i < f->count; i++) {
        struct ln_slice rest = ln_field_value(&f->v[i]), token;

        while (f->v[i].id == LN_FIELD_TE && ln_slice_next_token(&rest, &token))
            if (ln_slice_caseeq(token, LN_SLICE("trailers")))
                return true;
    }
    return false;
}

enum ln_reject ln_judge_request(struct ln_req_head *h)
{
    struct gathered g;
    struct options o = {0};
    enum ln_reject why;

    gather(&g, &h->fields);
    why = frame(&g, h->minor, LN_FRAMING_NONE, &h->framing, &h->length);
    if (why == LN_REJECT_NONE)
        why = judge_host(h, &g);
    if (why == LN_REJECT_NONE && g.connection)
        why = read_options(&h->fields, true, &o);
    if (why == LN_REJECT_NONE)
        why = judge_expect(h, &g);
    h->keep_alive = persists(&o, h->minor);
    h->upgrade = g.upgrade && o.upgrade && h->minor > 0; /* RFC 9110 section 7.8: ignored in 1.0 */
    h->te_trailers = g.te && wants_trailers(&h->fields);
    return why;
}

/* Keep-Alive: timeout=5, max=100 - how long the peer means to keep an idle connection; 0 when it
 * does not say. */
static uint64_t idle_timeout(const struct ln_fields *f)
{
    const struct ln_field *at = ln_fields_find(f, LN_FIELD_KEEP_ALIVE);
    struct ln_slice rest = at != NULL ? ln_field_value(at) : ln_slice(NULL, 0), token;
    uint64_t seconds;

    while (ln_slice_next_token(&rest, &token)) {
        if (token.n > 8 && strncasecmp(token.p, "timeout=", 8) == 0 &&
            ln_slice_to_u64(ln_slice(token.p + 8, token.n - 8), &seconds))
            return seconds;
    }
    return 0;
}

enum ln_reject ln_judge_response(struct ln_res_head *h)
{
    struct gathered g;
    struct options o = {0};
    enum ln_reject why;

    gather(&g, &h->fields);
    why = frame(&g, h->minor, LN_FRAMING_CLOSE, &h->framing, &h->length);
    /* RFC 9110 section 15.2: a body there would be read as the start of the final response. */
    if (why == LN_REJECT_NONE && h->status < 200 &&
        (h->framing == LN_FRAMING_CHUNKED || h->length > 0))
        why = LN_REJECT_BODY_FORBIDDEN;
    if (why == LN_REJECT_NONE && g.connection)
        why = read_options(&h->fields, false, &o);
    h->keep_alive = persists(&o, h->minor);
    h->keep_alive_timeout = g.keep_alive ? idle_timeout(&h->fields) : 0;
    return why;
}
