/* SPDX-License-Identifier: Apache-2.0
 * reference.h - what the rows say, for people: the reference page and an example file with every
 * key.
 */
#ifndef LN_CONF_REFERENCE_H
#define LN_CONF_REFERENCE_H

#include "base/text.h"

/* docs/reference/directives.md: a table for each block, with values, default and sentence of every
 * key. */
void ln_conf_reference(struct ln_text *out);

/* A YAML file with every key: those that have a default stand with it, those that follow from
 * something are comments. It loads. */
void ln_conf_example(struct ln_text *out);

#endif
