/* SPDX-License-Identifier: Apache-2.0
 * news.h - what becomes of an instance: said in the log, counted in its record, and passed to one
 * listener.
 *
 * Whoever moves the word of a record tells it here, so all workers together tell each change once.
 * The listener is called from the middle of picks and reports: it takes notes, and does nothing
 * that could pick or report.
 */
#ifndef LN_UPSTREAM_NEWS_H
#define LN_UPSTREAM_NEWS_H

#include "upstream/breaker.h"

struct ln_instance;

enum ln_news_kind {
    LN_NEWS_BREAKER, /* closed, open, half-open */
    LN_NEWS_HEALTH,  /* up, down */
    LN_NEWS_KINDS
};

extern const char *const ln_news_kinds[LN_NEWS_KINDS];

/* All texts are good for the call. */
struct ln_news {
    enum ln_news_kind kind;
    const char *service, *instance;
    const char *from, *to;
    unsigned failed, total; /* of a breaker that opens: requests of its window; else 0 */
    const char *by;         /* of health: "requests" or "checks" */
    const char *why;        /* what was wrong; NULL: nothing */
};

struct ln_news_listener {
    void (*on_news)(void *arg, const struct ln_news *news);
    void *arg;
};

/* Its breaker has moved: of `total` requests in the window, `failed` failed. */
void ln_news_breaker(const struct ln_instance *i, enum ln_breaker_news news, unsigned failed,
                     unsigned total);

/* Requests cannot reach it, now for the trips-th time in a row, and it is left alone for a while;
 * they can again. */
void ln_news_down(const struct ln_instance *i, const char *why, unsigned trips);
void ln_news_back(const struct ln_instance *i);

/* Its checks call it down; and up again. */
void ln_news_fell(const struct ln_instance *i, const char *why);
void ln_news_rose(const struct ln_instance *i);

#endif
