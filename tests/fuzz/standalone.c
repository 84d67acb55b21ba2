/* SPDX-License-Identifier: Apache-2.0
 * standalone.c - runs a fuzz target without libFuzzer: RUNS DICTIONARY CORPUS-DIRECTORY.
 *
 * First the corpus as it is, then RUNS mutations of it. The mutations come from a fixed seed, so
 * that each run of the tests sees the same inputs and a failure comes back; the number of the
 * failing one is printed.
 */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

enum { INPUT_MAX = 4096, INPUTS_MAX = 512, WORDS_MAX = 512 };

struct input {
    size_t n;
    uint8_t bytes[INPUT_MAX];
};

struct set {
    struct input *inputs[INPUTS_MAX];
    size_t count;
    struct input *words[WORDS_MAX];
    size_t word_count;
    uint64_t seed;
};

static struct input present; /* for the report of a crash, which cannot be given an argument */

static void on_abort(int signal_number)
{
    static const char text[] = "\nthe input:\n";

    (void)signal_number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0 ||
        write(STDERR_FILENO, present.bytes, present.n) < 0)
        _exit(3);
    _exit(2);
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static size_t below(struct set *s, size_t limit)
{
    uint64_t z = s->seed += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return limit == 0 ? 0 : (size_t)((z ^ (z >> 31)) % limit);
}

static struct input *new_input(void)
{
    struct input *i = calloc(1, sizeof *i);

    if (i == NULL)
        abort();
    return i;
}

static void read_corpus(struct set *s, const char *directory)
{
    struct dirent **entries;
    int n = scandir(directory, &entries, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        char path[1024];

        snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        FILE *f = entries[i]->d_name[0] != '.' ? fopen(path, "rb") : NULL;

        if (f != NULL && s->count < INPUTS_MAX) {
            s->inputs[s->count] = new_input();
            s->inputs[s->count]->n = fread(s->inputs[s->count]->bytes, 1, INPUT_MAX, f);
            s->count++;
        }
        if (f != NULL)
            fclose(f);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

/* One line of a dictionary in libFuzzer's form: "text" with \xHH, \\ and \" escapes. */
static void read_word(struct set *s, const char *line)
{
    struct input *w;

    if (*line++ != '"' || s->word_count == WORDS_MAX)
        return;
    w = s->words[s->word_count++] = new_input();
    for (; *line != '\0' && *line != '"'; line++) {
        if (*line == '\\' && line[1] == 'x') {
            char digits[3] = {line[2], line[3], '\0'};

            w->bytes[w->n++] = (uint8_t)strtoul(digits, NULL, 16);
            line += 3;
        } else {
            line += *line == '\\';
            w->bytes[w->n++] = (uint8_t)*line;
        }
    }
}

static void read_dictionary(struct set *s, const char *path)
{
    char line[512];
    FILE *f = fopen(path, "r");

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        read_word(s, line);
    if (f != NULL)
        fclose(f);
}

/* Replaces `cut` bytes at `at` by n others, when they fit. */
static void replace(struct input *i, size_t at, size_t cut, const uint8_t *bytes, size_t n)
{
    if (i->n - cut + n > INPUT_MAX)
        return;
    memmove(i->bytes + at + n, i->bytes + at + cut, i->n - at - cut);
    if (n > 0)
        memmove(i->bytes + at, bytes, n);
    i->n = i->n - cut + n;
}

static void mutate(struct set *s, struct input *i)
{
    size_t at = below(s, i->n + 1), rest = i->n - at, cut = below(s, rest < 8 ? rest + 1 : 8);
    const struct input *other = s->inputs[below(s, s->count)];
    uint8_t byte = (uint8_t)below(s, 256), odd = (uint8_t) "\r\n\t \0:;,\x7f\x80%/."[below(s, 13)];
    uint8_t run[64];

    switch (below(s, 8)) {
    case 0: /* any byte */
        replace(i, at, rest > 0, &byte, 1);
        break;
    case 1: /* a byte that has a meaning */
        replace(i, at, below(s, 2) && rest > 0, &odd, 1);
        break;
    case 2:
        replace(i, at, cut, NULL, 0);
        break;
    case 3: /* something twice */
        memcpy(run, i->bytes + at, cut);
        replace(i, at, 0, run, cut);
        break;
    case 4:
    case 5:
        if (s->word_count > 0) {
            const struct input *w = s->words[below(s, s->word_count)];

            replace(i, at, below(s, 2) * cut, w->bytes, w->n);
        }
        break;
    case 6: /* the start of this, the end of another */
        cut = below(s, other->n + 1);
        replace(i, at, rest, other->bytes + cut, other->n - cut);
        break;
    default: /* a bit */
        if (rest > 0)
            i->bytes[at] ^= (uint8_t)(1u << below(s, 8));
        break;
    }
}

/* Exactly as many bytes as there are, so that a look beyond them is noticed. */
static void run(const struct input *i)
{
    uint8_t *copy = malloc(i->n > 0 ? i->n : 1);

    if (copy == NULL)
        abort();
    present = *i;
    memcpy(copy, i->bytes, i->n);
    LLVMFuzzerTestOneInput(copy, i->n);
    free(copy);
}

static void release(struct set *s)
{
    while (s->count > 0)
        free(s->inputs[--s->count]);
    while (s->word_count > 0)
        free(s->words[--s->word_count]);
}

int main(int argc, char **argv)
{
    static struct set s = {.seed = 1};
    static struct input input;

    if (argc != 4)
        return fprintf(stderr, "usage: %s RUNS DICTIONARY CORPUS\n", argv[0]), 2;
    read_dictionary(&s, argv[2]);
    read_corpus(&s, argv[3]);
    if (s.count == 0)
        return fprintf(stderr, "%s: no inputs in %s\n", argv[0], argv[3]), 2;
    signal(SIGABRT, on_abort);
    for (size_t i = 0; i < s.count; i++)
        run(s.inputs[i]);
    for (long left = atol(argv[1]); left > 0; left--) {
        input = *s.inputs[below(&s, s.count)];
        for (size_t times = 1 + below(&s, 4); times > 0; times--)
            mutate(&s, &input);
        run(&input);
    }
    printf("%zu inputs and %s mutations\n", s.count, argv[1]);
    release(&s);
    return 0;
}
