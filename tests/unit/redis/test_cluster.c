/* SPDX-License-Identifier: Apache-2.0
 * test_cluster.c - a client and nodes of a cluster that say what a test wants. Real clusters are in
 * spec/e2e/46-redis.
 */
#include "redis/house.h"

#include <arpa/inet.h>
#include <sys/resource.h>

#include "redis/cluster.h"
#include "redis/keyslot.h"

enum { NODES = 8, GUESTS = 64 };

/* Answers each command by what `said` has for its name; what is not there is greeted with OK. */
struct node {
    ev_io door, guests[GUESTS];
    int door_fd;
    unsigned port, count, asked; /* connections; commands other than greetings */
    unsigned maps;               /* how often it was asked for one */
    const char *slots;           /* to CLUSTER SLOTS; NULL = silence */
    const char *answer;          /* to everything else; NULL = silence */
    char heard[512];             /* names of these commands */
};

static struct node nodes[NODES];

static void answer(struct node *n, int fd, struct ln_slice name)
{
    const char *text = n->answer;

    if (ln_slice_eq(name, LN_SLICE("CLIENT")))
        text = "+OK\r\n";
    else if (ln_slice_eq(name, LN_SLICE("PING")))
        text = "+PONG\r\n";
    else if (ln_slice_eq(name, LN_SLICE("CLUSTER"))) {
        text = n->slots;
        n->maps++;
    } else {
        n->asked++;
        snprintf(n->heard + strlen(n->heard), sizeof n->heard - strlen(n->heard), "%.*s ",
                 (int)name.n, name.p);
    }
    if (ln_slice_eq(name, LN_SLICE("ASKING")))
        text = "+OK\r\n";
    if (text != NULL && send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        assert_int_equal(errno, EPIPE); /* the client has left */
}

static void on_guest(struct ev_loop *ev, ev_io *w, int events)
{
    struct node *n = w->data;
    char in[65536];
    ssize_t got = recv(w->fd, in, sizeof in, 0);
    struct ln_slice rest = ln_slice(in, got > 0 ? (size_t)got : 0), name;

    (void)events;
    if (got <= 0) {
        ev_io_stop(ev, w);
        close(w->fd);
        w->fd = -1;
        return;
    }
    while (rest.n > 0) { /* small commands over loopback come whole */
        ln_keyslot_read(&rest, &name);
        answer(n, w->fd, name);
    }
}

static void on_door(struct ev_loop *ev, ev_io *w, int events)
{
    struct node *n = w->data;
    ev_io *guest = &n->guests[n->count++];

    (void)events;
    assert_true(n->count <= GUESTS);
    ev_io_init(guest, on_guest, accept(n->door_fd, NULL, NULL), EV_READ);
    guest->data = n;
    ev_io_start(ev, guest);
}

static void open_node(struct node *n)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    *n = (struct node){.door_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    n->answer = "+fine\r\n";
    assert_int_equal(bind(n->door_fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(n->door_fd, 8), 0);
    getsockname(n->door_fd, (struct sockaddr *)&at, &len);
    n->port = ntohs(at.sin_port);
    ev_io_init(&n->door, on_door, n->door_fd, EV_READ);
    n->door.data = n;
    ev_io_start(ln_loop_ev(house->turns.loop), &n->door);
}

/* A client that knows nothing. */
static void begin_anew(void)
{
    char url[128];

    ln_redis_put(house->redis);
    house->redis = NULL;
    turns_once(&house->turns);
    snprintf(url, sizeof url, "redis-cluster://127.0.0.1:%u", nodes[0].port);
    use_url(url);
}

static int set_up(void **state)
{
    house_set_up(state);
    for (unsigned i = 0; i < NODES; i++)
        open_node(&nodes[i]);
    begin_anew();
    return 0;
}

static int tear_down(void **state)
{
    struct ev_loop *ev = ln_loop_ev(house->turns.loop);

    for (unsigned i = 0; i < NODES; i++) {
        for (unsigned k = 0; k < nodes[i].count; k++) {
            if (ev_is_active(&nodes[i].guests[k]))
                close(nodes[i].guests[k].fd);
            ev_io_stop(ev, &nodes[i].guests[k]);
        }
        ev_io_stop(ev, &nodes[i].door);
        close(nodes[i].door_fd);
    }
    return house_tear_down(state);
}

/* All slots at node 0, or the lower half there and the upper half at node 1. */
static const char *all_at_0(void)
{
    static char text[200];

    snprintf(text, sizeof text,
             "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:%u\r\n$2\r\nid\r\n",
             nodes[0].port);
    return text;
}

static const char *half_and_half(void)
{
    static char text[300];

    snprintf(text, sizeof text,
             "*2\r\n*3\r\n:0\r\n:8191\r\n*2\r\n$-1\r\n:%u\r\n" /* its own address */
             "*3\r\n:8192\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:%u\r\n",
             nodes[0].port, nodes[1].port);
    return text;
}

static const char *redirect(const char *word, unsigned slot, const struct node *to)
{
    static char text[4][100];
    static unsigned turn;
    char *out = text[turn++ % 4];

    snprintf(out, sizeof text[0], "-%s %u 127.0.0.1:%u\r\n", word, slot, to->port);
    return out;
}

static void test_keys_at_their_nodes(void **state)
{
    (void)state;
    nodes[0].slots = half_and_half();
    nodes[0].answer = "+zero\r\n";
    nodes[1].answer = "+one\r\n";
    /* foo: 12182, bar: 5061 */
    assert_string_equal(said("GET foo"), "one");
    assert_string_equal(said("GET bar"), "zero");
    assert_string_equal(said("GET bar\nGET foo\nECHO x\nGET bar"), "zero | one | zero | zero");
    assert_string_equal(said("MULTI\nGET foo\nEXEC"), "one | one | one");
    assert_string_equal(said("MULTI\nGET foo\nGET bar\nEXEC"), "!CROSSSLOT");
    assert_int_equal(nodes[1].asked, 1 + 1 + 3);
}

static void test_moved_is_followed_and_remembered(void **state)
{
    (void)state;
    nodes[0].slots = all_at_0();
    assert_string_equal(said("GET bar"), "fine");
    nodes[0].answer = redirect("MOVED", 12182, &nodes[2]);
    nodes[2].answer = "+two\r\n";
    nodes[0].slots = NULL; /* nobody tells of a new map */
    assert_string_equal(said("GET foo"), "two");
    assert_int_equal(nodes[0].asked, 2);
    assert_string_equal(said("GET foo"), "two");
    assert_int_equal(nodes[0].asked, 2);
}

static void test_ask_is_followed_once(void **state)
{
    (void)state;
    nodes[0].slots = all_at_0();
    nodes[0].answer = redirect("ASK", 12182, &nodes[2]);
    nodes[2].answer = "+two\r\n";
    assert_string_equal(said("GET foo"), "two");
    assert_string_equal(nodes[2].heard, "ASKING GET ");
    assert_string_equal(said("GET foo\nSET foo 1"), "two | two");
    assert_string_equal(nodes[2].heard, "ASKING GET ASKING GET ASKING SET ");
    assert_string_equal(said("MULTI\nGET foo\nEXEC"), "two | two | two");
    assert_string_equal(nodes[2].heard, "ASKING GET ASKING GET ASKING SET ASKING MULTI GET EXEC ");
    assert_int_equal(nodes[0].asked, 1 + 2 + 3);
}

static void test_moved_in_a_circle_comes_to_an_end(void **state)
{
    (void)state;
    nodes[0].slots = nodes[1].slots = all_at_0();
    nodes[0].answer = redirect("MOVED", 12182, &nodes[1]);
    nodes[1].answer = redirect("MOVED", 12182, &nodes[0]);
    assert_string_equal(strtok((char *)(uintptr_t)said("GET foo"), " "), "-MOVED");
    assert_int_equal(nodes[0].asked + nodes[1].asked, 6);
    nodes[0].answer = "+fine\r\n";
    nodes[1].answer = "+fine\r\n";
    assert_string_equal(said("GET foo"), "fine");
}

/* Keys of more nodes than a call may be moved: each of them moves by itself. */
static void test_everything_moved_at_once(void **state)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g"};
    enum { MOVED = NODES - 1 };
    char map[1024], moved[MOVED][64], commands[100] = "";
    size_t n = (size_t)snprintf(map, sizeof map, "*%d\r\n", MOVED);

    (void)state;
    for (unsigned i = 0; i < MOVED; i++) {
        unsigned slot = ln_keyslot_of(ln_slice_of(keys[i]));

        n += (size_t)snprintf(map + n, sizeof map - n,
                              "*3\r\n:%u\r\n:%u\r\n*2\r\n$9\r\n127.0.0.1\r\n:%u\r\n", slot, slot,
                              nodes[i].port);
        snprintf(moved[i], sizeof moved[i], "-MOVED %u 127.0.0.1:%u\r\n", slot, nodes[MOVED].port);
        nodes[i].answer = moved[i];
        snprintf(commands + 6 * i, sizeof commands - 6 * i, "GET %s\n", keys[i]);
    }
    commands[6 * MOVED - 1] = '\0';
    nodes[0].slots = map;
    nodes[MOVED].answer = "+new\r\n";
    assert_string_equal(said(commands), "new | new | new | new | new | new | new");
    assert_int_equal(nodes[MOVED].asked, MOVED);
}

/* A node that another one has named, and the map does not know yet: who waits for it goes on. */
static void test_a_map_of_yesterday_ends_no_call(void **state)
{
    struct ask *a;
    unsigned maps;

    (void)state;
    nodes[0].slots = nodes[2].slots = all_at_0();
    assert_string_equal(said("GET bar"), "fine");
    nodes[0].answer = redirect("MOVED", 12182, &nodes[2]);
    nodes[2].answer = NULL;
    maps = nodes[0].maps;
    a = ask("GET foo", 5000);
    while (!a->done && nodes[0].maps + nodes[2].maps < maps + 3)
        turns_once(&house->turns); /* with the next map asked for, one has been read */
    assert_false(a->done);
    nodes[2].answer = "+two\r\n";
    answer(&nodes[2], nodes[2].guests[0].fd, LN_SLICE("GET"));
    await_all();
    assert_int_equal(a->error, LN_REDIS_OK);
    assert_string_equal(a->text, "two");
    while (ev_is_active(&nodes[2].guests[0]))
        turns_once(&house->turns); /* and is left when it has no more to say */
}

static void test_redirections_that_lead_nowhere(void **state)
{
    static const char *const wrong[] = {
        "-MOVED\r\n",
        "-MOVED 1\r\n",
        "-MOVED x 127.0.0.1:1\r\n",
        "-MOVED 16384 127.0.0.1:1\r\n",
        "-MOVED 1 127.0.0.1\r\n",
        "-MOVED 1 127.0.0.1:0\r\n",
        "-MOVED 1 127.0.0.1:65536\r\n",
        "-MOVED 1 127.0.0.1:-1\r\n",
        "-ASK 1 :\r\n",
    };

    (void)state;
    nodes[0].slots = all_at_0();
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char line[64];

        nodes[0].answer = wrong[i];
        snprintf(line, sizeof line, "%.*s", (int)strcspn(wrong[i], "\r"), wrong[i]);
        assert_string_equal(said("GET foo"), line);
    }
    nodes[0].answer = "+fine\r\n";
    assert_string_equal(said("GET foo"), "fine");
}

static void test_maps_that_cannot_be(void **state)
{
    static const char *const wrong[] = {
        "*0\r\n",
        "+OK\r\n",
        ":5\r\n",
        "$-1\r\n",
        "-ERR This instance has cluster support disabled\r\n",
    };
    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        nodes[0].slots = wrong[i];
        assert_string_equal(said("GET foo"), "!down");
        nodes[0].slots = all_at_0();
        await_up();
        nodes[0].slots = NULL;
        begin_anew();
    }
}

static void test_ranges_that_cannot_be_are_passed_over(void **state)
{
    static const char *const wrong[] = {
        "+x\r\n",
        "*0\r\n",
        "*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n",
        "*3\r\n:-1\r\n:5\r\n*2\r\n$1\r\na\r\n:1\r\n",
        "*3\r\n:0\r\n:5\r\n*2\r\n$1\r\na\r\n:0\r\n",
        "*3\r\n:0\r\n:5\r\n*2\r\n$1\r\na\r\n:65536\r\n",
        "*3\r\n:0\r\n:5\r\n*2\r\n$1\r\na\r\n+1\r\n",
        "*3\r\n:0\r\n:5\r\n*1\r\n$1\r\na\r\n",
        "*3\r\n:0\r\n:5\r\n$1\r\na\r\n",
        "*3\r\n:9\r\n:5\r\n*2\r\n$9\r\n127.0.0.1\r\n:1\r\n", /* empty, and harmless */
    };
    char map[400];

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(map, sizeof map, "*2\r\n%s%s", wrong[i], all_at_0() + 4);
        nodes[0].slots = map;
        assert_string_equal(said("GET foo"), "fine");
        assert_string_equal(said("GET bar"), "fine");
        begin_anew();
    }
}

static void test_a_silent_node_costs_its_callers_their_time_and_no_more(void **state)
{
    struct ask *slow, *quick;

    (void)state;
    nodes[0].slots = half_and_half();
    nodes[1].answer = NULL;
    assert_string_equal(said("GET bar"), "fine");
    slow = ask("GET bar\nGET foo", 200);
    quick = ask("GET bar", 5000);
    await_all();
    assert_int_equal(slow->error, LN_REDIS_TIMEOUT);
    assert_in_range((slow->ended - slow->sent) / LN_NSEC_PER_MSEC, 195, 2000);
    assert_int_equal(quick->error, LN_REDIS_OK);
    assert_true(quick->ended < slow->ended);
    nodes[1].answer = "+one\r\n";
    answer(&nodes[1], nodes[1].guests[0].fd, LN_SLICE("GET")); /* the late one, which nobody gets */
    assert_string_equal(said("GET bar\nGET foo"), "fine | one");
}

static void test_the_map_is_waited_for_no_longer_than_a_call_allows(void **state)
{
    struct ask *a;

    (void)state;
    a = ask("GET foo", 100);
    await_all();
    assert_int_equal(a->error, LN_REDIS_TIMEOUT);
    nodes[0].slots = all_at_0();
    await_up();
    assert_string_equal(said("GET foo"), "fine");
}

static void test_calls_given_up_in_the_middle(void **state)
{
    (void)state;
    nodes[0].slots = half_and_half();
    assert_string_equal(said("GET bar"), "fine");
    for (unsigned turns = 0; turns < 6; turns++) {
        struct ask *a = draft();

        write_words(a, "GET bar\nGET foo");
        assert_true(ln_redis_call_send(a->call, 5000));
        for (unsigned i = 0; i < turns && !a->done; i++)
            turns_once(&house->turns);
        if (!a->done) {
            ln_redis_call_free(a->call);
            house->ended++;
        }
        assert_string_equal(said("GET bar\nGET foo"), "fine | fine");
    }
}

static void test_put_back_with_calls_under_way(void **state)
{
    struct ask *a;

    (void)state;
    nodes[0].slots = half_and_half();
    nodes[1].answer = NULL;
    assert_string_equal(said("GET bar"), "fine");
    a = draft();
    write_words(a, "GET bar\nGET foo");
    assert_true(ln_redis_call_send(a->call, 5000));
    turns_once(&house->turns);
    ln_redis_put(house->redis);
    assert_true(a->done); /* and not left hanging */
    assert_int_not_equal(a->error, LN_REDIS_OK);
    house->redis = NULL;
    begin_anew();
    nodes[1].answer = "+one\r\n";
    assert_string_equal(said("GET foo"), "one");
}

/* ---- a node that is lost while it is to be asked for the map, and nothing can be reached ---- */

static struct {
    bool sending, sent, answered_inside;
    unsigned answers;
} inner;

static void limit_descriptors(rlim_t most)
{
    static struct rlimit before;
    struct rlimit none;

    if (most == 0) {
        getrlimit(RLIMIT_NOFILE, &before);
        none = (struct rlimit){0, before.rlim_max};
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, most == 0 ? &none : &before), 0);
}

static void on_inner_done(struct ln_redis_call *c)
{
    inner.answered_inside |= inner.sending;
    inner.answers++;
    ln_redis_call_free(c);
}

/* From now on connecting fails at once, as without a route. */
static void on_last_answer(struct ln_redis_call *c)
{
    limit_descriptors(0);
    ln_redis_cluster_look(house->redis->cluster);
    on_ask_done(c);
}

static void on_lost(struct ln_redis_call *c)
{
    struct ln_redis_call *again = ln_redis_call_new(house->redis, on_inner_done, NULL);

    ln_redis_call_command(again, 2);
    ln_redis_call_word(again, "GET", 3);
    ln_redis_call_word(again, "bar", 3);
    inner.sending = true;
    inner.sent = ln_redis_call_send(again, 5000);
    inner.sending = false;
    if (!inner.sent)
        on_inner_done(again);
    on_ask_done(c);
}

/* The answer fills a read, so the end of the connection is seen in the same turn, before the
 * question for the map has left. */
static void test_what_is_sent_from_within_a_loss_ends_once(void **state)
{
    static char filling[16385];
    const int length = sizeof filling - 1 - 10;
    struct ask *last, *lost;

    (void)state;
    inner.answers = 0;
    inner.answered_inside = false;
    nodes[0].slots = all_at_0();
    assert_string_equal(said("GET bar"), "fine");
    snprintf(filling, sizeof filling, "$%d\r\n%0*d\r\n", length, length, 0);
    nodes[0].answer = NULL;
    last = draft();
    last->call->on_done = on_last_answer;
    write_words(last, "GET bar");
    lost = draft();
    lost->call->on_done = on_lost;
    write_words(lost, "GET bar");
    post(last, 5000);
    post(lost, 5000);
    while (nodes[0].asked < 3)
        turns_once(&house->turns);
    assert_int_equal(send(nodes[0].guests[0].fd, filling, 16384, MSG_NOSIGNAL), 16384);
    shutdown(nodes[0].guests[0].fd, SHUT_WR);
    await_all();
    limit_descriptors(1);
    assert_int_equal(last->error, LN_REDIS_OK);
    assert_int_equal(lost->error, LN_REDIS_LOST);
    assert_false(inner.answered_inside);
    assert_int_equal(inner.answers, 1);
    assert_int_equal(house->redis->waiting, 0);
    nodes[0].answer = "+fine\r\n";
    await_up();
    assert_string_equal(said("GET bar"), "fine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CLUSTER_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        CLUSTER_TEST(test_keys_at_their_nodes),
        CLUSTER_TEST(test_moved_is_followed_and_remembered),
        CLUSTER_TEST(test_ask_is_followed_once),
        CLUSTER_TEST(test_moved_in_a_circle_comes_to_an_end),
        CLUSTER_TEST(test_everything_moved_at_once),
        CLUSTER_TEST(test_a_map_of_yesterday_ends_no_call),
        CLUSTER_TEST(test_redirections_that_lead_nowhere),
        CLUSTER_TEST(test_maps_that_cannot_be),
        CLUSTER_TEST(test_ranges_that_cannot_be_are_passed_over),
        CLUSTER_TEST(test_a_silent_node_costs_its_callers_their_time_and_no_more),
        CLUSTER_TEST(test_the_map_is_waited_for_no_longer_than_a_call_allows),
        CLUSTER_TEST(test_calls_given_up_in_the_middle),
        CLUSTER_TEST(test_put_back_with_calls_under_way),
        CLUSTER_TEST(test_what_is_sent_from_within_a_loss_ends_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
