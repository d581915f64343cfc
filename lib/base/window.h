/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - bytes that are raw or in base64, read from the front in pieces: memory follows the largest piece, not the
 * whole.
 */
#ifndef BASE_WINDOW_H
#define BASE_WINDOW_H

#include "error.h"

/* Somebody else's bytes. */
struct source {
	struct slice raw; /* as they lie: the bytes, or their base64 (canonical: base64_check() has passed) */
	bool is_base64;
	size_t size; /* of the bytes themselves */
};

struct window {
	struct source source;
	size_t offset;   /* of the next byte to take */
	size_t next;     /* position in raw of what has not been decoded */
	uint8_t *buffer; /* decoded bytes that were not taken: [from, to) */
	size_t from, to, room;
};

struct source source_raw(struct slice bytes);
/* ATTEST_E_ENCODING where the text is not canonical base64 (RFC 4648, 4). */
attest_status source_base64(struct slice text, struct source *ret_source, struct attest_error *error);

void window_open(struct window *window, struct source source);
/* Another window at the same place, to look ahead with; to be closed too. */
attest_status window_fork(const struct window *window, struct window *ret_fork, struct attest_error *error);
void window_close(struct window *window);
/* Bytes that were not taken yet. */
size_t window_left(const struct window *window);
/* The next `len` bytes, without taking them; valid until the next call. ATTEST_E_LOG_STRUCTURE where fewer are left,
 * ATTEST_E_NO_MEMORY. */
attest_status window_peek(struct window *window, size_t len, struct slice *ret_bytes, struct attest_error *error);
/* The next bytes up to the first `byte` from position `from` on, among at most `most`: *ret_bytes is what lies before
 * it, or all of them where there is none. Looks at no byte twice; valid as after a peek. */
attest_status window_find(struct window *window, size_t from, uint8_t byte, size_t most, struct slice *ret_bytes,
			  bool *ret_found, struct attest_error *error);
/* Go past bytes that were peeked at. */
void window_skip(struct window *window, size_t len);
/* Peek and skip; valid as after a peek. */
attest_status window_take(struct window *window, size_t len, struct slice *ret_bytes, struct attest_error *error);

#endif
