/* SPDX-License-Identifier: Apache-2.0
 * event.h - what becomes of instances (upstream/news.h), told to functions of plugins. For this
 * layer; others call ln_vm_tell().
 *
 * An event is kept until every function that asked for its kind has had it, and one runs at a time
 * for each function, so that it hears of events in their order. Who is slow may be behind by
 * LN_EVENTS_KEPT; what is older is lost to her, and counted. A run is an errand of no request, and
 * begins in a later turn of the loop, never inside a call of this file.
 *
 * Owner: the state, from the first function that asks to its end.
 */
#ifndef LN_SCRIPT_EVENT_H
#define LN_SCRIPT_EVENT_H

#include "script/task.h"
#include "upstream/news.h"

enum { LN_EVENTS_KEPT = 256, LN_EVENT_HANDLERS_MAX = 256 };

/* A function asks for events of a kind, from now on; `number` is what Lua calls it. False: there
 * are too many. */
bool ln_events_ask(struct ln_vm *vm, int number, enum ln_news_kind kind);

/* Breaks off what runs; nobody hears of anything any more, but what is kept is. */
void ln_events_stop(struct ln_vm *vm);
void ln_events_free(struct ln_vm *vm);

#endif
