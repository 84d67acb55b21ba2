/* SPDX-License-Identifier: Apache-2.0
 * fuzz.h - what every fuzz target declares.
 */
#ifndef LN_FUZZ_H
#define LN_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Aborts when a property does not hold; the return value is 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#endif
