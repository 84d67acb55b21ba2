/* SPDX-License-Identifier: Apache-2.0
 * uses.c - counts failures, and keeps the mask of handlers that are out.
 */
#include "script/uses.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "script/vm_inner.h"
#include "shm/quarantine.h"
#include "shm/region.h"

enum { POINTS = 5, STOPPED_POINTS = 2 };

static const char *const phases[LN_PHASE_LOG + 1] = {
    [LN_PHASE_REQUEST] = "request",   [LN_PHASE_BALANCE] = "balance",
    [LN_PHASE_RESPONSE] = "response", [LN_PHASE_BODY] = "body",
    [LN_PHASE_LOG] = "log",
};

/* ---- loading ---- */

static lua_Integer integer_field(lua_State *L, const char *key)
{
    lua_getfield(L, -1, key);
    lua_Integer n = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return n;
}

static const char *text_field(struct ln_vm *vm, const char *key)
{
    lua_getfield(vm->L, -1, key);
    const char *text = lua_tostring(vm->L, -1);
    const char *copy = ln_arena_strdup(&vm->arena, text != NULL ? text : "?");
    lua_pop(vm->L, 1);
    return copy;
}

static void make_room(struct ln_vm *vm, unsigned number)
{
    while (vm->use_count < number) {
        if (vm->use_count == vm->use_cap) {
            vm->use_cap = vm->use_cap > 0 ? vm->use_cap * 2 : 16;
            vm->uses = ln_realloc(vm->uses, vm->use_cap * sizeof *vm->uses);
        }
        vm->uses[vm->use_count++] = (struct ln_use){.text = NULL};
    }
}

/* The use on top of the stack; its number, from 1, is the same in every chain that has it. */
static unsigned take_use(struct ln_vm *vm)
{
    unsigned number = (unsigned)integer_field(vm->L, "number");

    make_room(vm, number);

    struct ln_use *use = &vm->uses[number - 1];

    if (use->text == NULL) {
        const char *title = text_field(vm, "title"), *file = text_field(vm, "file");

        use->text = ln_arena_printf(&vm->arena, "plugin %.80s (%.140s:%d)", title, file,
                                    (int)integer_field(vm->L, "line"))
                        .p;
        use->budget = (ln_msec)integer_field(vm->L, "budget");
    }
    return number - 1;
}

void ln_uses_take(struct ln_vm *vm, struct ln_chain *chain)
{
    lua_State *L = vm->L;

    chain->use_count = lua_istable(L, -1) ? (unsigned)lua_objlen(L, -1) : 0;
    chain->uses = ln_arena_zalloc(&vm->arena, (chain->use_count + 1) * sizeof *chain->uses);
    for (unsigned i = 0; i < chain->use_count; i++, lua_pop(L, 1)) {
        lua_rawgeti(L, -1, (int)i + 1);
        chain->uses[i] = take_use(vm);
        chain->has_budgets = chain->has_budgets || vm->uses[chain->uses[i]].budget > 0;
    }
}

void ln_uses_begin(struct ln_vm *vm)
{
    size_t size = sizeof(struct ln_quarantine);

    if (vm->env.demand != NULL)
        ln_demand_add(vm->env.demand, LN_ZONE_USE, ln_quarantine_zone(), size);
    if (vm->env.shm != NULL && vm->env.number != 0)
        vm->quarantine = ln_shm_find(vm->env.shm, LN_ZONE_USE, ln_quarantine_zone(), &size);
    if (vm->quarantine != NULL)
        ln_uses_look(vm);
}

void ln_uses_free(struct ln_vm *vm)
{
    ln_free(vm->uses);
}

/* ---- who is out ---- */

static uint64_t key_of(const struct ln_vm *vm, unsigned use, int phase)
{
    struct ln_hash_key key = {vm->env.number, 0x6c6e75736573u};
    uint64_t what = (uint64_t)use * (LN_PHASE_LOG + 1) + (uint64_t)phase;

    return ln_hash(&key, &what, sizeof what) | 2; /* 0 and 1 are taken */
}

static ln_msec now_of(void)
{
    return ln_clock_mono() / LN_NSEC_PER_MSEC;
}

bool ln_uses_changed(const struct ln_vm *vm)
{
    return vm->quarantine != NULL &&
           atomic_load_explicit(&vm->quarantine->changes, memory_order_relaxed) != vm->changes;
}

static void look_at(struct ln_vm *vm, unsigned use, int phase)
{
    struct ln_quarantine_record *r = ln_quarantine_find(vm->quarantine, key_of(vm, use, phase));

    vm->uses[use].health[phase].out = r != NULL && atomic_load(&r->until) != 0 ? r : NULL;
}

static uint64_t mask_of(const struct ln_vm *vm, const struct ln_chain *chain, int phase)
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < chain->use_count; i++)
        if (vm->uses[chain->uses[i]].health[phase].out != NULL)
            mask |= (uint64_t)1 << (i + 1);
    return mask;
}

void ln_uses_look(struct ln_vm *vm)
{
    vm->changes = atomic_load(&vm->quarantine->changes);
    for (unsigned i = 0; i < vm->use_count; i++)
        for (int phase = LN_PHASE_REQUEST; phase <= LN_PHASE_LOG; phase++)
            look_at(vm, i, phase);
    for (unsigned i = 0; i < vm->chain_count; i++)
        for (int phase = LN_PHASE_REQUEST; phase <= LN_PHASE_LOG; phase++)
            vm->chains[i].out[phase] = mask_of(vm, &vm->chains[i], phase);
}

uint64_t ln_uses_out(struct ln_vm *vm, const struct ln_chain *chain, int phase, uint64_t *trials)
{
    uint64_t out = 0;

    *trials = 0;
    for (unsigned i = 0; i < chain->use_count; i++) {
        struct ln_quarantine_record *r = vm->uses[chain->uses[i]].health[phase].out;

        if (r == NULL)
            continue;
        switch (ln_quarantine_ask(r, now_of())) {
        case LN_QUARANTINE_OUT:
            out |= (uint64_t)1 << (i + 1);
            break;
        case LN_QUARANTINE_TRIAL:
            *trials |= (uint64_t)1 << (i + 1);
            break;
        default:
            break;
        }
    }
    return out;
}

/* ---- how they fare ---- */

/* How often the chains with this use have run this phase. */
static uint64_t runs_of(const struct ln_vm *vm, unsigned use, int phase)
{
    uint64_t runs = 0;

    for (unsigned i = 0; i < vm->chain_count; i++)
        for (unsigned k = 0; k < vm->chains[i].use_count; k++)
            if (vm->chains[i].uses[k] == use) {
                runs += vm->chains[i].runs[phase];
                break;
            }
    return runs;
}

static bool is_too_much(struct ln_vm *vm, unsigned use, int phase, bool stopped)
{
    struct ln_use *u = &vm->uses[use];
    uint64_t runs = runs_of(vm, use, phase), seen = u->health[phase].seen;
    uint64_t good = runs > seen + 1 ? runs - seen - 1 : 0;

    u->health[phase].points -=
        (unsigned)(good < u->health[phase].points ? good : u->health[phase].points);
    u->health[phase].points += stopped ? STOPPED_POINTS : 1;
    u->health[phase].seen = runs;
    return u->health[phase].points >= POINTS;
}

static void put_out(struct ln_vm *vm, unsigned use, int phase)
{
    char text[LN_USE_TEXT];

    snprintf(text, sizeof text, "%s, handler %s", vm->uses[use].text, phases[phase]);
    struct ln_quarantine_record *r =
        ln_quarantine_claim(vm->quarantine, key_of(vm, use, phase), vm->env.number, text);
    ln_msec wait = r != NULL ? ln_quarantine_put_out(vm->quarantine, r, now_of()) : 0;

    if (wait > 0)
        ln_error("%s keeps failing: it is in quarantine, and tried again in %llu ms", text,
                 (unsigned long long)wait);
    vm->uses[use].health[phase].points = 0;
    ln_uses_look(vm);
}

void ln_uses_failed(struct ln_vm *vm, const struct ln_chain *chain, int phase, int at, bool stopped,
                    uint64_t trials)
{
    if (vm->quarantine == NULL || at < 1 || (unsigned)at > chain->use_count)
        return;

    unsigned use = chain->uses[at - 1];
    struct ln_quarantine_record *r = vm->uses[use].health[phase].out;

    if ((trials >> at & 1) != 0 && r != NULL)
        ln_quarantine_trial_failed(r, now_of());
    else if (is_too_much(vm, use, phase, stopped))
        put_out(vm, use, phase);
}

/* Request and balance handlers run down the chain, everything else up. */
static bool has_come_to(int phase, int at, unsigned plugin)
{
    return phase <= LN_PHASE_BALANCE ? (int)plugin <= at : (int)plugin >= at;
}

void ln_uses_worked(struct ln_vm *vm, const struct ln_chain *chain, int phase, int at,
                    uint64_t trials)
{
    for (unsigned i = 1; i <= chain->use_count; i++) {
        unsigned use = chain->uses[i - 1];
        struct ln_quarantine_record *r = vm->uses[use].health[phase].out;

        if ((trials >> i & 1) == 0 || r == NULL || !has_come_to(phase, at, i))
            continue;
        ln_quarantine_let_in(vm->quarantine, r);
        vm->uses[use].health[phase].points = 0;
        ln_info("%s, handler %s works again: its quarantine has ended", vm->uses[use].text,
                phases[phase]);
    }
    ln_uses_look(vm);
}

/* ---- memory ---- */

bool ln_uses_is_to_blame(const struct ln_vm *vm)
{
    return vm->grown >= vm->cap / 8;
}

static const struct ln_chain *fattest(const struct ln_vm *vm)
{
    const struct ln_chain *most = NULL;

    for (unsigned i = 0; i < vm->chain_count; i++)
        if (vm->chains[i].held > (most != NULL ? most->held : 0))
            most = &vm->chains[i];
    return most;
}

static const char *route_of(const struct ln_vm *vm, const struct ln_chain *chain)
{
    for (unsigned i = 0; i < vm->route_count; i++)
        if (vm->routes[i].chain == (unsigned)(chain - vm->chains) + 1 && vm->routes[i].name != NULL)
            return vm->routes[i].name;
    return "a route without a name";
}

static double mib(double bytes)
{
    return bytes / (1 << 20);
}

void ln_uses_blame(const struct ln_vm *vm, char *text, size_t size)
{
    const struct ln_chain *most = fattest(vm);
    int n = snprintf(text, size, "not enough memory: this run took %.1f of lua.memory's %.0f MiB",
                     mib((double)vm->grown), mib((double)vm->cap));

    if (most != NULL && n > 0 && (size_t)n < size)
        snprintf(text + n, size - (size_t)n, "; the handlers of %.100s hold most, about %.1f MiB",
                 route_of(vm, most), mib((double)most->held));
}

/* ---- for the supervisor ---- */

static size_t append(char *text, size_t size, size_t n, const char *what)
{
    while (*what != '\0' && n + 1 < size)
        text[n++] = *what++;
    text[n] = '\0';
    return n;
}

/* snprintf() is not for signal handlers. */
uint64_t ln_uses_running(const struct ln_vm *vm, char *text, size_t size)
{
    const struct ln_req *r = vm->cur.req;
    int phase = vm->cur.phase, at = vm->cur.at;

    if (r == NULL || r->route == NULL || r->route->chain == 0 || phase < LN_PHASE_REQUEST ||
        phase > LN_PHASE_LOG)
        return 0;

    const struct ln_chain *chain = &vm->chains[r->route->chain - 1];

    if (at < 1 || (unsigned)at > chain->use_count)
        return 0;

    size_t n = append(text, size, 0, vm->uses[chain->uses[at - 1]].text);

    n = append(text, size, n, ", handler ");
    n = append(text, size, n, phases[phase]);
    n = append(text, size, n, ", route ");
    append(text, size, n, r->route->name != NULL ? r->route->name : "?");
    return key_of(vm, chain->uses[at - 1], phase);
}
