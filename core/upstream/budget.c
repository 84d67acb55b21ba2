/* SPDX-License-Identifier: Apache-2.0
 * budget.c - adds up the cells that still count.
 */
#include "upstream/budget.h"

bool ln_budget_take(struct ln_budget *b, double share, ln_msec now)
{
    struct ln_budget_cell *cell = ln_budget_cell(b, now);
    uint64_t requests = 0, repeats = 0;

    for (unsigned i = 0; i < LN_BUDGET_CELLS; i++) {
        if (cell->tick - b->cells[i].tick >= LN_BUDGET_CELLS)
            continue;
        requests += b->cells[i].requests;
        repeats += b->cells[i].repeats;
    }
    if (share >= 0 && cell->repeats >= LN_BUDGET_FLOOR &&
        (double)(repeats + 1) > share * (double)requests)
        return false;
    cell->repeats++;
    return true;
}
