/* SPDX-License-Identifier: Apache-2.0
 * reference.c - prints what the rows of directives say: the reference page, or an example file with
 * every key.
 *
 *   reference [page|example]
 */
#include <stdio.h>
#include <string.h>

#include "conf/reference.h"

int main(int argc, char **argv)
{
    struct ln_text text;

    ln_text_init(&text);
    if (argc > 1 && strcmp(argv[1], "example") == 0)
        ln_conf_example(&text);
    else
        ln_conf_reference(&text);

    size_t put = fwrite(text.p, 1, text.n, stdout);
    int rc = put == text.n && fflush(stdout) == 0 ? 0 : 1;

    ln_text_fini(&text);
    return rc;
}
