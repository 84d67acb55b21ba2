/* SPDX-License-Identifier: Apache-2.0
 * proxy.c - reads and writes the line of version 1 and the binary block of version 2.
 *
 *   1:  PROXY SP (TCP4|TCP6) SP source SP destination SP port SP port CRLF
 *       PROXY SP UNKNOWN [SP anything] CRLF
 *   2:  signature (12), version and command (1), family and protocol (1), length (2, network
 * order), then `length` bytes: the addresses and ports, then TLVs (type 1, length 2, value)
 */
#include "http/proxy.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/slice.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

enum {
    SIGNATURE_BYTES = 12,
    BLOCK_BYTES = 16, /* version 2 up to its addresses */
    CRC_TYPE = 3,     /* PP2_TYPE_CRC32C: section 2.2.3 */
    CRC_BYTES = 4,
};

static const unsigned char v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static long refuse(const char **why, const char *sentence)
{
    *why = sentence;
    return -1;
}

static bool begins(const char *p, size_t n, const char *prefix, size_t size)
{
    return n == 0 || memcmp(p, prefix, n < size ? n : size) == 0;
}

static bool begins_v1(const char *p, size_t n)
{
    return begins(p, n, "PROXY ", 6);
}

static bool begins_v2(const char *p, size_t n)
{
    return begins(p, n, SIGNATURE, SIGNATURE_BYTES);
}

bool ln_proxy_could_begin(const char *p, size_t n)
{
    return begins_v1(p, n) || begins_v2(p, n);
}

/* ---- version 1, section 2.1 ---- */

/* The line with its CRLF, like the answer of ln_proxy_parse(). Only visible characters and single
 * spaces may be in it: an end of line that we see otherwise than others is a request in disguise.
 */
static long find_line(const char *p, size_t n, const char **why)
{
    size_t i = 0, end = n < LN_PROXY_V1_BYTES - 2 ? n : LN_PROXY_V1_BYTES - 2;

    while (i < end && p[i] >= ' ' && p[i] < 0x7f)
        i++;
    if (i == n)
        return 0;
    if (i == LN_PROXY_V1_BYTES - 2 && p[i] >= ' ' && p[i] < 0x7f)
        return refuse(why, "the line of the PROXY header is longer than 107 bytes");
    if (p[i] != '\r' || (i + 1 < n && p[i + 1] != '\n'))
        return refuse(why, "a byte in the PROXY header that may not be there");
    return i + 1 < n ? (long)i + 2 : 0;
}

/* Cuts the text before the next space off the front; at the end the rest becomes absent. */
static struct ln_slice cut_word(struct ln_slice *rest)
{
    const char *space = rest->n > 0 ? memchr(rest->p, ' ', rest->n) : NULL;
    struct ln_slice word = *rest;

    if (space == NULL) {
        *rest = ln_slice(NULL, 0);
        return word;
    }
    word.n = (size_t)(space - word.p);
    *rest = ln_slice(space + 1, rest->n - word.n - 1);
    return word;
}

/* inet_pton() refuses leading zeros in IPv4, as the section does. */
static bool read_ip(struct ln_slice word, bool v6, unsigned char out[16])
{
    char text[INET6_ADDRSTRLEN];

    if (word.n == 0 || word.n >= sizeof text)
        return false;
    memcpy(text, word.p, word.n);
    text[word.n] = '\0';
    if (v6)
        return inet_pton(AF_INET6, text, out) == 1;
    memcpy(out, v4_prefix, sizeof v4_prefix);
    return inet_pton(AF_INET, text, out + sizeof v4_prefix) == 1;
}

static bool read_port(struct ln_slice word, unsigned *port)
{
    uint64_t value;

    if (word.n > 5 || (word.n > 1 && word.p[0] == '0') || !ln_slice_to_u64(word, &value) ||
        value > 65535)
        return false;
    *port = (unsigned)value;
    return true;
}

static bool read_words(struct ln_slice rest, bool v6, struct ln_proxy *out)
{
    return read_ip(cut_word(&rest), v6, out->source) &&
           read_ip(cut_word(&rest), v6, out->destination) &&
           read_port(cut_word(&rest), &out->source_port) &&
           read_port(cut_word(&rest), &out->destination_port) && rest.p == NULL;
}

static long parse_v1(const char *p, size_t n, struct ln_proxy *out, const char **why)
{
    long size = find_line(p, n, why);

    if (size <= 0)
        return size;

    struct ln_slice rest = ln_slice(p + 6, (size_t)size - 8), protocol = cut_word(&rest);
    struct ln_proxy found = {.has_addresses = true};

    if (ln_slice_eq(protocol, LN_SLICE("UNKNOWN"))) { /* whatever follows is to be ignored */
        *out = (struct ln_proxy){.has_addresses = false};
        return size;
    }
    if (!ln_slice_eq(protocol, LN_SLICE("TCP4")) && !ln_slice_eq(protocol, LN_SLICE("TCP6")))
        return refuse(why, "the PROXY header names a protocol that is not known");
    if (!read_words(rest, protocol.p[3] == '6', &found))
        return refuse(why, "the addresses or ports in the PROXY header are wrong");
    *out = found;
    return size;
}

/* ---- version 2, section 2.2 ---- */

static unsigned read_u16(const char *p)
{
    return (unsigned)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

static uint32_t read_u32(const char *p)
{
    return (uint32_t)read_u16(p) << 16 | read_u16(p + 2);
}

/* CRC-32C (RFC 3720 appendix B.4), four bits at a step. `p` NULL stands for zeros. */
static uint32_t add_crc(uint32_t crc, const char *p, size_t n)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };

    for (size_t i = 0; i < n; i++) {
        crc ^= p != NULL ? (unsigned char)p[i] : 0;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

/* Over the whole header, with zeros where the checksum is: section 2.2.3. */
static bool has_crc(const char *p, size_t size, size_t at)
{
    uint32_t crc = add_crc(0xffffffff, p, at);

    crc = add_crc(crc, NULL, CRC_BYTES);
    crc = add_crc(crc, p + at + CRC_BYTES, size - at - CRC_BYTES);
    return ~crc == read_u32(p + at);
}

/* NULL, or what is wrong. Values are not looked at, but for the checksum. */
static const char *check_tlvs(const char *p, size_t at, size_t size)
{
    bool seen = false;

    for (size_t length; at < size; at += 3 + length) {
        if (size - at < 3)
            return "the PROXY header ends within a TLV";
        length = read_u16(p + at + 1);
        if (length > size - at - 3)
            return "a TLV in the PROXY header is longer than the header";
        if (p[at] != CRC_TYPE)
            continue;
        if (seen || length != CRC_BYTES)
            return "the checksum of the PROXY header has another size, or comes twice";
        if (!has_crc(p, size, at + 3))
            return "the checksum of the PROXY header is wrong";
        seen = true;
    }
    return NULL;
}

static void read_addresses(const char *p, size_t ip_size, struct ln_proxy *out)
{
    size_t prefix = 16 - ip_size;

    memcpy(out->source, v4_prefix, prefix);
    memcpy(out->source + prefix, p, ip_size);
    memcpy(out->destination, v4_prefix, prefix);
    memcpy(out->destination + prefix, p + ip_size, ip_size);
    out->source_port = read_u16(p + 2 * ip_size);
    out->destination_port = read_u16(p + 2 * ip_size + 2);
    out->has_addresses = true;
}

/* Addresses are taken from TCP only: what came by datagrams or a unix socket has none that would
 * mean something here. `size` is that of the whole header. */
static long read_block(const char *p, size_t size, struct ln_proxy *out, const char **why)
{
    static const size_t sizes[] = {0, 12, 36, 216}; /* of the addresses, by family */
    unsigned family = (unsigned char)p[13] >> 4, protocol = p[13] & 15;
    struct ln_proxy found = {.local = false};
    const char *wrong;

    if (family == 0 && protocol == 0) { /* no address block to find TLVs behind: all is skipped */
        *out = found;
        return (long)size;
    }
    if (family < 1 || family > 3 || protocol < 1 || protocol > 2)
        return refuse(why, "the PROXY header names a family or protocol that is not known");
    if (size - BLOCK_BYTES < sizes[family])
        return refuse(why, "the PROXY header is too short for its addresses");
    wrong = check_tlvs(p, BLOCK_BYTES + sizes[family], size);
    if (wrong != NULL)
        return refuse(why, wrong);
    if (protocol == 1 && family < 3)
        read_addresses(p + BLOCK_BYTES, family == 1 ? 4 : 16, &found);
    *out = found;
    return (long)size;
}

static long parse_v2(const char *p, size_t n, struct ln_proxy *out, const char **why)
{
    if (n > SIGNATURE_BYTES && (unsigned char)p[12] >> 4 != 2)
        return refuse(why, "the PROXY header has a version that is not known");
    if (n > SIGNATURE_BYTES && (p[12] & 15) > 1)
        return refuse(why, "the PROXY header has a command that is not known");
    if (n < BLOCK_BYTES)
        return 0;

    size_t size = BLOCK_BYTES + read_u16(p + 14);

    if (size > LN_PROXY_BYTES)
        return refuse(why, "the PROXY header is longer than 4112 bytes");
    if (n < size)
        return 0;
    if ((p[12] & 15) == 0) { /* LOCAL: the rest says nothing, whatever it is */
        *out = (struct ln_proxy){.local = true};
        return (long)size;
    }
    return read_block(p, size, out, why);
}

long ln_proxy_parse(const char *p, size_t n, struct ln_proxy *out, const char **why)
{
    if (n == 0)
        return 0;
    if (begins_v1(p, n))
        return n < 6 ? 0 : parse_v1(p, n, out, why);
    if (begins_v2(p, n))
        return parse_v2(p, n, out, why);
    return refuse(why, "the connection does not begin with a PROXY header");
}

/* ---- writing ---- */

static bool is_v4(const unsigned char ip[16])
{
    return memcmp(ip, v4_prefix, sizeof v4_prefix) == 0;
}

static bool both_v4(const struct ln_proxy *proxy)
{
    return is_v4(proxy->source) && is_v4(proxy->destination);
}

/* The long form of IPv6, without "::" and dots: every reader of the protocol has to take it. */
static void print_ip(const unsigned char ip[16], bool v4, char out[INET6_ADDRSTRLEN])
{
    if (v4)
        snprintf(out, INET6_ADDRSTRLEN, "%u.%u.%u.%u", ip[12], ip[13], ip[14], ip[15]);
    else
        for (unsigned i = 0; i < 16; i += 2)
            out += snprintf(out, 6, "%s%x", i > 0 ? ":" : "", (unsigned)ip[i] << 8 | ip[i + 1]);
}

size_t ln_proxy_write_v1(char out[LN_PROXY_V1_BYTES + 1], const struct ln_proxy *proxy)
{
    char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];
    bool v4 = both_v4(proxy);

    ln_assert(proxy->source_port <= 65535 && proxy->destination_port <= 65535);
    if (proxy->local || !proxy->has_addresses)
        return (size_t)snprintf(out, LN_PROXY_V1_BYTES + 1, "PROXY UNKNOWN\r\n");
    print_ip(proxy->source, v4, source);
    print_ip(proxy->destination, v4, destination);
    return (size_t)snprintf(out, LN_PROXY_V1_BYTES + 1, "PROXY TCP%d %s %s %u %u\r\n", v4 ? 4 : 6,
                            source, destination, proxy->source_port, proxy->destination_port);
}

static void put_u16(char *p, unsigned value)
{
    p[0] = (char)(value >> 8);
    p[1] = (char)value;
}

size_t ln_proxy_write_v2(char out[LN_PROXY_V2_BYTES], const struct ln_proxy *proxy)
{
    bool addresses = proxy->has_addresses && !proxy->local, v4 = both_v4(proxy);
    size_t ip_size = v4 ? 4 : 16, length = addresses ? 2 * ip_size + 4 : 0;

    ln_assert(proxy->source_port <= 65535 && proxy->destination_port <= 65535);
    memcpy(out, SIGNATURE, SIGNATURE_BYTES);
    out[12] = proxy->local ? 0x20 : 0x21;
    out[13] = addresses ? (v4 ? 0x11 : 0x21) : 0;
    put_u16(out + 14, (unsigned)length);
    if (addresses) {
        memcpy(out + BLOCK_BYTES, proxy->source + 16 - ip_size, ip_size);
        memcpy(out + BLOCK_BYTES + ip_size, proxy->destination + 16 - ip_size, ip_size);
        put_u16(out + BLOCK_BYTES + 2 * ip_size, proxy->source_port);
        put_u16(out + BLOCK_BYTES + 2 * ip_size + 2, proxy->destination_port);
    }
    return BLOCK_BYTES + length;
}
