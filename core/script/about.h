/* SPDX-License-Identifier: Apache-2.0
 * about.h - what this layer tells of its engine.
 */
#ifndef LN_SCRIPT_ABOUT_H
#define LN_SCRIPT_ABOUT_H

#include <stdbool.h>

/* "LuaJIT 2.1.0-beta3" */
const char *ln_about_engine(void);

struct ln_about_facts {
    bool gc64;         /* references are 64 bits wide: no limit of 2 GB */
    bool has_compiler; /* for this processor */
    bool has_modules;  /* jit.util and jit.vmdef, which --jit needs */
    bool guard_works;  /* an endless compiled loop was stopped just now */
};

/* Tries it out, in states of its own; takes some milliseconds of CPU time. */
void ln_about_facts(struct ln_about_facts *facts);

#endif
