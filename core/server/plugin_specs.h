/* SPDX-License-Identifier: Apache-2.0
 * plugin_specs.h - runs the specs of plugins before a configuration takes them: plugins.specs, and
 * `lunette dev`.
 *
 * The specs of a plugin are spec/plugins/NAME_spec.lua or spec/NAME_spec.lua beside the plugin
 * folder (NAME may be written with _ for -). They are programs, not sandboxed plugins: they run in
 * a process and a process group of their own, as gateway.user if there is one, and have a deadline.
 */
#ifndef LN_SERVER_PLUGIN_SPECS_H
#define LN_SERVER_PLUGIN_SPECS_H

#include "conf/bundle.h"
#include "conf/conf.h"
#include "conf/diag.h"

enum { LN_PLUGIN_SPECS_DEADLINE = 10000 }; /* milliseconds, all of them together */

/* When are they run? */
enum ln_plugin_specs {
    LN_PLUGIN_SPECS_NEVER,
    LN_PLUGIN_SPECS_AS_CONFIGURED, /* plugins.specs */
    LN_PLUGIN_SPECS_TELL,          /* and what fails is a warning */
    LN_PLUGIN_SPECS_ALWAYS,
};

/* Runs the specs of the plugins that have been read into `bundle`, and adds the specs to it, so
 * that they are watched. Blocks, for the deadline at most. What fails is in `diag`, with file and
 * line. */
void ln_plugin_specs_run(const struct ln_conf *conf, struct ln_bundle *bundle,
                         enum ln_plugin_specs when, struct ln_diag *diag);

#endif
