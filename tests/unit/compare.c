/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/compare.h"

#include <stdio.h>

#include "unit.h"

/* A sequence of which each character is an event. */
static struct sequence sequence_of(struct arena *arena, const char *text, size_t n)
{
	struct sequence s = {.places = arena_alloc(arena, n + 1, sizeof(struct place)), .n = n};

	for (size_t i = 0; i < n; i++) {
		s.places[i].number = i;
		s.places[i].key[0] = (uint8_t)text[i];
	}
	return s;
}

static attest_status sequence_of_logs(struct arena *arena, const struct log *logs, size_t n, uint8_t pcr, uint16_t bank,
				      struct sequence *ret_sequence, struct attest_error *error)
{
	uint16_t banks[LIMIT_PCRS] = {0};
	struct sequence all[LIMIT_PCRS];
	attest_status status;

	banks[pcr] = bank;
	status = sequences_read(arena, logs, n, banks, all, error);
	*ret_sequence = all[pcr];
	return status;
}

/* "-2/3 +3/1 ~0/0 >1/2": only a, only b, changed, moved, with the positions. */
static const char *differences_of(const char *a_text, const char *b_text)
{
	static const char kinds[] = {[ONLY_A] = '-', [ONLY_B] = '+', [CHANGED] = '~', [MOVED] = '>'};
	static char text[200];
	struct arena arena = {NULL};
	struct sequence a = sequence_of(&arena, a_text, strlen(a_text));
	struct sequence b = sequence_of(&arena, b_text, strlen(b_text));
	struct differences d = {.n = 77};
	struct attest_error e = {0};
	size_t used = 0;

	text[0] = '\0';
	CHECK_STATUS(sequences_compare(&arena, &a, &b, &d, &e), ATTEST_OK);
	for (size_t i = 0; i < d.n && used < sizeof(text) - 20; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%c%zu/%zu", i == 0 ? "" : " ",
					 kinds[d.items[i].kind], d.items[i].a, d.items[i].b);
	arena_free(&arena);
	return text;
}

void compare_equal(void)
{
	CHECK_TEXT(differences_of("", ""), "");
	CHECK_TEXT(differences_of("a", "a"), "");
	CHECK_TEXT(differences_of("abcabcaaa", "abcabcaaa"), "");
}

void compare_one_side(void)
{
	CHECK_TEXT(differences_of("abc", ""), "-0/0 -1/0 -2/0");
	CHECK_TEXT(differences_of("", "abc"), "+0/0 +0/1 +0/2");
	CHECK_TEXT(differences_of("abc", "ab"), "-2/2");
	CHECK_TEXT(differences_of("ab", "abc"), "+2/2");
	CHECK_TEXT(differences_of("abc", "bc"), "-0/0");
	CHECK_TEXT(differences_of("bc", "abc"), "+0/0");
	CHECK_TEXT(differences_of("abc", "ac"), "-1/1");
	CHECK_TEXT(differences_of("ac", "abc"), "+1/1");
	CHECK_TEXT(differences_of("aaaa", "aa"), "-2/2 -3/2");
	CHECK_TEXT(differences_of("abcdef", "bdf"), "-0/0 -2/1 -4/2");
	CHECK_TEXT(differences_of("bdf", "abcdef"), "+0/0 +1/2 +2/4");
}

void compare_changed(void)
{
	CHECK_TEXT(differences_of("abc", "aXc"), "~1/1");
	CHECK_TEXT(differences_of("a", "X"), "~0/0");
	CHECK_TEXT(differences_of("abc", "XYZ"), "~0/0 ~1/1 ~2/2");
	CHECK_TEXT(differences_of("abcd", "aXYd"), "~1/1 ~2/2");
	CHECK_TEXT(differences_of("abcd", "aXd"), "~1/1 -2/2");
	CHECK_TEXT(differences_of("abd", "aXYd"), "~1/1 +2/2");
	CHECK_TEXT(differences_of("1a2b3", "1X2Y3"), "~1/1 ~3/3");
	CHECK_TEXT(differences_of("1a2b3", "1X23"), "~1/1 -3/3");
}

void compare_moved(void)
{
	CHECK_TEXT(differences_of("abcd", "bcda"), ">0/3");
	CHECK_TEXT(differences_of("abcdef", "abdefc"), ">2/5");
	CHECK_TEXT(differences_of("bcda", "abcd"), ">3/0");
	CHECK_TEXT(differences_of("123ab", "ab123"), ">3/0 >4/1"); /* what is longer stays */
}

/*
 * For all short sequences: nothing is said of what is equal, something of what is not; each position is told once, and
 * what is left of both when the told events are taken away is the same.
 */
static void check_all(const struct sequence *a, const struct sequence *b, const struct differences *d)
{
	bool told_a[8] = {false}, told_b[8] = {false};
	size_t i = 0, k = 0;
	bool equal = a->n == b->n;

	for (size_t n = 0; n < a->n && n < b->n; n++)
		equal = equal && a->places[n].key[0] == b->places[n].key[0];
	CHECK(equal == (d->n == 0));
	for (size_t n = 0; n < d->n; n++) {
		const struct difference *x = &d->items[n];

		CHECK(x->a <= a->n && x->b <= b->n);
		if (x->kind != ONLY_B) {
			CHECK(x->a < a->n && !told_a[x->a]);
			told_a[x->a] = true;
		}
		if (x->kind != ONLY_A) {
			CHECK(x->b < b->n && !told_b[x->b]);
			told_b[x->b] = true;
		}
		if (x->kind == MOVED)
			CHECK(a->places[x->a].key[0] == b->places[x->b].key[0]);
		if (x->kind == CHANGED)
			CHECK(a->places[x->a].key[0] != b->places[x->b].key[0]);
	}
	for (;; i++, k++) {
		while (i < a->n && told_a[i])
			i++;
		while (k < b->n && told_b[k])
			k++;
		if (i == a->n || k == b->n)
			break;
		CHECK(a->places[i].key[0] == b->places[k].key[0]);
	}
	CHECK(i == a->n && k == b->n);
}

void compare_all_short(void)
{
	enum { LETTERS = 3, MOST = 4, ALL = 1 + 3 + 9 + 27 + 81 };
	char texts[ALL][MOST + 1] = {""};
	size_t n = 1;

	for (size_t i = 0; n < ALL; i++)
		for (char c = 'a'; c < 'a' + LETTERS; c++)
			(void)snprintf(texts[n++], MOST + 1, "%.3s%c", texts[i], c);
	for (size_t i = 0; i < ALL * ALL; i++) {
		struct arena arena = {NULL};
		struct sequence a = sequence_of(&arena, texts[i / ALL], strlen(texts[i / ALL]));
		struct sequence b = sequence_of(&arena, texts[i % ALL], strlen(texts[i % ALL]));
		struct differences d = {.n = 0};
		struct attest_error e = {0};

		CHECK_STATUS(sequences_compare(&arena, &a, &b, &d, &e), ATTEST_OK);
		check_all(&a, &b, &d);
		arena_free(&arena);
	}
}

/* Too long to be aligned: 50,000 events each, all with keys of their own but for what the test changes. */
enum { LONG = 50000 };

static struct sequence numbered(struct arena *arena, uint32_t first)
{
	struct sequence s = {.places = arena_alloc(arena, LONG, sizeof(struct place)), .n = LONG};

	for (uint32_t i = 0; i < LONG; i++) {
		uint32_t key = first + i;

		s.places[i].number = i;
		memcpy(s.places[i].key, &key, sizeof(key));
	}
	return s;
}

static struct differences compare_long(struct arena *arena, const struct sequence *a, const struct sequence *b)
{
	struct differences d = {.n = 77};
	struct attest_error e = {0};

	CHECK_STATUS(sequences_compare(arena, a, b, &d, &e), ATTEST_OK);
	return d;
}

void compare_long_sets(void)
{
	struct arena arena = {NULL};
	struct sequence a = numbered(&arena, 0), b = numbered(&arena, 0);
	struct differences d = compare_long(&arena, &a, &b);

	CHECK(d.n == 0);
	b.places[0].key[19] = b.places[30000].key[19] = b.places[LONG - 1].key[19] = 1;
	d = compare_long(&arena, &a, &b);
	CHECK(d.n == 6);
	for (size_t i = 0; i < d.n && i < 6; i++) {
		static const size_t at[] = {0, 30000, LONG - 1};

		CHECK(d.items[i].kind == (i < 3 ? ONLY_A : ONLY_B));
		CHECK((i < 3 ? d.items[i].a : d.items[i].b) == at[i % 3]);
	}
	b = numbered(&arena, LONG); /* nothing in common */
	d = compare_long(&arena, &a, &b);
	CHECK(d.n == 2 * LONG && d.items[0].kind == ONLY_A && d.items[2 * LONG - 1].kind == ONLY_B);
	b.n = 0;
	d = compare_long(&arena, &a, &b);
	CHECK(d.n == LONG && d.items[LONG - 1].kind == ONLY_A && d.items[LONG - 1].a == LONG - 1);
	d = compare_long(&arena, &b, &a);
	CHECK(d.n == LONG && d.items[0].kind == ONLY_B);
	arena_free(&arena);
}

/* The same events in another order differ too, however many there are. */
void compare_long_order(void)
{
	struct arena arena = {NULL};
	struct sequence a = numbered(&arena, 0), b = numbered(&arena, 0);
	struct place first = b.places[1];
	struct differences d;

	b.places[1] = b.places[LONG - 2];
	b.places[LONG - 2] = first;
	d = compare_long(&arena, &a, &b);
	CHECK(d.n == 1 && d.items[0].a == 1 && d.items[0].b == 1);
	memcpy(&b.places[1], &a.places[1], sizeof(*b.places) * (LONG - 2));
	b.places[500].key[19] = 1; /* a long common beginning and end do not count */
	d = compare_long(&arena, &a, &b);
	CHECK(d.n == 1 && d.items[0].kind == CHANGED && d.items[0].a == 500);
	arena_free(&arena);
}

static void set_event(struct event *event, uint8_t pcr, const uint8_t sha256[32])
{
	*event = (struct event){.kind = EVENT_BARE,
				.pcr = pcr,
				.measured = true,
				.digests = {{ALG_SHA256, slice_of(sha256, 32)}},
				.n_digests = 1,
				.startup_locality = -1};
}

void compare_reads(void)
{
	static const uint8_t digests[4][32] = {{1}, {2}, {3}, {4}};
	struct event events[4];
	struct log logs[3] = {
		{.place = "a", .walker = &walk_events, .pcr = -1, .events = events,     .n_events = 4},
		{.place = "b",
		 .walker = &walk_tcg,
		 .pcr = -1,
		 .source = source_raw(slice_of("\0\0\0",                                3))          }, /* malformed */
		{.place = "c", .walker = &walk_events, .pcr = -1, .events = events + 3, .n_events = 1},
	};
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct sequence s = {.n = 77};

	for (size_t i = 0; i < 4; i++)
		set_event(&events[i], i == 1 ? 5 : 4, digests[i]);
	events[2].measured = false;
	CHECK_STATUS(sequence_of_logs(&arena, logs, 3, 4, ALG_SHA256, &s, &e), ATTEST_OK);
	CHECK(s.n == 3 && e.status == ATTEST_OK);
	CHECK(s.places[0].log == 0 && s.places[0].number == 0 && s.places[0].key[0] == 1);
	CHECK(s.places[1].log == 0 && s.places[1].number == 3 && s.places[1].key[0] == 4);
	CHECK(s.places[2].log == 2 && s.places[2].number == 0 && s.places[2].key[0] == 4);
	CHECK_STATUS(sequence_of_logs(&arena, logs, 3, 4, ALG_SHA1, &s, &e), ATTEST_OK);
	CHECK(s.n == 0);
	CHECK_STATUS(sequence_of_logs(&arena, logs, 3, 6, ALG_SHA256, &s, &e), ATTEST_OK);
	CHECK(s.n == 0);
	logs[0].only_bank = ALG_SHA384;
	CHECK_STATUS(sequence_of_logs(&arena, logs, 3, 4, ALG_SHA256, &s, &e), ATTEST_OK);
	CHECK(s.n == 1 && s.places[0].log == 2);
	CHECK_STATUS(sequence_of_logs(&arena, NULL, 0, 4, ALG_SHA256, &s, &e), ATTEST_OK);
	CHECK(s.n == 0);
	arena_free(&arena);
}
