/* SPDX-License-Identifier: Apache-2.0
 * json.c - JSON (RFC 8259) for Lua: json.encode(value), json.decode(text), json.null,
 * json.array(table).
 *
 * Keys come out sorted, so that equal tables give equal texts. A table is a list when json.array()
 * has said so, when it has a first element, or when it was decoded from one; an empty table is an
 * object otherwise. Decoding judges strictly and gives nil and a sentence; encoding what JSON
 * cannot say is an error. Depth is bounded on both ways.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "script/guard.h"
#include "script/vm_inner.h"

enum {
    DEPTH_MAX = 100,
    SENTENCE = 128,
    TEXT_MOST = 32 << 20, /* a small table can mean any amount of text */
    KEPT_MOST = 64 << 10,
    LOOK = 4096 /* values between two looks at the budget */
};

static const char array_mark[] = "lunette.json.array"; /* the metatable of lists */

/* json.null: a light userdata that no other value equals. */
static void push_null(lua_State *L)
{
    lua_pushlightuserdata(L, NULL);
}

/* ---- encoding; errors are returned, so that the text is freed before they are raised ---- */

struct encoder {
    lua_State *L;
    struct ln_text *out; /* the state's: whatever Lua raises on the way, it stays whole */
    unsigned values;
    int depth;
    char why[SENTENCE];
};

static bool encode_value(struct encoder *e, int index);

static bool refuse(struct encoder *e, const char *what)
{
    snprintf(e->why, sizeof e->why, "json.encode: %s", what);
    return false;
}

static bool is_list(lua_State *L, int index)
{
    if (lua_getmetatable(L, index)) {
        luaL_getmetatable(L, array_mark);
        bool marked = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
        if (marked)
            return true;
    }
    return lua_objlen(L, index) > 0;
}

static bool encode_list(struct encoder *e, int index)
{
    size_t n = lua_objlen(e->L, index);

    ln_text_puts(e->out, "[");
    for (size_t i = 1; i <= n; i++) {
        if (i > 1)
            ln_text_puts(e->out, ",");
        lua_rawgeti(e->L, index, (int)i);
        bool ok = encode_value(e, lua_gettop(e->L));
        lua_pop(e->L, 1);
        if (!ok)
            return false;
    }
    ln_text_puts(e->out, "]");
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    const struct ln_slice *x = a, *y = b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

/* The keys of the table, sorted; their bytes belong to it. NULL: there is one that is no string. */
static struct ln_slice *keys_of(lua_State *L, int index, size_t *count)
{
    size_t n = 0, cap = 8;
    struct ln_slice *keys = malloc(cap * sizeof *keys);

    for (lua_pushnil(L); keys != NULL && lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            lua_pop(L, 2);
            free(keys);
            return NULL;
        }
        if (n == cap)
            keys = realloc(keys, (cap *= 2) * sizeof *keys);
        keys[n].p = lua_tolstring(L, -2, &keys[n].n);
        n++;
    }
    qsort(keys, n, sizeof *keys, by_bytes);
    *count = n;
    return keys;
}

static bool encode_object(struct encoder *e, int index)
{
    size_t n;
    struct ln_slice *keys = keys_of(e->L, index, &n);
    bool ok = true;

    if (keys == NULL)
        return refuse(e, "a table is either a list or has texts as keys, not both");
    ln_text_puts(e->out, "{");
    for (size_t i = 0; ok && i < n; i++) {
        if (i > 0)
            ln_text_puts(e->out, ",");
        ln_text_json(e->out, keys[i]);
        ln_text_puts(e->out, ":");
        lua_pushlstring(e->L, keys[i].p, keys[i].n);
        lua_rawget(e->L, index);
        ok = encode_value(e, lua_gettop(e->L));
        lua_pop(e->L, 1);
    }
    free(keys);
    ln_text_puts(e->out, "}");
    return ok;
}

static bool encode_table(struct encoder *e, int index)
{
    if (e->depth >= DEPTH_MAX || !lua_checkstack(e->L, 8))
        return refuse(e, "the table is nested too deeply, or contains itself");
    e->depth++;
    bool ok = is_list(e->L, index) ? encode_list(e, index) : encode_object(e, index);
    e->depth--;
    return ok;
}

static bool encode_number(struct encoder *e, lua_Number n)
{
    if (!isfinite(n))
        return refuse(e, "a number that is infinite or none at all");
    char shortest[32];

    snprintf(shortest, sizeof shortest, "%.14g", n);
    if (n == floor(n) && fabs(n) <= 9007199254740992.0)
        ln_text_printf(e->out, "%.0f", n);
    else if (strtod(shortest, NULL) == n)
        ln_text_puts(e->out, shortest);
    else
        ln_text_printf(e->out, "%.17g", n);
    return true;
}

static bool encode_value(struct encoder *e, int index)
{
    char what[64];
    struct ln_slice s;

    if (e->out->n > TEXT_MOST)
        return refuse(e, "more than 32 MiB of text");
    if (++e->values % LOOK == 0 && ln_guard_is_over())
        return refuse(e, "the handler is over its budget");
    switch (lua_type(e->L, index)) {
    case LUA_TNIL:
        ln_text_puts(e->out, "null");
        return true;
    case LUA_TBOOLEAN:
        ln_text_puts(e->out, lua_toboolean(e->L, index) ? "true" : "false");
        return true;
    case LUA_TNUMBER:
        return encode_number(e, lua_tonumber(e->L, index));
    case LUA_TSTRING:
        s.p = lua_tolstring(e->L, index, &s.n);
        ln_text_json(e->out, s);
        return true;
    case LUA_TTABLE:
        return encode_table(e, index);
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(e->L, index) == NULL) {
            ln_text_puts(e->out, "null");
            return true;
        } /* fall through */
    default:
        snprintf(what, sizeof what, "a %s cannot be said in JSON", luaL_typename(e->L, index));
        return refuse(e, what);
    }
}

static int json_encode(lua_State *L)
{
    struct ln_text *kept = lua_touserdata(L, lua_upvalueindex(1));
    struct encoder e = {.L = L, .out = kept};

    luaL_checkany(L, 1);
    kept->n = 0;
    bool ok = encode_value(&e, 1);
    if (ok)
        lua_pushlstring(L, kept->p, kept->n);
    if (kept->cap > KEPT_MOST)
        ln_text_fini(kept);
    if (ok)
        return 1;
    luaL_where(L, 1);
    lua_pushstring(L, e.why);
    lua_concat(L, 2);
    return lua_error(L);
}

/* ---- decoding ---- */

struct decoder {
    lua_State *L;
    const char *start, *p, *end;
    int depth;
    const char *why;
};

static bool decode_value(struct decoder *d);

static bool stop(struct decoder *d, const char *why)
{
    d->why = why;
    return false;
}

static void skip_space(struct decoder *d)
{
    while (d->p < d->end && (*d->p == ' ' || *d->p == '\t' || *d->p == '\n' || *d->p == '\r'))
        d->p++;
}

static bool decode_word(struct decoder *d, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(d->end - d->p) < n || memcmp(d->p, word, n) != 0)
        return stop(d, "expected a value");
    d->p += n;
    return true;
}

static bool digits(const char **p, const char *end)
{
    const char *start = *p;

    while (*p < end && isdigit((unsigned char)**p))
        (*p)++;
    return *p > start;
}

/* RFC 8259 section 6, judged before strtod sees it: that one takes much more. */
static bool decode_number(struct decoder *d)
{
    const char *p = d->p;
    char copy[512];

    if (p < d->end && *p == '-')
        p++;
    if (p < d->end && *p == '0')
        p++;
    else if (!digits(&p, d->end))
        return stop(d, "expected a value");
    if (p < d->end && *p == '.' && (p++, !digits(&p, d->end)))
        return stop(d, "expected digits");
    if (p < d->end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < d->end && (*p == '+' || *p == '-'))
            p++;
        if (!digits(&p, d->end))
            return stop(d, "expected digits");
    }
    size_t n = (size_t)(p - d->p);
    if (n >= sizeof copy)
        return stop(d, "a number with too many digits");
    memcpy(copy, d->p, n);
    copy[n] = '\0';
    lua_pushnumber(d->L, strtod(copy, NULL));
    d->p = p;
    return true;
}

static bool four_digits(struct decoder *d, unsigned *out)
{
    unsigned v = 0;

    if (d->end - d->p < 4)
        return stop(d, "expected four hexadecimal digits");
    for (int i = 0; i < 4; i++, d->p++) {
        char c = ln_lower(*d->p);

        if (!isxdigit((unsigned char)c))
            return stop(d, "expected four hexadecimal digits");
        v = v << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *out = v;
    return true;
}

static void add_utf8(luaL_Buffer *b, unsigned c)
{
    if (c < 0x80) {
        luaL_addchar(b, (char)c);
    } else if (c < 0x800) {
        luaL_addchar(b, (char)(0xc0 | c >> 6));
        luaL_addchar(b, (char)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        luaL_addchar(b, (char)(0xe0 | c >> 12));
        luaL_addchar(b, (char)(0x80 | (c >> 6 & 63)));
        luaL_addchar(b, (char)(0x80 | (c & 63)));
    } else {
        luaL_addchar(b, (char)(0xf0 | c >> 18));
        luaL_addchar(b, (char)(0x80 | (c >> 12 & 63)));
        luaL_addchar(b, (char)(0x80 | (c >> 6 & 63)));
        luaL_addchar(b, (char)(0x80 | (c & 63)));
    }
}

static bool decode_unicode(struct decoder *d, luaL_Buffer *b)
{
    unsigned c, low;

    if (!four_digits(d, &c))
        return false;
    if (c >= 0xdc00 && c < 0xe000)
        return stop(d, "half of a surrogate pair");
    if (c >= 0xd800 && c < 0xdc00) {
        if (d->end - d->p < 2 || d->p[0] != '\\' || d->p[1] != 'u')
            return stop(d, "half of a surrogate pair");
        d->p += 2;
        if (!four_digits(d, &low))
            return false;
        if (low < 0xdc00 || low > 0xdfff)
            return stop(d, "half of a surrogate pair");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    add_utf8(b, c);
    return true;
}

static bool decode_escape(struct decoder *d, luaL_Buffer *b)
{
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    char c = d->p < d->end ? *d->p++ : '\0';
    const char *found = c != '\0' ? strchr(names, c) : NULL;

    if (c == 'u')
        return decode_unicode(d, b);
    if (found == NULL)
        return stop(d, "an escape that JSON does not know");
    luaL_addchar(b, bytes[found - names]);
    return true;
}

static bool decode_string(struct decoder *d)
{
    luaL_Buffer b;

    luaL_buffinit(d->L, &b);
    d->p++;
    while (d->p < d->end && *d->p != '"') {
        char c = *d->p++;

        if ((unsigned char)c < ' ')
            return luaL_pushresult(&b), stop(d, "a control character in a text");
        if (c != '\\')
            luaL_addchar(&b, c);
        else if (!decode_escape(d, &b))
            return luaL_pushresult(&b), false;
    }
    luaL_pushresult(&b);
    if (d->p >= d->end)
        return stop(d, "a text without an end");
    d->p++;
    return true;
}

/* After an element: 1 there is another, 0 the end was read, -1 neither. */
static int next_element(struct decoder *d, char closing)
{
    skip_space(d);
    if (d->p < d->end && *d->p == ',') {
        d->p++;
        return 1;
    }
    if (d->p < d->end && *d->p == closing) {
        d->p++;
        return 0;
    }
    stop(d, closing == ']' ? "expected \",\" or \"]\"" : "expected \",\" or \"}\"");
    return -1;
}

static bool decode_list(struct decoder *d)
{
    int i = 0, more = 1;

    d->p++;
    lua_newtable(d->L);
    luaL_getmetatable(d->L, array_mark);
    lua_setmetatable(d->L, -2);
    skip_space(d);
    if (d->p < d->end && *d->p == ']') {
        d->p++;
        return true;
    }
    while (more > 0) {
        if (!decode_value(d))
            return false;
        lua_rawseti(d->L, -2, ++i);
        more = next_element(d, ']');
    }
    return more == 0;
}

static bool decode_object(struct decoder *d)
{
    int more = 1;

    d->p++;
    lua_newtable(d->L);
    skip_space(d);
    if (d->p < d->end && *d->p == '}') {
        d->p++;
        return true;
    }
    while (more > 0) {
        skip_space(d);
        if (d->p >= d->end || *d->p != '"')
            return stop(d, "expected a key in quotes");
        if (!decode_string(d))
            return false;
        skip_space(d);
        if (d->p >= d->end || *d->p != ':')
            return stop(d, "expected \":\"");
        d->p++;
        if (!decode_value(d))
            return false;
        lua_rawset(d->L, -3);
        more = next_element(d, '}');
    }
    return more == 0;
}

static bool decode_nested(struct decoder *d, char c)
{
    if (d->depth >= DEPTH_MAX || !lua_checkstack(d->L, 8))
        return stop(d, "nested too deeply");
    d->depth++;
    bool ok = c == '{' ? decode_object(d) : decode_list(d);
    d->depth--;
    return ok;
}

static bool decode_value(struct decoder *d)
{
    skip_space(d);
    char c = d->p < d->end ? *d->p : '\0';
    switch (c) {
    case '{':
    case '[':
        return decode_nested(d, c);
    case '"':
        return decode_string(d);
    case 't':
        lua_pushboolean(d->L, 1);
        return decode_word(d, "true");
    case 'f':
        lua_pushboolean(d->L, 0);
        return decode_word(d, "false");
    case 'n':
        push_null(d->L);
        return decode_word(d, "null");
    default:
        return decode_number(d);
    }
}

static int json_decode(lua_State *L)
{
    size_t n;
    const char *text = luaL_checklstring(L, 1, &n);
    struct decoder d = {.L = L, .start = text, .p = text, .end = text + n};

    lua_settop(L, 1);
    bool ok = decode_value(&d);
    skip_space(&d);
    if (ok && d.p < d.end)
        ok = stop(&d, "expected the end");
    if (ok)
        return 1;
    lua_settop(L, 1);
    lua_pushnil(L);
    lua_pushfstring(L, "not JSON: %s at byte %d", d.why, (int)(d.p - d.start) + 1);
    return 2;
}

static int json_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    luaL_getmetatable(L, array_mark);
    lua_setmetatable(L, 1);
    return 1;
}

static const luaL_Reg functions[] = {
    {"encode", json_encode},
    {"decode", json_decode},
    {"array", json_array},
    {NULL, NULL},
};

static int free_text(lua_State *L)
{
    ln_text_fini(lua_touserdata(L, 1));
    return 0;
}

/* What is encoded is gathered in a text that belongs to the state, so that nothing is lost when
 * there is no memory for the result. */
static void push_text(lua_State *L)
{
    ln_text_init(lua_newuserdata(L, sizeof(struct ln_text)));
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, free_text);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
}

int ln_json_open(lua_State *L)
{
    luaL_newmetatable(L, array_mark);
    lua_pop(L, 1);
    lua_newtable(L);
    push_text(L);
    for (const luaL_Reg *f = functions; f->name != NULL; f++) {
        lua_pushvalue(L, -1);
        lua_pushcclosure(L, f->func, 1);
        lua_setfield(L, -3, f->name);
    }
    lua_pop(L, 1);
    push_null(L);
    lua_setfield(L, -2, "null");
    return 1;
}
