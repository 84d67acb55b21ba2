/* SPDX-License-Identifier: Apache-2.0
 * err.h - errors of start-up and configuration: a code and a full sentence for the operator.
 *
 * Traffic does not use this: it ends with a typed outcome from a table (upstream/outcome.def,
 * http/reject.def). Owner: the caller provides the record, nothing allocates.
 */
#ifndef LN_BASE_ERR_H
#define LN_BASE_ERR_H

enum ln_err_code {
    LN_E_NONE,
    LN_E_SYS,   /* a system call failed; `sys` has the errno and the text ends with its sentence */
    LN_E_CONF,  /* configuration, routes or plugins are wrong */
    LN_E_LIMIT, /* a configured or built-in bound was reached */
    LN_E_STATE, /* not possible in the present state, such as a second gateway on one socket */
};

struct ln_err {
    enum ln_err_code code;
    int sys;
    char text[1024];
};

/* Formats the sentence (LN_E_SYS: appends ": " and strerror(errno)) and returns -1. `err` may be
 * NULL. */
__attribute__((format(printf, 3, 4))) int ln_fail(struct ln_err *err, enum ln_err_code code,
                                                  const char *format, ...);

#endif
