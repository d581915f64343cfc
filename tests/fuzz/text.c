/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts. The first byte chooses which: hex, base64, PEM, time, printable. Whatever decodes is canonical: encoding gives
 * the same text again (hex: but for letter case), and every value survives the way there and back.
 */
#include <ctype.h>

#include "base/text.h"
#include "fuzz.h"

static void fuzz_hex(struct arena *arena, struct slice text)
{
	struct attest_error e = {0};
	struct slice bytes;
	attest_status status = hex_decode(arena, text, &bytes, &e);
	char *again;

	fuzz_check_error(status, &e);
	if (status == ATTEST_OK) {
		again = hex_string(arena, bytes);
		REQUIRE(strlen(again) == text.len);
		for (size_t i = 0; i < text.len; i++)
			REQUIRE(again[i] == tolower(text.data[i]));
	}
	again = hex_string(arena, text);
	error_clear(&e);
	REQUIRE(hex_decode(arena, slice_of_string(again), &bytes, &e) == ATTEST_OK);
	REQUIRE(slice_equal(bytes, text));
}

static void fuzz_base64(struct arena *arena, struct slice text)
{
	struct attest_error e = {0};
	struct slice bytes;
	attest_status status = base64_decode(arena, text, &bytes, &e);
	char *again;

	fuzz_check_error(status, &e);
	if (status == ATTEST_OK) {
		again = arena_alloc(arena, bytes.len / 3 + 2, 4);
		base64_encode(bytes, again);
		REQUIRE(slice_equal(slice_of_string(again), text));
	}
	again = arena_alloc(arena, text.len / 3 + 2, 4);
	base64_encode(text, again);
	error_clear(&e);
	REQUIRE(base64_decode(arena, slice_of_string(again), &bytes, &e) == ATTEST_OK);
	REQUIRE(slice_equal(bytes, text));
}

static void fuzz_pem(struct arena *arena, struct slice text)
{
	struct attest_error e = {0};
	struct slice der, again, rest;
	attest_status status;

	REQUIRE(!pem_begins(text) || pem_find(&text));
	(void)pem_find(&text);
	while (text.len > 0) {
		size_t before = text.len;

		status = pem_next(arena, &text, "CERTIFICATE", &der, &e);
		fuzz_check_error(status, &e);
		REQUIRE(text.len < before);
		if (status != ATTEST_OK)
			return;
		rest = slice_of_string(pem_encode(arena, "CERTIFICATE", der));
		REQUIRE(pem_next(arena, &rest, "CERTIFICATE", &again, &e) == ATTEST_OK);
		REQUIRE(slice_equal(again, der) && rest.len == 0);
	}
}

static void fuzz_time(struct slice text)
{
	struct reader r = reader_of(text);
	char first[TIME_SIZE], second[TIME_SIZE];
	int64_t time = 0, again = 0;

	if (time_parse(text, true, &time)) {
		REQUIRE(time >= -62135596800 - 86400 && time <= 253402300800 + 86400);
		(void)time_text(time, first);
		if (time >= -62135596800 && time <= 253402300799)
			REQUIRE(time_parse(slice_of_string(first), false, &again) && again == time);
	} else {
		REQUIRE(!time_parse(text, false, &time));
	}
	time = (int64_t)((uint64_t)reader_u32le(&r) << 32 | reader_u32le(&r));
	(void)time_text(time, first);
	REQUIRE(strlen(first) < TIME_SIZE);
	if (time_parse(slice_of_string(first), false, &again))
		REQUIRE(again == time && strcmp(time_text(again, second), first) == 0);
}

static void fuzz_printable(struct arena *arena, struct slice text)
{
	char small[24];
	size_t max = text.len % 40;
	const char *safe = printable(arena, text, max);

	fuzz_check_printable(safe, false);
	REQUIRE(strlen(safe) <= 4 * max + 3);
	(void)printable_to(text, small, sizeof(small));
	fuzz_check_printable(small, false);
	REQUIRE(strlen(small) < sizeof(small));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {NULL};
	struct slice text = slice_sub(slice_of(data, size), 1, size);

	switch (size == 0 ? 0 : data[0] % 5) {
	case 0:
		fuzz_hex(&arena, text);
		break;
	case 1:
		fuzz_base64(&arena, text);
		break;
	case 2:
		fuzz_pem(&arena, text);
		break;
	case 3:
		fuzz_time(text);
		break;
	default:
		fuzz_printable(&arena, text);
		break;
	}
	arena_free(&arena);
	return 0;
}
