/* SPDX-License-Identifier: Apache-2.0
 * row_type.h - the types that rows of several blocks share. Each says which C type its field has.
 */
#ifndef LN_CONF_ROW_TYPE_H
#define LN_CONF_ROW_TYPE_H

#include "conf/row.h"

enum {
    LN_DAY_MSEC = 86400000,
};
#define LN_YEAR_MSEC (365 * (uint64_t)LN_DAY_MSEC)

/* For the range column. */
#define LN_RANGE(lo, hi)                                                                           \
    {                                                                                              \
        .min = (lo), .max = (hi)                                                                   \
    }
#define LN_WORDS(list)                                                                             \
    {                                                                                              \
        .words = (list)                                                                            \
    }
#define LN_BLOCK(which)                                                                            \
    {                                                                                              \
        .block = &(which)                                                                          \
    }

extern const struct ln_row_type ln_type_switch;    /* bool */
extern const struct ln_row_type ln_type_duration;  /* ln_msec */
extern const struct ln_row_type ln_type_size;      /* uint64_t */
extern const struct ln_row_type ln_type_number;    /* uint64_t */
extern const struct ln_row_type ln_type_unsigned;  /* unsigned */
extern const struct ln_row_type ln_type_word;      /* an enum: the index of the word */
extern const struct ln_row_type ln_type_word_text; /* const char *: the word */
extern const struct ln_row_type ln_type_words;     /* unsigned: bit i for word i */
extern const struct ln_row_type ln_type_share;     /* double, from 0 to 1 */
extern const struct ln_row_type ln_type_name;      /* const char *: ln_value_is_name() */
extern const struct ln_row_type ln_type_header;    /* const char *: a header's name, or "" */
extern const struct ln_row_type ln_type_block;     /* a struct; the row's block says which */

#endif
