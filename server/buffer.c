/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 1024 };

static bool grow(struct buffer *buffer, size_t need)
{
	size_t size = buffer->size < SMALLEST ? SMALLEST : buffer->size;
	uint8_t *data;

	while (size < need && size <= SIZE_MAX / 2)
		size *= 2;
	data = size < need ? NULL : malloc(size);
	if (data == NULL)
		return false;
	if (buffer->len > 0)
		memcpy(data, buffer->data + buffer->start, buffer->len);
	free(buffer->data);
	buffer->data = data;
	buffer->start = 0;
	buffer->size = size;
	return true;
}

uint8_t *buffer_room(struct buffer *buffer, size_t room)
{
	if (room > SIZE_MAX / 4 || buffer->len > SIZE_MAX / 4) {
		buffer->failed = true;
		return NULL;
	}
	if (room <= buffer->size - buffer->start - buffer->len)
		return buffer->data + buffer->start + buffer->len;
	if (room <= buffer->size - buffer->len) {
		memmove(buffer->data, buffer->data + buffer->start, buffer->len);
		buffer->start = 0;
	} else if (!grow(buffer, buffer->len + room)) {
		buffer->failed = true;
		return NULL;
	}
	return buffer->data + buffer->start + buffer->len;
}

void buffer_grew(struct buffer *buffer, size_t n)
{
	buffer->len += n;
}

void buffer_add(struct buffer *buffer, struct slice bytes)
{
	uint8_t *to = bytes.len == 0 ? NULL : buffer_room(buffer, bytes.len);

	if (to == NULL)
		return;
	memcpy(to, bytes.data, bytes.len);
	buffer->len += bytes.len;
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, slice_of_string(text));
}

void buffer_add_format(struct buffer *buffer, const char *format, ...)
{
	enum { MOST = 512 };
	uint8_t *to = buffer_room(buffer, MOST);
	va_list args;
	int n;

	if (to == NULL)
		return;
	va_start(args, format);
	n = vsnprintf((char *)to, MOST, format, args);
	va_end(args);
	if (n < 0 || n >= MOST)
		buffer->failed = true;
	else
		buffer->len += (size_t)n;
}

void buffer_drop(struct buffer *buffer, size_t n)
{
	buffer->len -= n;
	buffer->start = buffer->len == 0 ? 0 : buffer->start + n;
}

struct slice buffer_slice(const struct buffer *buffer)
{
	return slice_of(buffer->len == 0 ? NULL : buffer->data + buffer->start, buffer->len);
}

void buffer_empty(struct buffer *buffer)
{
	buffer->start = 0;
	buffer->len = 0;
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	memset(buffer, 0, sizeof(*buffer));
}
