/* SPDX-License-Identifier: Apache-2.0
 * accept.c - weights of media ranges.
 */
#include "http/accept.h"

#include "http/chars.h"

/* The best range seen for one media type: the more specific one wins, whatever its weight. */
struct match {
    int rank;   /* 0 none, 1 all, 2 type and any subtype, 3 type and subtype, 4 with parameters */
    int weight; /* 0 to 1000 */
};

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) (RFC 9110 section 12.4.2); -1 when
 * it is not. */
static int read_weight(struct ln_slice q)
{
    int weight, unit = 100;

    if (q.n == 0 || q.n > 5 || (q.p[0] != '0' && q.p[0] != '1') || (q.n > 1 && q.p[1] != '.'))
        return -1;
    weight = (q.p[0] - '0') * 1000;
    for (size_t i = 2; i < q.n; i++, unit /= 10) {
        if (!ln_chars_is(q.p[i], LN_CHARS_DIGIT))
            return -1;
        weight += (q.p[i] - '0') * unit;
    }
    return weight > 1000 ? -1 : weight;
}

/* Cuts the part up to the next `mark` outside of quotes off the front, trimmed. */
static bool cut(struct ln_slice *rest, char mark, struct ln_slice *part)
{
    bool quoted = false;
    size_t n = 0;

    if (rest->n == 0)
        return false;
    for (; n < rest->n && (quoted || rest->p[n] != mark); n++) {
        if (rest->p[n] == '"')
            quoted = !quoted;
        else if (quoted && rest->p[n] == '\\' && n + 1 < rest->n)
            n++;
    }
    *part = ln_slice_trim(ln_slice(rest->p, n));
    size_t used = n < rest->n ? n + 1 : n;

    rest->p += used;
    rest->n -= used;
    return true;
}

/* How well a range names a type: 0 not at all. */
static int rank_of(struct ln_slice range, struct ln_slice any_subtype, struct ln_slice type)
{
    if (ln_slice_eq(range, LN_SLICE("*/*")))
        return 1;
    if (ln_slice_caseeq(range, any_subtype))
        return 2;
    return ln_slice_caseeq(range, type) ? 3 : 0;
}

static void consider(struct match *m, int rank, int weight)
{
    if (rank > m->rank)
        *m = (struct match){rank, weight};
    else if (rank > 0 && rank == m->rank && weight > m->weight)
        m->weight = weight;
}

/* media-range [ weight ]: parameters before "q" make it more specific; we send none but charset, so
 * they are passed over. */
static void judge_range(struct ln_slice element, struct match *json, struct match *text)
{
    struct ln_slice range, parameter;
    int weight = 1000;

    cut(&element, ';', &range);
    while (cut(&element, ';', &parameter)) {
        if (parameter.n < 2 || ln_lower(parameter.p[0]) != 'q' || parameter.p[1] != '=')
            continue;
        weight = read_weight(ln_slice(parameter.p + 2, parameter.n - 2));
        if (weight < 0)
            return;
    }
    consider(json, rank_of(range, LN_SLICE("application/*"), LN_SLICE("application/json")), weight);
    consider(text, rank_of(range, LN_SLICE("text/*"), LN_SLICE("text/plain")), weight);
}

bool ln_accept_prefers_json(struct ln_slice accept)
{
    struct match json = {0}, text = {0};
    struct ln_slice element;

    if (ln_slice_eq(accept, LN_SLICE("*/*"))) /* most clients that are no browsers */
        return false;
    while (cut(&accept, ',', &element))
        if (element.n > 0)
            judge_range(element, &json, &text);
    /* At the same weight a client that names JSON and gets at text only by a wildcard has said what
     * it wants. */
    if (json.weight == text.weight)
        return json.weight > 0 && json.rank > text.rank;
    return json.weight > text.weight;
}

/* Of "name ; q=0.5": the name, and its weight; -1 when that is none. */
static int read_coding(struct ln_slice element, struct ln_slice *name)
{
    struct ln_slice parameter;
    int weight = 1000;

    cut(&element, ';', name);
    while (cut(&element, ';', &parameter)) {
        if (parameter.n < 2 || ln_lower(parameter.p[0]) != 'q' || parameter.p[1] != '=')
            return -1;
        weight = read_weight(ln_slice(parameter.p + 2, parameter.n - 2));
    }
    return weight;
}

/* RFC 9110 section 8.4.1.3: "x-gzip" is an old name of "gzip". */
static bool is_coding(struct ln_slice name, struct ln_slice coding)
{
    return ln_slice_caseeq(name, coding) ||
           (ln_slice_eq(coding, LN_SLICE("gzip")) && ln_slice_caseeq(name, LN_SLICE("x-gzip")));
}

bool ln_accept_takes_coding(struct ln_slice list, struct ln_slice coding)
{
    int wanted = -1, plain = -1, others = -1;
    struct ln_slice element, name;

    while (cut(&list, ',', &element)) {
        int weight = element.n > 0 ? read_coding(element, &name) : -1;

        if (weight < 0)
            continue;
        if (is_coding(name, coding))
            wanted = weight;
        else if (ln_slice_caseeq(name, LN_SLICE("identity")))
            plain = weight;
        else if (ln_slice_eq(name, LN_SLICE("*")))
            others = weight;
    }
    if (wanted < 0)
        wanted = others;
    return wanted > 0 && wanted >= plain;
}
