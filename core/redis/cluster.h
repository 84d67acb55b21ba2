/* SPDX-License-Identifier: Apache-2.0
 * cluster.h - a Redis Cluster behind one client: who has which slot, and calls that are split over
 * nodes. Private to this layer.
 *
 * Each node is a client of its own (pool.c), which knows whether it is down. The map of slots is
 * asked for (CLUSTER SLOTS) when the client connects, and again when an answer or a loss says that
 * it is old. A call's commands go to the nodes of their keys, one part for each node, and their
 * replies come back in the order of the commands; a transaction is one part, and Redis refuses it
 * when its keys do not live together. What is answered with MOVED or ASK is sent again to where
 * that says, a few times, within the call's deadline: it has not run. Nothing else is sent twice.
 */
#ifndef LN_REDIS_CLUSTER_H
#define LN_REDIS_CLUSTER_H

#include "redis/client_inner.h"

struct ln_redis_cluster *ln_redis_cluster_new(struct ln_redis *owner);
void ln_redis_cluster_free(struct ln_redis_cluster *cluster); /* NULL is harmless */

/* Asks for the map; the owner goes up when it is there, and down when nobody has one. */
void ln_redis_cluster_look(struct ln_redis_cluster *cluster);
/* The map seems to be old: asks again, soon. */
void ln_redis_cluster_doubt(struct ln_redis_cluster *cluster);

/* The node that has the slot, or, for NO_SLOT and where nobody is known to have it, any. */
struct ln_redis *ln_redis_cluster_node(struct ln_redis_cluster *cluster, int slot);

/* `answer` of a node: "MOVED 3999 10.0.0.5:6381" or "ASK ...". The node that it names, which MOVED
 * puts into the map; NULL: it is no such answer. */
struct ln_redis *ln_redis_cluster_follow(struct ln_redis_cluster *cluster,
                                         const struct ln_redis *answered,
                                         const struct ln_redis_reply *answer, bool *ask);

/* cluster_call.c */
/* Sends the parts of a call. False: all have failed at once, c->error tells. */
bool ln_redis_split(struct ln_redis_call *c);

#endif
