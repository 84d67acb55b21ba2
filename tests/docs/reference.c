/* SPDX-License-Identifier: Apache-2.0
 * reference.c - prints what the rows of directives say: the reference page, or an example file with
 * every key; or what `lunette metrics` can print.
 *
 *   reference [page|example|metrics]
 */
#include <stdio.h>
#include <string.h>

#include "conf/reference.h"
#include "metrics.h"

int main(int argc, char **argv)
{
    struct ln_text text;
    bool failed = false;

    ln_text_init(&text);
    if (argc > 1 && strcmp(argv[1], "metrics") == 0)
        failed = reference_metrics(&text) != 0;
    else if (argc > 1 && strcmp(argv[1], "example") == 0)
        ln_conf_example(&text);
    else
        ln_conf_reference(&text);

    size_t put = fwrite(text.p, 1, text.n, stdout);
    int rc = !failed && put == text.n && fflush(stdout) == 0 ? 0 : 1;

    ln_text_fini(&text);
    return rc;
}
