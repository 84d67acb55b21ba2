/* SPDX-License-Identifier: Apache-2.0
 * watch.h - tells when a file that the configuration is made of may have changed.
 *
 * Folders are watched, not files: editors and deployment tools replace files by renaming, and a
 * watch on a file would go on looking at the old one. Told once changes have settled. Whether the
 * content differs is for the receiver to find out.
 */
#ifndef LN_SERVER_WATCH_H
#define LN_SERVER_WATCH_H

#include "base/err.h"
#include "net/loop.h"

struct ln_watch;

struct ln_watch *ln_watch_new(struct ln_loop *loop, void (*on_change)(void *arg), void *arg,
                              struct ln_err *err);
void ln_watch_free(struct ln_watch *w);

/* From here to ln_watch_done(): the paths to be watched, files and folders, there or not. What is
 * not named again is not watched any more. */
void ln_watch_begin(struct ln_watch *w);
void ln_watch_add(struct ln_watch *w, const char *path);
/* Also counts as a change when one of the paths has changed since `since` (wall clock): between its
 * reading and the beginning of the watch. 0 = do not look. */
void ln_watch_done(struct ln_watch *w, ln_nsec since);

/* Would a change of this name in a watched folder be told? For tests of the rules: names of
 * temporary files of editors and dot files are not. */
bool ln_watch_is_noise(const char *name);

int ln_watch_fd(const struct ln_watch *w);

#endif
