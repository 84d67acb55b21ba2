/* SPDX-License-Identifier: Apache-2.0
 * api_crypto.c - digests, random bytes and texts for bytes, for Lua.
 */
#include "base/assert.h"
#include "base/rand.h"
#include "net/digest.h"
#include "script/api_inner.h"
#include "script/vm_inner.h"

static void put_hex(const unsigned char *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
}

static struct ln_digest *digest_of(struct ln_cur *cur)
{
    struct ln_vm *vm = ln_container_of(cur, struct ln_vm, cur);

    if (vm->digest == NULL)
        vm->digest = ln_digest_new();
    return vm->digest;
}

int ln_crypto_sha256(struct ln_cur *cur, const char *bytes, size_t len, char *out)
{
    ln_digest_sha256(digest_of(cur), bytes, len, (unsigned char *)out);
    return LN_OK;
}

int ln_crypto_sha256_hex(struct ln_cur *cur, const char *bytes, size_t len, char *out)
{
    unsigned char raw[LN_SHA256_BYTES];

    ln_digest_sha256(digest_of(cur), bytes, len, raw);
    put_hex(raw, sizeof raw, out);
    return LN_OK;
}

int ln_crypto_digest(struct ln_cur *cur, int kind, const char *bytes, size_t len, char *out)
{
    if (kind < LN_DIGEST_KIND_SHA1 || kind >= LN_DIGEST_KINDS)
        return LN_EINVAL;
    return (int)ln_digest_make(digest_of(cur), (enum ln_digest_kind)kind, bytes, len,
                               (unsigned char *)out);
}

int ln_crypto_hmac(struct ln_cur *cur, int kind, const char *key, size_t key_len, const char *bytes,
                   size_t len, char *out)
{
    if (kind < LN_DIGEST_KIND_SHA1 || kind >= LN_DIGEST_KINDS)
        return LN_EINVAL;
    return (int)ln_digest_hmac(digest_of(cur), (enum ln_digest_kind)kind, key, key_len, bytes, len,
                               (unsigned char *)out);
}

int ln_crypto_equal(const char *a, const char *b, size_t len)
{
    return ln_digest_equal(a, b, len) ? LN_OK : LN_NONE;
}

int ln_crypto_hex(const char *bytes, size_t len, char *out)
{
    put_hex((const unsigned char *)bytes, len, out);
    return LN_OK;
}

/* RFC 4648 sections 4 and 5 */
int ln_crypto_base64(const char *bytes, size_t len, bool url, char *out, size_t *out_len)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const unsigned char *p = (const unsigned char *)bytes;
    size_t n = 0;

    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        unsigned v = (unsigned)p[i] << 16 | (have > 1 ? (unsigned)p[i + 1] << 8 : 0) |
                     (have > 2 ? p[i + 2] : 0);

        for (size_t k = 0; k < 4; k++) {
            unsigned six = v >> (18 - 6 * k) & 63;
            char c = six < 62 ? letters[six] : (six == 62 ? (url ? '-' : '+') : (url ? '_' : '/'));

            if (k <= have)
                out[n++] = c;
            else if (!url)
                out[n++] = '=';
        }
    }
    *out_len = n;
    return LN_OK;
}

int ln_crypto_random(char *out, size_t len)
{
    ln_rand_bytes(out, len);
    return LN_OK;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int ln_crypto_unhex(const char *bytes, size_t len, char *out)
{
    if (len % 2 != 0)
        return LN_EINVAL;
    for (size_t i = 0; i < len; i += 2) {
        int high = hex_value(bytes[i]), low = hex_value(bytes[i + 1]);

        if (high < 0 || low < 0)
            return LN_EINVAL;
        out[i / 2] = (char)(high << 4 | low);
    }
    return LN_OK;
}

static int base64_value(char c, bool url)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (url ? '-' : '+'))
        return 62;
    return c == (url ? '_' : '/') ? 63 : -1;
}

/* RFC 4648 section 3.5: bits that encode nothing are zero, or one signature had several texts. */
int ln_crypto_unbase64(const char *bytes, size_t len, bool url, char *out, size_t *out_len)
{
    uint32_t v = 0;
    size_t n = 0, text = len, pad = 0;

    while (text > 0 && pad < 2 && bytes[text - 1] == '=') {
        text--;
        pad++;
    }
    if (text % 4 == 1 || ((pad > 0 || !url) && (text + pad) % 4 != 0))
        return LN_EINVAL;
    for (size_t i = 0; i < text; i++) {
        int six = base64_value(bytes[i], url);

        if (six < 0)
            return LN_EINVAL;
        v = v << 6 | (uint32_t)six;
        if (i % 4 > 0)
            out[n++] = (char)(v >> (6 - 2 * (i % 4)));
    }
    if ((text % 4 == 2 && (v & 15) != 0) || (text % 4 == 3 && (v & 3) != 0))
        return LN_EINVAL;
    *out_len = n;
    return LN_OK;
}
