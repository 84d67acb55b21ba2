/* SPDX-License-Identifier: Apache-2.0
 * budget.h - how many repeats a service may be asked for: a share of its requests, so that repeats
 * cannot multiply an outage.
 *
 * Per worker. Requests and repeats are counted in cells of about a second, of which the last eight
 * count; a cell from before is empty. Besides the share, LN_BUDGET_FLOOR repeats in a cell are
 * always allowed, or a service that is seldom asked could not repeat anything. Pure: time goes in.
 * A zeroed budget is an empty one.
 */
#ifndef LN_UPSTREAM_BUDGET_H
#define LN_UPSTREAM_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

enum { LN_BUDGET_CELLS = 8, LN_BUDGET_CELL_SHIFT = 10, LN_BUDGET_FLOOR = 10 };

struct ln_budget {
    struct ln_budget_cell {
        uint64_t tick; /* of 1024 ms */
        uint32_t requests, repeats;
    } cells[LN_BUDGET_CELLS];
};

static inline struct ln_budget_cell *ln_budget_cell(struct ln_budget *b, ln_msec now)
{
    uint64_t tick = now >> LN_BUDGET_CELL_SHIFT;
    struct ln_budget_cell *cell = &b->cells[tick % LN_BUDGET_CELLS];

    if (cell->tick != tick)
        *cell = (struct ln_budget_cell){.tick = tick};
    return cell;
}

/* A request has begun. */
static inline void ln_budget_note(struct ln_budget *b, ln_msec now)
{
    ln_budget_cell(b, now)->requests++;
}

/* Takes one repeat out of it; false: there is none left. `share` of the requests, below 0 = no
 * bound. */
bool ln_budget_take(struct ln_budget *b, double share, ln_msec now);

#endif
