/* SPDX-License-Identifier: Apache-2.0
 * privileges.h - who a process is, and how many descriptors it may have.
 */
#ifndef LN_SERVER_PRIVILEGES_H
#define LN_SERVER_PRIVILEGES_H

#include "base/err.h"

/* Is there such a user, and may we become it? "" is always fine. */
int ln_privileges_check(const char *user, struct ln_err *err);

/* Becomes the user with its groups, for good. "" changes nothing. */
int ln_privileges_drop(const char *user, struct ln_err *err);

/* As many descriptors as the hard limit allows. */
void ln_privileges_raise_files(void);

#endif
