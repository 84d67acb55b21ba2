/* SPDX-License-Identifier: Apache-2.0
 * about.c - the version of LuaJIT.
 */
#include "script/about.h"

#include <luajit.h>

const char *ln_about_engine(void)
{
    return LUAJIT_VERSION;
}
