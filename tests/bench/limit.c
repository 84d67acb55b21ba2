/* SPDX-License-Identifier: Apache-2.0
 * limit.c - what one limit costs: in C, by way to count and number of clients.
 *
 *   bench_limit [TAKES]     CPU nanoseconds a take; what it costs through the plugin: bench_chain
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "base/assert.h"
#include "base/hash.h"
#include "shm/limiter.h"

enum { TAKES = 3000000 };

static double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The hash of an identity of a dozen bytes is part of it. */
static double measure(enum ln_limit_way way, uint64_t count, unsigned clients, unsigned takes,
                      unsigned *refused)
{
    const struct ln_hash_key key = {1, 2};
    struct ln_plan p = ln_plan_make(&(struct ln_limit){way, count, 1000, count});
    size_t size = ln_limiter_size(&p, clients);
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct ln_limiter_zone z;
    struct ln_limit_answer a;
    ln_nsec now = 5000000000;
    double begin = 0;

    ln_assert(at != MAP_FAILED);
    ln_limiter_open(&z, &p, at, size);
    *refused = 0;
    for (unsigned i = 0; i < 2 * takes; i++) {
        char name[16] = "client-00000";
        unsigned client = i * 7919u % clients;

        __builtin_memcpy(name + 7, &client, sizeof client);
        if (i == takes)
            begin = cpu_now();
        now += 200;
        ln_limiter_take(&z, &p, ln_hash(&key, name, 12), 1, LN_PLAN_TAKE, now, &a);
        *refused += !a.ok;
    }
    double took = (cpu_now() - begin) / takes;

    munmap(at, size);
    return took;
}

int main(int argc, char **argv)
{
    static const unsigned clients[] = {16, 1000, 100000, 1000000};
    unsigned takes = argc > 1 ? (unsigned)atoi(argv[1]) : TAKES, refused;

    for (unsigned way = 0; way < LN_LIMIT_WAYS; way++)
        for (size_t i = 0; i < LN_ARRAY_LEN(clients); i++) {
            if (way == LN_LIMIT_SLIDING_LOG && clients[i] > 1000)
                continue; /* that many logs are not what anybody keeps here */
            double passing = measure(way, 2000, clients[i], takes, &refused);

            printf("%-15s %8u clients  %5.0f ns a take, %.0f in a hundred refused\n",
                   ln_limit_words[way], clients[i], passing, 50.0 * refused / takes);
        }
    return 0;
}
