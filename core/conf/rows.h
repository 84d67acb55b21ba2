/* SPDX-License-Identifier: Apache-2.0
 * rows.h - the tables of directives, one for each block of the file. They are the list of what
 * lunette knows.
 */
#ifndef LN_CONF_ROWS_H
#define LN_CONF_ROWS_H

#include "conf/row.h"

extern const struct ln_block ln_rows_root;     /* over struct ln_conf */
extern const struct ln_block ln_rows_gateway;  /* over struct ln_gateway_conf */
extern const struct ln_block ln_rows_resolver; /* over struct ln_resolver_conf */
extern const struct ln_block ln_rows_service;  /* over struct ln_service_conf */
extern const struct ln_block
    ln_rows_declared; /* the same without name: a service that a routes file declares */
extern const struct ln_block ln_rows_instance;          /* over struct ln_instance_conf */
extern const struct ln_block ln_rows_limit;             /* over a draft of struct ln_limit_conf */
extern const struct ln_block ln_rows_breaker;           /* over struct ln_breaker_conf */
extern const struct ln_block ln_rows_health;            /* over struct ln_health_conf */
extern const struct ln_block ln_rows_retry;             /* over struct ln_service_conf */
extern const struct ln_block ln_rows_sticky;            /* over struct ln_sticky_conf */
extern const struct ln_block ln_rows_pool;              /* over struct ln_service_conf */
extern const struct ln_block ln_rows_concurrency;       /* over struct ln_concurrency_conf */
extern const struct ln_row_type ln_rows_instances_type; /* struct ln_service_conf */
extern const char *const ln_rows_priorities[];          /* the words of enum ln_priority */
extern const struct ln_block ln_rows_consumer;          /* over struct ln_consumer_conf */
extern const struct ln_row_type ln_rows_consumers_type;
extern const struct ln_row_type ln_rows_services_type, ln_rows_limit_type, ln_rows_breaker_type;
extern const struct ln_row_type ln_rows_statuses_type; /* struct ln_statuses */

/* Slots to allocate for n services: more may be declared in Lua, and the array doubles. */
unsigned ln_rows_service_slots(unsigned n);

#endif
