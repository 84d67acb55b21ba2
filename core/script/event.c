/* SPDX-License-Identifier: Apache-2.0
 * event.c - a ring of events, and how far each function has come in it.
 */
#include "script/event.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "script/guard.h"
#include "script/vm_inner.h"
#include "shm/slot.h"

struct event {
    struct ln_news news; /* its texts are in `texts` */
    char *texts;         /* owned */
    ln_nsec at;          /* wall clock */
};

struct handler {
    struct ln_errand errand;
    struct ln_events *all;
    struct ln_list node;
    int number;
    enum ln_news_kind kind;
    uint64_t at, next; /* the event that it has, and the one to look at then */
    unsigned lost;     /* events, since the last one that it heard of */
};

struct ln_events {
    struct ln_vm *vm;
    struct ln_list handlers;
    unsigned count;
    uint64_t told; /* events so far; number n is in kept[n % LN_EVENTS_KEPT] */
    struct event kept[LN_EVENTS_KEPT];
    struct ln_timer soon;
};

static struct handler *handler_of(struct ln_list *node)
{
    return ln_container_of(node, struct handler, node);
}

static void count(const struct ln_vm *vm, enum ln_stat stat)
{
    if (vm->env.slot != NULL)
        ln_stat_add(vm->env.slot, stat, 1);
}

/* ---- keeping ---- */

static size_t size_of(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

static const char *keep_text(char **at, const char *text)
{
    size_t n = size_of(text);
    const char *kept = n > 0 ? memcpy(*at, text, n) : NULL;

    *at += n;
    return kept;
}

static void keep(struct event *e, const struct ln_news *n, ln_nsec at)
{
    char *texts = ln_alloc(size_of(n->service) + size_of(n->instance) + size_of(n->from) +
                           size_of(n->to) + size_of(n->by) + size_of(n->why) + 1);

    *e = (struct event){.news = *n, .texts = texts, .at = at};
    e->news.service = keep_text(&texts, n->service);
    e->news.instance = keep_text(&texts, n->instance);
    e->news.from = keep_text(&texts, n->from);
    e->news.to = keep_text(&texts, n->to);
    e->news.by = keep_text(&texts, n->by);
    e->news.why = keep_text(&texts, n->why);
}

/* The oldest goes; who has not come so far has lost it. */
static void make_room(struct ln_events *all)
{
    uint64_t oldest = all->told - LN_EVENTS_KEPT;
    struct event *e = &all->kept[oldest % LN_EVENTS_KEPT];

    for (struct ln_list *at = all->handlers.next; at != &all->handlers; at = at->next) {
        struct handler *h = handler_of(at);

        if (h->next > oldest)
            continue;
        h->next = oldest + 1;
        if (h->kind != e->news.kind)
            continue;
        h->lost++;
        count(all->vm, LN_STAT_EVENTS_LOST);
    }
    ln_free(e->texts);
    *e = (struct event){0};
}

/* ---- running ---- */

static void push_event(lua_State *L, const struct event *e)
{
    const struct ln_news *n = &e->news;

    lua_pushstring(L, ln_news_kinds[n->kind]);
    lua_pushstring(L, n->service);
    lua_pushstring(L, n->instance);
    lua_pushstring(L, n->from);
    lua_pushstring(L, n->to);
    lua_pushinteger(L, (lua_Integer)n->failed);
    lua_pushinteger(L, (lua_Integer)n->total);
    lua_pushstring(L, n->by);
    lua_pushstring(L, n->why);
    lua_pushnumber(L, (double)e->at / 1e9);
}

static void start_run(struct handler *h, const struct event *e)
{
    struct ln_vm *vm = h->all->vm;

    count(vm, LN_STAT_EVENTS);
    if (!vm->guarded)
        ln_guard_take(vm);
    lua_rawgeti(vm->L, LUA_REGISTRYINDEX, vm->event_run);
    lua_pushinteger(vm->L, h->number);
    lua_pushinteger(vm->L, (lua_Integer)h->lost);
    h->lost = 0;
    push_event(vm->L, e);
    ln_errand_start(vm, &h->errand, vm->L, 12, NULL, LN_PHASE_EVENT, 0);
}

/* The next event for it, if it is not at work. */
static void go_on(struct handler *h)
{
    struct ln_events *all = h->all;

    while (h->errand.task == NULL && h->next < all->told) {
        const struct event *e = &all->kept[h->next % LN_EVENTS_KEPT];

        h->at = h->next++;
        if (e->news.kind == h->kind)
            start_run(h, e);
    }
}

static void go_on_all(struct ln_events *all)
{
    for (struct ln_list *at = all->handlers.next; at != &all->handlers; at = at->next)
        go_on(handler_of(at));
}

static void on_soon(struct ln_timer *timer)
{
    go_on_all(ln_container_of(timer, struct ln_events, soon));
}

/* The message and its traceback are on top. */
static void tell_failure(const struct handler *h)
{
    struct ln_vm *vm = h->all->vm;
    lua_State *L = vm->L;

    count(vm, LN_STAT_EVENTS_FAILED);
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->event_failed);
    lua_pushinteger(L, h->number);
    lua_pushvalue(L, -4);
    lua_pushvalue(L, -4);
    if (lua_pcall(L, 3, 0, 0) != 0) {
        ln_error("the error of an event could not be reported: %s", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
}

static void on_end(struct ln_errand *e, lua_State *from, bool ok)
{
    struct handler *h = ln_container_of(e, struct handler, errand);

    (void)from;
    if (!ok)
        tell_failure(h);
    go_on(h);
}

/* ---- asking and telling ---- */

bool ln_events_ask(struct ln_vm *vm, int number, enum ln_news_kind kind)
{
    struct handler *h;

    if (vm->events == NULL) {
        vm->events = ln_zalloc(sizeof *vm->events);
        vm->events->vm = vm;
        ln_list_init(&vm->events->handlers);
    }
    if (vm->events->count >= LN_EVENT_HANDLERS_MAX)
        return false;
    h = ln_zalloc(sizeof *h);
    *h = (struct handler){.errand.on_end = on_end,
                          .all = vm->events,
                          .number = number,
                          .kind = kind,
                          .next = vm->events->told};
    ln_list_append(&vm->events->handlers, &h->node);
    vm->events->count++;
    return true;
}

static void add(struct ln_vm *vm, const struct ln_news *news, ln_nsec at)
{
    struct ln_events *all = vm->events;

    if (all == NULL || !vm->jobs_on)
        return;
    if (all->told >= LN_EVENTS_KEPT)
        make_room(all);
    keep(&all->kept[all->told++ % LN_EVENTS_KEPT], news, at);
    if (vm->env.loop == NULL)
        go_on_all(all);
    else if (!ln_timer_is_running(&all->soon))
        ln_timer_start(vm->env.loop, &all->soon, 0, on_soon);
}

void ln_vm_tell(struct ln_vm *vm, const struct ln_news *news)
{
    add(vm, news, ln_clock_wall());
}

/* Did somebody wait for it, and nobody begin with it? Of several that ask for one kind the quickest
 * counts, so that none hears anything twice. */
static bool is_unheard(const struct ln_events *all, uint64_t number, enum ln_news_kind kind)
{
    bool wanted = false;

    for (struct ln_list *at = all->handlers.next; at != &all->handlers; at = at->next) {
        const struct handler *h = handler_of(at);

        if (h->kind == kind && h->next > number)
            return false;
        wanted |= h->kind == kind;
    }
    return wanted;
}

void ln_vm_inherit(struct ln_vm *vm, struct ln_vm *from)
{
    const struct ln_events *all = from->events;

    if (all == NULL)
        return;
    for (uint64_t n = all->told > LN_EVENTS_KEPT ? all->told - LN_EVENTS_KEPT : 0; n < all->told;
         n++) {
        const struct event *e = &all->kept[n % LN_EVENTS_KEPT];

        if (is_unheard(all, n, e->news.kind))
            add(vm, &e->news, e->at);
    }
}

/* ---- the end ---- */

void ln_events_stop(struct ln_vm *vm)
{
    if (vm->events == NULL)
        return;
    if (vm->env.loop != NULL)
        ln_timer_stop(vm->env.loop, &vm->events->soon);
    for (struct ln_list *at = vm->events->handlers.next; at != &vm->events->handlers;
         at = at->next) {
        struct handler *h = handler_of(at);

        if (ln_errand_is_new(&h->errand))
            h->next = h->at;
        ln_errand_cancel(&h->errand);
    }
}

void ln_events_free(struct ln_vm *vm)
{
    struct ln_events *all = vm->events;

    if (all == NULL)
        return;
    ln_events_stop(vm);
    while (!ln_list_is_empty(&all->handlers)) {
        struct handler *h = handler_of(all->handlers.next);

        ln_assert(h->errand.task == NULL);
        ln_list_remove(&h->node);
        ln_free(h);
    }
    for (unsigned i = 0; i < LN_EVENTS_KEPT; i++)
        ln_free(all->kept[i].texts);
    ln_free(all);
    vm->events = NULL;
}
