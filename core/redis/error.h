/* SPDX-License-Identifier: Apache-2.0
 * error.h - how a call to Redis can fail: the rows of error.def. Pure.
 */
#ifndef LN_REDIS_ERROR_H
#define LN_REDIS_ERROR_H

#include "base/slice.h"

enum ln_redis_error {
    LN_REDIS_OK,
#define ERROR(name, code, is_down, is_ours, refuses, sentence) LN_REDIS_##name,
#include "redis/error.def"
#undef ERROR
    LN_REDIS_ERRORS
};

/* The row of an error that Redis answered, by its first word. */
enum ln_redis_error ln_redis_error_of(struct ln_slice answer);

const char *ln_redis_error_code(enum ln_redis_error e);
const char *ln_redis_error_text(enum ln_redis_error e);
bool ln_redis_error_is_down(enum ln_redis_error e);

/* Is it not the command that is wrong, but Redis that cannot? */
bool ln_redis_error_refuses(enum ln_redis_error e);

#endif
