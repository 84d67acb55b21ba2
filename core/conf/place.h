/* SPDX-License-Identifier: Apache-2.0
 * place.h - where something was written, for messages.
 */
#ifndef LN_CONF_PLACE_H
#define LN_CONF_PLACE_H

/* `file` lives as long as the configuration. */
struct ln_place {
    const char *file;
    unsigned line, column; /* from 1; column 0 = not known (Lua) */
};

#endif
