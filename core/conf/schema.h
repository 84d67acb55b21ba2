/* SPDX-License-Identifier: Apache-2.0
 * schema.h - what the rows say, for editors: one JSON Schema (2020-12) of gateway.yaml.
 *
 * It describes what may be written, so a value of the environment, "${NAME}", may stand for any
 * scalar. What a row's setter finds out beyond its type (a folder that is not there, two services
 * of one name) no schema can say.
 */
#ifndef LN_CONF_SCHEMA_H
#define LN_CONF_SCHEMA_H

#include "base/text.h"

/* `plugins`: a JSON object, name of a plugin -> schema of its settings. Ends with a newline. */
void ln_conf_schema(struct ln_slice plugins, struct ln_text *out);

#endif
