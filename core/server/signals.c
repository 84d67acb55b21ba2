/* SPDX-License-Identifier: Apache-2.0
 * signals.c - a signalfd, and what children make of it.
 */
#include "server/signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/assert.h"

static const int heard[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};

int ln_signals_open(struct ln_err *err)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < LN_ARRAY_LEN(heard); i++)
        sigaddset(&set, heard[i]);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD,
           SIG_DFL); /* who started us may have ignored it, and then no child could be waited for */

    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);

    if (fd < 0 || sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return ln_fail(err, LN_E_SYS, "signals");
    return fd;
}

int ln_signals_next(int fd)
{
    struct signalfd_siginfo got;

    return read(fd, &got, sizeof got) == (ssize_t)sizeof got ? (int)got.ssi_signo : 0;
}

static void unblock_all(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void ln_signals_reset(void)
{
    for (size_t i = 0; i < LN_ARRAY_LEN(heard); i++)
        signal(heard[i], SIG_DFL);
    unblock_all();
}

void ln_signals_ignore(void)
{
    for (size_t i = 0; i < LN_ARRAY_LEN(heard); i++)
        if (heard[i] != SIGCHLD)
            signal(heard[i], SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    unblock_all();
}
