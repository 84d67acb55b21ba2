/* SPDX-License-Identifier: Apache-2.0
 * addr.c - reads and prints socket addresses, compares address ranges.
 */
#include "conf/addr.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>

static bool parse_port(struct ln_slice text, unsigned *port)
{
    uint64_t value;

    if (text.n > 5 || !ln_slice_to_u64(text, &value) || value > 65535)
        return false;
    *port = (unsigned)value;
    return true;
}

/* inet_pton() wants a C string; longer texts cannot be addresses. */
static bool parse_ip(struct ln_slice text, int family, void *out)
{
    char copy[INET6_ADDRSTRLEN];

    if (text.n == 0 || text.n >= sizeof copy || memchr(text.p, '\0', text.n) != NULL)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return inet_pton(family, copy, out) == 1;
}

bool ln_addr_unix(struct ln_slice path, struct ln_addr *addr)
{
    if (path.n == 0 || path.n >= sizeof addr->un.sun_path || memchr(path.p, '\0', path.n) != NULL)
        return false;
    *addr =
        (struct ln_addr){.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1)};
    addr->un.sun_family = AF_UNIX;
    memcpy(addr->un.sun_path, path.p, path.n);
    return true;
}

static bool parse_v6(struct ln_slice host, unsigned port, struct ln_addr *addr)
{
    struct in6_addr ip;

    if (!parse_ip(host, AF_INET6, &ip))
        return false;
    *addr = (struct ln_addr){.len = sizeof addr->v6};
    addr->v6.sin6_family = AF_INET6;
    addr->v6.sin6_addr = ip;
    addr->v6.sin6_port = htons((uint16_t)port);
    return true;
}

static bool parse_v4(struct ln_slice host, unsigned port, struct ln_addr *addr)
{
    struct in_addr ip;

    if (!parse_ip(host, AF_INET, &ip))
        return false;
    *addr = (struct ln_addr){.len = sizeof addr->v4};
    addr->v4.sin_family = AF_INET;
    addr->v4.sin_addr = ip;
    addr->v4.sin_port = htons((uint16_t)port);
    return true;
}

bool ln_addr_parse_listen(struct ln_slice text, struct ln_addr *addr)
{
    unsigned port;

    if (ln_slice_has_prefix(text, LN_SLICE("unix:")))
        return ln_addr_unix(ln_slice(text.p + 5, text.n - 5), addr);

    const char *colon = text.n > 0 ? memrchr(text.p, ':', text.n) : NULL;

    if (colon == NULL ||
        !parse_port(ln_slice(colon + 1, text.n - (size_t)(colon + 1 - text.p)), &port))
        return false;

    struct ln_slice host = ln_slice(text.p, (size_t)(colon - text.p));

    if (host.n == 0)
        return parse_v6(LN_SLICE("::"), port, addr);
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        return parse_v6(ln_slice(host.p + 1, host.n - 2), port, addr);
    return parse_v4(host, port, addr);
}

const char *ln_addr_print(const struct ln_addr *addr, char out[LN_ADDR_TEXT])
{
    char ip[INET6_ADDRSTRLEN];

    switch (addr->any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &addr->v4.sin_addr, ip, sizeof ip);
        snprintf(out, LN_ADDR_TEXT, "%s:%u", ip, ntohs(addr->v4.sin_port));
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &addr->v6.sin6_addr, ip, sizeof ip);
        snprintf(out, LN_ADDR_TEXT, "[%s]:%u", ip, ntohs(addr->v6.sin6_port));
        break;
    case AF_UNIX:
        snprintf(out, LN_ADDR_TEXT, "unix:%.*s", (int)sizeof addr->un.sun_path, addr->un.sun_path);
        break;
    default:
        snprintf(out, LN_ADDR_TEXT, "unknown");
    }
    return out;
}

static void map_v4(const void *ip, unsigned char out[16])
{
    memset(out, 0, 10);
    memset(out + 10, 0xff, 2);
    memcpy(out + 12, ip, 4);
}

static void clear_host_bits(struct ln_cidr *range)
{
    for (unsigned bit = range->bits; bit < 128; bit++)
        range->bytes[bit / 8] &= (unsigned char)~(0x80u >> bit % 8);
}

bool ln_cidr_parse(struct ln_slice text, struct ln_cidr *range)
{
    const char *slash = text.n > 0 ? memchr(text.p, '/', text.n) : NULL;
    struct ln_slice ip = slash != NULL ? ln_slice(text.p, (size_t)(slash - text.p)) : text;
    struct ln_cidr r = {.bits = 128};
    unsigned char v4[4];
    unsigned width = 128;
    uint64_t bits;

    if (parse_ip(ip, AF_INET, v4)) {
        map_v4(v4, r.bytes);
        width = 32;
    } else if (!parse_ip(ip, AF_INET6, r.bytes)) {
        return false;
    }
    if (slash != NULL) {
        if (!ln_slice_to_u64(ln_slice(slash + 1, text.n - ip.n - 1), &bits) || bits > width)
            return false;
        r.bits = 128 - width + (unsigned)bits;
    }
    clear_host_bits(&r); /* so that equal ranges are equal bytes */
    *range = r;
    return true;
}

bool ln_addr_ip(const struct ln_addr *addr, unsigned char out[16])
{
    if (addr->any.sa_family == AF_INET)
        map_v4(&addr->v4.sin_addr, out);
    else if (addr->any.sa_family == AF_INET6)
        memcpy(out, &addr->v6.sin6_addr, 16);
    else
        return false;
    return true;
}

void ln_addr_make(struct ln_addr *addr, const unsigned char ip[16], unsigned port)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    *addr = (struct ln_addr){.len = sizeof addr->v6};
    if (memcmp(ip, mapped, sizeof mapped) == 0) {
        addr->len = sizeof addr->v4;
        addr->v4.sin_family = AF_INET;
        addr->v4.sin_port = htons((uint16_t)port);
        memcpy(&addr->v4.sin_addr, ip + 12, 4);
        return;
    }
    addr->v6.sin6_family = AF_INET6;
    addr->v6.sin6_port = htons((uint16_t)port);
    memcpy(&addr->v6.sin6_addr, ip, 16);
}

bool ln_cidr_has(const struct ln_cidr *range, const unsigned char ip[16])
{
    unsigned whole = range->bits / 8, rest = range->bits % 8;
    unsigned char mask = (unsigned char)(0xff00u >> rest);

    if (memcmp(range->bytes, ip, whole) != 0)
        return false;
    return rest == 0 || ((range->bytes[whole] ^ ip[whole]) & mask) == 0;
}
