/* SPDX-License-Identifier: Apache-2.0
 * ip.c - reads addresses, and asks the kernel which family leads anywhere.
 */
#include "net/ip.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"

bool ln_ip_parse(struct ln_slice text, struct ln_ip *ip)
{
    char copy[INET6_ADDRSTRLEN];

    *ip = (struct ln_ip){.family = 0}; /* no byte unset: values are compared whole */
    if (text.n >= 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
        text = ln_slice(text.p + 1, text.n - 2);
    if (text.n == 0 || text.n >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    ip->family = AF_INET;
    if (inet_pton(AF_INET, copy, ip->bytes) == 1)
        return true;
    ip->family = AF_INET6;
    return inet_pton(AF_INET6, copy, ip->bytes) == 1;
}

static bool is_private(const unsigned char *v6) /* RFC 4193 */
{
    return (v6[0] & 0xfe) == 0xfc;
}

/* Would the kernel send to it? Connecting a datagram socket sends nothing. A global address that
 * would be spoken to from a private one does not count: RFC 6724 section 5, rule 5. */
static bool is_reachable(const struct ln_ip *a)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(53)}, from = to;
    socklen_t len = sizeof from;
    bool ok;
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return false;
    memcpy(&to.sin6_addr, a->bytes, 16);
    ok = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
         getsockname(fd, (struct sockaddr *)&from, &len) == 0 &&
         is_private(from.sin6_addr.s6_addr) == is_private(a->bytes);
    close(fd);
    return ok;
}

/* Takes the next address of a family, from *at on; false when there is none left. */
static bool take(const struct ln_ip *from, unsigned count, unsigned *at, sa_family_t family,
                 struct ln_ip *into)
{
    while (*at < count && from[*at].family != family)
        ++*at;
    if (*at == count)
        return false;
    *into = from[(*at)++];
    return true;
}

void ln_ip_sort(struct ln_ip *addresses, unsigned count)
{
    struct ln_ip sorted[LN_IP_SORT_MAX];
    unsigned v4 = 0, v6 = 0, probe = 0, n = 0;
    struct ln_ip first;

    ln_assert(count <= LN_IP_SORT_MAX);
    if (!take(addresses, count, &probe, AF_INET6, &first))
        return;
    bool turn6 = is_reachable(&first);

    while (n < count) {
        unsigned *at = turn6 ? &v6 : &v4;

        if (take(addresses, count, at, turn6 ? AF_INET6 : AF_INET, &sorted[n]))
            n++;
        turn6 = !turn6;
    }
    memcpy(addresses, sorted, count * sizeof *sorted);
}
