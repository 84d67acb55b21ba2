/* SPDX-License-Identifier: Apache-2.0
 * metrics.h - what `lunette metrics` can print, for the reference.
 */
#ifndef LN_TESTS_DOCS_METRICS_H
#define LN_TESTS_DOCS_METRICS_H

#include "base/text.h"

/* -1: there is no shared memory. */
int reference_metrics(struct ln_text *out);

#endif
