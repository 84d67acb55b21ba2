/* SPDX-License-Identifier: Apache-2.0
 * bundle.h - every outside fact that a configuration is made of, so that all workers load the same
 * bytes.
 *
 * A recording bundle reads files, lists folders and resolves names, and keeps what it saw.
 * Serialised into a memfd it becomes a replaying bundle elsewhere, which knows what was recorded
 * and nothing else. One thread.
 */
#ifndef LN_CONF_BUNDLE_H
#define LN_CONF_BUNDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "conf/addr.h"

struct ln_bundle;

struct ln_bundle *ln_bundle_record(void);
/* Maps a file made by ln_bundle_save(); the descriptor stays the caller's. NULL with `err` when it
 * is not one. */
struct ln_bundle *ln_bundle_replay(int fd, struct ln_err *err);
void ln_bundle_free(struct ln_bundle *b);

/* Writes all that was recorded to `fd` (a memfd). */
int ln_bundle_save(const struct ln_bundle *b, int fd, struct ln_err *err);

/* A file's bytes; they live as long as the bundle. -1 with a sentence: not there, not readable,
 * over 16 MiB. */
int ln_bundle_read(struct ln_bundle *b, const char *path, struct ln_slice *bytes,
                   struct ln_err *err);

/* Is it a folder? (recorded too) */
bool ln_bundle_is_dir(struct ln_bundle *b, const char *path);

/* Names in a folder that end with `suffix`, sorted, dot files left out. The array ends with NULL
 * and lives as long as the bundle. A folder that does not exist is empty and not an error. */
const char *const *ln_bundle_list(struct ln_bundle *b, const char *dir, const char *suffix);

/* Addresses of a host name or literal, with the port filled in; at most 16; 0 = it does not resolve
 * now (the reason in `err`). Blocks while recording (getaddrinfo), never while replaying. */
unsigned ln_bundle_resolve(struct ln_bundle *b, const char *host, unsigned port,
                           const struct ln_addr **addrs, struct ln_err *err);

/* A variable of the environment, recorded like a file; NULL = not set. Lives as long as the bundle.
 */
const char *ln_bundle_env(struct ln_bundle *b, const char *name);

/* What was made of files that were read, so that nobody need make it again; false: nothing under
 * that name. The bytes live as long as the bundle. */
bool ln_bundle_made(const struct ln_bundle *b, const char *name, struct ln_slice *bytes);
void ln_bundle_make(struct ln_bundle *b, const char *name, struct ln_slice bytes);
/* Forgets what a file says, and keeps that it is watched. */
void ln_bundle_blank(struct ln_bundle *b, const char *path);

/* Under which name there is the table of consumers. */
#define LN_CONSUMERS_MADE "consumers"

/* Keyed-free content hash (SipHash with a fixed key) over all that was recorded: the generation's
 * name. */
uint64_t ln_bundle_hash(const struct ln_bundle *b);

/* The paths that were read or listed, for the watcher; walk with *at = 0 until NULL. */
const char *ln_bundle_next_path(const struct ln_bundle *b, unsigned *at);

#endif
