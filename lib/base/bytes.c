/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes.h"

#include <string.h>

struct slice slice_of(const void *data, size_t len)
{
	return (struct slice){data, len};
}

struct slice slice_of_string(const char *text)
{
	return slice_of(text, strlen(text));
}

bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool slice_is_zero(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] != 0)
			return false;
	return true;
}

size_t slice_find(struct slice s, uint8_t byte)
{
	const uint8_t *at = s.len == 0 ? NULL : memchr(s.data, byte, s.len);

	return at == NULL ? s.len : (size_t)(at - s.data);
}

struct slice slice_sub(struct slice s, size_t from, size_t len)
{
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return slice_of(s.data == NULL ? NULL : s.data + from, len);
}

struct reader reader_of(struct slice s)
{
	return (struct reader){s, false};
}

struct slice reader_bytes(struct reader *r, size_t len)
{
	struct slice got = {NULL, 0};

	if (r->failed || len > r->rest.len) {
		r->failed = true;
		return got;
	}
	got = slice_sub(r->rest, 0, len);
	r->rest = slice_sub(r->rest, len, r->rest.len - len);
	return got;
}

uint8_t reader_u8(struct reader *r)
{
	struct slice s = reader_bytes(r, 1);

	return s.data == NULL ? 0 : s.data[0];
}

uint16_t reader_u16be(struct reader *r)
{
	struct slice s = reader_bytes(r, 2);

	return (uint16_t)(s.data == NULL ? 0 : s.data[0] << 8 | s.data[1]);
}

uint16_t reader_u16le(struct reader *r)
{
	struct slice s = reader_bytes(r, 2);

	return (uint16_t)(s.data == NULL ? 0 : s.data[1] << 8 | s.data[0]);
}

uint32_t reader_u32le(struct reader *r)
{
	uint32_t low = reader_u16le(r);

	return low | (uint32_t)reader_u16le(r) << 16;
}

uint64_t reader_u64le(struct reader *r)
{
	uint64_t low = reader_u32le(r);

	return low | (uint64_t)reader_u32le(r) << 32;
}

bool reader_done(const struct reader *r)
{
	return !r->failed && r->rest.len == 0;
}
