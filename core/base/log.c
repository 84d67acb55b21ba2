/* SPDX-License-Identifier: Apache-2.0
 * log.c - writes log lines without ever waiting for their reader.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

static struct {
    int fd;
    char *path; /* NULL: standard error */
    enum ln_log_level level;
    enum ln_log_format format;
    char name[32];
    uint64_t dropped, reported;
    bool colour;
    bool torn; /* the last line was cut in the middle: the next one begins with its line end */
} sink = {.fd = STDERR_FILENO, .level = LN_LOG_INFO, .name = "lunette"};

static const char *const level_names[LN_LOG_LEVELS] = {"debug", "info", "warn", "error"};

/* Of terminals: ECMA-48, select graphic rendition. */
static const char *const colours[LN_LOG_LEVELS] = {"\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[1;31m"};

static int open_file(const char *path, struct ln_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

    if (fd < 0)
        return ln_fail(err, LN_E_SYS, "log file %s", path);
    return fd;
}

int ln_log_open(const char *path, enum ln_log_level level, enum ln_log_format format,
                struct ln_err *err)
{
    int fd = STDERR_FILENO;

    if (path != NULL && strcmp(path, "stderr") == 0)
        path = NULL;
    if (path != NULL && (fd = open_file(path, err)) < 0)
        return -1;
    if (sink.fd != STDERR_FILENO)
        close(sink.fd);
    ln_free(sink.path);
    sink.path = path != NULL ? ln_strdup(path) : NULL;
    sink.fd = fd;
    sink.torn = false;
    sink.level = level;
    sink.format = format;
    return 0;
}

int ln_log_reopen(struct ln_err *err)
{
    if (sink.path == NULL)
        return 0;

    int fd = open_file(sink.path, err);

    if (fd < 0)
        return -1;
    close(sink.fd);
    sink.fd = fd;
    sink.torn = false;
    return 0;
}

void ln_log_name(const char *name)
{
    snprintf(sink.name, sizeof sink.name, "%s", name);
}

void ln_log_colour(bool on)
{
    sink.colour = on;
}

bool ln_log_is_on(enum ln_log_level level)
{
    return level >= sink.level;
}

const char *ln_log_level_name(enum ln_log_level level)
{
    return level_names[level];
}

uint64_t ln_log_dropped(void)
{
    return sink.dropped;
}

static void add_time(struct ln_text *line)
{
    ln_nsec now = ln_clock_wall();
    time_t seconds = (time_t)(now / 1000000000u);
    struct tm utc;

    gmtime_r(&seconds, &utc);
    ln_text_printf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", utc.tm_year + 1900, utc.tm_mon + 1,
                   utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                   (unsigned)(now / LN_NSEC_PER_MSEC % 1000));
}

static void add_escaped(struct ln_text *line, struct ln_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == '\n' && i + 1 < s.n)
            ln_text_puts(line,
                         "\n    "); /* a traceback stays readable, and one event stays one block */
        else if (c == '\n')
            continue;
        else if (c == '\t')
            ln_text_puts(line, "  ");
        else if (c < 0x20 || c == 0x7f)
            ln_text_printf(line, "\\x%02x", c);
        else
            ln_text_add(line, s.p + i, 1);
    }
}

static void compose(struct ln_text *line, enum ln_log_level level, struct ln_slice message,
                    struct ln_slice fields)
{
    if (sink.torn)
        ln_text_puts(line, "\n");
    if (sink.format == LN_LOG_TEXT) {
        add_time(line);
        ln_text_printf(line, " %s%-5s%s %s: ", sink.colour ? colours[level] : "",
                       level_names[level], sink.colour ? "\x1b[0m" : "", sink.name);
        add_escaped(line, message);
        if (fields.n > 2) {
            ln_text_puts(line, " ");
            add_escaped(line, fields);
        }
        ln_text_puts(line, "\n");
        return;
    }
    ln_text_puts(line, "{\"time\":\"");
    add_time(line);
    ln_text_printf(line, "\",\"level\":\"%s\",\"from\":\"%s\",\"message\":", level_names[level],
                   sink.name);
    ln_text_json(line, message);
    if (fields.n > 2) {
        ln_text_puts(line, ",\"fields\":");
        ln_text_add(line, fields.p, fields.n);
    }
    ln_text_puts(line, "}\n");
}

/* How many bytes went out. A regular file takes all; a pipe or terminal whose reader is stuck takes
 * nothing, and we do not wait for it. */
static size_t put_bytes(const char *p, size_t n)
{
    size_t done = 0;

    while (done < n) {
        struct pollfd ready = {.fd = sink.fd, .events = POLLOUT};

        if (poll(&ready, 1, 0) != 1 || ready.revents != POLLOUT)
            break; /* with POLLERR the reader is gone, and a write would raise SIGPIPE */
        ssize_t put = write(sink.fd, p + done, n - done < 4096 ? n - done : 4096);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            break;
        done += (size_t)put;
    }
    return done;
}

static bool emit(enum ln_log_level level, struct ln_slice message, struct ln_slice fields)
{
    struct ln_text line;

    ln_text_init(&line);
    compose(&line, level, message, fields);
    size_t put = put_bytes(line.p, line.n);
    bool whole = put == line.n;

    if (put > 0)
        sink.torn = !whole;
    ln_text_fini(&line);
    return whole;
}

/* Says how many lines were lost since it was last said. False: the reader is still stuck. */
static bool confess(void)
{
    char note[80];
    int n = snprintf(note, sizeof note, "%llu log lines were dropped: the log's reader is stuck",
                     (unsigned long long)(sink.dropped - sink.reported));

    if (!emit(LN_LOG_WARN, ln_slice(note, (size_t)n), ln_slice(NULL, 0)))
        return false;
    sink.reported = sink.dropped;
    return true;
}

void ln_log_fields(enum ln_log_level level, struct ln_slice message, struct ln_slice fields)
{
    int saved = errno;

    if (!ln_log_is_on(level))
        return;
    bool clear = sink.dropped == sink.reported || confess();

    if (!clear || !emit(level, message, fields))
        sink.dropped++;
    errno = saved;
}

void ln_log(enum ln_log_level level, const char *format, ...)
{
    int saved = errno;
    va_list args;
    char text[2048];

    if (!ln_log_is_on(level))
        return;
    va_start(args, format);
    errno = saved; /* %m */
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n < sizeof text) {
        ln_log_fields(level, ln_slice(text, (size_t)n), ln_slice(NULL, 0));
        return;
    }
    va_start(args, format);
    char *whole = ln_alloc((size_t)n + 1);
    vsnprintf(whole, (size_t)n + 1, format, args);
    va_end(args);
    ln_log_fields(level, ln_slice(whole, (size_t)n), ln_slice(NULL, 0));
    ln_free(whole);
}
