/* SPDX-License-Identifier: Apache-2.0 */
#include "json_write.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "text.h"

void json_put(json_t *object, const char *key, json_t *value, bool *ok)
{
	if (value == NULL || json_object_set_new(object, key, value) != 0)
		*ok = false;
}

void json_put_text(json_t *object, const char *key, const char *text, bool *ok)
{
	if (text != NULL)
		json_put(object, key, json_string(text), ok);
}

void json_put_hex(json_t *object, const char *key, struct slice bytes, bool *ok)
{
	char hex[HEX_SIZE(DIGEST_MAX)];

	hex_encode(slice_sub(bytes, 0, DIGEST_MAX), hex);
	json_put_text(object, key, hex, ok);
}

void json_put_time(json_t *object, const char *key, int64_t time, bool *ok)
{
	char text[TIME_SIZE];

	json_put_text(object, key, time_text(time, text), ok);
}

void json_put_size(json_t *object, const char *key, size_t n, bool *ok)
{
	json_put(object, key, json_integer((json_int_t)n), ok);
}

void json_add(json_t *array, json_t *value, bool *ok)
{
	if (value == NULL || json_array_append_new(array, value) != 0)
		*ok = false;
}

/* Into memory of known size: json_dumps() does not always tell when it could not grow its own. */
static char *dump(const json_t *root, size_t flags, const char *end)
{
	size_t size = json_dumpb(root, NULL, 0, flags);
	char *text = size == 0 ? NULL : malloc(size + strlen(end) + 1);

	if (text != NULL && json_dumpb(root, text, size, flags) != size) {
		free(text);
		return NULL;
	}
	if (text != NULL)
		memcpy(text + size, end, strlen(end) + 1);
	return text;
}

char *json_line(const json_t *root)
{
	return dump(root, JSON_COMPACT | JSON_ENSURE_ASCII, "");
}

char *json_pages(const json_t *root)
{
	return dump(root, JSON_INDENT(2) | JSON_ENSURE_ASCII, "\n");
}
