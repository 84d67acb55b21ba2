/* SPDX-License-Identifier: Apache-2.0
 * body.c - bodies by length, by chunks, by the end of the connection.
 *
 * The chunk decoder is a state machine over single bytes, so that no split of the input can change
 * what it sees; only content is taken in runs. llhttp would be no second
 * reader here: it refuses valid extensions and lets invalid ones pass.
 *
 *   SIZE ──CR──> SIZE_LF ──> CONTENT ──> CONTENT_CR ──> CONTENT_LF ──> SIZE ...
 *    │ └─ ";" or BWS ──> extension states ──CR──┘ │
 *    └────────────────────── size 0 ──────────────┴──> TRAILER_START ──CR──> LAST_LF ──> DONE
 *                                                       └─> NAME ──":"──> VALUE ──CR──> VALUE_LF ─┘
 * (back)
 */
#include "http/body.h"

#include "base/assert.h"
#include "http/chars.h"
#include "http/judge.h"

enum state {
    SIZE,
    EXT_SPACE, /* BWS, then ";" must follow */
    EXT_NAME_START,
    EXT_NAME,
    EXT_NAME_SPACE,
    EXT_VALUE_START,
    EXT_VALUE,
    EXT_QUOTED,
    EXT_ESCAPED,
    EXT_VALUE_END, /* after a closing quote */
    SIZE_LF,
    CONTENT,
    CONTENT_CR,
    CONTENT_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    LAST_LF,
    DONE,
    BAD,
};

enum {
    SIZE_DIGITS = 16,      /* of one chunk size, leading zeros counted */
    OVERHEAD_FREE = 4096,  /* bytes of extensions; more only in proportion to the content */
    TRAILERS_MAX = 8192,   /* bytes of the trailer section */
    TRAILER_LINE_MIN = 256 /* first piece for a line that is collected */
};

void ln_body_init(struct ln_body *b, enum ln_framing framing, uint64_t length,
                  struct ln_fields *trailers)
{
    b->framing = framing;
    b->digits = 0;
    b->name_len = 0;
    b->left = framing == LN_FRAMING_LENGTH ? length : 0;
    b->total = b->overhead = 0;
    b->trailer_bytes = b->line_len = b->line_cap = 0;
    b->trailers = trailers;
    b->line = NULL;
    if (framing == LN_FRAMING_NONE || (framing == LN_FRAMING_LENGTH && length == 0))
        b->state = DONE;
    else
        b->state = framing == LN_FRAMING_CHUNKED ? SIZE : CONTENT;
}

bool ln_body_is_done(const struct ln_body *b)
{
    return b->state == DONE;
}

bool ln_body_is_complete_at_eof(const struct ln_body *b)
{
    return b->state == DONE || (b->framing == LN_FRAMING_CLOSE && b->state == CONTENT);
}

/* chunk-size = 1*HEXDIG (RFC 9112 section 7.1): no sign, no "0x", no space before CRLF. */
static enum ln_reject take_size(struct ln_body *b, char c)
{
    int digit = ln_chars_hex(c);

    if (digit >= 0) {
        if (++b->digits > SIZE_DIGITS || b->left > (INT64_MAX >> 4))
            return LN_REJECT_CHUNK_SIZE;
        b->left = b->left << 4 | (unsigned)digit;
        return LN_REJECT_NONE;
    }
    if (b->digits == 0 || b->total > INT64_MAX - b->left)
        return LN_REJECT_CHUNK_SIZE;
    b->digits = 0;
    if (c == '\r')
        b->state = SIZE_LF;
    else if (c == ';')
        b->state = EXT_NAME_START;
    else if (c == ' ' || c == '\t')
        b->state = EXT_SPACE;
    else
        return c == '\n' ? LN_REJECT_CHUNK_END : LN_REJECT_CHUNK_SIZE;
    return LN_REJECT_NONE;
}

/* After a name or a value: the end of the line, another extension, or nothing that belongs there.
 */
static enum state after_extension(char c, bool value_may_follow)
{
    if (c == ';')
        return EXT_NAME_START;
    if (c == '\r')
        return SIZE_LF;
    if (c == '=' && value_may_follow)
        return EXT_VALUE_START;
    if (c == ' ' || c == '\t')
        return value_may_follow ? EXT_NAME_SPACE : EXT_SPACE;
    return BAD;
}

/* chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ), with val = token /
 * quoted-string (RFC 9112 section 7.1.1). White space before CRLF is in none of it. */
static enum state next_extension(enum state s, char c)
{
    bool space = c == ' ' || c == '\t', token = ln_chars_is(c, LN_CHARS_TOKEN);

    switch (s) {
    case EXT_SPACE:
        return space ? EXT_SPACE : c == ';' ? EXT_NAME_START : BAD;
    case EXT_NAME_START:
        return space ? EXT_NAME_START : token ? EXT_NAME : BAD;
    case EXT_NAME:
        return token ? EXT_NAME : after_extension(c, true);
    case EXT_NAME_SPACE:
        return space      ? EXT_NAME_SPACE
               : c == ';' ? EXT_NAME_START
               : c == '=' ? EXT_VALUE_START
                          : BAD;
    case EXT_VALUE_START:
        return space ? EXT_VALUE_START : c == '"' ? EXT_QUOTED : token ? EXT_VALUE : BAD;
    case EXT_VALUE:
        return token ? EXT_VALUE : after_extension(c, false);
    case EXT_QUOTED: /* RFC 9110 section 5.6.4 */
        if (c == '"' || c == '\\')
            return c == '"' ? EXT_VALUE_END : EXT_ESCAPED;
        return ln_chars_is(c, LN_CHARS_VALUE) ? EXT_QUOTED : BAD;
    case EXT_ESCAPED:
        return ln_chars_is(c, LN_CHARS_VALUE) ? EXT_QUOTED : BAD;
    case EXT_VALUE_END:
        return after_extension(c, false);
    default:
        return BAD;
    }
}

static enum ln_reject take_extension(struct ln_body *b, char c)
{
    enum state next = next_extension((enum state)b->state, c);

    if (next == BAD)
        return c == '\n' ? LN_REJECT_CHUNK_END : LN_REJECT_CHUNK_EXTENSION;
    b->state = (uint8_t)next;
    /* One byte of content with kilobytes of extension is no upload but work for nothing. */
    if (++b->overhead > OVERHEAD_FREE + b->total)
        return LN_REJECT_CHUNK_OVERHEAD;
    return LN_REJECT_NONE;
}

/* Keeps a byte of the trailer line, when anybody wants to have it. */
static void keep(struct ln_body *b, char c)
{
    if (b->trailers == NULL)
        return;
    if (b->line_len == b->line_cap) {
        uint32_t cap = b->line_cap == 0 ? TRAILER_LINE_MIN : b->line_cap * 2;
        char *line = ln_arena_alloc(b->trailers->arena, cap);

        if (b->line_len > 0)
            memcpy(line, b->line, b->line_len);
        b->line = line;
        b->line_cap = cap;
    }
    b->line[b->line_len++] = c;
}

/* The line is complete: its bytes stay where they are, the next line starts behind them. */
static void add_trailer(struct ln_body *b)
{
    struct ln_slice value;

    if (b->trailers == NULL)
        return;
    value = ln_slice_trim(ln_slice(b->line + b->name_len, b->line_len - b->name_len));
    ln_fields_push(b->trailers, ln_field_identify(b->line, b->name_len),
                   ln_slice(b->line, b->name_len), value);
    b->line += b->line_len;
    b->line_cap -= b->line_len;
    b->line_len = 0;
}

static enum ln_reject take_trailer_name(struct ln_body *b, char c)
{
    if (c == ':') {
        b->state = TRAILER_VALUE;
        if (b->name_len <= sizeof b->name && !ln_judge_may_trail(b->name, b->name_len))
            return LN_REJECT_TRAILER_FORBIDDEN;
        return LN_REJECT_NONE;
    }
    if (!ln_chars_is(c, LN_CHARS_TOKEN))
        return LN_REJECT_TRAILER;
    if (b->name_len < sizeof b->name)
        b->name[b->name_len] = c;
    b->name_len++;
    keep(b, c);
    return LN_REJECT_NONE;
}

/* trailer-section = *( field-line CRLF ) (RFC 9112 section 7.1.2), judged as header fields are. */
static enum ln_reject take_trailer(struct ln_body *b, char c)
{
    if (b->trailer_bytes++ >= TRAILERS_MAX)
        return LN_REJECT_TRAILER_LARGE;
    switch (b->state) {
    case TRAILER_START:
        b->name_len = 0;
        if (c == '\r' || c == ':') {
            b->state = LAST_LF;
            return c == '\r' ? LN_REJECT_NONE : LN_REJECT_TRAILER;
        }
        b->state = TRAILER_NAME;
        return take_trailer_name(b, c);
    case TRAILER_NAME:
        return take_trailer_name(b, c);
    case TRAILER_VALUE:
        if (c == '\r')
            b->state = TRAILER_LF;
        else if (!ln_chars_is(c, LN_CHARS_VALUE))
            return LN_REJECT_TRAILER;
        else
            keep(b, c);
        return LN_REJECT_NONE;
    default: /* TRAILER_LF, LAST_LF */
        if (c != '\n')
            return LN_REJECT_TRAILER;
        if (b->state == TRAILER_LF)
            add_trailer(b);
        b->state = b->state == TRAILER_LF ? TRAILER_START : DONE;
        return LN_REJECT_NONE;
    }
}

/* One byte of framing. */
static enum ln_reject take(struct ln_body *b, char c)
{
    switch (b->state) {
    case SIZE:
        return take_size(b, c);
    case SIZE_LF:
        b->state = b->left > 0 ? CONTENT : TRAILER_START;
        return c == '\n' ? LN_REJECT_NONE : LN_REJECT_CHUNK_END;
    case CONTENT_CR:
        b->state = CONTENT_LF;
        return c == '\r' ? LN_REJECT_NONE : LN_REJECT_CHUNK_END;
    case CONTENT_LF:
        b->state = SIZE;
        return c == '\n' ? LN_REJECT_NONE : LN_REJECT_CHUNK_END;
    case TRAILER_START:
    case TRAILER_NAME:
    case TRAILER_VALUE:
    case TRAILER_LF:
    case LAST_LF:
        return take_trailer(b, c);
    default:
        return take_extension(b, c);
    }
}

/* A run of content, as much as there is. */
static enum ln_body_event take_content(struct ln_body *b, const char **p, const char *end,
                                       struct ln_slice *data)
{
    size_t n = (size_t)(end - *p);

    if (b->framing != LN_FRAMING_CLOSE) {
        if (n > b->left)
            n = (size_t)b->left;
        b->left -= n;
        if (b->left == 0)
            b->state = b->framing == LN_FRAMING_CHUNKED ? CONTENT_CR : DONE;
    }
    *data = ln_slice(*p, n);
    *p += n;
    b->total += n;
    return LN_BODY_DATA;
}

enum ln_body_event ln_body_next(struct ln_body *b, const char **p, const char *end,
                                struct ln_slice *data, enum ln_reject *why)
{
    ln_assert(b->state != BAD);
    while (b->state != DONE) {
        if (*p == end)
            return LN_BODY_MORE;
        if (b->state == CONTENT)
            return take_content(b, p, end, data);
        *why = take(b, **p);
        if (*why != LN_REJECT_NONE) {
            b->state = BAD;
            return LN_BODY_BAD;
        }
        (*p)++;
    }
    return LN_BODY_END;
}

size_t ln_chunk_head(char out[LN_CHUNK_HEAD_MAX], uint64_t size)
{
    char digits[16], *at = digits + sizeof digits;
    size_t n;

    do {
        *--at = "0123456789abcdef"[size & 15];
        size >>= 4;
    } while (size > 0);
    n = (size_t)(digits + sizeof digits - at);
    memcpy(out, at, n);
    memcpy(out + n, "\r\n", 2);
    return n + 2;
}
