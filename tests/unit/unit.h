/* SPDX-License-Identifier: Apache-2.0
 * unit.h - what unit tests include: cmocka with its prerequisites, and a few assertions of our own.
 */
#ifndef LN_UNIT_H
#define LN_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/slice.h"

#define assert_slice(slice, text)                                                                  \
    do {                                                                                           \
        struct ln_slice seen_ = (slice);                                                           \
        assert_int_equal(seen_.n, strlen(text));                                                   \
        assert_memory_equal(seen_.p, text, strlen(text));                                          \
    } while (0)

/* Runs `deed` in a child and tells whether it ended the process. */
static inline bool unit_dies(void (*deed)(void *arg), void *arg)
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        dup2(null, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        deed(arg);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

#endif
