/* SPDX-License-Identifier: Apache-2.0
 * remote.c - `lunette reload`, `status`, `metrics`, `instances`, `stop`, `drain` and its sisters:
 * one question to the gateway that runs.
 */
#include <stdio.h>
#include <string.h>

#include "server/commands.h"
#include "server/control.h"
#include "server/field.h"

/* The answer as it came; -1 when there was none, which has been told. */
static int ask(const struct ln_cli *cli, const char *verb, struct ln_text *answer)
{
    char path[LN_CONTROL_PATH];
    struct ln_err err;

    ln_text_init(answer);
    if (ln_control_path(path, cli->control, cli->conf, false, &err) == 0 &&
        ln_control_ask(path, verb, answer, &err) == 0)
        return 0;
    fprintf(stderr, "lunette: %s\n", err.text);
    ln_text_fini(answer);
    return -1;
}

static bool is_ok(struct ln_slice json)
{
    return ln_slice_eq(ln_field_raw(json, "ok"), LN_SLICE("true"));
}

static void print_field(FILE *out, struct ln_slice json, const char *name)
{
    struct ln_text text;

    ln_text_init(&text);
    ln_field_text(ln_field_raw(json, name), &text);
    if (text.n > 0) { /* labels of metrics may hold any byte */
        fwrite(text.p, 1, text.n, out);
        fputs(text.p[text.n - 1] == '\n' ? "" : "\n", out);
    }
    ln_text_fini(&text);
}

int ln_command_reload(const struct ln_cli *cli)
{
    struct ln_text answer;

    if (ask(cli, "reload", &answer) != 0)
        return LN_EXIT_FAILED;

    struct ln_slice json = ln_slice(answer.p, answer.n);
    struct ln_slice number = ln_field_raw(json, "generation"),
                    took = ln_field_raw(json, "milliseconds");
    bool ok = is_ok(json);

    if (cli->json) {
        printf("%s\n", answer.p);
    } else {
        print_field(stderr, json, "text");
        if (ok)
            printf("generation %.*s serves after %.*s ms\n", (int)number.n, number.p, (int)took.n,
                   took.p);
        else
            fprintf(stderr, "not reloaded: generation %.*s stays in use\n", (int)number.n,
                    number.p);
    }
    ln_text_fini(&answer);
    return ok ? LN_EXIT_OK : LN_EXIT_FAILED;
}

int ln_command_status(const struct ln_cli *cli)
{
    struct ln_text answer;

    if (ask(cli, cli->json ? "status" : "status text", &answer) != 0)
        return LN_EXIT_FAILED;
    if (cli->json)
        printf("%s\n", answer.p);
    else
        print_field(stdout, ln_slice(answer.p, answer.n), "text");

    bool ok = is_ok(ln_slice(answer.p, answer.n));

    ln_text_fini(&answer);
    return ok ? LN_EXIT_OK : LN_EXIT_FAILED;
}

int ln_command_metrics(const struct ln_cli *cli)
{
    struct ln_text answer;

    if (ask(cli, "metrics", &answer) != 0)
        return LN_EXIT_FAILED;

    bool ok = is_ok(ln_slice(answer.p, answer.n));

    print_field(ok ? stdout : stderr, ln_slice(answer.p, answer.n), "text");
    ln_text_fini(&answer);
    return ok ? LN_EXIT_OK : LN_EXIT_FAILED;
}

int ln_command_instances(const struct ln_cli *cli)
{
    const char *service = cli->argc > 0 ? cli->argv[0] : "";
    struct ln_text answer;
    char verb[128];

    if (cli->argc > 1 || strpbrk(service, " \t\n") != NULL ||
        snprintf(verb, sizeof verb, "instances %s %s", cli->json ? "json" : "text", service) >=
            (int)sizeof verb) {
        fputs("lunette: expected instances [SERVICE]\n", stderr);
        return LN_EXIT_USAGE;
    }
    if (ask(cli, verb, &answer) != 0)
        return LN_EXIT_FAILED;

    bool ok = is_ok(ln_slice(answer.p, answer.n));

    if (ok && cli->json)
        printf("%s\n", answer.p);
    else
        print_field(ok ? stdout : stderr, ln_slice(answer.p, answer.n), "text");
    ln_text_fini(&answer);
    return ok ? LN_EXIT_OK : LN_EXIT_FAILED;
}

int ln_command_stop(const struct ln_cli *cli)
{
    struct ln_text answer;

    if (ask(cli, "stop", &answer) != 0)
        return LN_EXIT_FAILED;

    bool ok = is_ok(ln_slice(answer.p, answer.n));

    if (!ok)
        print_field(stderr, ln_slice(answer.p, answer.n), "text");
    ln_text_fini(&answer);
    return ok ? LN_EXIT_OK : LN_EXIT_FAILED;
}

/* ---- steering ---- */

static bool is_word(const char *s)
{
    for (const char *p = s; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return false;
    return *s != '\0';
}

/* "verb word word"; -1 when these are not words of a request, which has been told. */
static int compose(char line[LN_CONTROL_LINE], const struct ln_cli *cli, const char *verb,
                   int words, const char *expected)
{
    size_t n = (size_t)snprintf(line, LN_CONTROL_LINE, "%s", verb);
    bool good = cli->argc == words;

    for (int i = 0; i < cli->argc && good; i++) {
        good = is_word(cli->argv[i]) && n + strlen(cli->argv[i]) + 2 < LN_CONTROL_LINE;
        if (good)
            n += (size_t)snprintf(line + n, LN_CONTROL_LINE - n, " %s", cli->argv[i]);
    }
    if (good)
        return 0;
    fprintf(stderr, "lunette: expected `lunette %s %s`\n", verb, expected);
    return -1;
}

static int steer(const struct ln_cli *cli, const char *verb, int words, const char *expected)
{
    char line[LN_CONTROL_LINE];
    struct ln_text answer;

    if (compose(line, cli, verb, words, expected) != 0)
        return LN_EXIT_USAGE;
    if (ask(cli, line, &answer) != 0)
        return LN_EXIT_FAILED;

    bool ok = is_ok(ln_slice(answer.p, answer.n));

    if (!ok)
        fputs("lunette: ", stderr);
    print_field(ok ? stdout : stderr, ln_slice(answer.p, answer.n), "text");
    ln_text_fini(&answer);
    return ok ? LN_EXIT_OK : LN_EXIT_FAILED;
}

int ln_command_drain(const struct ln_cli *cli)
{
    return steer(cli, "drain", 2, "SERVICE INSTANCE");
}

int ln_command_disable(const struct ln_cli *cli)
{
    return steer(cli, "disable", 2, "SERVICE INSTANCE");
}

int ln_command_enable(const struct ln_cli *cli)
{
    return steer(cli, "enable", 2, "SERVICE INSTANCE");
}

int ln_command_weight(const struct ln_cli *cli)
{
    return steer(cli, "weight", 3, "SERVICE INSTANCE N");
}
