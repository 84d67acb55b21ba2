/* SPDX-License-Identifier: Apache-2.0
 * latency.c - samples and decay.
 */
#include "upstream/latency.h"

#include <math.h>
#include <string.h>

static float average(uint64_t word)
{
    uint32_t bits = (uint32_t)word;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t pack(float value, ln_msec now)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return (uint64_t)(uint32_t)now << 32 | bits;
}

/* What is left of an average after the time since the word's stamp. Another worker may have a
 * clock reading that is a little newer: that is no time at all, not 49 days. */
static float weight(uint64_t word, ln_msec now)
{
    uint32_t since = (uint32_t)now - (uint32_t)(word >> 32);

    return since == 0 || since > UINT32_MAX / 2 ? 1.0f
                                                : expf(-(float)since / (float)LN_LATENCY_TAU_MS);
}

float ln_latency_read(uint64_t word, ln_msec now)
{
    return word == 0 ? 0 : average(word) * weight(word, now);
}

void ln_latency_note(_Atomic uint64_t *word, uint64_t micros, ln_msec now)
{
    float sample = micros > 0 ? (float)micros : 1, next;
    uint64_t old = atomic_load_explicit(word, memory_order_relaxed);

    do {
        float w = weight(old, now), left = average(old) * w;

        next = old == 0 || sample >= left ? sample : left + sample * (1 - w);
    } while (!atomic_compare_exchange_weak(word, &old, pack(next, now)));
}

void ln_latency_note_failure(_Atomic uint64_t *word, uint64_t micros, ln_msec now)
{
    if ((float)micros > ln_latency_read(atomic_load_explicit(word, memory_order_relaxed), now))
        ln_latency_note(word, micros, now);
}
