/* SPDX-License-Identifier: Apache-2.0
 * test_proxy.c - PROXY headers: each field good and bad, every split, and what is written is read.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/proxy.h"

#define LARGEST "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define GOOD "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n"

struct bytes {
    size_t n;
    char p[4400];
};

static struct bytes text(const char *s)
{
    struct bytes b = {.n = strlen(s)};

    memcpy(b.p, s, b.n);
    return b;
}

static void add(struct bytes *b, const void *p, size_t n)
{
    assert_in_range(n, 0, sizeof b->p - b->n);
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

/* A header of version 2 whose block is `block` and whose length field tells the truth. */
static struct bytes block_v2(int command, int family, const void *block, size_t n)
{
    struct bytes b = {.n = 0};
    unsigned char rest[4] = {(unsigned char)command, (unsigned char)family, (unsigned char)(n >> 8),
                             (unsigned char)n};

    add(&b, SIGNATURE, 12);
    add(&b, rest, 4);
    if (n > 0)
        add(&b, block, n);
    return b;
}

#define V2(command, family, block) block_v2(command, family, block, sizeof(block) - 1)

#define ADDRS4 "\xc0\x00\x02\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb" /* as in GOOD */
#define ADDRS6                                                                                     \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\0\x50"   \
    "\x1f\x90"

static void assert_ip(const unsigned char ip[16], const char *expected)
{
    char out[INET6_ADDRSTRLEN];

    assert_non_null(inet_ntop(AF_INET6, ip, out, sizeof out));
    assert_string_equal(out, expected);
}

/* The bytes lie at the very end of an allocation, so that a look beyond them is noticed. */
static long parse(const char *p, size_t n, struct ln_proxy *out, const char **why)
{
    char *copy = malloc(n + 1);

    assert_non_null(copy);
    if (n > 0)
        memcpy(copy + 1, p, n);

    long used = ln_proxy_parse(copy + 1, n, out, why);

    free(copy);
    return used;
}

/* Complete at exactly `n` bytes, whatever follows; the same for every split. */
static struct ln_proxy takes(const struct bytes *b)
{
    struct ln_proxy first, out;
    struct bytes more = *b;
    const char *why = NULL;

    for (size_t n = 0; n < b->n; n++) {
        assert_int_equal(parse(b->p, n, &out, &why), 0);
        assert_true(ln_proxy_could_begin(b->p, n));
        assert_null(why);
    }
    memset(&first, 0x55, sizeof first);
    assert_int_equal(parse(b->p, b->n, &first, &why), b->n);
    assert_true(ln_proxy_could_begin(b->p, b->n));
    add(&more, "GET / HTTP/1.1\r\n", 16);
    for (size_t n = b->n; n <= more.n; n++) {
        assert_int_equal(parse(more.p, n, &out, &why), b->n);
        assert_memory_equal(out.source, first.source, 16);
        assert_int_equal(out.source_port, first.source_port);
    }
    assert_null(why);
    return first;
}

/* Refused with this sentence, not before byte `at`, and from there on for ever; then a good one. */
static void refuses(const struct bytes *b, size_t at, const char *sentence)
{
    struct ln_proxy out;
    const char *why = NULL;
    struct bytes good = text(GOOD);

    for (size_t n = 0; n < at; n++)
        if (parse(b->p, n, &out, &why) != 0)
            fail_msg("refused at byte %zu, not %zu: %s", n, at, why);
    for (size_t n = at; n <= b->n; n++) {
        why = NULL;
        assert_int_equal(parse(b->p, n, &out, &why), -1);
        assert_string_equal(why, sentence);
    }
    assert_true(takes(&good).has_addresses);
}

static void refuses_text(const char *line, size_t at, const char *sentence)
{
    struct bytes b = text(line);

    refuses(&b, at, sentence);
}

/* ---- version 1 ---- */

static void test_v1_tcp4(void **state)
{
    struct bytes b = text(GOOD);
    struct ln_proxy p = takes(&b);

    (void)state;
    assert_false(p.local);
    assert_true(p.has_addresses);
    assert_ip(p.source, "::ffff:192.0.2.7");
    assert_ip(p.destination, "::ffff:198.51.100.1");
    assert_int_equal(p.source_port, 56324);
    assert_int_equal(p.destination_port, 443);
}

static void test_v1_tcp6(void **state)
{
    struct bytes b = text("PROXY TCP6 2001:DB8::1 ::ffff:192.0.2.7 0 65535\r\n");
    struct ln_proxy p = takes(&b);

    (void)state;
    assert_true(p.has_addresses);
    assert_ip(p.source, "2001:db8::1");
    assert_ip(p.destination, "::ffff:192.0.2.7");
    assert_int_equal(p.source_port, 0);
    assert_int_equal(p.destination_port, 65535);
}

static void test_v1_unknown(void **state)
{
    static const char *const lines[] = {
        "PROXY UNKNOWN\r\n", "PROXY UNKNOWN \r\n", "PROXY UNKNOWN what ever  is here\r\n",
        "PROXY UNKNOWN " LARGEST " " LARGEST " 65535 65535\r\n", /* 107, the longest */
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct bytes b = text(lines[i]);
        struct ln_proxy p = takes(&b);

        assert_false(p.local);
        assert_false(p.has_addresses);
        assert_int_equal(p.source_port, 0);
    }
    assert_int_equal(strlen(lines[3]), 107);
}

static void test_v1_longest_addresses(void **state)
{
    struct bytes b = text("PROXY TCP6 " LARGEST " " LARGEST " 65535 65535\r\n");

    (void)state;
    assert_true(takes(&b).has_addresses);
}

static void test_v1_bad_addresses_and_ports(void **state)
{
    static const char *const words[] = {
        "TCP4 1.2.3 5.6.7.8 1 2",
        "TCP4 1.2.3.4 5.6.7.256 1 2",
        "TCP4 01.2.3.4 5.6.7.8 1 2",
        "TCP4 1.2.3.4 5.6.7.8. 1 2",
        "TCP4 0x1.2.3.4 5.6.7.8 1 2",
        "TCP4 ::1 ::2 1 2",
        "TCP4 1.2.3.4 ::1 1 2",
        "TCP4 localhost 5.6.7.8 1 2",
        "TCP6 1.2.3.4 5.6.7.8 1 2",
        "TCP6 ::1 ::g 1 2",
        "TCP6 ::1%lo ::2 1 2",
        "TCP6 [::1] ::2 1 2",
        "TCP6 1:2:3:4:5:6:7:8:9 ::2 1 2",
        "TCP6 ::1::1 ::2 1 2",
        "TCP4 1.2.3.4 5.6.7.8 65536 2",
        "TCP4 1.2.3.4 5.6.7.8 1 65536",
        "TCP4 1.2.3.4 5.6.7.8 -1 2",
        "TCP4 1.2.3.4 5.6.7.8 +1 2",
        "TCP4 1.2.3.4 5.6.7.8 01 2",
        "TCP4 1.2.3.4 5.6.7.8 00 2",
        "TCP4 1.2.3.4 5.6.7.8 1 0x2",
        "TCP4 1.2.3.4 5.6.7.8 99999999999999999999 2",
        "TCP4 1.2.3.4 5.6.7.8 1",
        "TCP4 1.2.3.4 5.6.7.8",
        "TCP4 1.2.3.4 5.6.7.8 1 2 3",
        "TCP4 1.2.3.4 5.6.7.8 1 2 ",
        "TCP4 1.2.3.4 5.6.7.8 1 ",
        "TCP4  1.2.3.4 5.6.7.8 1 2",
        "TCP4 1.2.3.4  5.6.7.8 1 2",
        "TCP4 1.2.3.4 5.6.7.8  1 2",
        "TCP4 1.2.3.4 5.6.7.8 1  2",
        "TCP4",
        "TCP4 ",
        "TCP6 ::1111111111111111111111111111111111111111111 ::1 1 2",
    };
    char line[128];

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        snprintf(line, sizeof line, "PROXY %s\r\n", words[i]);
        refuses_text(line, strlen(line), "the addresses or ports in the PROXY header are wrong");
    }
}

static void test_v1_bad_protocols(void **state)
{
    static const char *const words[] = {
        "",
        " TCP4 1.2.3.4 5.6.7.8 1 2",
        "TCP",
        "TCP5 1.2.3.4 5.6.7.8 1 2",
        "tcp4 1.2.3.4 5.6.7.8 1 2",
        "UDP4 1.2.3.4 5.6.7.8 1 2",
        "unknown",
        "UNKNOWNS",
        "/ HTTP/1.1",
    };
    char line[128];

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        snprintf(line, sizeof line, "PROXY %s\r\n", words[i]);
        refuses_text(line, strlen(line), "the PROXY header names a protocol that is not known");
    }
}

/* Ends of line that others may see elsewhere. */
static void test_v1_bad_bytes(void **state)
{
    static const char odd[] = {'\n', '\0', '\t', '\v', 0x1b, 0x7f, (char)0x80, (char)0xff};
    const char *why = "a byte in the PROXY header that may not be there";

    (void)state;
    for (size_t i = 0; i < sizeof odd; i++) {
        struct bytes b = text("PROXY UNKNOWN a?b\r\n");

        b.p[15] = odd[i];
        refuses(&b, 16, why);
    }
    refuses_text("PROXY UNKNOWN\rX\r\n", 15, why);
    refuses_text("PROXY UNKNOWN\r\r\n", 15, why);
    refuses_text("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", 31, why);
}

static void test_v1_too_long(void **state)
{
    struct bytes b = text("PROXY UNKNOWN ");

    (void)state;
    while (b.n < 105)
        add(&b, "x", 1);
    add(&b, "\r\n", 2);
    takes(&b);
    b.n = 105;
    add(&b, "x\r\n", 3);
    refuses(&b, 106, "the line of the PROXY header is longer than 107 bytes");
    while (b.n < 4096)
        add(&b, "x", 1);
    refuses(&b, 106, "the line of the PROXY header is longer than 107 bytes");
}

/* ---- version 2 ---- */

static void test_v2_tcp4(void **state)
{
    struct bytes b = V2(0x21, 0x11, ADDRS4);
    struct ln_proxy p = takes(&b);

    (void)state;
    assert_false(p.local);
    assert_true(p.has_addresses);
    assert_ip(p.source, "::ffff:192.0.2.7");
    assert_ip(p.destination, "::ffff:198.51.100.1");
    assert_int_equal(p.source_port, 56324);
    assert_int_equal(p.destination_port, 443);
}

static void test_v2_tcp6(void **state)
{
    struct bytes b = V2(0x21, 0x21, ADDRS6);
    struct ln_proxy p = takes(&b);

    (void)state;
    assert_true(p.has_addresses);
    assert_ip(p.source, "2001:db8::1");
    assert_ip(p.destination, "2001:db8::2");
    assert_int_equal(p.source_port, 80);
    assert_int_equal(p.destination_port, 8080);
}

/* Section 2.2: the rest is skipped, whatever it is. */
static void test_v2_local(void **state)
{
    struct bytes cases[] = {
        V2(0x20, 0x00, ""),       V2(0x20, 0x11, ADDRS4),         V2(0x20, 0xff, "xx"),
        V2(0x20, 0x11, "\x03\0"), V2(0x20, 0x00, "\xff\xff\xff"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ln_proxy p = takes(&cases[i]);

        assert_true(p.local);
        assert_false(p.has_addresses);
    }
}

static void test_v2_without_usable_addresses(void **state)
{
    char paths[216] = "/run/a";
    struct bytes cases[] = {
        V2(0x21, 0x00, ""),
        V2(0x21, 0x00, "\xff\xff\xff\xff"),
        V2(0x21, 0x12, ADDRS4),
        V2(0x21, 0x22, ADDRS6),
        block_v2(0x21, 0x31, paths, 216),
        block_v2(0x21, 0x32, paths, 216),
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ln_proxy p = takes(&cases[i]);

        assert_false(p.local);
        assert_false(p.has_addresses);
    }
}

static void test_v2_bad_versions_and_commands(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        struct bytes b = V2(byte, 0x11, ADDRS4);

        if (byte >> 4 != 2)
            refuses(&b, 13, "the PROXY header has a version that is not known");
        else if ((byte & 15) > 1)
            refuses(&b, 13, "the PROXY header has a command that is not known");
        else
            takes(&b);
    }
}

static void test_v2_bad_families_and_protocols(void **state)
{
    char block[216] = {0};
    unsigned good = 0;

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        struct bytes b = block_v2(0x21, byte, block, sizeof block);
        int family = byte >> 4, protocol = byte & 15;

        if (byte == 0 || (family >= 1 && family <= 3 && protocol >= 1 && protocol <= 2))
            good += takes(&b).has_addresses;
        else
            refuses(&b, b.n, "the PROXY header names a family or protocol that is not known");
    }
    assert_int_equal(good, 2);
}

static void test_v2_too_short_for_its_addresses(void **state)
{
    static const size_t sizes[] = {0, 12, 36, 216};
    char block[216] = {0};

    (void)state;
    for (int family = 1; family <= 3; family++)
        for (size_t n = 0; n <= sizes[family]; n++) {
            struct bytes b = block_v2(0x21, family << 4 | 1, block, n);

            if (n < sizes[family])
                refuses(&b, b.n, "the PROXY header is too short for its addresses");
            else
                takes(&b);
        }
}

static void test_v2_length_is_bounded(void **state)
{
    static char block[4097] = ADDRS4 "\x04\x0f\xf1"; /* one TLV that fills 4096 bytes */
    struct bytes b = block_v2(0x21, 0x11, block, 4096);

    (void)state;
    takes(&b);
    assert_int_equal(b.n, LN_PROXY_BYTES);
    b = block_v2(0x21, 0x11, block, 4097);
    refuses(&b, 16, "the PROXY header is longer than 4112 bytes");
    memset(b.p + 14, 0xff, 2);
    refuses(&b, 16, "the PROXY header is longer than 4112 bytes");
    b = block_v2(0x20, 0x00, block, 4097);
    refuses(&b, 16, "the PROXY header is longer than 4112 bytes");
}

static void test_v2_tlvs_are_skipped(void **state)
{
    struct bytes b = V2(0x21, 0x11,
                        ADDRS4 "\x01\0\x02h2"         /* ALPN */
                               "\x04\0\0"             /* NOOP */
                               "\x20\0\x05\0\0\0\0\0" /* SSL */
                               "\xee\0\x03\0\xff\x7f");

    (void)state;
    assert_int_equal(takes(&b).source_port, 56324);
}

static void test_v2_tlvs_have_bounds(void **state)
{
    struct bytes cases[] = {
        V2(0x21, 0x11, ADDRS4 "\x04"),
        V2(0x21, 0x11, ADDRS4 "\x04\0"),
        V2(0x21, 0x11, ADDRS4 "\x04\0\x01x\x04\0"),
    };
    const char *why = "a TLV in the PROXY header is longer than the header";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuses(&cases[i], cases[i].n, "the PROXY header ends within a TLV");

    struct bytes b = V2(0x21, 0x11, ADDRS4 "\x04\0\x01");

    refuses(&b, b.n, why);
    b = V2(0x21, 0x11, ADDRS4 "\x04\xff\xffxx");
    refuses(&b, b.n, why);
    b = V2(0x21, 0x21, ADDRS6 "\x04\0\x03xx");
    refuses(&b, b.n, why);
}

/* Another way to the same sum than the table in proxy.c. */
static uint32_t crc32c(const char *p, size_t n)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned char)p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static void seal(struct bytes *b, size_t at)
{
    memset(b->p + at, 0, 4);

    uint32_t crc = htonl(crc32c(b->p, b->n));

    memcpy(b->p + at, &crc, 4);
}

static void test_v2_checksum(void **state)
{
    struct bytes b = V2(0x21, 0x11,
                        ADDRS4 "\x04\0\x01x\x03\0\x04????\x02\0\x03"
                               "abc");

    (void)state;
    assert_int_equal(crc32c("123456789", 9), 0xe3069283); /* the known answer of CRC-32C */
    seal(&b, 16 + 12 + 4 + 3);
    assert_true(takes(&b).has_addresses);
    for (size_t i = 16; i < b.n; i++) {
        struct ln_proxy out;
        const char *why;
        struct bytes broken = b;

        broken.p[i] ^= 0x10;
        if (parse(broken.p, broken.n, &out, &why) > 0 && (i < 32 || i > 34))
            fail_msg("byte %zu may change", i);
    }
    b.p[20] ^= 1;
    refuses(&b, b.n, "the checksum of the PROXY header is wrong");
}

static void test_v2_bad_checksums(void **state)
{
    const char *why = "the checksum of the PROXY header has another size, or comes twice";
    struct bytes b = V2(0x21, 0x11, ADDRS4 "\x03\0\x03xxx");

    (void)state;
    refuses(&b, b.n, why);
    b = V2(0x21, 0x11, ADDRS4 "\x03\0\x05xxxxx");
    refuses(&b, b.n, why);
    b = V2(0x21, 0x11, ADDRS4 "\x03\0\0");
    refuses(&b, b.n, why);
    b = V2(0x21, 0x11, ADDRS4 "\x03\0\x04xxxx\x03\0\x04xxxx");
    seal(&b, 16 + 12 + 3);
    refuses(&b, b.n, why);
}

/* ---- neither ---- */

static void test_what_is_no_header(void **state)
{
    static const struct {
        const char *bytes;
        size_t n, at;
    } cases[] = {
        {"GET / HTTP/1.1\r\n", 16, 1},
        {"POST / HTTP/1.1\r\n", 17, 2},
        {"PROPFIND / HTTP/1.1\r\n", 21, 4},
        {"proxy TCP4 ", 11, 1},
        {"PROXY\tTCP4", 10, 6},
        {"PROXY\r\n", 7, 6},
        {"\r\nGET / HTTP/1.1", 16, 3},
        {"\r\n\r\n\0\r\nQUIT\r", 12, 12},
        {"\x16\x03\x01", 3, 1},
        {" PROXY TCP4", 11, 1},
        {"\n", 1, 1},
        {"\0", 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes b = {.n = 0};

        add(&b, cases[i].bytes, cases[i].n);
        for (size_t n = 0; n <= b.n; n++)
            assert_int_equal(ln_proxy_could_begin(b.p, n), n < cases[i].at);
        refuses(&b, cases[i].at, "the connection does not begin with a PROXY header");
    }
    assert_true(ln_proxy_could_begin(NULL, 0));
}

static void test_the_answer_is_kept_on_refusal(void **state)
{
    struct ln_proxy out, before;
    const char *why;

    (void)state;
    memset(&out, 0x55, sizeof out);
    memset(&before, 0x55, sizeof before);
    assert_int_equal(parse("PROXY TCP4 1.2.3.4 5.6.7.8 1 x\r\n", 32, &out, &why), -1);
    assert_int_equal(parse("PROXY TCP4 1.2.3.4", 18, &out, &why), 0);
    assert_memory_equal(&out, &before, sizeof out);
}

/* ---- writing ---- */

static struct ln_proxy between(const char *source, unsigned from, const char *destination,
                               unsigned to)
{
    struct ln_proxy p = {.has_addresses = true, .source_port = from, .destination_port = to};

    assert_int_equal(inet_pton(AF_INET6, source, p.source), 1);
    assert_int_equal(inet_pton(AF_INET6, destination, p.destination), 1);
    return p;
}

static void test_what_v1_writes(void **state)
{
    struct ln_proxy p = between("::ffff:192.0.2.7", 56324, "::ffff:198.51.100.1", 443);
    char out[LN_PROXY_V1_BYTES + 1];

    (void)state;
    assert_slice(ln_slice(out, ln_proxy_write_v1(out, &p)), GOOD);
    p = between("2001:db8::1", 0, "::ffff:192.0.2.7", 65535);
    assert_slice(ln_slice(out, ln_proxy_write_v1(out, &p)),
                 "PROXY TCP6 2001:db8:0:0:0:0:0:1 0:0:0:0:0:ffff:c000:207 0 65535\r\n");
    p = between(LARGEST, 65535, LARGEST, 65535);
    assert_int_equal(ln_proxy_write_v1(out, &p), 104);
    p.has_addresses = false;
    assert_slice(ln_slice(out, ln_proxy_write_v1(out, &p)), "PROXY UNKNOWN\r\n");
    p.has_addresses = p.local = true;
    assert_slice(ln_slice(out, ln_proxy_write_v1(out, &p)), "PROXY UNKNOWN\r\n");
}

static void assert_v2(const struct ln_proxy *p, const struct bytes *expected)
{
    char out[LN_PROXY_V2_BYTES];

    assert_int_equal(ln_proxy_write_v2(out, p), expected->n);
    assert_memory_equal(out, expected->p, expected->n);
}

static void test_what_v2_writes(void **state)
{
    struct ln_proxy p = between("::ffff:192.0.2.7", 56324, "::ffff:198.51.100.1", 443);
    struct bytes four = V2(0x21, 0x11, ADDRS4), six = V2(0x21, 0x21, ADDRS6);
    struct bytes none = V2(0x21, 0x00, ""), local = V2(0x20, 0x00, "");

    (void)state;
    assert_v2(&p, &four);
    p = between("2001:db8::1", 80, "2001:db8::2", 8080);
    assert_v2(&p, &six);
    p.has_addresses = false;
    assert_v2(&p, &none);
    p.local = true;
    assert_v2(&p, &local);
}

static void same(const struct ln_proxy *a, const struct ln_proxy *b)
{
    assert_int_equal(a->has_addresses, b->has_addresses);
    assert_memory_equal(a->source, b->source, 16);
    assert_memory_equal(a->destination, b->destination, 16);
    assert_int_equal(a->source_port, b->source_port);
    assert_int_equal(a->destination_port, b->destination_port);
}

static void test_what_is_written_is_read(void **state)
{
    static const char *const ips[] = {
        "::",      "::1",       "::ffff:0.0.0.0", "::ffff:255.255.255.255",
        "fe80::1", "::1.2.3.4", "1:2:3:4:5:6:7:8"};
    enum { IPS = sizeof ips / sizeof ips[0] };
    char out[LN_PROXY_V1_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < (size_t)IPS * IPS; i++) {
        struct ln_proxy p = between(ips[i / IPS], (unsigned)i, ips[i % IPS], 65535), again;
        struct bytes b = {.n = 0};

        add(&b, out, ln_proxy_write_v1(out, &p));
        again = takes(&b);
        same(&p, &again);
        b.n = 0;
        add(&b, out, ln_proxy_write_v2(out, &p));
        again = takes(&b);
        same(&p, &again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v1_tcp4),
        cmocka_unit_test(test_v1_tcp6),
        cmocka_unit_test(test_v1_unknown),
        cmocka_unit_test(test_v1_longest_addresses),
        cmocka_unit_test(test_v1_bad_addresses_and_ports),
        cmocka_unit_test(test_v1_bad_protocols),
        cmocka_unit_test(test_v1_bad_bytes),
        cmocka_unit_test(test_v1_too_long),
        cmocka_unit_test(test_v2_tcp4),
        cmocka_unit_test(test_v2_tcp6),
        cmocka_unit_test(test_v2_local),
        cmocka_unit_test(test_v2_without_usable_addresses),
        cmocka_unit_test(test_v2_bad_versions_and_commands),
        cmocka_unit_test(test_v2_bad_families_and_protocols),
        cmocka_unit_test(test_v2_too_short_for_its_addresses),
        cmocka_unit_test(test_v2_length_is_bounded),
        cmocka_unit_test(test_v2_tlvs_are_skipped),
        cmocka_unit_test(test_v2_tlvs_have_bounds),
        cmocka_unit_test(test_v2_checksum),
        cmocka_unit_test(test_v2_bad_checksums),
        cmocka_unit_test(test_what_is_no_header),
        cmocka_unit_test(test_the_answer_is_kept_on_refusal),
        cmocka_unit_test(test_what_v1_writes),
        cmocka_unit_test(test_what_v2_writes),
        cmocka_unit_test(test_what_is_written_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
