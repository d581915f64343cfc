/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_write.h - JSON that libattest makes. Every function takes over the value that it sets, and clears *ok without
 * memory.
 */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include <jansson.h>

#include "bytes.h"

void json_put(json_t *object, const char *key, json_t *value, bool *ok);
/* NULL: nothing is set. */
void json_put_text(json_t *object, const char *key, const char *text, bool *ok);
/* At most 64 bytes. */
void json_put_hex(json_t *object, const char *key, struct slice bytes, bool *ok);
/* RFC 3339. */
void json_put_time(json_t *object, const char *key, int64_t time, bool *ok);
void json_put_size(json_t *object, const char *key, size_t n, bool *ok);
void json_add(json_t *array, json_t *value, bool *ok);
/* All ASCII, on one line. NULL without memory; the caller frees it. */
char *json_line(const json_t *root);
/* The same for people: indented by two, with a line feed at its end. */
char *json_pages(const json_t *root);

#endif
