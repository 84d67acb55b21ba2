/* SPDX-License-Identifier: Apache-2.0
 * forwarded.c - elements of forwarding fields, from the right.
 */
#include "http/forwarded.h"

#include <arpa/inet.h>
#include <strings.h>

#include "http/chars.h"

/* One textual address into the 16 bytes. */
static bool read_address(struct ln_slice s, struct ln_forwarded_hop *hop)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[INET6_ADDRSTRLEN];

    if (s.n == 0 || s.n >= sizeof text || memchr(s.p, '\0', s.n) != NULL)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    hop->is_v4 = inet_pton(AF_INET, text, hop->address + 12) == 1;
    if (hop->is_v4)
        memcpy(hop->address, mapped, sizeof mapped);
    else if (inet_pton(AF_INET6, text, hop->address) != 1)
        return false;
    hop->host = s;
    return true;
}

/* node-port = 1*5DIGIT / obfport (RFC 7239 section 6); an obfuscated one counts as none. */
static bool read_port(struct ln_slice s, unsigned *port)
{
    uint64_t v;

    if (s.n > 1 && s.p[0] == '_')
        return ln_chars_are(s.p, s.n, LN_CHARS_TOKEN);
    if (s.n > 5 || !ln_slice_to_u64(s, &v) || v > 65535)
        return false;
    *port = (unsigned)v;
    return true;
}

/* Splits "host:port"; brackets guard the colons of IPv6, and two colons without brackets are a bare
 * IPv6 address. */
static bool split_node(struct ln_slice node, struct ln_slice *host, struct ln_slice *port)
{
    const char *end = node.p + node.n, *stop;

    *port = ln_slice(NULL, 0);
    if (node.p[0] == '[') {
        stop = memchr(node.p, ']', node.n);
        if (stop == NULL)
            return false;
        *host = ln_slice(node.p + 1, (size_t)(stop - node.p) - 1);
        if (memchr(host->p, ':', host->n) == NULL) /* brackets are for IPv6 only */
            return false;
        if (++stop == end)
            return true;
    } else {
        stop = memchr(node.p, ':', node.n);
        *host = node;
        if (stop == NULL || memchr(stop + 1, ':', (size_t)(end - stop - 1)) != NULL)
            return true;
        host->n = (size_t)(stop - node.p);
    }
    *port = ln_slice(stop + 1, (size_t)(end - stop) - 1);
    return *stop == ':';
}

void ln_forwarded_node(struct ln_slice node, struct ln_forwarded_hop *hop)
{
    struct ln_slice host, port;

    *hop = (struct ln_forwarded_hop){.kind = LN_FORWARDED_BAD, .text = node};
    if (node.n == 0 || !split_node(node, &host, &port))
        return;
    if (port.p != NULL && !read_port(port, &hop->port))
        return;
    if (ln_slice_caseeq(host, LN_SLICE("unknown")))
        hop->kind = LN_FORWARDED_UNKNOWN;
    else if (host.n > 1 && host.p[0] == '_' && ln_chars_are(host.p, host.n, LN_CHARS_TOKEN))
        hop->kind = LN_FORWARDED_HIDDEN;
    else if (read_address(host, hop))
        hop->kind = LN_FORWARDED_ADDRESS;
}

/* Is the quote at s[i] escaped: are there an odd number of backslashes before it? */
static bool is_escaped(struct ln_slice s, size_t i)
{
    size_t slashes = 0;

    while (i > slashes && s.p[i - 1 - slashes] == '\\')
        slashes++;
    return slashes % 2 == 1;
}

/* Cuts the part after the last `mark` off the end of *rest. It is read from the right: what a
 * client has written on the left, such as a quote that it never closes, must not change how the
 * hops that proxies added are cut. */
static struct ln_slice cut_last(struct ln_slice *rest, char mark, bool quotes)
{
    bool quoted = false;
    size_t i = rest->n;

    while (i > 0 && (quoted || rest->p[i - 1] != mark)) {
        i--;
        if (quotes && rest->p[i] == '"' && !is_escaped(*rest, i))
            quoted = !quoted;
    }
    struct ln_slice part = ln_slice_trim(ln_slice(rest->p + i, rest->n - i));

    rest->n = i > 0 ? i - 1 : 0;
    return part;
}

static struct ln_slice unquote(struct ln_slice s)
{
    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
        return ln_slice(s.p + 1, s.n - 2);
    return s;
}

/* Is it the pair of that name, "for="? Then its value. */
static bool read_pair(struct ln_slice pair, const char *name, struct ln_slice *value)
{
    size_t n = strlen(name);

    if (pair.n < n || strncasecmp(pair.p, name, n) != 0)
        return false;
    *value = unquote(ln_slice(pair.p + n, pair.n - n));
    return true;
}

/* forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] ): "for" and "proto" of it, each
 * of which may be there once only (RFC 7239 section 4). */
static void read_element(struct ln_slice element, struct ln_forwarded_hop *hop)
{
    struct ln_slice value, proto = {NULL, 0};
    unsigned hops = 0, protos = 0;

    *hop = (struct ln_forwarded_hop){.kind = LN_FORWARDED_UNKNOWN, .text = element};
    while (element.n > 0) {
        struct ln_slice pair = cut_last(&element, ';', true);

        if (read_pair(pair, "proto=", &value)) {
            proto = value;
            protos++;
        } else if (read_pair(pair, "for=", &value)) {
            ln_forwarded_node(value, hop);
            hops++;
        }
    }
    if (hops > 1)
        hop->kind = LN_FORWARDED_BAD;
    if (protos == 1)
        hop->proto = proto;
}

void ln_forwarded_start(struct ln_forwarded_walk *w, const struct ln_fields *f, enum ln_field_id id)
{
    *w = (struct ln_forwarded_walk){.fields = f, .id = id, .at = f->count};
}

/* Empty elements are skipped (RFC 9110 section 5.6.1). */
bool ln_forwarded_next(struct ln_forwarded_walk *w, struct ln_forwarded_hop *hop)
{
    for (;;) {
        while (w->rest.n > 0) {
            struct ln_slice element = cut_last(&w->rest, ',', w->id == LN_FIELD_FORWARDED);

            if (element.n == 0)
                continue;
            if (w->id == LN_FIELD_FORWARDED)
                read_element(element, hop);
            else
                ln_forwarded_node(element, hop);
            return true;
        }
        if (w->at == 0)
            return false;
        const struct ln_field *f = &w->fields->v[--w->at];

        if (f->id == (uint8_t)w->id && !f->dropped)
            w->rest = ln_field_value(f);
    }
}
