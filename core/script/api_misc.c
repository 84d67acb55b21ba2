/* SPDX-License-Identifier: Apache-2.0
 * api_misc.c - version, time, log lines and digests for Lua.
 */
#include "base/assert.h"
#include "base/log.h"
#include "base/rand.h"
#include "net/digest.h"
#include "script/api_inner.h"
#include "script/vm_inner.h"

int ln_api_major(void)
{
    return LN_API_MAJOR;
}

double ln_time_wall(void)
{
    return (double)ln_clock_wall() / 1e9;
}

bool ln_say_is_on(int level)
{
    return level >= LN_LOG_DEBUG && level < LN_LOG_LEVELS && ln_log_is_on((enum ln_log_level)level);
}

int ln_say(struct ln_cur *cur, int level, const char *text, size_t text_len, const char *fields,
           size_t fields_len)
{
    struct ln_vm *vm = ln_container_of(cur, struct ln_vm, cur);

    if (level < LN_LOG_DEBUG || level >= LN_LOG_LEVELS)
        return LN_EINVAL;
    ln_vm_say(vm, (enum ln_log_level)level, ln_slice(text, text_len), ln_slice(fields, fields_len));
    return LN_OK;
}

static void put_hex(const unsigned char *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
}

static void digest(struct ln_cur *cur, const char *bytes, size_t len,
                   unsigned char out[LN_SHA256_BYTES])
{
    struct ln_vm *vm = ln_container_of(cur, struct ln_vm, cur);

    if (vm->digest == NULL)
        vm->digest = ln_digest_new();
    ln_digest_sha256(vm->digest, bytes, len, out);
}

int ln_crypto_sha256(struct ln_cur *cur, const char *bytes, size_t len, char *out)
{
    digest(cur, bytes, len, (unsigned char *)out);
    return LN_OK;
}

int ln_crypto_sha256_hex(struct ln_cur *cur, const char *bytes, size_t len, char *out)
{
    unsigned char raw[LN_SHA256_BYTES];

    digest(cur, bytes, len, raw);
    put_hex(raw, sizeof raw, out);
    return LN_OK;
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
