/* SPDX-License-Identifier: Apache-2.0
 * fuzz_bundle.c - saved bundles: damaged ones are refused, and what is accepted can be asked, says
 * the same as before when it is saved again, and can be loaded from.
 *
 * The head of an image has its size, which hardly any mutation leaves right: each input is tried as
 * it is and with a head that fits.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/diag.h"
#include "facts.h"
#include "fuzz.h"

enum { HEAD_BYTES = 24, VERSION_AT = 8, COUNT_AT = 12, SIZE_AT = 16 };

static struct ln_bundle *replay(const uint8_t *bytes, size_t n)
{
    int fd = memfd_create("image", MFD_CLOEXEC);
    struct ln_err err = {.text = ""};
    struct ln_bundle *b;

    ln_assert(fd >= 0 && (n == 0 || write(fd, bytes, n) == (ssize_t)n));
    b = ln_bundle_replay(fd, &err);
    ln_assert(b != NULL || err.text[0] != '\0');
    close(fd);
    return b;
}

static void check_saved(const struct ln_bundle *b, const uint8_t *bytes, size_t n)
{
    int fd = facts_save(b);
    uint8_t *saved = malloc(n + 1);

    ln_assert(saved != NULL && pread(fd, saved, n + 1, 0) == (ssize_t)n);
    ln_assert(memcmp(saved, bytes, n) == 0);
    free(saved);
    close(fd);
}

static void ask(struct ln_bundle *b, const struct ln_fact *fact)
{
    const struct ln_addr *addrs;
    const char *const *names;
    struct ln_slice value;
    char out[LN_ADDR_TEXT];

    switch (fact->kind) {
    case LN_FACT_FILE:
        ln_assert((ln_bundle_read(b, fact->key.p, &value, NULL) == 0) == (fact->code == LN_E_NONE));
        break;
    case LN_FACT_DIR:
        ln_assert(ln_bundle_is_dir(b, fact->key.p) == (fact->code == LN_E_NONE));
        break;
    case LN_FACT_LIST:
        names = ln_bundle_list(b, fact->key.p, fact->key.p + strlen(fact->key.p) + 1);
        for (; *names != NULL; names++)
            ln_assert(strchr(*names, '/') == NULL && (*names)[0] != '\0');
        break;
    case LN_FACT_NAME:
        for (unsigned i = ln_bundle_resolve(b, fact->key.p, 80, &addrs, NULL); i > 0; i--)
            ln_assert(ln_addr_print(&addrs[i - 1], out)[0] != '\0' && i <= LN_FACT_IPS);
        break;
    default:
        (void)ln_bundle_env(b, fact->key.p);
    }
}

/* Nobody but the facts themselves is asked: a name or file that was not recorded is not there. */
static void ask_all(struct ln_bundle *b)
{
    unsigned at = 0, paths = 0, count = b->count;
    struct ln_slice value;

    for (unsigned i = 0; i < count; i++)
        ask(b, b->facts[i]);
    while (ln_bundle_next_path(b, &at) != NULL)
        paths++;
    ln_assert(paths <= count && b->count == count);
    ln_assert(ln_bundle_read(b, "/proc/self/status", &value, NULL) != 0 || b->count == count);
}

static void load_conf(struct ln_bundle *b)
{
    struct ln_diag diag;
    struct ln_conf *conf;

    ln_diag_init(&diag);
    conf = ln_conf_load(b, "gateway.yaml", &diag);
    ln_assert((conf == NULL) == (diag.errors > 0));
    ln_conf_free(conf);
    ln_diag_fini(&diag);
}

static bool try_image(const uint8_t *bytes, size_t n)
{
    struct ln_bundle *b = replay(bytes, n);

    if (b == NULL)
        return false;
    ask_all(b);
    check_saved(b, bytes, n);
    load_conf(b);
    ln_bundle_free(b);
    return true;
}

/* How many facts there seem to be, by their lengths. */
static uint32_t count_facts(const uint8_t *bytes, size_t n)
{
    uint64_t lengths[2];
    uint32_t count = 0;

    for (size_t at = HEAD_BYTES; n - at >= 34; count++) {
        memcpy(lengths, bytes + at + 16, sizeof lengths);
        if (lengths[0] > n || lengths[1] > n || lengths[0] + lengths[1] + 34 > n - at)
            break;
        at += lengths[0] + lengths[1] + 34;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    uint32_t version = 1, count;
    uint64_t size = n;
    uint8_t *fitting;

    if (try_image(bytes, n) || n < HEAD_BYTES)
        return 0;
    fitting = malloc(n);
    ln_assert(fitting != NULL);
    memcpy(fitting, bytes, n);
    memcpy(fitting, "LNBNDLE\n", 8);
    memcpy(fitting + VERSION_AT, &version, sizeof version);
    count = count_facts(bytes, n);
    memcpy(fitting + COUNT_AT, &count, sizeof count);
    memcpy(fitting + SIZE_AT, &size, sizeof size);
    (void)try_image(fitting, n);
    free(fitting);
    return 0;
}
