/* SPDX-License-Identifier: Apache-2.0
 * steer.h - what the operator has said about an instance: `lunette drain`, `disable`, `enable` and
 * `weight`.
 *
 * One word in the instance's record. The supervisor alone writes it, workers obey at the next pick;
 * it stays over reloads and the deaths of workers, until the gateway ends. Zero is an instance of
 * which nothing was said.
 */
#ifndef LN_SHM_STEER_H
#define LN_SHM_STEER_H

#include <stdint.h>

enum ln_steer_state {
    LN_STEER_ENABLED,
    LN_STEER_DRAINING, /* no new clients, unless its service panics (services[].panicThreshold) */
    LN_STEER_DISABLED, /* never */
    LN_STEER_STATES
};

enum { LN_STEER_WEIGHT_MAX = 65535 }; /* as in the configuration */

static inline enum ln_steer_state ln_steer_state(uint32_t word)
{
    return (enum ln_steer_state)(word & 3);
}

/* 0 = as configured. */
static inline unsigned ln_steer_weight(uint32_t word)
{
    return word >> 2;
}

static inline uint32_t ln_steer_word(enum ln_steer_state state, unsigned weight)
{
    return (uint32_t)weight << 2 | (uint32_t)state;
}

/* "enabled", "draining", "disabled" */
static inline const char *ln_steer_name(enum ln_steer_state state)
{
    static const char *const names[] = {"enabled", "draining", "disabled"};

    return state < LN_STEER_STATES ? names[state] : "unknown";
}

#endif
