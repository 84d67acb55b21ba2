/* SPDX-License-Identifier: Apache-2.0
 * about.h - what the Lua side tells of itself: its reference pages, the version of its engine.
 */
#ifndef LN_SCRIPT_ABOUT_H
#define LN_SCRIPT_ABOUT_H

#include "base/text.h"

/* "plugins" or "api": the reference page as Markdown. -1: there is no such page, or (told on
 * standard error) it failed. */
int ln_about_page(const char *page, struct ln_text *out);

/* "LuaJIT 2.1.0-beta3" */
const char *ln_about_engine(void);

#endif
