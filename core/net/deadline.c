/* SPDX-License-Identifier: Apache-2.0
 * deadline.c - one queue per duration.
 */
#include "net/deadline.h"

#include <stddef.h>

#include "base/assert.h"
#include "base/mem.h"

enum { LATE_MS = 50, READING_MS = 50, NEAR = 8, QUEUES = 64 };

struct queue {
    struct queue *next; /* by and large, most recently asked for first */
    struct ln_deadlines *all;
    ln_msec duration;
    struct ln_list due; /* ln_deadline.node, earliest first */
    bool put_off;       /* for those that are due */
    struct ln_timer timer;
};

struct ln_deadlines {
    struct ln_loop *loop;
    struct queue *queues;
};

struct ln_deadlines *ln_deadlines_new(struct ln_loop *loop)
{
    struct ln_deadlines *all = ln_zalloc(sizeof *all);

    all->loop = loop;
    return all;
}

void ln_deadlines_free(struct ln_deadlines *all)
{
    while (all->queues != NULL) {
        struct queue *q = all->queues;

        all->queues = q->next;
        ln_timer_stop(all->loop, &q->timer);
        while (!ln_list_is_empty(&q->due))
            ln_list_remove(q->due.next);
        ln_free(q);
    }
    ln_free(all);
}

/* Were we held up? Told once for all that are due. */
static bool is_late(struct queue *q, ln_msec now)
{
    q->put_off = !q->put_off && !ln_list_is_empty(&q->due) &&
                 ln_container_of(q->due.next, struct ln_deadline, node)->at + LATE_MS < now;
    return q->put_off;
}

static void on_time(struct ln_timer *t)
{
    struct queue *q = ln_container_of(t, struct queue, timer);
    ln_msec now = ln_loop_now_ms(q->all->loop);

    if (is_late(q, now)) {
        ln_timer_start(q->all->loop, t, READING_MS, on_time);
        return;
    }
    while (!ln_list_is_empty(&q->due)) {
        struct ln_deadline *d = ln_container_of(q->due.next, struct ln_deadline, node);

        if (d->at > now) {
            ln_timer_start(q->all->loop, t, d->at - now, on_time);
            return;
        }
        ln_list_remove(&d->node);
        d->on_deadline(d);
    }
}

static struct queue *queue_new(struct ln_deadlines *all)
{
    struct queue *q = ln_zalloc(sizeof *q);

    q->all = all;
    ln_list_init(&q->due);
    return q;
}

/* The few durations of configurations come again and again, and stay near the front. Others are
 * chance's (services[].retries.backoff): of those only so many are kept as are set at once. */
static struct queue *queue_of(struct ln_deadlines *all, ln_msec duration)
{
    struct queue **at = &all->queues, **unused = NULL, *q;
    unsigned count = 0;

    for (; *at != NULL && (*at)->duration != duration; at = &(*at)->next) {
        if (ln_list_is_empty(&(*at)->due))
            unused = at;
        count++;
    }
    if (*at != NULL && count < NEAR)
        return *at;
    if (*at == NULL && count >= QUEUES && unused != NULL) {
        at = unused;
        (*at)->put_off = false;
        ln_timer_stop(all->loop, &(*at)->timer);
    }
    q = *at != NULL ? *at : queue_new(all);
    if (*at != NULL)
        *at = q->next;
    q->duration = duration;
    q->next = all->queues;
    all->queues = q;
    return q;
}

unsigned ln_deadlines_queues(const struct ln_deadlines *all)
{
    unsigned count = 0;

    for (const struct queue *q = all->queues; q != NULL; q = q->next)
        count++;
    return count;
}

void ln_deadline_init(struct ln_deadline *d, void (*on_deadline)(struct ln_deadline *self))
{
    ln_list_init(&d->node);
    d->at = 0;
    d->on_deadline = on_deadline;
}

void ln_deadline_set(struct ln_deadlines *all, struct ln_deadline *d, ln_msec after)
{
    ln_list_remove(&d->node);
    if (after == 0)
        return;

    struct queue *q = queue_of(all, after);

    d->at = ln_loop_now_ms(all->loop) + after;
    ln_list_append(&q->due, &d->node);
    if (!ln_timer_is_running(&q->timer))
        ln_timer_start(all->loop, &q->timer, after, on_time);
}

void ln_deadline_clear(struct ln_deadline *d)
{
    ln_list_remove(&d->node);
}

bool ln_deadline_is_set(const struct ln_deadline *d)
{
    return !ln_list_is_empty(&d->node);
}
