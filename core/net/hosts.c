/* SPDX-License-Identifier: Apache-2.0
 * hosts.c - reads the hosts file into a map.
 */
#include "net/hosts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"

enum { LOOK_EVERY = 1000 }; /* milliseconds */

struct ln_hosts {
    char *path;
    struct ln_map names; /* lower case -> struct ln_hosts_entry */
    ln_msec looked;      /* when the file was last looked at; 0 = never */
    struct stat seen;    /* how it looked then; zeroed = it was not there */
};

struct ln_hosts *ln_hosts_new(const char *path)
{
    struct ln_hosts *h = ln_zalloc(sizeof *h);

    h->path = ln_strdup(path);
    ln_map_init(&h->names);
    return h;
}

static void forget(struct ln_hosts *h)
{
    size_t at = 0;
    struct ln_slice name;
    void *entry;

    while (ln_map_next(&h->names, &at, &name, &entry))
        ln_free(entry);
    ln_map_fini(&h->names);
}

void ln_hosts_free(struct ln_hosts *h)
{
    if (h == NULL)
        return;
    forget(h);
    ln_free(h->path);
    ln_free(h);
}

static void add(struct ln_hosts *h, struct ln_slice name, const struct ln_ip *ip)
{
    struct ln_hosts_entry *e = ln_map_get(&h->names, name);

    if (e == NULL) {
        e = ln_zalloc(sizeof *e);
        ln_map_put(&h->names, name, e);
    }
    for (unsigned i = 0; i < e->count; i++)
        if (memcmp(&e->addrs[i], ip, sizeof *ip) == 0)
            return;
    if (e->count < LN_HOSTS_ADDRS)
        e->addrs[e->count++] = *ip;
}

/* The next word of a line, in place: lower case and with a NUL behind it. NULL at the end. */
static char *next_word(char **rest)
{
    char *p = *rest + strspn(*rest, " \t\r");
    size_t n = strcspn(p, " \t\r");

    if (n == 0)
        return NULL;
    *rest = p + n + (p[n] != '\0');
    p[n] = '\0';
    for (size_t i = 0; i < n; i++)
        p[i] = ln_lower(p[i]);
    return p;
}

static void read_line(struct ln_hosts *h, char *line)
{
    struct ln_ip ip;
    char *word;

    line[strcspn(line, "#")] = '\0';
    word = next_word(&line);
    if (word == NULL || !ln_ip_parse(ln_slice_of(word), &ip))
        return;
    while ((word = next_word(&line)) != NULL) {
        size_t n = strlen(word);

        if (n > 1 && word[n - 1] == '.')
            n--;
        if (n <= 253)
            add(h, ln_slice(word, n), &ip);
    }
}

static void read_text(struct ln_hosts *h, char *text, size_t n)
{
    char *end = text + n;

    *end = '\0';
    while (text < end) {
        size_t line = strcspn(text, "\n");

        text[line] = '\0';
        read_line(h, text);
        text += line + 1; /* a NUL in the file only ends its line early */
    }
}

static void read_file(struct ln_hosts *h, int fd, size_t size)
{
    size_t room = size < LN_HOSTS_FILE_MAX ? size : LN_HOSTS_FILE_MAX, n = 0;
    char *text = ln_alloc(room + 1);
    ssize_t got;

    if (size > room)
        ln_warn("%s: only the first %d MiB are read", h->path, LN_HOSTS_FILE_MAX >> 20);
    while (n < room && (got = read(fd, text + n, room - n)) > 0)
        n += (size_t)got;
    read_text(h, text, n);
    ln_free(text);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void look(struct ln_hosts *h)
{
    struct stat now = {.st_ino = 0};
    int fd = open(h->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd >= 0 && (fstat(fd, &now) != 0 || !S_ISREG(now.st_mode)))
        now = (struct stat){.st_ino = 0};
    if (!is_same(&now, &h->seen)) {
        forget(h);
        ln_map_init(&h->names);
        h->seen = now;
        if (now.st_size > 0)
            read_file(h, fd, (size_t)now.st_size);
    }
    if (fd >= 0)
        close(fd);
}

const struct ln_hosts_entry *ln_hosts_find(struct ln_hosts *h, struct ln_slice name, ln_msec now)
{
    if (h->looked == 0 || now - h->looked >= LOOK_EVERY) {
        look(h);
        h->looked = now;
    }
    return ln_map_get(&h->names, name);
}
