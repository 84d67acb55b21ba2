/* SPDX-License-Identifier: Apache-2.0
 * logging.c - three words, one per line.
 */
#include "server/logging.h"

#include "base/log.h"
#include "base/mem.h"

void ln_logging_describe(const struct ln_gateway_conf *conf, struct ln_text *out)
{
    ln_text_printf(out, "%s\n%s\n%s", conf->log_level, conf->log_format, conf->log_file);
}

static struct ln_slice next_line(struct ln_slice *rest)
{
    const char *end = memchr(rest->p, '\n', rest->n);
    struct ln_slice line = ln_slice(rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n);
    size_t eaten = line.n + (end != NULL);

    *rest = ln_slice(rest->p + eaten, rest->n - eaten);
    return line;
}

void ln_logging_apply(struct ln_slice settings)
{
    if (settings.n == 0)
        return;

    struct ln_slice word = next_line(&settings), format = next_line(&settings);
    enum ln_log_level level = LN_LOG_INFO;
    char *file = ln_strndup(settings.n > 0 ? settings.p : "", settings.n);
    struct ln_err err;

    for (unsigned i = 0; i < LN_LOG_LEVELS; i++)
        if (ln_slice_eq(word, ln_slice_of(ln_log_level_name((enum ln_log_level)i))))
            level = (enum ln_log_level)i;
    if (ln_log_open(file[0] != '\0' ? file : NULL, level,
                    ln_slice_eq(format, LN_SLICE("json")) ? LN_LOG_JSON : LN_LOG_TEXT, &err) != 0)
        ln_error("%s; the old log stays", err.text);
    ln_free(file);
}
