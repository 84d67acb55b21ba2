/* SPDX-License-Identifier: Apache-2.0
 * api_pubkey.c - public keys for Lua. Their memory is libcrypto's, which no cap of a state sees:
 * they are counted instead.
 */
#include "base/mem.h"
#include "net/pubkey.h"
#include "script/api_inner.h"
#include "script/vm_inner.h"

enum { KEYS_MAX = 4096 };

struct ln_crypto_key {
    struct ln_vm *vm;
    struct ln_pubkey *key;
};

static struct ln_pubkey *make(int form, struct ln_slice a, struct ln_slice b, struct ln_slice c,
                              const char **why)
{
    switch (form) {
    case LN_CRYPTO_KEY_PEM:
        return ln_pubkey_pem(a, why);
    case LN_CRYPTO_KEY_RSA:
        return ln_pubkey_rsa(a, b, why);
    case LN_CRYPTO_KEY_EC:
        return ln_pubkey_ec(a, b, c, why);
    case LN_CRYPTO_KEY_OKP:
        return ln_pubkey_okp(a, b, why);
    default:
        *why = "no such form of a key";
        return NULL;
    }
}

struct ln_crypto_key *ln_crypto_key_new(struct ln_cur *cur, int form, const char *a, size_t a_len,
                                        const char *b, size_t b_len, const char *c, size_t c_len,
                                        struct ln_str *why)
{
    struct ln_vm *vm = ln_container_of(cur, struct ln_vm, cur);
    const char *reason = "there are as many keys as a state may have";
    struct ln_pubkey *key = NULL;
    struct ln_crypto_key *k;

    if (vm->keys < KEYS_MAX)
        key = make(form, ln_slice(a, a_len), ln_slice(b, b_len), ln_slice(c, c_len), &reason);
    if (key == NULL) {
        ln_str_put(why, ln_slice_of(reason));
        return NULL;
    }
    k = ln_alloc(sizeof *k);
    *k = (struct ln_crypto_key){vm, key};
    vm->keys++;
    return k;
}

void ln_crypto_key_free(struct ln_crypto_key *k)
{
    k->vm->keys--;
    ln_pubkey_free(k->key);
    ln_free(k);
}

int ln_crypto_key_fits(const struct ln_crypto_key *k, const char *alg, size_t alg_len)
{
    return ln_pubkey_fits(k->key, ln_pubkey_alg(ln_slice(alg, alg_len))) ? LN_OK : LN_NONE;
}

int ln_crypto_key_verify(const struct ln_crypto_key *k, const char *alg, size_t alg_len,
                         const char *text, size_t text_len, const char *signature,
                         size_t signature_len)
{
    return ln_pubkey_verify(k->key, ln_pubkey_alg(ln_slice(alg, alg_len)), ln_slice(text, text_len),
                            ln_slice(signature, signature_len))
               ? LN_OK
               : LN_NONE;
}
