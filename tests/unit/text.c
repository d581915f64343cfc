/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdio.h>

#include "unit.h"

static attest_status from_hex(struct arena *arena, const char *text, struct slice *ret_bytes)
{
	struct attest_error e = {0};

	return hex_decode(arena, slice_of_string(text), ret_bytes, &e);
}

void text_hex(void)
{
	static const char *const bad[] = {"0", "0g", "g0", " 00", "0x00", "00 ", "00\n", "-1", "000"};
	struct arena arena = {NULL};
	struct slice bytes = {NULL, 0};
	struct attest_error e = {0};
	char hex[HEX_SIZE(4)];

	hex_encode(slice_of("\x00\x7f\x80\xff", 4), hex);
	CHECK_TEXT(hex, "007f80ff");
	CHECK_TEXT(hex_string(&arena, slice_of(NULL, 0)), "");
	CHECK_STATUS(from_hex(&arena, "007F80fF", &bytes), ATTEST_OK);
	CHECK(slice_equal(bytes, slice_of("\x00\x7f\x80\xff", 4)));
	CHECK_STATUS(from_hex(&arena, "", &bytes), ATTEST_OK);
	CHECK(bytes.len == 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_STATUS(from_hex(&arena, bad[i], &bytes), ATTEST_E_ENCODING);
	(void)hex_decode(&arena, slice_of_string("00112x"), &bytes, &e);
	CHECK_TEXT(e.message, "not a hex digit at character 5");
	arena_free(&arena);
}

static attest_status from_base64(struct arena *arena, struct slice text, struct slice *ret_bytes)
{
	struct attest_error e = {0};

	return base64_decode(arena, text, ret_bytes, &e);
}

/* RFC 4648, 10 */
void text_base64_vectors(void)
{
	static const char *const vectors[][2] = {
		{"",             ""        },
		{"f",            "Zg=="    },
		{"fo",           "Zm8="    },
		{"foo",          "Zm9v"    },
		{"foob",         "Zm9vYg=="},
		{"fooba",        "Zm9vYmE="},
		{"foobar",       "Zm9vYmFy"},
		{"\xfb\xff\xbf", "+/+/"    },
	};
	struct arena arena = {NULL};
	struct slice bytes;
	char text[16];

	for (size_t i = 0; i < COUNT(vectors); i++) {
		base64_encode(slice_of_string(vectors[i][0]), text);
		CHECK_TEXT(text, vectors[i][1]);
		CHECK_STATUS(from_base64(&arena, slice_of_string(vectors[i][1]), &bytes), ATTEST_OK);
		CHECK(slice_equal(bytes, slice_of_string(vectors[i][0])));
	}
	arena_free(&arena);
}

void text_base64_canonical(void)
{
	static const char *const bad[] = {
		"Z",        "Zg",       "Zg=",   "Zm8",        "=",       "==",     "====",     "Z===",
		"=Zg=",     "Z=g=",     "Zg=a",  "Zh==",       "Zi==",    "Zv==",   "Zm9=",     "Zm+=",
		"Zm-v",     "Zm_v",     " Zm9v", "Zm9v ",      "Zm9v\n",  "Zm\n9v", "Zm9v====", "Zg==Zg==",
		"Zm8=Zm8=", "Zg==Zm9v", "Zm9v=", "\xc3\xa4==", "Zm9\x80",
	};
	struct arena arena = {NULL};
	struct slice bytes;

	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_STATUS(from_base64(&arena, slice_of_string(bad[i]), &bytes), ATTEST_E_ENCODING);
	CHECK_STATUS(from_base64(&arena, slice_of("Zm9\0", 4), &bytes), ATTEST_E_ENCODING);
	arena_free(&arena);
}

void text_base64_round_trip(void)
{
	struct arena arena = {NULL};
	uint8_t data[300];
	char text[420];
	struct slice bytes;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 167 + 13);
	for (size_t len = 0; len <= sizeof(data); len++) {
		base64_encode(slice_of(data, len), text);
		CHECK(strlen(text) == (len + 2) / 3 * 4);
		CHECK_STATUS(from_base64(&arena, slice_of_string(text), &bytes), ATTEST_OK);
		CHECK(slice_equal(bytes, slice_of(data, len)));
	}
	for (int c = 0; c < 256; c++) { /* which characters are digits */
		char group[4] = {'A', 'A', (char)c, 'A'};
		bool digit = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
			     c == '/';

		CHECK((from_base64(&arena, slice_of(group, 4), &bytes) == ATTEST_OK) == digit);
	}
	arena_free(&arena);
}

static attest_status from_pem(struct arena *arena, struct slice *text, struct slice *ret_der)
{
	struct attest_error e = {0};

	return pem_next(arena, text, "TEST", ret_der, &e);
}

void text_pem(void)
{
	static const char *const good[] = {
		"-----BEGIN TEST-----\nZm9v\nYmFy\n-----END TEST-----\n",
		"-----BEGIN TEST-----\nZm9vYmFy\n-----END TEST-----",
		"-----BEGIN TEST-----\r\nZm9vYmFy\r\n-----END TEST-----\r\n\r\n",
		"-----BEGIN TEST-----\nZ\nm9vYmF\ny\n-----END TEST-----\n\n\n",
	};
	struct arena arena = {NULL};
	struct slice der, text;
	char *pem = pem_encode(&arena, "TEST", slice_of_string("foobar"));

	CHECK_TEXT(pem, "-----BEGIN TEST-----\nZm9vYmFy\n-----END TEST-----\n");
	for (size_t i = 0; i < COUNT(good); i++) {
		text = slice_of_string(good[i]);
		CHECK_STATUS(from_pem(&arena, &text, &der), ATTEST_OK);
		CHECK(slice_equal(der, slice_of_string("foobar")) && text.len == 0);
	}
	text = slice_of_string(pem_encode(&arena, "TEST", slice_of(NULL, 0)));
	CHECK_STATUS(from_pem(&arena, &text, &der), ATTEST_E_ENCODING); /* nothing in it */
	for (size_t len = 1; len < 200; len++) {                        /* lines of 64 characters */
		struct slice data = slice_of(arena_alloc(&arena, len, 1), len);

		text = slice_of_string(pem_encode(&arena, "TEST", data));
		CHECK_STATUS(from_pem(&arena, &text, &der), ATTEST_OK);
		CHECK(slice_equal(der, data) && text.len == 0);
	}
	arena_free(&arena);
}

void text_pem_strict(void)
{
	static const char *const bad[] = {
		"",
		"Zm9v",
		"-----BEGIN TEST-----",
		"-----BEGIN TEST-----\n",
		"-----BEGIN TEST-----\nZm9v",
		"-----BEGIN TEST-----\nZm9v\n",
		"-----BEGIN TEST-----\nZm9v\n-----END TES-----\n",
		"-----BEGIN TEST-----\nZm9v\n-----END OTHER-----\n",
		"-----BEGIN TEST-----\nZm9v\n-----END TEST----\n",
		"-----BEGIN TEST-----\nZm9v\n-----END TEST----- \n",
		"-----BEGIN TEST-----\nZm9v\n-----END TEST-----x",
		"-----BEGIN TEST-----\nZm9v\n-----BEGIN TEST-----\n",
		"-----BEGIN TEST-----\nZm9v\n\n-----END TEST-----\n",
		"-----BEGIN TEST-----\n\nZm9v\n-----END TEST-----\n",
		"-----BEGIN TEST-----\nZm9v \n-----END TEST-----\n",
		"-----BEGIN TEST-----\n Zm9v\n-----END TEST-----\n",
		"-----BEGIN TEST-----\nZm9\n-----END TEST-----\n",
		"-----BEGIN TEST-----\nZh==\n-----END TEST-----\n",
		"-----BEGIN TEST-----\nZg==\nZg==\n-----END TEST-----\n",
		"-----BEGIN TEST-----\nKey: value\n\nZm9v\n-----END TEST-----\n",
		"-----BEGIN TEST-----\rZm9v\r-----END TEST-----\r",
		" -----BEGIN TEST-----\nZm9v\n-----END TEST-----\n",
		"\n-----BEGIN TEST-----\nZm9v\n-----END TEST-----\n",
		"-----BEGIN OTHER-----\nZm9v\n-----END OTHER-----\n",
		"-----BEGIN TEST-----Zm9v-----END TEST-----\n",
		"----BEGIN TEST-----\nZm9v\n-----END TEST-----\n",
	};
	struct arena arena = {NULL};
	struct slice der, text;

	for (size_t i = 0; i < COUNT(bad); i++) {
		text = slice_of_string(bad[i]);
		CHECK_STATUS(from_pem(&arena, &text, &der), ATTEST_E_ENCODING);
	}
	arena_free(&arena);
}

void text_pem_many(void)
{
	struct arena arena = {NULL};
	struct slice der, text = slice_of_string("say\n-----BEGIN TEST-----\nZm9v\n-----END TEST-----\n\r\n"
						 "-----BEGIN TEST-----\nYmFy\n-----END TEST-----\nthe end");

	CHECK(!pem_begins(text));
	CHECK(pem_find(&text) && pem_begins(text));
	CHECK_STATUS(from_pem(&arena, &text, &der), ATTEST_OK);
	CHECK(slice_equal(der, slice_of_string("foo")) && pem_begins(text));
	CHECK_STATUS(from_pem(&arena, &text, &der), ATTEST_OK);
	CHECK(slice_equal(der, slice_of_string("bar")) && slice_equal(text, slice_of_string("the end")));
	CHECK(!pem_find(&text) && slice_equal(text, slice_of_string("the end")));
	text = slice_of_string("x -----BEGIN TEST-----");
	CHECK(!pem_find(&text));
	arena_free(&arena);
}

/* What was handed over, with a stroke behind each; refuses "bad". */
static attest_status collect(void *context, struct slice der, struct attest_error *error)
{
	char *all = context;

	if (slice_equal(der, slice_of_string("bad")))
		return fail(error, ATTEST_E_CERTIFICATE, NULL, "bad");
	(void)strncat(all, (const char *)der.data, der.len);
	(void)strcat(all, "|");
	return ATTEST_OK;
}

void text_pem_or_der(void)
{
	static const struct {
		const char *bytes;
		attest_status status;
		const char *all;
	} rows[] = {
		{"-----BEGIN TEST-----\nZm9v\n-----END TEST-----\n",                                                 ATTEST_OK,            "foo|"    },
		{"say\n-----BEGIN TEST-----\nZm9v\n-----END TEST-----\nand\n-----BEGIN TEST-----\nYmFy\n-----END "
		 "TEST-----\n",								     ATTEST_OK,            "foo|bar|"},
		{"0\n-----BEGIN TEST-----\nZm9v\n-----END TEST-----\n",                                              ATTEST_OK,
		 "0\n-----BEGIN TEST-----\nZm9v\n-----END TEST-----\n|"									      },
		{"foo",											      ATTEST_OK,            "foo|"    },
		{"bad",											      ATTEST_E_CERTIFICATE, ""        },
		{"-----BEGIN OTHER-----\nZm9v\n-----END OTHER-----\n",                                               ATTEST_E_ENCODING,    ""        },
		{"-----BEGIN TEST-----\nYmFk\n-----END TEST-----\n-----BEGIN TEST-----\nZm9v\n-----END TEST-----\n",
		 ATTEST_E_CERTIFICATE,												     ""        },
		{"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
		 "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
		 "01",									      ATTEST_E_LIMIT,       ""        },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct attest_error e = {0};
		char all[256] = "";

		CHECK_STATUS(pem_or_der(slice_of_string(rows[i].bytes), "TEST", 100, collect, all, &e), rows[i].status);
		CHECK(e.status == rows[i].status);
		CHECK_TEXT(all, rows[i].all);
	}
}

void text_printable(void)
{
	struct arena arena = {NULL};
	char small[12];

	CHECK_TEXT(printable(&arena, slice_of("a\n\x1b[\\\x7f\xc3\xa4\0~", 10), 100),
		   "a\\x0a\\x1b[\\x5c\\x7f\\xc3\\xa4\\x00~");
	CHECK_TEXT(printable(&arena, slice_of_string("abcdef"), 6), "abcdef");
	CHECK_TEXT(printable(&arena, slice_of_string("abcdefg"), 6), "abcdef...");
	CHECK_TEXT(printable(&arena, slice_of(NULL, 0), 6), "");
	CHECK_TEXT(printable_to(slice_of_string("abcd"), small, sizeof(small)), "abcd");
	CHECK_TEXT(printable_to(slice_of_string("abcdefghijklmnop"), small, sizeof(small)), "abcde...");
	CHECK_TEXT(printable_to(slice_of("\1\2\3\4\5", 5), small, sizeof(small)), "\\x01\\x02...");
	CHECK_TEXT(printable_to(slice_of_string("abcdef"), small, 4), "...");
	arena_free(&arena);
}

void text_time(void)
{
	static const struct {
		int64_t time;
		const char *text;
	} vectors[] = {
		{0,            "1970-01-01T00:00:00Z"},
		{-1,           "1969-12-31T23:59:59Z"},
		{951782400,    "2000-02-29T00:00:00Z"},
		{951868799,    "2000-02-29T23:59:59Z"},
		{951868800,    "2000-03-01T00:00:00Z"},
		{1709164800,   "2024-02-29T00:00:00Z"},
		{1780272000,   "2026-06-01T00:00:00Z"},
		{2147483648,   "2038-01-19T03:14:08Z"},
		{4107542400,   "2100-03-01T00:00:00Z"},
		{4107542399,   "2100-02-28T23:59:59Z"},
		{-2203891200,  "1900-03-01T00:00:00Z"},
		{253402300799, "9999-12-31T23:59:59Z"},
		{-62135596800, "0001-01-01T00:00:00Z"},
	};
	char text[TIME_SIZE];
	int64_t time;

	for (size_t i = 0; i < COUNT(vectors); i++) {
		CHECK_TEXT(time_text(vectors[i].time, text), vectors[i].text);
		CHECK(time_parse(slice_of_string(vectors[i].text), false, &time) && time == vectors[i].time);
	}
}

/* Every day of the years 1 to 9999: each is one day after the one before. */
void text_time_days(void)
{
	char text[TIME_SIZE];
	int64_t again, first = -62135596800, last = 253402300799;
	size_t n_wrong = 0;

	for (int64_t time = first; time <= last; time += 86400)
		n_wrong += !time_parse(slice_of_string(time_text(time, text)), false, &again) || again != time;
	CHECK(n_wrong == 0);
}

void text_time_extremes(void)
{
	static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, -62135596801, 253402300800, INT64_MAX};
	char text[TIME_SIZE], want[TIME_SIZE];

	for (size_t i = 0; i < COUNT(times); i++) {
		(void)snprintf(want, sizeof(want), "%lld", (long long)times[i]);
		CHECK_TEXT(time_text(times[i], text), want);
	}
}

void text_time_parse(void)
{
	static const struct {
		const char *text;
		int64_t time;
	} good[] = {
		{"2026-06-01T00:00:00Z",           1780272000},
                {"2026-06-01t00:00:00z",           1780272000},
		{"2026-06-01 00:00:00Z",           1780272000},
                {"2026-06-01T02:30:00+02:30",      1780272000},
		{"2026-05-31T23:00:00-01:00",      1780272000},
                {"2026-06-01T00:00:00.0Z",         1780272000},
		{"2026-06-01T00:00:00.123456789Z", 1780272000},
                {"2026-06-01T00:00:00.9+00:00",    1780272000},
		{"2016-12-31T23:59:60Z",           1483228800},
                {"2026-05-31T00:01:00-23:59",      1780272000},
	};
	int64_t time = 0;

	for (size_t i = 0; i < COUNT(good); i++)
		CHECK(time_parse(slice_of_string(good[i].text), false, &time) && time == good[i].time);
	CHECK(time_parse(slice_of_string("2026-06-01"), true, &time) && time == 1780272000);
	CHECK(!time_parse(slice_of_string("2026-06-01"), false, &time));
}

void text_time_refused(void)
{
	static const char *const bad[] = {
		"",
		"2026",
		"2026-06",
		"2026-06-1",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-06-00T00:00:00Z",
		"2026-06-31T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"0000-01-01T00:00:00Z",
		"10000-01-01T00:00:00Z",
		"-001-01-01T00:00:00Z",
		"2026-06-01T24:00:00Z",
		"2026-06-01T00:60:00Z",
		"2026-06-01T00:00:61Z",
		"2026-06-01T00:00:00",
		"2026-06-01T00:00:00ZZ",
		"2026-06-01T00:00:00 Z",
		"2026-06-01T00:00:00+0200",
		"2026-06-01T00:00:00+02",
		"2026-06-01T00:00:00+24:00",
		"2026-06-01T00:00:00+02:60",
		"2026-06-01T00:00:00.Z",
		"2026-06-01T00:00:00.+02:00",
		"2026-06-01T00:00:00.-1",
		"2026-06-01T00:00:00,5Z",
		"2026-06-01T00:00Z",
		"2026-06-01_00:00:00Z",
		"2026/06/01T00:00:00Z",
		"2026-6-01T00:00:00Z",
		" 2026-06-01T00:00:00Z",
		"2026-06-01T00:00:00Z ",
		"2026-06-01T 0:00:00Z",
		"2026-06-01T+1:00:00Z",
		"yyyy-06-01T00:00:00Z",
	};
	int64_t time = 77;

	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!time_parse(slice_of_string(bad[i]), true, &time) &&
		      !time_parse(slice_of_string(bad[i]), false, &time));
	CHECK(!time_parse(slice_of("2026-06-01\0", 11), true, &time));
	CHECK(time == 77);
}
