/* SPDX-License-Identifier: Apache-2.0
 * yaml.h - YAML text to a tree of nodes. The only file that knows libyaml.
 *
 * What a configuration has no use for is refused with a sentence: several documents, anchors and
 * aliases, tags, keys that are not plain words, equal keys, NUL bytes, texts that are too large,
 * too deep or have too many nodes.
 */
#ifndef LN_CONF_YAML_H
#define LN_CONF_YAML_H

#include "conf/bundle.h"
#include "conf/diag.h"
#include "conf/node.h"

enum { LN_YAML_BYTES = 8 << 20, LN_YAML_NODES = 500000, LN_YAML_DEPTH = 32 };

struct ln_yaml_bounds {
    size_t bytes;
    unsigned nodes;
    const char *root; /* what the file is expected to have */
};

/* The root, or NULL when the text is no YAML; errors that leave a tree (equal keys, missing
 * variables) are in `diag` too, so look at diag->errors. `file` is borrowed and has to live as long
 * as the arena. Variables come from `env`. */
struct ln_node *ln_yaml_parse(struct ln_arena *a, struct ln_bundle *env, const char *file,
                              struct ln_slice text, struct ln_diag *diag);
/* The same with bounds other than those of a configuration. */
struct ln_node *ln_yaml_parse_within(struct ln_arena *a, struct ln_bundle *env, const char *file,
                                     struct ln_slice text, const struct ln_yaml_bounds *bounds,
                                     struct ln_diag *diag);

#endif
