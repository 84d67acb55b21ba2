/* SPDX-License-Identifier: Apache-2.0
 * rerun.h - runs something in a child, and again whenever a source file below this folder changes:
 * `lunette test --watch`.
 *
 * Sources are *.lua, *.yaml and *.yml; hidden folders, and those whose name begins with "build" or
 * is "node_modules", are left out. A run that writes into sources does not set itself off for ever:
 * what counts is whether they differ from what they were when it began.
 */
#ifndef LN_SERVER_RERUN_H
#define LN_SERVER_RERUN_H

/* `run` gets `arg` in a child process and returns its exit code. Ends with TERM or Ctrl-C, and then
 * returns LN_EXIT_OK; LN_EXIT_FAILED when watching is not possible (told on standard error). */
int ln_rerun(int (*run)(const void *arg), const void *arg);

#endif
