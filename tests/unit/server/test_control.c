/* SPDX-License-Identifier: Apache-2.0
 * test_control.c - one gateway per socket; requests and answers; clients that misbehave.
 */
#include "server/place.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "server/control.h"

/* A supervisor in a child process: echoes each request as {"echo":"..."}; "later" is never
 * answered, "big" at length; "end" ends it. */
struct echo {
    struct ln_loop *loop;
    bool owes;
};

static void on_request(void *arg, struct ln_control_client *c, struct ln_slice line)
{
    struct echo *e = arg;
    struct ln_text out;

    ln_text_init(&out);
    ln_text_puts(&out, "{\"echo\":");
    ln_text_json(&out, line);
    if (ln_slice_eq(line, LN_SLICE("big")))
        for (unsigned i = 0; i < 100000; i++)
            ln_text_puts(&out, ", ten bytes");
    ln_text_puts(&out, "}");
    if (ln_slice_eq(line, LN_SLICE("end")))
        ln_loop_stop(e->loop);
    if (ln_slice_eq(line, LN_SLICE("later")))
        e->owes = true;
    else
        ln_control_answer(c, ln_slice(out.p, out.n));
    ln_text_fini(&out);
}

static void on_gone(void *arg, struct ln_control_client *c)
{
    (void)c;
    ((struct echo *)arg)->owes = false;
}

static const struct ln_control_events events = {on_request, on_gone};

static int serve(const char *path, int ready)
{
    struct echo e = {.loop = ln_loop_new()};
    struct ln_err err;
    struct ln_control *c = ln_control_new(path, &err);

    if (c == NULL || ln_control_listen(c, e.loop, &events, &e, &err) != 0)
        return 1;
    if (write(ready, "", 1) != 1)
        return 1;
    ln_loop_run(e.loop);
    ln_control_free(c);
    ln_loop_free(e.loop);
    return e.owes ? 2 : 0;
}

static pid_t start(const char *path)
{
    int ready[2];
    char c;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0)
        _exit(serve(path, ready[1]));
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    return pid;
}

static void ask(const char *path, const char *verb, const char *answer)
{
    struct ln_text text;
    struct ln_err err;

    ln_text_init(&text);
    assert_int_equal(ln_control_ask(path, verb, &text, &err), 0);
    assert_string_equal(text.p, answer);
    ln_text_fini(&text);
}

static void stop(const char *path, pid_t pid)
{
    int status;

    ask(path, "end", "{\"echo\":\"end\"}");
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static int dial(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    return fd;
}

static void test_question_and_answer(void **state)
{
    const char *path = at(*state, "ctl");
    pid_t pid = start(path);

    ask(path, "status", "{\"echo\":\"status\"}");
    ask(path, "  reload  ", "{\"echo\":\"reload\"}");
    stop(path, pid);
}

static void test_nothing_is_left_behind(void **state)
{
    const char *path = at(*state, "ctl");

    stop(path, start(path));
    assert_int_equal(rmdir(((struct place *)*state)->dir), 0);
    assert_int_equal(mkdir(((struct place *)*state)->dir, 0700), 0);
}

static void test_long_answers_arrive_whole(void **state)
{
    const char *path = at(*state, "ctl");
    pid_t pid = start(path);
    struct ln_text text;
    struct ln_err err;

    ln_text_init(&text);
    assert_int_equal(ln_control_ask(path, "big", &text, &err), 0);
    assert_int_equal(text.n, strlen("{\"echo\":\"big\"}") + 100000 * strlen(", ten bytes"));
    ln_text_fini(&text);
    stop(path, pid);
}

static void test_second_gateway_is_told_who_the_first_is(void **state)
{
    const char *path = at(*state, "ctl");
    pid_t pid = start(path);
    struct ln_err err;
    char word[32];

    assert_null(ln_control_new(path, &err));
    assert_int_equal(err.code, LN_E_STATE);
    snprintf(word, sizeof word, "(pid %d)", (int)pid);
    assert_non_null(strstr(err.text, word));
    assert_non_null(strstr(err.text, path));
    ask(path, "still there", "{\"echo\":\"still there\"}");
    stop(path, pid);

    struct ln_control *c = ln_control_new(path, &err);

    assert_non_null(c);
    ln_control_free(c);
}

static void test_what_a_killed_gateway_left_is_replaced(void **state)
{
    const char *path = at(*state, "ctl");
    pid_t pid = start(path);
    struct ln_text text;
    struct ln_err err;

    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(access(path, F_OK), 0);
    ln_text_init(&text);
    assert_int_equal(ln_control_ask(path, "status", &text, &err), -1);
    assert_non_null(strstr(err.text, "no gateway runs"));
    ln_text_fini(&text);

    pid = start(path);
    ask(path, "status", "{\"echo\":\"status\"}");
    stop(path, pid);
}

static void test_socket_is_for_its_owner(void **state)
{
    const char *path = at(*state, "ctl");
    pid_t pid = start(path);
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    stop(path, pid);
}

static void test_endless_line_is_cut_off(void **state)
{
    const char *path = at(*state, "ctl");
    pid_t pid = start(path);
    int fd = dial(path);
    char junk[4096];

    memset(junk, 'x', sizeof junk);
    assert_int_equal(send(fd, junk, sizeof junk, 0), sizeof junk);
    assert_true(read(fd, junk, sizeof junk) <= 0);
    close(fd);
    ask(path, "status", "{\"echo\":\"status\"}");
    stop(path, pid);
}

static void test_client_that_leaves_before_its_answer_is_forgotten(void **state)
{
    const char *path = at(*state, "ctl");
    pid_t pid = start(path);
    int fd = dial(path);

    assert_int_equal(send(fd, "later\n", 6, 0), 6);
    ask(path, "status", "{\"echo\":\"status\"}"); /* by now it has been read */
    close(fd);
    stop(path, pid); /* its exit code tells of a debt */
}

static void test_client_in_pieces(void **state)
{
    const char *path = at(*state, "ctl");
    pid_t pid = start(path);
    int fd = dial(path);
    char answer[64] = "";

    assert_int_equal(send(fd, "sta", 3, 0), 3);
    ask(path, "between", "{\"echo\":\"between\"}");
    assert_int_equal(send(fd, "tus\n", 4, 0), 4);
    assert_true(read(fd, answer, sizeof answer - 1) > 0);
    assert_string_equal(answer, "{\"echo\":\"status\"}\n");
    close(fd);
    stop(path, pid);
}

static void test_path_is_the_option_then_the_environment(void **state)
{
    char path[LN_CONTROL_PATH];
    struct ln_err err;

    (void)state;
    setenv("LUNETTE_CONTROL", "/run/from-environment", 1);
    assert_int_equal(ln_control_path(path, "/run/option", "/nonexistent", false, &err), 0);
    assert_string_equal(path, "/run/option");
    assert_int_equal(ln_control_path(path, NULL, "/nonexistent", false, &err), 0);
    assert_string_equal(path, "/run/from-environment");
    unsetenv("LUNETTE_CONTROL");
}

static void test_path_from_the_configuration_is_the_same_for_command_and_gateway(void **state)
{
    char serving[LN_CONTROL_PATH], asking[LN_CONTROL_PATH], other[LN_CONTROL_PATH];
    struct ln_err err;

    unsetenv("LUNETTE_CONTROL");
    setenv("XDG_RUNTIME_DIR", ((struct place *)*state)->dir, 1);
    put_file(at(*state, "a.yaml"), "");
    put_file(at(*state, "b.yaml"), "");
    assert_int_equal(symlink("a.yaml", at(*state, "link.yaml")), 0);
    assert_int_equal(ln_control_path(serving, NULL, at(*state, "a.yaml"), true, &err), 0);
    assert_int_equal(ln_control_path(asking, NULL, at(*state, "a.yaml"), false, &err), -1);
    assert_non_null(strstr(err.text, "no gateway runs with"));
    put_file(serving, "");
    assert_int_equal(ln_control_path(asking, NULL, at(*state, "link.yaml"), false, &err), 0);
    assert_string_equal(asking, serving);
    assert_int_equal(ln_control_path(other, NULL, at(*state, "b.yaml"), true, &err), 0);
    assert_string_not_equal(other, serving);
    unsetenv("XDG_RUNTIME_DIR");
}

static void test_path_that_is_too_long_is_a_sentence(void **state)
{
    char path[LN_CONTROL_PATH], option[200];
    struct ln_err err;

    (void)state;
    memset(option, 'a', sizeof option);
    option[0] = '/';
    option[sizeof option - 1] = '\0';
    assert_int_equal(ln_control_path(path, option, "/nonexistent", true, &err), -1);
    assert_non_null(strstr(err.text, "longer than"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_question_and_answer),
        PLACE_TEST(test_nothing_is_left_behind),
        PLACE_TEST(test_long_answers_arrive_whole),
        PLACE_TEST(test_second_gateway_is_told_who_the_first_is),
        PLACE_TEST(test_what_a_killed_gateway_left_is_replaced),
        PLACE_TEST(test_socket_is_for_its_owner),
        PLACE_TEST(test_endless_line_is_cut_off),
        PLACE_TEST(test_client_that_leaves_before_its_answer_is_forgotten),
        PLACE_TEST(test_client_in_pieces),
        PLACE_TEST(test_path_is_the_option_then_the_environment),
        PLACE_TEST(test_path_from_the_configuration_is_the_same_for_command_and_gateway),
        PLACE_TEST(test_path_that_is_too_long_is_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
