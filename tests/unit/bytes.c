/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include "unit.h"

void bytes_slices(void)
{
	struct slice hello = slice_of_string("hello"), empty = {NULL, 0}, none = slice_of("", 0);

	CHECK(hello.len == 5);
	CHECK(slice_equal(hello, slice_of("hello", 5)));
	CHECK(!slice_equal(hello, slice_of("hellO", 5)));
	CHECK(!slice_equal(hello, slice_of("hello", 4)));
	CHECK(slice_equal(empty, none));
	CHECK(slice_is_zero(empty) && slice_is_zero(slice_of("\0\0", 2)));
	CHECK(!slice_is_zero(slice_of("\0\1", 2)) && !slice_is_zero(slice_of("\1\0", 2)));
	CHECK(slice_find(hello, 'h') == 0 && slice_find(hello, 'l') == 2 && slice_find(hello, 'o') == 4);
	CHECK(slice_find(hello, 'x') == 5 && slice_find(empty, 'x') == 0);
	CHECK(slice_equal(slice_sub(hello, 1, 3), slice_of_string("ell")));
	CHECK(slice_equal(slice_sub(hello, 3, SIZE_MAX), slice_of_string("lo")));
	CHECK(slice_sub(hello, 5, 1).len == 0 && slice_sub(hello, 6, 1).len == 0 &&
	      slice_sub(hello, SIZE_MAX, SIZE_MAX).len == 0);
	CHECK(slice_sub(empty, 0, 1).len == 0 && slice_sub(empty, 1, 1).data == NULL);
}

void bytes_reader(void)
{
	static const uint8_t data[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b};
	struct reader r = reader_of(slice_of(data, sizeof(data)));

	CHECK(!reader_done(&r));
	CHECK(reader_u8(&r) == 0x01);
	CHECK(reader_u16be(&r) == 0x0203);
	CHECK(reader_u16le(&r) == 0x0504);
	CHECK(reader_u32le(&r) == 0x09080706);
	CHECK(reader_bytes(&r, 0).len == 0 && !reader_done(&r));
	CHECK(slice_equal(reader_bytes(&r, 2), slice_of(data + 9, 2)));
	CHECK(reader_done(&r));
	CHECK(reader_bytes(&r, 0).len == 0 && reader_done(&r));
}

void bytes_reader_fails(void)
{
	static const uint8_t data[] = {0xff, 0xff, 0xff};
	struct reader r = reader_of(slice_of(data, sizeof(data)));

	CHECK(reader_u32le(&r) == 0xffff); /* the half that was there */
	CHECK(r.failed && !reader_done(&r));
	CHECK(reader_u8(&r) == 0 && reader_u16be(&r) == 0 && reader_bytes(&r, 1).data == NULL);
	r = reader_of(slice_of(data, sizeof(data)));
	CHECK(reader_bytes(&r, SIZE_MAX).data == NULL && r.failed && r.rest.len == 3);
	r = reader_of(slice_of(data, 2));
	CHECK(reader_u16be(&r) == 0xffff && reader_done(&r));
	CHECK(reader_u8(&r) == 0 && r.failed && !reader_done(&r)); /* nothing is left, but more was asked for */
	r = reader_of(slice_of(NULL, 0));
	CHECK(reader_done(&r) && reader_u16le(&r) == 0 && r.failed);
}

void bytes_reader_u64(void)
{
	struct reader r = reader_of(slice_of("\1\2\3\4\5\6\7\x88\x09", 9));

	CHECK(reader_u64le(&r) == UINT64_C(0x8807060504030201) && !r.failed && r.rest.len == 1);
	CHECK(reader_u64le(&r) == 0 && r.failed);
}
