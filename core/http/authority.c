/* SPDX-License-Identifier: Apache-2.0
 * authority.c - uri-host [ ":" port ], as in Host and in absolute targets (RFC 9110 section 7.2).
 */
#include <arpa/inet.h>

#include "http/chars.h"
#include "http/target.h"

enum { HOST_MAX = 255, PORT_MAX = 65535 };

/* The length of the host part: up to the closing bracket, or to the colon. 0 when there is none. */
static size_t host_length(struct ln_slice a)
{
    const char *stop;

    if (a.n > 0 && a.p[0] == '[') {
        stop = memchr(a.p, ']', a.n);
        return stop == NULL ? 0 : (size_t)(stop + 1 - a.p);
    }
    stop = a.n > 0 ? memchr(a.p, ':', a.n) : NULL;
    return stop == NULL ? a.n : (size_t)(stop - a.p);
}

/* IPv6address of "[" IPv6address "]"; zone identifiers and IPvFuture have no use in a request (RFC
 * 3986 section 3.2.2). */
static bool is_ipv6(const char *p, size_t n)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr unused;

    if (n < 4 || n - 2 >= sizeof text)
        return false;
    memcpy(text, p + 1, n - 2);
    text[n - 2] = '\0';
    return memchr(text, '\0', n - 2) == NULL && inet_pton(AF_INET6, text, &unused) == 1;
}

/* reg-name = *( unreserved / pct-encoded / sub-delims ), which an IPv4 address is too; not empty
 * (RFC 9110 section 4.2.1). */
static bool is_name(const char *p, size_t n)
{
    size_t i = 0;

    for (;;) {
        i += ln_chars_span(p + i, n - i, LN_CHARS_UNRESERVED | LN_CHARS_SUBDELIM);
        if (i == n)
            return n > 0;
        if (ln_chars_escaped(p + i, n - i) < 0)
            return false;
        i += 3;
    }
}

/* port = *DIGIT (RFC 3986 section 3.2.3): may be empty; a number that no port has is an error. */
static bool is_port(const char *p, size_t n)
{
    unsigned port = 0;

    for (size_t i = 0; i < n; i++) {
        if (!ln_chars_is(p[i], LN_CHARS_DIGIT))
            return false;
        port = port * 10 + (unsigned)(p[i] - '0');
        if (port > PORT_MAX)
            return false;
    }
    return true;
}

bool ln_authority_ok(struct ln_slice authority)
{
    size_t n = host_length(authority);

    if (n == 0 || n > HOST_MAX)
        return false;
    if (authority.p[0] == '[' ? !is_ipv6(authority.p, n) : !is_name(authority.p, n))
        return false;
    if (n == authority.n)
        return true;
    return authority.p[n] == ':' && is_port(authority.p + n + 1, authority.n - n - 1);
}

struct ln_slice ln_authority_host(struct ln_slice authority)
{
    return ln_slice(authority.p, host_length(authority));
}
