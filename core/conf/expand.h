/* SPDX-License-Identifier: Apache-2.0
 * expand.h - variables of the environment inside a scalar: ${NAME}, ${NAME:-default}, and $$ for a
 * dollar sign.
 *
 * The default stands in for a variable that is not set or empty. Any other dollar sign means
 * itself. What comes in is text: it is not read as YAML again.
 */
#ifndef LN_CONF_EXPAND_H
#define LN_CONF_EXPAND_H

#include "base/err.h"
#include "base/text.h"
#include "conf/bundle.h"

/* Appends the expanded text to `out`; -1 with a sentence for a variable without a value or a broken
 * ${. */
int ln_expand(struct ln_bundle *env, struct ln_slice text, struct ln_text *out, struct ln_err *err);

/* The text once more, piece by piece: for those who write it elsewhere. False when nothing is left.
 * Only of a text that ln_expand() has taken. */
struct ln_expand_piece {
    struct ln_slice text, name; /* name.p NULL: `text` stands for itself; else a variable ... */
    bool has_default;           /* ... with `text` as its default */
};
bool ln_expand_next(struct ln_slice *rest, struct ln_expand_piece *piece);

#endif
