/* SPDX-License-Identifier: Apache-2.0
 * slot.c - the table of counters, and what happens to them when their worker dies.
 */
#include "shm/slot.h"

#define LN_STAT(name, kind, text) [LN_STAT_##name] = {#name, LN_STAT_##kind, text},
const struct ln_stat_row ln_stat_rows[LN_STAT_COUNT] = {
#include "shm/stat.def"
};
#undef LN_STAT

void ln_slot_settle(struct ln_shm_slot *slot)
{
    for (unsigned i = 0; i < LN_STAT_COUNT; i++)
        if (ln_stat_rows[i].kind == LN_STAT_GAUGE)
            ln_slot_set(&slot->counters[i], 0);
    ln_slot_set(&slot->connections, 0);
    ln_slot_set(&slot->exchanges, 0);
    ln_slot_set(&slot->running, 0);
    atomic_store(&slot->state, LN_SLOT_EMPTY);
    atomic_store(&slot->pid, 0);
}
