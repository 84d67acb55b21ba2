/* SPDX-License-Identifier: Apache-2.0
 * cli.c - finds the command, reads its options, prints help. The tables are in commands.c.
 */
#include "server/cli.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/text.h"
#include "server/commands.h"

/* where the configuration is looked for without -c; the first that is there */
static const char *const default_confs[] = {"gateway.yaml", "conf/gateway.yaml",
                                            "/etc/lunette/gateway.yaml"};

enum { OPTION_COLUMN = 21 }; /* where the texts of options begin in a help page */

static const struct ln_command *find(const char *name)
{
    for (const struct ln_command *c = ln_commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

/* ---- help ---- */

static void print_overview(FILE *out)
{
    fprintf(out, "lunette %s - a programmable HTTP gateway\n\nusage: lunette COMMAND [OPTIONS]\n\n",
            LN_VERSION);
    for (const struct ln_command *c = ln_commands; c->name != NULL; c++)
        fprintf(out, "  %-9s %s\n", c->name, c->summary);
    fprintf(out, "\nlunette help COMMAND tells more.\n");
}

static void print_usage(FILE *out, const struct ln_command *c)
{
    fprintf(out, "usage: lunette %s%s%s", c->name, c->arguments[0] != '\0' ? " " : "",
            c->arguments);
    for (const struct ln_cli_option_row *row = ln_cli_options; row->name != NULL; row++)
        if (c->options & row->option)
            fprintf(out, " [%s%s%s]", row->letter != NULL ? row->letter : row->name,
                    row->value != NULL ? " " : "", row->value != NULL ? row->value : "");
    fputc('\n', out);
}

/* "  -c, --config FILE  the first line", and the next lines below it */
static void print_option(FILE *out, const struct ln_cli_option_row *row)
{
    int column = fprintf(out, "  %s%s%s%s%s", row->letter != NULL ? row->letter : "",
                         row->letter != NULL ? ", " : "", row->name, row->value != NULL ? " " : "",
                         row->value != NULL ? row->value : "");

    for (const char *line = row->text; line != NULL;) {
        const char *end = strchr(line, '\n');
        int n = end != NULL ? (int)(end - line) : (int)strlen(line);

        fprintf(out, "%*s%.*s\n", column < OPTION_COLUMN ? OPTION_COLUMN - column : 2, "", n, line);
        line = end != NULL ? end + 1 : NULL;
        column = 0;
    }
}

static void print_command(FILE *out, const struct ln_command *c)
{
    print_usage(out, c);
    fprintf(out, "\n%s", c->text);
    if (c->options & ~(unsigned)(LN_CLI_ARGS | LN_CLI_RAW))
        fprintf(out, "\n");
    for (const struct ln_cli_option_row *row = ln_cli_options; row->name != NULL; row++)
        if (c->options & row->option)
            print_option(out, row);
    fprintf(out, "\nExit codes: 0 done, 1 it did not work, 2 the command line makes no sense.\n");
}

bool ln_cli_help(const char *command)
{
    const struct ln_command *c = command != NULL ? find(command) : NULL;

    if (command != NULL && c == NULL)
        return false;
    if (c != NULL)
        print_command(stdout, c);
    else
        print_overview(stdout);
    return true;
}

/* ---- options ---- */

static int usage(const struct ln_command *c, const char *what, const char *about)
{
    fprintf(stderr, "lunette %s: %s%s%s\n", c->name, what, about != NULL ? " " : "",
            about != NULL ? about : "");
    print_usage(stderr, c);
    return LN_EXIT_USAGE;
}

static bool append(const char **list, const char *value)
{
    unsigned n = 0;

    while (list[n] != NULL)
        n++;
    if (n == LN_CLI_HEADERS_MAX)
        return false;
    list[n] = value;
    return true;
}

static bool set(struct ln_cli *cli, const struct ln_cli_option_row *row, const char *value)
{
    char *member = (char *)cli + row->member;
    uint64_t n;

    switch (row->kind) {
    case LN_CLI_FLAG:
        *(bool *)member = true;
        break;
    case LN_CLI_TEXT:
        *(const char **)(void *)member = value;
        break;
    case LN_CLI_LIST:
        return append((const char **)(void *)member, value);
    case LN_CLI_FD:
        if (!ln_slice_to_u64(ln_slice_of(value), &n) || n > 1u << 20)
            return false;
        *(int *)(void *)member = (int)n;
        break;
    }
    return true;
}

static bool is_called(const struct ln_cli_option_row *row, const char *word, size_t n)
{
    const char *names[] = {row->letter, row->name};

    for (size_t i = 0; i < LN_ARRAY_LEN(names); i++)
        if (names[i] != NULL && strlen(names[i]) == n && strncmp(names[i], word, n) == 0)
            return true;
    return false;
}

/* The option at argv[0], with its value; returns how many words it took, 0 = a mistake that was
 * told. */
static int take_option(struct ln_cli *cli, const struct ln_command *c, int left, char **argv)
{
    const char *equals = strncmp(argv[0], "--", 2) == 0 ? strchr(argv[0], '=') : NULL;
    size_t n = equals != NULL ? (size_t)(equals - argv[0]) : strlen(argv[0]);

    for (const struct ln_cli_option_row *row = ln_cli_options; row->name != NULL; row++) {
        bool has_value = row->kind != LN_CLI_FLAG;
        const char *value = equals != NULL ? equals + 1 : left > 1 ? argv[1] : NULL;

        if (!(c->options & row->option) || !is_called(row, argv[0], n))
            continue;
        if (has_value ? value == NULL : equals != NULL)
            usage(c, has_value ? "a value is missing after" : "no value belongs to", row->name);
        else if (!set(cli, row, value))
            usage(c, row->kind == LN_CLI_FD ? "this is no descriptor:" : "too many:", value);
        else
            return has_value && equals == NULL ? 2 : 1;
        return 0;
    }
    usage(c, "unknown option", argv[0]);
    return 0;
}

static const char *find_conf(void)
{
    for (size_t i = 0; i < LN_ARRAY_LEN(default_confs); i++)
        if (access(default_confs[i], F_OK) == 0)
            return default_confs[i];
    return NULL;
}

/* Without -c, a command that failed for want of a configuration names only one of the places; this
 * names all. */
static void say_where_we_looked(void)
{
    fprintf(stderr, "There is no");
    for (size_t i = 0; i < LN_ARRAY_LEN(default_confs); i++)
        fprintf(stderr, "%s %s", i > 0 ? i + 1 < LN_ARRAY_LEN(default_confs) ? "," : " or" : "",
                default_confs[i]);
    fprintf(stderr, "; -c FILE names another one.\n");
}

static int run_command(const struct ln_command *c, int argc, char **argv)
{
    struct ln_cli cli = {.report = -1};
    int kept = 0, rc;
    bool missing;

    for (int i = 0; i < argc;) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_command(stdout, c);
            return LN_EXIT_OK;
        }
        if (c->options & LN_CLI_RAW)
            break;
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            int taken = take_option(&cli, c, argc - i, argv + i);

            if (taken == 0)
                return LN_EXIT_USAGE;
            i += taken;
            continue;
        }
        if (!(c->options & LN_CLI_ARGS))
            return usage(c, "unexpected argument", argv[i]);
        argv[kept++] = argv[i++];
    }
    cli.argc = c->options & LN_CLI_RAW ? argc : kept;
    cli.argv = argv;
    if ((c->options & LN_CLI_CONF) && cli.conf == NULL)
        cli.conf = find_conf();
    missing = (c->options & LN_CLI_CONF) && cli.conf == NULL;
    if (missing)
        cli.conf = default_confs[0];
    rc = c->run(&cli);
    if (missing && rc != LN_EXIT_OK && cli.control == NULL)
        say_where_we_looked();
    return rc;
}

/* ---- the command ---- */

static const char *next_name(void *state)
{
    const struct ln_command **at = state;

    return (*at)->name != NULL ? (*at)++->name : NULL;
}

static int unknown(const char *name)
{
    const struct ln_command *at = ln_commands;
    const char *meant = ln_text_nearest(ln_slice_of(name), next_name, &at);

    fprintf(stderr, "lunette: there is no command \"%s\"", name);
    if (meant != NULL)
        fprintf(stderr, "; did you mean \"%s\"?", meant);
    fprintf(stderr, "\nlunette help names all.\n");
    return LN_EXIT_USAGE;
}

int ln_cli_run(int argc, char **argv)
{
    const struct ln_command *c;

    if (argc < 2) {
        print_overview(stderr);
        return LN_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_overview(stdout);
        return LN_EXIT_OK;
    }
    c = find(strcmp(argv[1], "--version") == 0 ? "version" : argv[1]);
    if (c == NULL)
        return unknown(argv[1]);
    return run_command(c, argc - 2, argv + 2);
}
