/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buffer.h - bytes that wait to be parsed or sent, in one piece. Without memory a buffer notes that it failed, and its
 * user looks once at the end.
 */
#ifndef SERVER_BUFFER_H
#define SERVER_BUFFER_H

#include "base/bytes.h"

/* Zero it to start. */
struct buffer {
	uint8_t *data;
	size_t start, len, size;
	bool failed;
};

/* Room for `room` more bytes behind what it holds; NULL without memory. buffer_grew() then says how many came. */
uint8_t *buffer_room(struct buffer *buffer, size_t room);
void buffer_grew(struct buffer *buffer, size_t n);
void buffer_add(struct buffer *buffer, struct slice bytes);
void buffer_add_text(struct buffer *buffer, const char *text);
/* At most 511 characters. */
void buffer_add_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_drop(struct buffer *buffer, size_t n);
/* Everything it holds; valid until it is next changed. */
struct slice buffer_slice(const struct buffer *buffer);
/* Forget the contents; memory stays for the next ones. */
void buffer_empty(struct buffer *buffer);
void buffer_free(struct buffer *buffer);

#endif
