/* SPDX-License-Identifier: Apache-2.0
 * log.h - what the gateway tells its operator: one line per event, text or JSON.
 *
 * Process-wide on purpose: every layer speaks here, and a process has one place to speak to. Never
 * blocks: when the reader of the log is stuck, lines are dropped and counted, and the count is the
 * first thing said afterwards.
 */
#ifndef LN_BASE_LOG_H
#define LN_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum ln_log_level { LN_LOG_DEBUG, LN_LOG_INFO, LN_LOG_WARN, LN_LOG_ERROR, LN_LOG_LEVELS };
enum ln_log_format { LN_LOG_TEXT, LN_LOG_JSON };

/* `path` NULL or "stderr": standard error. Reopens when called again (log rotation). */
int ln_log_open(const char *path, enum ln_log_level level, enum ln_log_format format,
                struct ln_err *err);
int ln_log_reopen(struct ln_err *err);

/* Who speaks, such as "supervisor" or "worker 0"; copied, stands in every line. */
void ln_log_name(const char *name);

/* Levels of text lines in colours: for terminals. */
void ln_log_colour(bool on);

bool ln_log_is_on(enum ln_log_level level);
const char *ln_log_level_name(enum ln_log_level level);

/* One event. Controls are escaped; lines after the first are indented (text) or escaped (JSON), so
 * that no message can pass for another one. */
__attribute__((format(printf, 2, 3))) void ln_log(enum ln_log_level level, const char *format, ...);

/* The same with fields: `fields` is a JSON object, `{"a":1}`, or empty. */
void ln_log_fields(enum ln_log_level level, struct ln_slice message, struct ln_slice fields);

/* Lines that could not be written since the start of the process. */
uint64_t ln_log_dropped(void);

#define ln_debug(...)                                                                              \
    do {                                                                                           \
        if (ln_log_is_on(LN_LOG_DEBUG))                                                            \
            ln_log(LN_LOG_DEBUG, __VA_ARGS__);                                                     \
    } while (0)
#define ln_info(...) ln_log(LN_LOG_INFO, __VA_ARGS__)
#define ln_warn(...) ln_log(LN_LOG_WARN, __VA_ARGS__)
#define ln_error(...) ln_log(LN_LOG_ERROR, __VA_ARGS__)

#endif
