/* SPDX-License-Identifier: Apache-2.0
 * api.h - the C side's way to read api.cdef.h: exactly its functions are visible to ffi.C,
 * everything else is hidden.
 */
#ifndef LN_SCRIPT_API_H
#define LN_SCRIPT_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#include "script/api.cdef.h"
#pragma GCC visibility pop

#endif
