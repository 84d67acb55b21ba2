/* SPDX-License-Identifier: Apache-2.0
 * passwords.c - a queue, two threads, and a memory of those that were right.
 */
#include "auth/passwords.h"

#include <crypt.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "net/digest.h"
#include "net/wake.h"

enum { THREADS = 2, STACK = 256 << 10, NICE = 5, WAYS = 4, SETS = 1024, SECRET = 32 };

typedef unsigned char mac[LN_DIGEST_SHA256];

struct job {
    struct ln_list node;    /* in all; of the loop's thread */
    struct ln_list waiters; /* ln_password_ask.node; likewise */
    struct ln_passwords *pool;
    mac id;
    struct job *next; /* in the queue, or done; under the lock */
    bool taken;       /* by a thread; under the lock, as are the next two */
    bool judged;      /* ... which has done with it */
    bool right;
    char *hash;
    char password[]; /* NUL-terminated */
};

struct memory {
    mac id;
    ln_msec since; /* 0 = free */
};

struct ln_passwords {
    struct ln_loop *loop;
    struct ln_wake wake;
    struct ln_digest *digest;
    unsigned char secret[SECRET];  /* of the digests below: useless elsewhere */
    struct memory (*memory)[WAYS]; /* SETS of them; NULL until something is worth it */
    struct ln_list all;
    unsigned count; /* of all */
    uint64_t made;

    unsigned thread_count;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct job *first, **last, *done; /* under the lock, as are the next two */
    unsigned users;                   /* the threads, and the loop's until it is over */
    bool over;
    bool complained; /* that there are no threads */
};

/* ---- crypt(3) ---- */

static bool judge(const char *password, const char *hash, struct crypt_data *d)
{
    const char *got = crypt_rn(password, hash, d, (int)sizeof *d);
    size_t n = strlen(hash);
    bool right = got != NULL && strlen(got) == n && ln_digest_equal(got, hash, n);

    explicit_bzero(d, sizeof *d);
    return right;
}

bool ln_password_can_judge(const char *hash)
{
    int rc = crypt_checksalt(hash);

    return rc == CRYPT_SALT_OK || rc == CRYPT_SALT_METHOD_LEGACY; /* such as $5$ */
}

static bool is_judged(struct ln_slice password)
{
    return password.n <= LN_PASSWORD_MAX && memchr(password.p, '\0', password.n) == NULL;
}

bool ln_password_is_right(struct ln_slice password, struct ln_slice hash)
{
    struct crypt_data *d = ln_zalloc(sizeof *d);
    char *p = ln_strndup(password.p, password.n), *h = ln_strndup(hash.p, hash.n);
    bool right = is_judged(password) && judge(p, h, d);

    explicit_bzero(p, password.n);
    ln_free(p);
    ln_free(h);
    ln_free(d);
    return right;
}

/* ---- the threads ----
 *
 * What they and the loop's share goes with the last of them: at the end nobody waits for a hash
 * that takes seconds and that nobody wants any more. */

static void leave(struct ln_passwords *p)
{
    pthread_mutex_lock(&p->lock);
    bool last = --p->users == 0;
    pthread_mutex_unlock(&p->lock);

    if (!last)
        return;
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    ln_free(p);
}

static void wipe_job(struct job *j)
{
    explicit_bzero(j->password, strlen(j->password));
    ln_free(j->hash);
    ln_free(j);
}

static struct job *take(struct ln_passwords *p)
{
    struct job *j;

    while (p->first == NULL && !p->over)
        pthread_cond_wait(&p->work, &p->lock);
    if (p->over)
        return NULL;
    j = p->first;
    p->first = j->next;
    if (p->first == NULL)
        p->last = &p->first;
    j->taken = true;
    return j;
}

static void *work(void *arg)
{
    struct ln_passwords *p = arg;
    struct crypt_data *d = ln_zalloc(sizeof *d);
    struct job *j;

    setpriority(PRIO_PROCESS, 0, NICE); /* on Linux, of this thread */
    pthread_mutex_lock(&p->lock);
    while ((j = take(p)) != NULL) {
        pthread_mutex_unlock(&p->lock);
        bool right = judge(j->password, j->hash, d);

        pthread_mutex_lock(&p->lock);
        if (p->over) { /* nobody else has it */
            wipe_job(j);
            continue;
        }
        j->right = right;
        j->judged = true;
        j->next = p->done;
        p->done = j;
        ln_wake_send(&p->wake);
    }
    pthread_mutex_unlock(&p->lock);
    ln_free(d);
    leave(p);
    return NULL;
}

static void on_wake(struct ln_wake *w);

/* Signals are for the loop's thread: the guard of Lua, and the supervisor's. */
static bool start_thread(struct ln_passwords *p)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (p->thread_count == 0)
        ln_wake_start(p->loop, &p->wake, on_wake);
    pthread_mutex_lock(&p->lock); /* until it is counted, it does nothing */
    rc = pthread_create(&thread, &attr, work, p);
    p->users += rc == 0;
    pthread_mutex_unlock(&p->lock);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        p->thread_count++;
    else if (!p->complained)
        ln_error("passwords: no thread: %s", strerror(rc));
    p->complained = rc != 0;
    return rc == 0;
}

/* ---- the memory ---- */

static struct memory *set_of(const struct ln_passwords *p, const mac id)
{
    uint32_t at;

    memcpy(&at, id, sizeof at);
    return p->memory[at % SETS];
}

static bool remembers(const struct ln_passwords *p, const mac id, ln_msec remember)
{
    ln_msec now = ln_loop_now_ms(p->loop);

    for (unsigned i = 0; p->memory != NULL && i < WAYS; i++) {
        const struct memory *m = &set_of(p, id)[i];

        if (m->since > 0 && now - m->since < remember && ln_digest_equal(m->id, id, sizeof m->id))
            return true;
    }
    return false;
}

/* In place of itself, or of the oldest. */
static void keep(struct ln_passwords *p, const mac id)
{
    struct memory *set, *oldest;

    if (p->memory == NULL)
        p->memory = ln_zalloc(SETS * sizeof *p->memory);
    oldest = set = set_of(p, id);
    for (unsigned i = 0; i < WAYS; i++) {
        if (memcmp(set[i].id, id, sizeof set[i].id) == 0) {
            oldest = &set[i];
            break;
        }
        if (set[i].since < oldest->since)
            oldest = &set[i];
    }
    memcpy(oldest->id, id, sizeof oldest->id);
    oldest->since = ln_loop_now_ms(p->loop);
}

/* ---- jobs ---- */

static void make_id(struct ln_passwords *p, struct ln_slice password, struct ln_slice hash, mac id)
{
    unsigned char both[LN_PASSWORD_MAX + LN_DIGEST_MAX];
    size_t n =
        ln_digest_hmac(p->digest, LN_DIGEST_KIND_SHA256, p->secret, SECRET, hash.p, hash.n, both);

    memcpy(both + n, password.p, password.n);
    ln_digest_hmac(p->digest, LN_DIGEST_KIND_SHA256, p->secret, SECRET, both, n + password.n, both);
    memcpy(id, both, LN_DIGEST_SHA256);
    explicit_bzero(both, sizeof both);
}

static void free_job(struct job *j)
{
    ln_list_remove(&j->node);
    j->pool->count--;
    wipe_job(j);
}

static struct job *find_job(struct ln_passwords *p, const mac id)
{
    for (struct ln_list *at = p->all.next; at != &p->all; at = at->next) {
        struct job *j = ln_container_of(at, struct job, node);

        if (ln_digest_equal(j->id, id, sizeof j->id))
            return j;
    }
    return NULL;
}

static struct job *new_job(struct ln_passwords *p, struct ln_slice password, struct ln_slice hash)
{
    struct job *j = ln_zalloc(sizeof *j + password.n + 1);

    j->pool = p;
    ln_list_init(&j->waiters);
    j->hash = ln_strndup(hash.p, hash.n);
    if (password.n > 0)
        memcpy(j->password, password.p, password.n);
    ln_list_append(&p->all, &j->node);
    p->count++;
    p->made++;
    pthread_mutex_lock(&p->lock);
    *p->last = j;
    p->last = &j->next;
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
    return j;
}

/* Out of the queue; false: a thread has it. */
static bool withdraw(struct job *j)
{
    struct ln_passwords *p = j->pool;
    struct job **at = &p->first;

    pthread_mutex_lock(&p->lock);
    if (!j->taken) {
        while (*at != j)
            at = &(*at)->next;
        *at = j->next;
        if (j->next == NULL)
            p->last = at;
        p->made--;
    }
    pthread_mutex_unlock(&p->lock);
    return !j->taken;
}

static void finish(struct job *j)
{
    if (j->right)
        keep(j->pool, j->id);
    while (!ln_list_is_empty(&j->waiters)) {
        struct ln_password_ask *a = ln_container_of(j->waiters.next, struct ln_password_ask, node);

        ln_list_remove(&a->node);
        a->job = NULL;
        a->result = j->right ? LN_PASSWORD_RIGHT : LN_PASSWORD_WRONG;
        a->on_done(a);
    }
    free_job(j);
}

static void on_wake(struct ln_wake *w)
{
    struct ln_passwords *p = ln_container_of(w, struct ln_passwords, wake);
    struct job *j;

    pthread_mutex_lock(&p->lock);
    j = p->done;
    p->done = NULL;
    pthread_mutex_unlock(&p->lock);
    while (j != NULL) {
        struct job *next = j->next;

        finish(j);
        j = next;
    }
}

/* ---- asking ---- */

bool ln_passwords_ask(struct ln_passwords *p, struct ln_password_ask *a, struct ln_slice password,
                      struct ln_slice hash, ln_msec remember)
{
    struct job *j;
    mac id;

    a->job = NULL;
    a->result = LN_PASSWORD_WRONG;
    if (!is_judged(password))
        return true;
    make_id(p, password, hash, id);
    if (remembers(p, id, remember)) {
        a->result = LN_PASSWORD_RIGHT;
        return true;
    }
    j = find_job(p, id);
    if (j == NULL && (p->count >= LN_PASSWORDS_QUEUE ||
                      (p->thread_count < THREADS && p->thread_count <= p->count &&
                       !start_thread(p) && p->thread_count == 0))) {
        a->result = LN_PASSWORD_BUSY;
        return true;
    }
    if (j == NULL) {
        j = new_job(p, password, hash);
        memcpy(j->id, id, sizeof j->id);
    }
    a->job = j;
    ln_list_append(&j->waiters, &a->node);
    return false;
}

void ln_passwords_cancel(struct ln_password_ask *a)
{
    struct job *j = a->job;

    if (j == NULL)
        return;
    a->job = NULL;
    ln_list_remove(&a->node);
    if (ln_list_is_empty(&j->waiters) && withdraw(j))
        free_job(j);
}

uint64_t ln_passwords_count(const struct ln_passwords *p)
{
    return p->made;
}

/* ---- life ---- */

struct ln_passwords *ln_passwords_new(struct ln_loop *loop)
{
    struct ln_passwords *p = ln_zalloc(sizeof *p);

    p->loop = loop;
    p->digest = ln_digest_new();
    ln_rand_bytes(p->secret, sizeof p->secret);
    ln_list_init(&p->all);
    p->last = &p->first;
    p->users = 1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    return p;
}

/* What a thread is judging is its own from now on. */
static void end_threads(struct ln_passwords *p)
{
    struct ln_list *at, *next;

    pthread_mutex_lock(&p->lock);
    p->over = true;
    pthread_cond_broadcast(&p->work);
    for (at = p->all.next; at != &p->all; at = next) {
        struct job *j = ln_container_of(at, struct job, node);

        next = at->next;
        ln_assert(ln_list_is_empty(&j->waiters));
        if (j->taken && !j->judged)
            ln_list_remove(at);
    }
    pthread_mutex_unlock(&p->lock);
}

void ln_passwords_free(struct ln_passwords *p)
{
    if (p == NULL)
        return;
    end_threads(p);
    ln_wake_stop(&p->wake);
    while (!ln_list_is_empty(&p->all))
        free_job(ln_container_of(p->all.next, struct job, node));
    ln_digest_free(p->digest);
    if (p->memory != NULL)
        explicit_bzero(p->memory, SETS * sizeof *p->memory);
    ln_free(p->memory);
    explicit_bzero(p->secret, sizeof p->secret);
    leave(p);
}
