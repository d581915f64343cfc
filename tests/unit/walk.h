/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h - logs that the tests of the parsers build, and walking them.
 */
#ifndef UNIT_WALK_H
#define UNIT_WALK_H

#include "base/text.h"
#include "logs/log.h"
#include "unit.h"

/* A log in the making. */
struct built {
	uint8_t bytes[8192];
	size_t len;
};

static inline void build(struct built *b, const void *data, size_t len)
{
	if (len > sizeof(b->bytes) - b->len)
		exit(2);
	if (len > 0)
		memcpy(&b->bytes[b->len], data, len);
	b->len += len;
}

static inline void build_text(struct built *b, const char *text)
{
	build(b, text, strlen(text));
}

static inline void build_fill(struct built *b, int byte, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)byte;

		build(b, &c, 1);
	}
}

static inline void build_le(struct built *b, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		build_fill(b, (int)(value >> 8 * i & 0xff), 1);
}

static inline void build_be(struct built *b, uint64_t value, int size)
{
	for (int i = size - 1; i >= 0; i--)
		build_fill(b, (int)(value >> 8 * i & 0xff), 1);
}

static inline struct slice built_slice(const struct built *b)
{
	return slice_of(b->bytes, b->len);
}

static inline struct slice text_slice(const char *text)
{
	return slice_of(text, strlen(text));
}

/* A log of which an exact copy is walked; walk_open() is at the first event. */
struct walk {
	struct log log;
	struct log_cursor cursor;
	struct event event;
	struct attest_error error;
	attest_status status;
	bool more;
	void *copy, *base64;
};

static inline void walk_next(struct walk *w)
{
	if (w->status == ATTEST_OK)
		w->status = log_next(&w->cursor, &w->event, &w->more, &w->error);
	w->more = w->more && w->status == ATTEST_OK;
}

static inline void walk_open(struct walk *w, const struct log_walker *walker, struct slice bytes, bool as_base64)
{
	*w = (struct walk){
		.log = {.place = "$.logs[0]", .walker = walker, .pcr = -1}
        };
	w->copy = unit_exact(bytes);
	w->log.source = source_raw(slice_of(w->copy, bytes.len));
	if (as_base64) {
		w->base64 = malloc(bytes.len * 4 / 3 + 8);
		if (w->base64 == NULL)
			exit(2);
		base64_encode(bytes, w->base64);
		w->status = source_base64(text_slice(w->base64), &w->log.source, &w->error);
	}
	if (w->status == ATTEST_OK)
		w->status = log_begin(&w->cursor, &w->log, &w->error);
	w->more = true;
	walk_next(w);
}

static inline void walk_close(struct walk *w)
{
	log_end(&w->cursor);
	free(w->base64);
	free(w->copy);
}

/* What walking all of it ends with, and how many events there were; raw and as base64 must not differ. */
static inline attest_status walk_all(const struct log_walker *walker, struct slice bytes, size_t *ret_n)
{
	size_t n[2] = {0, 0};
	struct walk w[2];

	for (int i = 0; i < 2; i++) {
		for (walk_open(&w[i], walker, bytes, i == 1); w[i].more; walk_next(&w[i]))
			n[i]++;
		CHECK((w[i].status == ATTEST_OK) == (w[i].error.status == ATTEST_OK));
		CHECK(w[i].status == ATTEST_OK || strncmp(w[i].error.where, "$.logs[0], ", 11) == 0);
		walk_close(&w[i]);
	}
	CHECK(w[0].status == w[1].status && n[0] == n[1]);
	CHECK_TEXT(w[0].error.message, w[1].error.message);
	*ret_n = n[0];
	return w[0].status;
}

static inline attest_status walk_status(const struct log_walker *walker, struct slice bytes)
{
	size_t n;

	return walk_all(walker, bytes, &n);
}

/* A log of one event is whole or malformed: cut off anywhere, it has none. */
static inline void walk_truncated(const struct log_walker *walker, struct slice bytes)
{
	size_t n;

	CHECK_STATUS(walk_all(walker, bytes, &n), ATTEST_OK);
	CHECK(n == 1);
	for (size_t len = 1; len < bytes.len; len++) {
		CHECK_STATUS(walk_all(walker, slice_sub(bytes, 0, len), &n), ATTEST_E_LOG_STRUCTURE);
		CHECK(n == 0);
	}
}

static inline bool walk_is_hash(const struct event *event, uint16_t alg, struct slice part)
{
	struct attest_error e = {0};
	struct digest want, got;

	return digest_compute(alg, &part, 1, &want, &e) == ATTEST_OK &&
	       event_digest(event, alg, &got, &e) == ATTEST_OK && slice_equal(digest_slice(&got), digest_slice(&want));
}

#endif
