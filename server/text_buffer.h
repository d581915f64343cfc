/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_buffer.h - text that grows. Without memory `failed` stays set, and the text is not to be used.
 */
#ifndef SERVER_TEXT_BUFFER_H
#define SERVER_TEXT_BUFFER_H

#include <jansson.h>

#include "base/bytes.h"

/* Zero it to start. */
struct text_buffer {
	char *data; /* with a NUL behind it */
	size_t len, room;
	bool failed;
};

void text_add(struct text_buffer *text, const char *more);
void text_add_slice(struct text_buffer *text, struct slice more);
void text_add_base64(struct text_buffer *text, struct slice bytes);
void text_add_hex(struct text_buffer *text, struct slice bytes); /* at most 64 bytes */
/* The value as compact JSON, all ASCII. Takes the value over; NULL is a failure. */
void text_add_json(struct text_buffer *text, json_t *value);
void text_free(struct text_buffer *text);

#endif
