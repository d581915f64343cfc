/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.h - slices and the bounded reader: the only place that moves a pointer over input.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that somebody else owns. */
struct slice {
	const uint8_t *data;
	size_t len;
};

struct slice slice_of(const void *data, size_t len);
struct slice slice_of_string(const char *text);
bool slice_equal(struct slice a, struct slice b);
bool slice_is_zero(struct slice s);
/* Position of the first `byte`, or s.len. */
size_t slice_find(struct slice s, uint8_t byte);
/* The part from `from` (at most s.len) of at most `len` bytes. */
struct slice slice_sub(struct slice s, size_t from, size_t len);

/* Reads from the front of a slice. After a read that does not fit, `failed` stays set and reads give zeros. */
struct reader {
	struct slice rest;
	bool failed;
};

struct reader reader_of(struct slice s);
struct slice reader_bytes(struct reader *r, size_t len);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16be(struct reader *r);
uint16_t reader_u16le(struct reader *r);
uint32_t reader_u32le(struct reader *r);
uint64_t reader_u64le(struct reader *r);
/* Everything was read, and nothing more was asked for. */
bool reader_done(const struct reader *r);

#endif
