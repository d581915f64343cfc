/* SPDX-License-Identifier: Apache-2.0 */
#include "text_buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"

enum { ROOM_LEAST = 1024 };

/* Room for `len` more and a NUL. */
static bool make_room(struct text_buffer *text, size_t len)
{
	size_t room = text->room == 0 ? ROOM_LEAST : text->room;
	char *data;

	if (text->failed || len > SIZE_MAX / 4 || text->len > SIZE_MAX / 4) {
		text->failed = true;
		return false;
	}
	if (text->room - text->len > len)
		return true;
	while (room - text->len <= len)
		room *= 2;
	data = realloc(text->data, room);
	if (data == NULL) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->room = room;
	return true;
}

void text_add_slice(struct text_buffer *text, struct slice more)
{
	if (!make_room(text, more.len))
		return;
	if (more.len > 0)
		memcpy(text->data + text->len, more.data, more.len);
	text->len += more.len;
	text->data[text->len] = '\0';
}

void text_add(struct text_buffer *text, const char *more)
{
	text_add_slice(text, slice_of_string(more));
}

void text_add_base64(struct text_buffer *text, struct slice bytes)
{
	size_t len = (bytes.len + 2) / 3 * 4;

	if (!make_room(text, len))
		return;
	base64_encode(bytes, text->data + text->len);
	text->len += len;
}

void text_add_hex(struct text_buffer *text, struct slice bytes)
{
	char hex[HEX_SIZE(DIGEST_MAX)];

	hex_encode(slice_sub(bytes, 0, DIGEST_MAX), hex);
	text_add(text, hex);
}

void text_add_json(struct text_buffer *text, json_t *value)
{
	const size_t flags = JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY;
	size_t len = value == NULL ? 0 : json_dumpb(value, NULL, 0, flags);

	if (len > 0 && make_room(text, len) && json_dumpb(value, text->data + text->len, len, flags) == len) {
		text->len += len;
		text->data[text->len] = '\0';
	} else {
		text->failed = true;
	}
	json_decref(value);
}

void text_free(struct text_buffer *text)
{
	free(text->data);
	*text = (struct text_buffer){0};
}
