/* SPDX-License-Identifier: Apache-2.0 */
#include "base/window.h"

#include "base/text.h"
#include "unit.h"

enum { SIZE = 200000 };

/* The same bytes, raw and in base64. */
struct fixture {
	uint8_t *bytes;
	char *base64;
	size_t len;
	struct window raw, coded;
};

static void set_up(struct fixture *f, size_t len)
{
	struct attest_error e = {0};
	struct source source = {.size = 0};

	*f = (struct fixture){.bytes = malloc(len + 1), .base64 = malloc(len * 4 / 3 + 8), .len = len};
	if (f->bytes == NULL || f->base64 == NULL)
		exit(2);
	for (size_t i = 0; i < len; i++)
		f->bytes[i] = (uint8_t)(i * 31 ^ i >> 8);
	base64_encode(slice_of(f->bytes, len), f->base64);
	CHECK_STATUS(source_base64(slice_of(f->base64, strlen(f->base64)), &source, &e), ATTEST_OK);
	CHECK(source.is_base64 && source.size == len);
	window_open(&f->raw, source_raw(slice_of(f->bytes, len)));
	window_open(&f->coded, source);
}

static void tear_down(struct fixture *f)
{
	window_close(&f->raw);
	window_close(&f->coded);
	window_close(&f->coded); /* once more does no harm */
	free(f->bytes);
	free(f->base64);
}

static void check_left(const struct fixture *f, size_t at)
{
	CHECK(window_left(&f->raw) == f->len - at && window_left(&f->coded) == f->len - at);
}

/* Peek at `want` from `at` on: the bytes that stand there, or an error that both give alike. */
static bool peek(struct fixture *f, size_t at, size_t want)
{
	struct attest_error e[2] = {{0}, {0}};
	struct slice raw = {NULL, 0}, coded = {NULL, 0};
	attest_status status = window_peek(&f->raw, want, &raw, &e[0]);

	CHECK_STATUS(window_peek(&f->coded, want, &coded, &e[1]), status);
	CHECK_STATUS(status, want <= f->len - at ? ATTEST_OK : ATTEST_E_LOG_STRUCTURE);
	check_left(f, at);
	if (status != ATTEST_OK) {
		CHECK(raw.data == NULL && coded.data == NULL);
		CHECK_TEXT(e[0].message, e[1].message);
		CHECK_TEXT(e[0].found, e[1].found);
		return false;
	}
	CHECK(raw.len == want && coded.len == want && coded.data != NULL);
	CHECK(slice_equal(raw, slice_of(f->bytes + at, want)) && slice_equal(raw, coded));
	return true;
}

static void skip(struct fixture *f, size_t *at, size_t len)
{
	window_skip(&f->raw, len);
	window_skip(&f->coded, len);
	*at += len;
	check_left(f, *at);
}

/* To the end in steps: peek at one size, then at another, and go past a part of it. */
static void walk(size_t first, size_t second, size_t past)
{
	struct fixture f;
	size_t at = 0;

	set_up(&f, SIZE);
	while (peek(&f, at, first) && peek(&f, at, second))
		skip(&f, &at, past);
	CHECK(!peek(&f, at, SIZE - at + 1) && peek(&f, at, SIZE - at)); /* an error leaves it where it was */
	skip(&f, &at, SIZE - at);
	CHECK(peek(&f, at, 0) && !peek(&f, at, 1));
	tear_down(&f);
}

void window_patterns(void)
{
	static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 63, 4096, 12287, 12288, 12289, 16383, 16384, 16385, 65537};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		walk(sizes[i], sizes[i], sizes[i]);
		walk(sizes[i], sizes[i], sizes[i] / 2 + 1);
		walk(sizes[i], SIZE / 3, 4000 + i);
		if (sizes[i] >= 4096)
			walk(SIZE / 3, sizes[i], 4000 + i);
	}
}

void window_takes(void)
{
	struct fixture f;
	size_t at = 0;

	for (size_t step = 1; step < SIZE; step = step * 3 + 1) {
		set_up(&f, SIZE);
		for (at = 0; at + step <= SIZE; at += step) {
			struct attest_error e = {0};
			struct slice raw, coded;

			CHECK_STATUS(window_take(&f.raw, step, &raw, &e), ATTEST_OK);
			CHECK_STATUS(window_take(&f.coded, step, &coded, &e), ATTEST_OK);
			CHECK(raw.len == step && slice_equal(raw, coded) &&
			      slice_equal(raw, slice_of(f.bytes + at, step)));
		}
		check_left(&f, at);
		CHECK(!peek(&f, at, step));
		tear_down(&f);
	}
}

/* Memory follows the largest piece: a small one keeps the buffer small, however much is read. */
void window_memory(void)
{
	struct fixture f;
	size_t at = 0;

	set_up(&f, SIZE);
	for (; at + 100 <= SIZE && peek(&f, at, 100); skip(&f, &at, 100))
		CHECK(f.coded.room <= 32768 + 200);
	CHECK(f.raw.buffer == NULL);
	tear_down(&f);
}

/* Each remainder of the three bytes that four characters hold. */
void window_short(void)
{
	for (size_t len = 0; len < 20; len++) {
		struct fixture f;
		size_t at = 0;

		set_up(&f, len);
		CHECK(peek(&f, 0, 0) && !peek(&f, 0, len + 1) && peek(&f, 0, len));
		while (at < len && peek(&f, at, 1) && peek(&f, at, len - at))
			skip(&f, &at, 1);
		CHECK(at == len && peek(&f, at, 0) && !peek(&f, at, 1) && !peek(&f, at, (size_t)-1));
		tear_down(&f);
	}
}

void window_not_base64(void)
{
	static const char *const bad[] = {"A",     "AA",       "AAA",   "AA=A",   "AAB=", "AB==",    "A===",  "====",
					  "AAAA=", "AA==AAAA", "AAAA ", "\nAAAA", "AA-_", "AAA\xc1", "AAAAA", "=AAA"};
	struct source source = {.size = 77};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct attest_error e = {0};

		CHECK_STATUS(source_base64(slice_of(bad[i], strlen(bad[i])), &source, &e), ATTEST_E_ENCODING);
		CHECK(source.size == 77 && e.status == ATTEST_E_ENCODING);
	}
}

static void check_find(struct window *w, size_t from, size_t most, size_t want, bool is_there)
{
	struct attest_error e = {0};
	struct slice bytes = {NULL, 0};
	bool found = !is_there;

	CHECK_STATUS(window_find(w, from, '!', most, &bytes, &found, &e), ATTEST_OK);
	CHECK(bytes.len == want && found == is_there &&
	      slice_find(slice_sub(bytes, from, bytes.len), '!') == want - from);
}

void window_finds(void)
{
	static const size_t places[] = {1, 2, 255, 256, 257, 511, 512, 513, 12287, 12288, 12289, SIZE - 1};
	struct fixture f;

	for (size_t i = 0; i < COUNT(places); i++) {
		size_t place = places[i];

		set_up(&f, SIZE);
		for (size_t k = 0; k < SIZE; k++)
			f.bytes[k] = k == 0 || k == place ? '!' : '.';
		base64_encode(slice_of(f.bytes, SIZE), f.base64);
		for (int coded = 0; coded < 2; coded++) {
			struct window *w = coded ? &f.coded : &f.raw;

			check_find(w, 1, SIZE, place, true);
			check_find(w, 1, SIZE + 7, place, true);
			check_find(w, 1, place, place, false); /* it is the first that is not looked at */
			check_find(w, 1, place + 1, place, true);
			window_skip(w, place);
			check_find(w, 0, SIZE, 0, true);
			check_find(w, 1, SIZE, SIZE - place, false);
		}
		tear_down(&f);
	}
}

/* A window at the same place that moves by itself, wherever a group of base64 begins. */
void window_forks(void)
{
	struct fixture f;

	set_up(&f, 40000);
	for (size_t at = 0; at < f.len; at += at < 20 ? 1 : 4099) {
		struct attest_error e = {0};
		struct slice bytes = {NULL, 0};
		struct window fork;

		CHECK_STATUS(window_peek(&f.coded, 1, &bytes, &e), ATTEST_OK);
		CHECK_STATUS(window_fork(&f.coded, &fork, &e), ATTEST_OK);
		CHECK_STATUS(window_take(&fork, f.len - at, &bytes, &e), ATTEST_OK);
		CHECK(slice_equal(bytes, slice_of(f.bytes + at, f.len - at)) && window_left(&fork) == 0);
		window_close(&fork);
		CHECK_STATUS(window_fork(&f.raw, &fork, &e), ATTEST_OK);
		CHECK(window_left(&fork) == f.len - at && window_left(&f.coded) == f.len - at);
		CHECK_STATUS(window_peek(&fork, 1, &bytes, &e), ATTEST_OK);
		CHECK(bytes.data[0] == f.bytes[at]);
		window_close(&fork);
		for (size_t k = 0; k < (at < 20 ? 1u : 4099u) && window_left(&f.coded) > 0; k++) {
			CHECK_STATUS(window_take(&f.coded, 1, &bytes, &e), ATTEST_OK);
			CHECK_STATUS(window_take(&f.raw, 1, &bytes, &e), ATTEST_OK);
		}
	}
	tear_down(&f);
}
