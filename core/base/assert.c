/* SPDX-License-Identifier: Apache-2.0
 * assert.c - where a failed assertion ends.
 */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void ln_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "lunette: %s:%d: impossible state: %s\n", file, line, cond);
    abort();
}
