/* SPDX-License-Identifier: Apache-2.0
 * meters.h - limits of plugins that are counted in Redis, as the files of this layer see them.
 */
#ifndef LN_SCRIPT_METERS_H
#define LN_SCRIPT_METERS_H

#include "limit/meter.h"
#include "script/vm_inner.h"

/* Lives as long as the state. While checking it only notes what it needs. NULL with a sentence: the
 * shared memory for it is not there. */
struct ln_meter_use *ln_meter_use_new(struct ln_vm *vm, const struct ln_meter_conf *conf,
                                      struct ln_err *err);

#endif
