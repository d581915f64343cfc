/* SPDX-License-Identifier: Apache-2.0 */
#include "window.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { FIRST_LOOK = 256 }; /* bytes; window_find() doubles it */
enum { PIECE = 16384 };    /* characters of base64 that are decoded at once, at least; a multiple of 4 */

struct source source_raw(struct slice bytes)
{
	return (struct source){.raw = bytes, .size = bytes.len};
}

attest_status source_base64(struct slice text, struct source *ret_source, struct attest_error *error)
{
	size_t size = 0;
	attest_status status = base64_check(text, &size, error);

	if (status == ATTEST_OK)
		*ret_source = (struct source){text, true, size};
	return status;
}

void window_open(struct window *window, struct source source)
{
	*window = (struct window){.source = source};
}

attest_status window_fork(const struct window *window, struct window *ret_fork, struct attest_error *error)
{
	size_t in_group = window->source.is_base64 ? window->offset % 3 : 0;
	struct slice bytes;
	attest_status status;

	window_open(ret_fork, window->source);
	ret_fork->offset = window->offset - in_group;
	ret_fork->next = window->source.is_base64 ? ret_fork->offset / 3 * 4 : 0;
	status = window_take(ret_fork, in_group, &bytes, error);
	if (status != ATTEST_OK)
		window_close(ret_fork);
	return status;
}

void window_close(struct window *window)
{
	free(window->buffer);
	window->buffer = NULL;
}

size_t window_left(const struct window *window)
{
	return window->source.size - window->offset;
}

/* Room for `len` decoded bytes and for a piece more, with what is left moved to the front. */
static attest_status make_room(struct window *w, size_t len, struct attest_error *error)
{
	size_t have = w->to - w->from, room = len + PIECE;
	uint8_t *grown;

	if (have > 0 && w->from > 0)
		memmove(w->buffer, w->buffer + w->from, have);
	w->from = 0;
	w->to = have;
	if (room <= w->room)
		return ATTEST_OK;
	if (room < 2 * w->room) /* so that pieces that grow do not copy what is there again and again */
		room = 2 * w->room;
	grown = realloc(w->buffer, room);
	if (grown == NULL)
		return fail_memory(error);
	w->buffer = grown;
	w->room = room;
	return ATTEST_OK;
}

/* Until `len` bytes stand there, which window_left() says there are. */
static attest_status decode(struct window *w, size_t len, struct attest_error *error)
{
	attest_status status = make_room(w, len, error);

	while (status == ATTEST_OK && w->to - w->from < len) {
		struct slice piece = slice_sub(w->source.raw, w->next, PIECE);

		w->to += base64_decode_part(piece, w->buffer + w->to);
		w->next += piece.len;
	}
	return status;
}

attest_status window_peek(struct window *w, size_t len, struct slice *ret_bytes, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	if (len > window_left(w)) {
		error_found(error, "%zu bytes are left", window_left(w));
		return fail(error, ATTEST_E_LOG_STRUCTURE, NULL, "the log ends within an entry, which wants %zu bytes",
			    len);
	}
	if (!w->source.is_base64) {
		*ret_bytes = slice_sub(w->source.raw, w->offset, len);
		return ATTEST_OK;
	}
	if (w->to - w->from < len)
		status = decode(w, len, error);
	if (status == ATTEST_OK)
		*ret_bytes = len == 0 ? slice_of("", 0) : slice_of(w->buffer + w->from, len);
	return status;
}

attest_status window_find(struct window *w, size_t from, uint8_t byte, size_t most, struct slice *ret_bytes,
			  bool *ret_found, struct attest_error *error)
{
	size_t left = window_left(w), seen = from, want = FIRST_LOOK, end;
	struct slice part = {NULL, 0};

	most = left < most ? left : most;
	do {
		attest_status status;

		want = want < most ? want : most;
		status = window_peek(w, want, &part, error);
		if (status != ATTEST_OK)
			return status;
		end = seen + slice_find(slice_sub(part, seen, part.len), byte);
		seen = want;
		want *= 2;
	} while (end >= part.len && part.len < most);
	*ret_found = end < part.len;
	*ret_bytes = slice_sub(part, 0, end);
	return ATTEST_OK;
}

void window_skip(struct window *w, size_t len)
{
	w->offset += len;
	if (w->source.is_base64)
		w->from += len;
}

attest_status window_take(struct window *window, size_t len, struct slice *ret_bytes, struct attest_error *error)
{
	attest_status status = window_peek(window, len, ret_bytes, error);

	if (status == ATTEST_OK)
		window_skip(window, len);
	return status;
}
