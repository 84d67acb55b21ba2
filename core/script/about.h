/* SPDX-License-Identifier: Apache-2.0
 * about.h - what this layer tells of its engine.
 */
#ifndef LN_SCRIPT_ABOUT_H
#define LN_SCRIPT_ABOUT_H

/* "LuaJIT 2.1.0-beta3" */
const char *ln_about_engine(void);

#endif
