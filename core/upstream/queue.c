/* SPDX-License-Identifier: Apache-2.0
 * queue.c - joining, leaving, and asking whose turn it is.
 */
#include "upstream/queue.h"

#include "base/assert.h"
#include "shm/record.h"

enum { LOOK_MS = 5 };

static void on_time(struct ln_timer *timer)
{
    struct ln_queue *q = ln_container_of(timer, struct ln_queue, timer);

    while (q->count > 0) {
        struct ln_waiter *w = ln_container_of(q->waiting.next, struct ln_waiter, node);

        w->on_turn(w);
        if (q->count > 0 && q->waiting.next == &w->node) /* still nothing for it */
            break;
    }
    if (q->count > 0)
        ln_timer_start(q->loop, &q->timer, LOOK_MS, on_time);
}

void ln_queue_init(struct ln_queue *q, struct ln_loop *loop)
{
    *q = (struct ln_queue){.loop = loop};
    ln_list_init(&q->waiting);
}

void ln_queue_fini(struct ln_queue *q)
{
    ln_assert(q->count == 0);
    if (q->loop != NULL)
        ln_timer_stop(q->loop, &q->timer);
}

static void note(const struct ln_queue *q, int by)
{
    if (q->length != NULL)
        ln_record_add(q->length, by);
}

bool ln_queue_join(struct ln_queue *q, struct ln_waiter *w, unsigned most)
{
    ln_assert(w->queue == NULL);
    if (q->count >= most)
        return false;
    ln_list_init(&w->node);
    ln_list_append(&q->waiting, &w->node);
    w->queue = q;
    note(q, 1);
    if (q->count++ == 0 && !ln_timer_is_running(&q->timer))
        ln_timer_start(q->loop, &q->timer, LOOK_MS, on_time);
    return true;
}

void ln_queue_leave(struct ln_waiter *w)
{
    if (w->queue == NULL)
        return;
    ln_list_remove(&w->node);
    w->queue->count--;
    note(w->queue, -1);
    w->queue = NULL;
}

void ln_queue_wake(struct ln_queue *q)
{
    if (q->count == 0)
        return;
    ln_timer_stop(q->loop, &q->timer);
    ln_timer_start(q->loop, &q->timer, 0, on_time);
}
