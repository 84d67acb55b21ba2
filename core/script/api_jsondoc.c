/* SPDX-License-Identifier: Apache-2.0
 * api_jsondoc.c - JSON that is edited as text, for Lua: settings of the type t.json_edits.
 */
#include "base/jsondoc.h"

#include "script/vm_inner.h"

enum { KEPT_MAX = 1 << 20 };

int ln_jsondoc_open(struct ln_cur *cur, const char *text, size_t len, struct ln_str *why)
{
    struct ln_vm *vm = ln_container_of(cur, struct ln_vm, cur);
    const char *sentence;

    if (vm->doc == NULL)
        vm->doc = ln_jsondoc_new();
    if (ln_jsondoc_parse(vm->doc, ln_slice(text, len), &sentence))
        return LN_OK;
    *why = (struct ln_str){sentence, strlen(sentence)};
    return LN_EINVAL;
}

int ln_jsondoc_change(struct ln_cur *cur, int op, const char *path, size_t path_len,
                      const char *value, size_t value_len)
{
    struct ln_vm *vm = ln_container_of(cur, struct ln_vm, cur);

    if (vm->doc == NULL || op < LN_JSONDOC_SET || op > LN_JSONDOC_RENAME)
        return LN_EINVAL;
    return ln_jsondoc_edit(vm->doc, (enum ln_jsondoc_op)op, ln_slice(path, path_len),
                           ln_slice(value, value_len))
               ? LN_OK
               : LN_EINVAL;
}

int ln_jsondoc_take(struct ln_cur *cur, struct ln_str *out)
{
    struct ln_vm *vm = ln_container_of(cur, struct ln_vm, cur);
    struct ln_text *t = &vm->escaped;
    const char *nothing;

    if (vm->doc == NULL)
        return LN_EINVAL;
    if (t->cap > KEPT_MAX)
        ln_text_fini(t);
    t->n = 0;
    ln_jsondoc_print(vm->doc, t);
    ln_jsondoc_parse(vm->doc, ln_slice("", 0), &nothing); /* the text that it was made of may go */
    *out = (struct ln_str){t->n > 0 ? t->p : "", t->n};
    return LN_OK;
}

int ln_jsondoc_judge(const char *path, size_t len, int op, struct ln_str *why)
{
    const char *sentence = op >= LN_JSONDOC_SET && op <= LN_JSONDOC_RENAME
                               ? ln_jsondoc_path_fault(ln_slice(path, len), (enum ln_jsondoc_op)op)
                               : "no such edit";

    if (sentence == NULL)
        return LN_OK;
    *why = (struct ln_str){sentence, strlen(sentence)};
    return LN_EINVAL;
}
