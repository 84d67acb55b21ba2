/* SPDX-License-Identifier: Apache-2.0
 * assert.h - assertions that stay on in production.
 *
 * For states that only a bug of ours can produce; input from outside is answered, never asserted. A
 * failed assertion aborts the worker, and the supervisor starts another.
 */
#ifndef LN_BASE_ASSERT_H
#define LN_BASE_ASSERT_H

#define LN_LIKELY(x) __builtin_expect(!!(x), 1)
#define LN_UNLIKELY(x) __builtin_expect(!!(x), 0)

#define ln_assert(cond)                                                                            \
    do {                                                                                           \
        if (LN_UNLIKELY(!(cond)))                                                                  \
            ln_assert_failed(#cond, __FILE__, __LINE__);                                           \
    } while (0)

/* Prints the condition and its place to standard error and aborts. */
__attribute__((noreturn, cold)) void ln_assert_failed(const char *cond, const char *file, int line);

/* The struct that contains `member` at `ptr`. */
#define ln_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define LN_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
