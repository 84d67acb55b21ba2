/* SPDX-License-Identifier: Apache-2.0
 * api.cdef.h - every declaration that crosses the line between C and Lua while requests run.
 *
 * Two readers: the C compiler, through api.h, and ffi.cdef, the same bytes embedded at build time. So: plain
 * declarations only, no preprocessor, no struct by value, no callback, no varargs.
 *
 * The contract of every function: the object comes first; texts come in as (pointer, length) and are copied when they
 * must outlive the call; texts go out through struct ln_str and hold until the next write to the same request; the
 * result is an enum ln_rc unless a sentence here says otherwise. None blocks, none calls Lua, none frees its object.
 *
 * Versions: minor when something is added, major when something changes or goes.
 * 1.0  first version
 * 1.1  content: ln_req_body and others of api_body.c, ln_wait_body, ln_reply_from
 * 1.2  counters, dictionaries and metrics; operations that wait: HTTP, Redis, several at once; timers; balance; matching
 * 1.3  priority of requests
 * 1.4  limiters that look and charge; permits
 * 1.5  bandwidths
 */
enum { LN_API_MAJOR = 1, LN_API_MINOR = 5 };

enum ln_rc {
    LN_OK = 0,
    LN_NONE = 1,    /* no such header, argument, route, ...: not an error */
    LN_WAIT = 2,    /* parked: the wrapper yields, C resumes it */
    LN_EINVAL = -1, /* bad argument */
    LN_ESTATE = -2, /* too early or too late, such as the method after the request phase */
    LN_ELIMIT = -3, /* over a built-in or configured limit */
    LN_EGONE = -4,  /* the request of this handle has ended */
    LN_EFULL = -5,  /* more than is held of one request */
};

enum ln_phase {
    LN_PHASE_NONE,
    LN_PHASE_LOAD,
    LN_PHASE_INIT,
    LN_PHASE_REQUEST,
    LN_PHASE_BALANCE,
    LN_PHASE_RESPONSE,
    LN_PHASE_BODY,
    LN_PHASE_LOG,
    LN_PHASE_CLOSE,
    LN_PHASE_WHEN, /* a condition of a route looks at the request */
    LN_PHASE_TIMER,
    LN_PHASE_EVENT, /* a function hears of something that has happened */
};

/* Bytes that belong to C. */
struct ln_str {
    const char *ptr;
    size_t len;
};

struct ln_req; /* one request: script/req.h */
struct ln_up;  /* one choice of an instance: script/up.h */

/* A request, and whose headers are meant: dead once `serial` differs from the request's own. */
enum ln_side { LN_SIDE_REQUEST, LN_SIDE_RESPONSE };
struct ln_handle {
    struct ln_req *req;
    uint32_t serial;
    uint32_t side; /* enum ln_side */
};
struct ln_piece { /* of the response's content: dead once it has left the body handlers */
    struct ln_req *const ln_req;
    const uint32_t ln_serial;
    const uint32_t ln_number;
};

/* What runs now. One per state; C writes it before it enters Lua, Lua writes `at`, and `phase` while it loads. The one exception to "the object
 * comes first": a pointer argument would have to be cast in every request, and casts of such are not compiled. */
struct ln_cur {
    struct ln_req *req;
    uint32_t serial;
    int32_t slot;  /* where Lua keeps what belongs to this request; 0: it keeps nothing */
    int32_t phase; /* enum ln_phase */
    int32_t at;    /* the plugin that runs, counted from 1 in the order of the chain */
    uint32_t piece; /* of the response's content, in the body phase */
    /* Of this request. The objects of a plugin hold only its number, `serial`, and pass these: so the compiler
     * need not make the objects at all, and one that was kept reaches no other request. */
    struct ln_handle request, response;
    const struct ln_up *up; /* the choice of an instance, in the balance phase; NULL in others */
};

int ln_api_major(void); /* of the binary; the number itself */
int ln_cur_keep(struct ln_cur *cur); /* the slot of the request that runs now, taken if it had none; the number itself */

/* ---- sets of addresses (api_blocks.c): made while files are loaded, asked by requests ---- */

struct ln_blocks;
struct ln_blocks *ln_blocks_new(void);
void ln_blocks_free(struct ln_blocks *b);
/* "10.0.0.0/8", "2001:db8::1". EINVAL: it is none, or has bits behind its prefix. ELIMIT: there are too many. */
int ln_blocks_put(struct ln_blocks *b, const char *text, size_t len);
/* NONE: the address is in none of them, or is no address of the internet. */
int ln_blocks_ask(struct ln_blocks *b, const char *ip, size_t len);

/* ---- the request (api_req.c) ---- */

enum ln_req_text {
    LN_REQ_METHOD,
    LN_REQ_PATH,
    LN_REQ_QUERY,
    LN_REQ_HOST,
    LN_REQ_CLIENT_ID, /* those above can be set */
    LN_REQ_SCHEME,
    LN_REQ_ID, /* can be set, too: 1 to 128 visible characters of ASCII, no quotes and backslashes */
    LN_REQ_LISTENER,
    LN_REQ_IP,
    LN_REQ_NETWORK, /* what counts as one address: that, cut to gateway.identity.ipv6Prefix */
    LN_REQ_PEER,
    LN_REQ_ROUTE,
    LN_REQ_CLIENT_SOURCE, /* what gave the identity */
    LN_REQ_CLIENT_KEY,    /* both, so that no source can stand in for another */
    LN_REQ_AUTHENTICATED, /* the method that has proved who it is */
};
int ln_req_text(const struct ln_handle *h, int which, struct ln_str *out);

/* id, method, path, query, host: in the request phase only; EINVAL when the text is not one. query with ptr NULL: none. */
int ln_req_set_text(const struct ln_handle *h, int which, const char *ptr, size_t len);

/* LENGTH: bytes of the content; NONE: that is not known beforehand. PRIORITY: from 1, the lowest; NONE: the service's. */
enum ln_req_number {
    LN_REQ_PORT,
    LN_REQ_PEER_PORT,
    LN_REQ_STARTED,
    LN_REQ_VERSION_MINOR,
    LN_REQ_SERVICE,
    LN_REQ_LENGTH,
    LN_REQ_PRIORITY,
    LN_REQ_CHAIN, /* the number of the chain that runs, as lunette.chain counts; NONE: there is none */
};
int ln_req_number(const struct ln_handle *h, int which, double *out);

/* Would the client rather have this content coding than the content as it is? NONE: it would not. */
int ln_req_takes_coding(const struct ln_handle *h, const char *coding, size_t len);

/* At most so many bytes of content; the smallest limit holds. ELIMIT: it is known already that there are more. Request phase only. */
int ln_req_limit_body(const struct ln_handle *h, double most);

/* The service that the request goes to, by its index. Request phase only. */
int ln_req_set_service(const struct ln_handle *h, int index);

/* From 1, the lowest, to 3; 0: the service's. Request phase only. */
int ln_req_set_priority(const struct ln_handle *h, unsigned priority);

/* A parameter of the route's path, by name or by index from 0. */
int ln_req_param(const struct ln_handle *h, const char *name, size_t len, struct ln_str *value);
int ln_req_param_at(const struct ln_handle *h, unsigned index, struct ln_str *name, struct ln_str *value);

/* ---- who the client is (api_client.c): the functions that change it in the request phase only ---- */

/* The consumer with an API key: its name; and whether there is one of a name. NONE: there is not. ESTATE: none are known here. */
int ln_consumer_by_key(struct ln_cur *cur, const char *key, size_t len, struct ln_str *name);
int ln_consumer_by_name(struct ln_cur *cur, const char *name, size_t len);

/* The request is this consumer's, as a method has proved. Method NULL: nobody has proved anything; it lends its groups and limits, and is
 * not who is counted. NONE: there is no such consumer. */
int ln_client_is(struct ln_cur *cur, const char *consumer, size_t len, const char *method, size_t method_len);
/* Somebody who is no consumer; and one of its groups. */
int ln_client_is_other(struct ln_cur *cur, const char *id, size_t len, const char *method, size_t method_len);
int ln_client_add_group(struct ln_cur *cur, const char *group, size_t len);
/* The identity that a source of gateway.identity.from gives, by its index from 0. */
int ln_client_claims(struct ln_cur *cur, int source, const char *id, size_t len);
int ln_client_consumer(struct ln_cur *cur, struct ln_str *out);
int ln_client_group(struct ln_cur *cur, int index, struct ln_str *out);
/* All of them with commas between, without those that no header can carry so. */
int ln_client_groups(struct ln_cur *cur, struct ln_str *out);
int ln_client_in_group(struct ln_cur *cur, const char *group, size_t len);
int ln_client_datum(struct ln_cur *cur, int index, struct ln_str *name, struct ln_str *value);
struct ln_allowed { double count, per, burst; }; /* of a consumer: requests, 0 = no limit; in seconds; at once, 0 = not said */
int ln_client_limits(struct ln_cur *cur, struct ln_allowed *out);
enum ln_counted { LN_COUNTED_CLIENT, LN_COUNTED_NETWORK, LN_COUNTED_HEADER };
/* The key of a setting `by`; of a header's value, which has `mark` in front of it, or else the client's. Until the next call of any kind. */
int ln_client_counted(struct ln_cur *cur, int by, const char *name, size_t name_len, const char *mark, size_t mark_len, struct ln_str *key);
/* Those of the consumer of that number, from 0. NONE: there are no more. */
int ln_consumer_limits_at(struct ln_cur *cur, int index, struct ln_str *name, struct ln_allowed *out);

/* Is it the password of the consumer of that name? LN_OK: the result is there; LN_WAIT; LN_ESTATE. `remember` and `timeout` in seconds. */
struct ln_verify;
enum ln_verified { LN_VERIFIED_WRONG, LN_VERIFIED_RIGHT, LN_VERIFIED_BUSY, LN_VERIFIED_LATE };
struct ln_verify *ln_verify_new(struct ln_cur *cur);
void ln_verify_free(struct ln_verify *v);
int ln_verify_start(struct ln_verify *v, const char *name, size_t name_len, const char *password, size_t password_len, double remember, double timeout);
int ln_verify_result(const struct ln_verify *v);

/* ---- headers of the request or of the response (api_headers.c) ---- */

int ln_headers_get(const struct ln_handle *h, const char *name, size_t name_len, struct ln_str *value); /* the first; any case of the name */
/* Walks: `at` starts at 0 and is moved; NONE at the end. name_len 0: all headers. */
int ln_headers_next(const struct ln_handle *h, uint32_t *at, const char *name, size_t name_len, struct ln_str *found, struct ln_str *value);
/* In the request phase, edits of the response's headers are queued and done when there is a response. */
int ln_headers_set(const struct ln_handle *h, const char *name, size_t name_len, const char *value, size_t value_len);
/* The same with a number, which then never becomes a string of Lua's. */
int ln_headers_set_number(const struct ln_handle *h, const char *name, size_t name_len, double value);
int ln_headers_add(const struct ln_handle *h, const char *name, size_t name_len, const char *value, size_t value_len);
int ln_headers_remove(const struct ln_handle *h, const char *name, size_t name_len);
int ln_headers_tell_limit(const struct ln_handle *h, double most, double left, double reset); /* in the three of RateLimit. EINVAL: not whole, or below 0 */
/* Is the token in the comma-separated values of that name, in any case and whatever its parameters? NONE: it is not. */
int ln_headers_has(const struct ln_handle *h, const char *name, size_t name_len, const char *token, size_t token_len);
/* Adds a field with the token unless it is there, or "*" is. */
int ln_headers_merge(const struct ln_handle *h, const char *name, size_t name_len, const char *token, size_t token_len);

/* Edits prepared once and applied many times. */
enum ln_edit_op { LN_EDIT_SET, LN_EDIT_ADD, LN_EDIT_REMOVE };
struct ln_edits;
struct ln_edits *ln_edits_new(void);
void ln_edits_free(struct ln_edits *e);
int ln_edits_push(struct ln_edits *e, int op, const char *name, size_t name_len, const char *value, size_t value_len);
int ln_edits_apply(const struct ln_edits *e, const struct ln_handle *h);

/* ---- the query's arguments and the cookies (api_args.c); both percent-decoded where the format says so ---- */

int ln_args_get(const struct ln_handle *h, const char *name, size_t name_len, struct ln_str *value);
int ln_args_next(const struct ln_handle *h, uint32_t *at, struct ln_str *name, struct ln_str *value);
/* value NULL: removed. Rewrites the query. Request phase only. */
int ln_args_set(const struct ln_handle *h, const char *name, size_t name_len, const char *value, size_t value_len);
int ln_cookies_get(const struct ln_handle *h, const char *name, size_t name_len, struct ln_str *value);
int ln_cookies_next(const struct ln_handle *h, uint32_t *at, struct ln_str *name, struct ln_str *value);

/* ---- the response (api_res.c) ---- */

enum ln_res_number {
    LN_RES_STATUS,
    LN_RES_BYTES,
    LN_RES_DURATION,
    LN_RES_ATTEMPT,
    LN_RES_CONNECT_MS,
    LN_RES_FIRST_BYTE_MS,
    LN_RES_LENGTH, /* bytes of the content, where that is known before it comes */
};
/* NONE while there is no such number. */
int ln_res_number(const struct ln_handle *h, int which, double *out);
int ln_res_set_status(const struct ln_handle *h, int status);
enum ln_res_text { LN_RES_ORIGIN, LN_RES_SERVICE, LN_RES_ADDRESS };
int ln_res_text(const struct ln_handle *h, int which, struct ln_str *out);

/* An answer: begin, then fields, then the body. EINVAL: not a status from 200 to 599, not a header. Content-Length, Connection
 * and Transfer-Encoding are the gateway's own: they are taken and ignored. */
int ln_reply_begin(const struct ln_handle *h, int status);
int ln_reply_add(const struct ln_handle *h, const char *name, size_t name_len, const char *value, size_t value_len);
int ln_reply_body(const struct ln_handle *h, const char *body, size_t body_len);
/* Instead of a body: JSON with the code, the sentence and the id of the request, and its type. `reason`: and the code in its header. */
int ln_reply_refusal(struct ln_cur *cur, const char *code, size_t code_len, const char *sentence, size_t sentence_len, bool reason);

/* Which plugin makes the answer, from 1: its content goes through the body handlers above that one. */
int ln_reply_from(const struct ln_handle *h, int at);

/* ---- content (api_body.c) ---- */

/* The request's, once it was read or set; NONE before. */
int ln_req_body(const struct ln_handle *h, struct ln_str *out);
/* Request phase only. NONE: the request has content of its own, which must be read first. */
int ln_req_set_body(const struct ln_handle *h, const char *ptr, size_t len);

/* Plugin `at` sees nothing of this response's content. ESTATE: there is no response yet, or it has begun. */
int ln_res_skip_body(const struct ln_handle *h, int at);

int ln_piece_text(const struct ln_piece *p, struct ln_str *out);
int ln_piece_is_last(const struct ln_piece *p); /* OK, or NONE */
int ln_piece_set(const struct ln_piece *p, const char *text, size_t len); /* ELIMIT: that is more than is held of one piece */
/* Every `plain` becomes `with`; also one that ends in a later piece. At most `most` of them, 0: all. EINVAL: `plain` is empty or longer than 4096 bytes. */
int ln_piece_replace(const struct ln_piece *p, const char *plain, size_t plain_len, const char *with, size_t with_len, double most, double *count);
/* From here on the content goes out in the coding gzip, level 1 to 9; `flush`: this piece at once. It ends with the last piece. ELIMIT: as
 * above. EINVAL: no such level. ESTATE: this piece is encoded already. */
int ln_piece_gzip(struct ln_cur *cur, const struct ln_piece *p, int level, bool flush);
/* Around each body handler. NONE: this plugin is not to be asked. */
int ln_piece_enter(struct ln_cur *cur, int at);
int ln_piece_leave(struct ln_cur *cur);

/* ---- shared memory (api_store.c) ---- */

struct ln_limiter; /* of one window, or of several that must all let pass */
enum ln_take { LN_TAKE, LN_TAKE_LOOK, LN_TAKE_CHARGE }; /* only if there is enough; only say so; in any case */
struct ln_taken { /* of the window that is the tightest */
    double left;  /* whole requests that would still pass at once */
    double wait;  /* seconds until this one would have passed */
    double reset; /* seconds until everything is back if nobody asks */
    int32_t which; /* the window, from 1 */
    int32_t by; /* in Redis: who has judged, enum ln_meter_by; else 0 */
};
/* OK or NONE (refused: nothing was taken). */
int ln_limiter_take_key(struct ln_limiter *l, const char *key, size_t key_len, double cost, int how, struct ln_taken *out);
/* The same under another limit, which counts apart. ELIMIT: its window is longer than the limiter's own (but for gcra), or it is more
 * than can be counted here. */
int ln_limiter_take_as(struct ln_limiter *l, double count, double per, double burst, const char *key, size_t key_len, double cost, int how, struct ln_taken *out);

/* ---- limits in Redis (api_meter.c) ---- */

struct ln_meter_use; /* one limit */
struct ln_meter_ask; /* one question, which waits for its answer; NULL: there is no Redis here */
struct ln_meter_ask *ln_meter_ask_new(struct ln_meter_use *u);
void ln_meter_ask_free(struct ln_meter_ask *a);
/* OK: the answer is there. WAIT. EINVAL: the cost, or nothing can wait here. */
int ln_meter_ask_take(struct ln_meter_ask *a, const char *key, size_t key_len, double cost, int how);
/* The same under another limit, which counts apart. ELIMIT: a log that is larger than the limit's own. */
int ln_meter_ask_take_as(struct ln_meter_ask *a, double count, double per, double burst, const char *key, size_t key_len, double cost, int how);
int ln_meter_ask_answer(struct ln_meter_ask *a, struct ln_taken *out); /* OK or NONE (refused) */

/* Of both below: `ttl` in seconds, at most 1e9, 0 = for ever. NONE: there is none. ELIMIT: no room; nothing has changed. */
struct ln_store_counters;
/* A counter that is there keeps its end. ESTATE: beyond 2^53. EINVAL: not a whole number, or not a ttl. */
int ln_store_counters_incr(struct ln_store_counters *c, const char *key, size_t key_len, double by, double ttl, double *sum);
int ln_store_counters_get(struct ln_store_counters *c, const char *key, size_t key_len, double *value);
int ln_store_counters_delete(struct ln_store_counters *c, const char *key, size_t key_len, double *value); /* the last value */

struct ln_store_dict;
enum ln_value_type { LN_VALUE_NONE, LN_VALUE_STRING, LN_VALUE_NUMBER, LN_VALUE_TRUE, LN_VALUE_FALSE };
struct ln_value {
    double number;
    const char *ptr; /* until the next call with the same dictionary */
    size_t len;
    int32_t type; /* enum ln_value_type */
};
int ln_store_dict_get(struct ln_store_dict *d, const char *key, size_t key_len, struct ln_value *out);
/* EINVAL: key and value are too large, or not a type, or not a ttl. */
int ln_store_dict_set(struct ln_store_dict *d, const char *key, size_t key_len, int type, double number, const char *text, size_t len, double ttl);
/* If what is there is of this type and equal. Either may be NONE. NONE as a result: it is not. */
int ln_store_dict_cas(struct ln_store_dict *d, const char *key, size_t key_len, int old_type, double old_number, const char *old,
                      size_t old_len, int type, double number, const char *text, size_t len, double ttl);
int ln_store_dict_delete(struct ln_store_dict *d, const char *key, size_t key_len);
/* ESTATE: what is there is no number. */
int ln_store_dict_incr(struct ln_store_dict *d, const char *key, size_t key_len, double by, double ttl, double *sum);

/* At most so many of a key at once (api_permits.c). OK, with a ticket, which comes back after `hold` seconds at the latest;
 * NONE: all are held; ELIMIT: no room. EINVAL: most is not from 1 to 10000, or hold is no time. */
struct ln_store_permits;
int ln_store_permits_take(struct ln_store_permits *p, const char *key, size_t key_len, double most, double hold, double *number);
int ln_store_permits_give(struct ln_store_permits *p, const char *key, size_t key_len, double number);

/* Content of a side goes no faster than `rate` bytes a second, after `burst` at once (api_pace.c). Who has the same key shares that; ptr
 * NULL: nobody does. Several hold together. ESTATE: it has begun. ELIMIT: there are 8. EINVAL: rate from 1, burst from 0, both to 1e12. */
struct ln_bandwidth;
int ln_bandwidth_pace(struct ln_bandwidth *b, struct ln_cur *cur, int side, const char *key, size_t key_len, double rate, double burst);

/* ---- metrics (api_metrics.c) ---- */

struct ln_metric_handle;
enum ln_metric_how { LN_METRIC_BY_ADD, LN_METRIC_BY_SET, LN_METRIC_BY_OBSERVE };
/* The series with these label values, each as a byte with its length and its bytes. NONE: there was no room for it, and *series is
 * that of all others. EINVAL: not as many as the metric has, or longer than 127 bytes. */
int ln_metric_find(struct ln_metric_handle *m, const char *values, size_t len, double *series);
/* EINVAL: no such series, no such change of this type, or a number that it cannot take. */
int ln_metric_change(struct ln_metric_handle *m, double series, int how, double n);

/* ---- waiting (task.c) ---- */

/* WAIT: yield now. OK: the time has passed already (virtual clock). ESTATE: nothing can wait here. */
int ln_wait_sleep(struct ln_cur *cur, double seconds);
/* For the request's content, at most so many bytes of it. OK: it is there. ELIMIT: it is larger. EINVAL: not a number of bytes from 1.
 * ESTATE: as above, or too late. */
int ln_wait_body(struct ln_cur *cur, double most);

/* ---- asking others (api_http.c) ---- */

struct ln_http; /* one request of our own, and its response */
/* Lua frees it. NULL: not a method. */
struct ln_http *ln_http_new(struct ln_cur *cur, const char *method, size_t len);
void ln_http_free(struct ln_http *h);
/* Whom: a URL, or a service by its index with a path; and the socket to use instead of the URL's host. EINVAL: ln_http_error tells. */
int ln_http_url(struct ln_http *h, const char *url, size_t len);
int ln_http_service(struct ln_http *h, int index, const char *path, size_t len);
int ln_http_unix(struct ln_http *h, const char *path, size_t len);
/* EINVAL: not a header. Those that frame the message are taken and ignored. */
int ln_http_add(struct ln_http *h, const char *name, size_t name_len, const char *value, size_t value_len);
int ln_http_has(struct ln_http *h, const char *name, size_t len); /* OK, or NONE */
int ln_http_body(struct ln_http *h, const char *ptr, size_t len);
/* At most so many seconds, and bytes of content. WAIT; EINVAL: out of range; ESTATE: nothing can wait here. */
int ln_http_start(struct ln_http *h, double seconds, double most);
/* The status; 0: there is no response, and ln_http_error tells why. */
int ln_http_status(struct ln_http *h);
int ln_http_content(struct ln_http *h, struct ln_str *out);
int ln_http_next(struct ln_http *h, uint32_t *at, struct ln_str *name, struct ln_str *value);
int ln_http_error(struct ln_http *h, struct ln_str *out);

/* ---- Redis (api_redis.c) ---- */

struct ln_redis_use; /* what redis(url) gives */
struct ln_redis_ask; /* one call, of one command or several */
struct ln_redis_script;
struct ln_redis_value {
    int32_t kind;   /* 0 nil, 1 status, 2 text, 3 integer, 4 array, 5 an error of the command, 6 Redis itself refuses */
    uint32_t count; /* of an array: its values come next */
    double number;
    const char *ptr;
    size_t len;
};
struct ln_redis_script *ln_redis_use_script(struct ln_redis_use *u, const char *text, size_t len); /* NULL: it has as many as it may */
struct ln_redis_ask *ln_redis_ask_new(struct ln_redis_use *u); /* NULL: there is no Redis here */
void ln_redis_ask_free(struct ln_redis_ask *a);
/* A command, or instead a script before the number of keys, the keys and the arguments; then its `argc` words. */
void ln_redis_ask_command(struct ln_redis_ask *a, unsigned argc);
void ln_redis_ask_script(struct ln_redis_ask *a, const struct ln_redis_script *s, unsigned argc);
void ln_redis_ask_word(struct ln_redis_ask *a, const char *ptr, size_t len);
/* WAIT: yield now. OK: it has failed already. ESTATE: nothing can wait here. */
int ln_redis_ask_send(struct ln_redis_ask *a, double seconds);
/* OK: there are no replies, and this is why. NONE: there are. */
int ln_redis_ask_error(const struct ln_redis_ask *a, struct ln_str *code, struct ln_str *why);
int ln_redis_ask_next(struct ln_redis_ask *a, struct ln_redis_value *out); /* of the replies, depth first. NONE at the end */

/* ---- patterns (match.c) ---- */

enum ln_match_mark { LN_MATCH_OPEN = -1, LN_MATCH_POSITION = -2 }; /* as length: not closed; no text but a place */
struct ln_match { /* offsets from 0 */
    int32_t from, to;
    int32_t count; /* of captures */
    int32_t at[32], len[32];
};
/* What is wrong with a pattern. */
enum ln_match_error {
    LN_MATCH_STEPS = -20, /* took too many steps */
    LN_MATCH_COMPLEX = -21,
    LN_MATCH_ENDS_WITH_ESCAPE = -22,
    LN_MATCH_NO_BRACKET = -23,
    LN_MATCH_CAPTURES_MANY = -24,
    LN_MATCH_CAPTURE_BAD = -25,
    LN_MATCH_INDEX_BAD = -26,
    LN_MATCH_UNBALANCED = -27,
    LN_MATCH_FRONTIER_BAD = -28,
};
/* The first match from `init` on. OK, NONE, or an enum ln_match_error. anchor: a ^ in front means the place `init`. Patterns and subjects
 * are strings of Lua. */
int ln_match_next(struct ln_match *out, const char *s, size_t n, const char *p, size_t p_len, size_t init, bool anchor);
/* The same for a pattern that may be a plain text. */
int ln_match_find(struct ln_match *out, const char *s, size_t n, const char *p, size_t p_len, size_t init);
int ln_match_plain(struct ln_match *out, const char *s, size_t n, const char *p, size_t p_len, size_t init); /* a plain text: OK or NONE */

/* ---- the rest (api_misc.c) ---- */

double ln_time_wall(void); /* seconds since 1970 */
bool ln_say_is_on(int level);
/* One log line; level 0 debug to 3 error; fields: a JSON object or nothing. */
int ln_say(struct ln_cur *cur, int level, const char *text, size_t text_len, const char *fields, size_t fields_len);

enum { LN_SHA256_BYTES = 32 };
int ln_crypto_sha256(struct ln_cur *cur, const char *bytes, size_t len, char *out); /* 32 bytes */
int ln_crypto_sha256_hex(struct ln_cur *cur, const char *bytes, size_t len, char *out); /* 64 digits */
int ln_crypto_hex(const char *bytes, size_t len, char *out);        /* 2 * len digits */
/* 4 * ((len + 2) / 3) characters at most; `url`: the alphabet of file names, without padding. */
int ln_crypto_base64(const char *bytes, size_t len, bool url, char *out, size_t *out_len);
int ln_crypto_random(char *out, size_t len);
/* Of kind 0: SHA-1, 1: SHA-256, 2: SHA-512, 3: SHA-384. The bytes of the result, at most 64. */
int ln_crypto_digest(struct ln_cur *cur, int kind, const char *bytes, size_t len, char *out);
int ln_crypto_hmac(struct ln_cur *cur, int kind, const char *key, size_t key_len, const char *bytes, size_t len, char *out);
/* Of the same length. OK, or NONE: they differ. */
int ln_crypto_equal(const char *a, const char *b, size_t len);
/* The ways back; EINVAL: that is no such text. `out` has len / 2 bytes, and 3 * ((len + 3) / 4). Base64 is taken with its padding, that
 * for file names with it or without. */
int ln_crypto_unhex(const char *bytes, size_t len, char *out);
int ln_crypto_unbase64(const char *bytes, size_t len, bool url, char *out, size_t *out_len);

/* ---- public keys (api_pubkey.c) ---- */

struct ln_crypto_key;
enum ln_crypto_key_form { LN_CRYPTO_KEY_PEM, LN_CRYPTO_KEY_RSA, LN_CRYPTO_KEY_EC, LN_CRYPTO_KEY_OKP };
/* A PEM; or of a JSON Web Key n and e, or crv, x and y, or crv and x, all but crv decoded. Lua frees it. NULL: why. */
struct ln_crypto_key *ln_crypto_key_new(struct ln_cur *cur, int form, const char *a, size_t a_len, const char *b, size_t b_len, const char *c,
                          size_t c_len, struct ln_str *why);
void ln_crypto_key_free(struct ln_crypto_key *k);
/* Does it go with this algorithm of JSON Web Signatures? OK, or NONE. */
int ln_crypto_key_fits(const struct ln_crypto_key *k, const char *alg, size_t alg_len);
/* Is the signature its own? OK, or NONE. */
int ln_crypto_key_verify(const struct ln_crypto_key *k, const char *alg, size_t alg_len, const char *text, size_t text_len, const char *signature, size_t signature_len);

/* ---- JSON that is edited as text (api_jsondoc.c): open, edit, take, with no wait between ---- */

/* EINVAL: it is no JSON; why: a sentence. */
int ln_jsondoc_open(struct ln_cur *cur, const char *text, size_t len, struct ln_str *why);
/* op: 0 set, 1 add, 2 remove, 3 rename. EINVAL: that is no such value. */
int ln_jsondoc_change(struct ln_cur *cur, int op, const char *path, size_t path_len, const char *value, size_t value_len);
/* `out` holds until the next call of one of these and of ln_escape_text. */
int ln_jsondoc_take(struct ln_cur *cur, struct ln_str *out);
/* EINVAL: why it is no path. */
int ln_jsondoc_judge(const char *path, size_t len, int op, struct ln_str *why);

/* ---- texts within texts (api_escape.c) ---- */

/* For a part of a URL, a path in one (slashes stay), the inside of a JSON string, HTML. */
enum ln_escape { LN_ESCAPE_URL, LN_ESCAPE_PATH, LN_ESCAPE_JSON, LN_ESCAPE_HTML };
/* `out` holds until the next call. EINVAL: no such way. ELIMIT: more than 1 MiB. */
int ln_escape_text(struct ln_cur *cur, int way, const char *text, size_t len, struct ln_str *out);

/* ---- the choice of an instance (api_up.c): in the balance phase only, ESTATE in others ---- */

enum ln_up_text { LN_UP_SERVICE, LN_UP_LAST_ERROR }; /* NONE: no attempt has failed yet */
int ln_up_text(const struct ln_cur *cur, int which, struct ln_str *out);
/* The number of this attempt, from 1, and how many instances there are. */
enum ln_up_number { LN_UP_ATTEMPT, LN_UP_COUNT };
int ln_up_number(const struct ln_cur *cur, int which, double *out);
struct ln_up_seen {
    int32_t weight, active; /* requests in flight, over all workers */
    double latency;         /* seconds, 0 = not known */
    bool healthy;           /* may be chosen now */
};
/* Of an instance, from 1. NONE: there is no such one. */
int ln_up_see(const struct ln_cur *cur, int index, struct ln_up_seen *out);
int ln_up_address(const struct ln_cur *cur, int index, struct ln_str *out);
/* The answers. An instance by number; the instance that a key belongs to (ptr NULL: none). NONE: there is no key. */
int ln_up_choose(const struct ln_cur *cur, int index);
int ln_up_set_key(const struct ln_cur *cur, const char *ptr, size_t len);
int ln_up_key(const struct ln_cur *cur, struct ln_str *out);
