/* SPDX-License-Identifier: Apache-2.0
 * idle_age.c - which ages agree, and what they mean.
 */
#include "upstream/idle_age.h"

#include <string.h>

/* Is `older` near enough to be the same habit? */
static bool agree(ln_msec younger, ln_msec older)
{
    return older <= younger + younger / 4;
}

/* Few different limits, for each is a queue of net/deadline.h: the three leading bits. */
static ln_msec coarse(ln_msec limit)
{
    unsigned shift = 0;

    while (limit >> shift > 7)
        shift++;
    return limit >> shift << shift;
}

static ln_msec below(ln_msec age)
{
    ln_msec margin = age / 4 < LN_IDLE_MARGIN_MS ? age / 4 : LN_IDLE_MARGIN_MS;

    return coarse(age - margin);
}

static unsigned like(const struct ln_idle_age *a, ln_msec youngest)
{
    unsigned same = 0;

    for (unsigned i = 0; i < a->count; i++)
        same += a->age[i] >= youngest && agree(youngest, a->age[i]);
    return same;
}

/* Of several habits the earliest: whoever has it closes first. */
static void settle(struct ln_idle_age *a)
{
    a->habit = 0;
    for (unsigned i = 0; i < a->count; i++)
        if (like(a, a->age[i]) >= LN_IDLE_AGREE && (a->habit == 0 || a->age[i] < a->habit))
            a->habit = a->age[i];
    a->limit = a->habit > 0 ? below(a->habit) : 0;
}

static void remember(struct ln_idle_age *a, ln_msec age)
{
    if (a->count < LN_IDLE_AGES)
        a->count++;
    memmove(a->age + 1, a->age, (a->count - 1) * sizeof a->age[0]);
    a->age[0] = age;
    settle(a);
}

static void forget_newest(struct ln_idle_age *a)
{
    a->count--;
    memmove(a->age, a->age + 1, a->count * sizeof a->age[0]);
    settle(a);
}

void ln_idle_age_closed(struct ln_idle_age *a, ln_msec age, ln_msec now)
{
    if (now < a->moment_ends) { /* the same event: of different ages it is none of age */
        ln_msec younger = age < a->moment_age ? age : a->moment_age;
        ln_msec older = age < a->moment_age ? a->moment_age : age;

        if (a->moment_age > 0 && !agree(younger, older)) {
            forget_newest(a);
            a->moment_age = 0;
        }
        return;
    }
    a->moment_ends = now + (age / 8 > LN_IDLE_MOMENT_MS ? age / 8 : LN_IDLE_MOMENT_MS);
    a->moment_age = 0;
    if (age < LN_IDLE_LEAST_MS)
        return;
    if (a->habit > 0 && age >= a->habit && agree(a->habit, age))
        a->doubts = 0;
    ln_idle_age_outlived(a, age);
    remember(a, age);
    a->moment_age = age;
}

void ln_idle_age_outlived(struct ln_idle_age *a, ln_msec age)
{
    unsigned kept = 0;

    if (a->habit > 0 && !agree(a->habit, age)) {
        a->next_scout = 0;
        if (++a->doubts < LN_IDLE_DOUBTS)
            return;
        a->doubts = 0;
    }
    for (unsigned i = 0; i < a->count; i++)
        if (agree(a->age[i], age))
            a->age[kept++] = a->age[i];
    if (kept == a->count)
        return;
    a->count = kept;
    a->moment_age = 0; /* it may not be the newest any more */
    settle(a);
}

bool ln_idle_age_scouts(struct ln_idle_age *a, ln_msec now)
{
    if (now < a->next_scout)
        return false;
    a->next_scout = now + LN_IDLE_SCOUT_MS;
    return true;
}
