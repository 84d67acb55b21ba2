/* SPDX-License-Identifier: Apache-2.0
 * api_misc.c - version, time and log lines for Lua.
 */
#include "base/log.h"
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
