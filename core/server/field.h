/* SPDX-License-Identifier: Apache-2.0
 * field.h - finds a member of a JSON object that this program has written itself.
 */
#ifndef LN_SERVER_FIELD_H
#define LN_SERVER_FIELD_H

#include "base/slice.h"
#include "base/text.h"

/* The bytes of the member's value in the outermost object; {NULL, 0} when there is none. */
struct ln_slice ln_field_raw(struct ln_slice object, const char *name);

/* Appends what a JSON string means; nothing when the bytes are no string. */
void ln_field_text(struct ln_slice raw, struct ln_text *out);

#endif
