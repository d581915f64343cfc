/* SPDX-License-Identifier: Apache-2.0 */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

/* Longest stretches that are aligned exactly, by a table of their product: 8 MiB. Longer ones are compared as sets. */
enum { ALIGN_CELLS = 1 << 22, ALIGN_SIDE = 1 << 15 };

static attest_status append(struct arena *arena, struct sequence *s, const struct place *place,
			    struct attest_error *error)
{
	if (s->n == s->room) {
		size_t more = s->room == 0 ? 64 : 2 * s->room;
		struct place *grown = arena_alloc(arena, more, sizeof(*grown));

		if (grown == NULL)
			return fail_memory(error);
		if (s->n > 0)
			memcpy(grown, s->places, s->n * sizeof(*grown));
		s->places = grown;
		s->room = more;
	}
	s->places[s->n++] = *place;
	return ATTEST_OK;
}

static attest_status read_event(struct arena *arena, const struct log *log, const struct event *event, uint16_t bank,
				struct place place, struct sequence *s, struct attest_error *error)
{
	struct digest digest;
	attest_status status;

	if (!event->measured || bank == 0 || (log->only_bank != 0 && log->only_bank != bank))
		return ATTEST_OK;
	status = event_digest(event, bank, &digest, error);
	if (status != ATTEST_OK || digest.size == 0)
		return status;
	memcpy(place.key, digest.bytes, sizeof(place.key));
	return append(arena, s, &place, error);
}

static attest_status read_log(struct arena *arena, const struct log *log, size_t index, const uint16_t *banks,
			      struct sequence *sequences, struct attest_error *error)
{
	struct log_cursor cursor;
	struct event event;
	bool more = true;
	attest_status status = log_begin(&cursor, log, error);

	while (status == ATTEST_OK) {
		struct place place = {.log = index};

		status = log_next(&cursor, &event, &more, error);
		if (status != ATTEST_OK || !more)
			break;
		place.number = cursor.number - 1;
		status = read_event(arena, log, &event, banks[event.pcr], place, &sequences[event.pcr], error);
	}
	log_end(&cursor);
	return status;
}

attest_status sequences_read(struct arena *arena, const struct log *logs, size_t n_logs,
			     const uint16_t banks[LIMIT_PCRS], struct sequence ret_sequences[LIMIT_PCRS],
			     struct attest_error *error)
{
	memset(ret_sequences, 0, LIMIT_PCRS * sizeof(*ret_sequences));
	for (size_t i = 0; i < n_logs; i++) {
		struct attest_error e = {0};

		(void)read_log(arena, &logs[i], i, banks, ret_sequences, &e);
		if (status_is_internal(e.status))
			return fail(error, e.status, e.clause, "%s", e.message);
	}
	return ATTEST_OK;
}

static bool same(const struct place *a, const struct place *b)
{
	return memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

/* What is left of two sequences between their common beginning and their common end. */
struct middle {
	const struct place *a, *b;
	size_t n_a, n_b, begin;
};

static struct middle trim(const struct sequence *a, const struct sequence *b)
{
	struct middle m = {.n_a = a->n, .n_b = b->n};

	while (m.begin < a->n && m.begin < b->n && same(&a->places[m.begin], &b->places[m.begin]))
		m.begin++;
	while (m.n_a > m.begin && m.n_b > m.begin && same(&a->places[m.n_a - 1], &b->places[m.n_b - 1])) {
		m.n_a--;
		m.n_b--;
	}
	m.n_a -= m.begin;
	m.n_b -= m.begin;
	m.a = a->n == 0 ? NULL : a->places + m.begin;
	m.b = b->n == 0 ? NULL : b->places + m.begin;
	return m;
}

/* lengths[i][k]: of the longest common subsequence of a from i and b from k. */
static void fill_lengths(const struct middle *m, uint16_t *lengths)
{
	size_t width = m->n_b + 1;

	for (size_t i = m->n_a; i-- > 0;)
		for (size_t k = m->n_b; k-- > 0;) {
			uint16_t down = lengths[(i + 1) * width + k], right = lengths[i * width + k + 1];

			lengths[i * width + k] = same(&m->a[i], &m->b[k])
							 ? (uint16_t)(lengths[(i + 1) * width + k + 1] + 1)
							 : (down > right ? down : right);
		}
}

static void add(struct differences *d, enum difference_kind kind, size_t a, size_t b)
{
	d->items[d->n++] = (struct difference){kind, a, b};
}

/* Events that stand at the same place between two common ones are taken for changed ones. */
static void add_stretch(struct differences *d, const struct middle *m, size_t a, size_t a_end, size_t b, size_t b_end)
{
	for (; a < a_end && b < b_end; a++, b++)
		add(d, CHANGED, m->begin + a, m->begin + b);
	for (; a < a_end; a++)
		add(d, ONLY_A, m->begin + a, m->begin + b);
	for (; b < b_end; b++)
		add(d, ONLY_B, m->begin + a, m->begin + b);
}

static attest_status align(const struct middle *m, struct differences *d, struct attest_error *error)
{
	size_t width = m->n_b + 1, i = 0, k = 0, from_i = 0, from_k = 0;
	uint16_t *lengths = calloc((m->n_a + 1) * width, sizeof(*lengths));

	if (lengths == NULL)
		return fail_memory(error);
	fill_lengths(m, lengths);
	while (i < m->n_a && k < m->n_b) {
		if (same(&m->a[i], &m->b[k])) {
			add_stretch(d, m, from_i, i++, from_k, k++);
			from_i = i;
			from_k = k;
		} else if (lengths[(i + 1) * width + k] >= lengths[i * width + k + 1]) {
			i++;
		} else {
			k++;
		}
	}
	add_stretch(d, m, from_i, m->n_a, from_k, m->n_b);
	free(lengths);
	return ATTEST_OK;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(((const struct place *)a)->key, ((const struct place *)b)->key, sizeof(((struct place *)0)->key));
}

static struct place *sorted(const struct place *places, size_t n)
{
	struct place *copy = malloc(n == 0 ? 1 : n * sizeof(*copy));

	if (copy != NULL && n > 0) {
		memcpy(copy, places, n * sizeof(*copy));
		qsort(copy, n, sizeof(*copy), by_key);
	}
	return copy;
}

/* Too long to align: what one has and the other has not, whatever its place. */
static attest_status compare_sets(const struct middle *m, struct differences *d, struct attest_error *error)
{
	struct place *a = sorted(m->a, m->n_a), *b = sorted(m->b, m->n_b);
	bool ok = a != NULL && b != NULL;

	for (size_t i = 0; ok && i < m->n_a; i++)
		if (m->n_b == 0 || bsearch(&m->a[i], b, m->n_b, sizeof(*b), by_key) == NULL)
			add(d, ONLY_A, m->begin + i, m->begin + (i < m->n_b ? i : m->n_b));
	for (size_t i = 0; ok && i < m->n_b; i++)
		if (m->n_a == 0 || bsearch(&m->b[i], a, m->n_a, sizeof(*a), by_key) == NULL)
			add(d, ONLY_B, m->begin + (i < m->n_a ? i : m->n_a), m->begin + i);
	free(a);
	free(b);
	return ok ? ATTEST_OK : fail_memory(error);
}

/* An event that is only here and only there is one that has moved. */
static void find_moved(const struct sequence *a, const struct sequence *b, struct differences *d)
{
	enum { PAIRS = 512 };
	size_t n = d->n < PAIRS ? d->n : PAIRS;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; d->items[i].kind == ONLY_A && k < n; k++) {
			struct difference *other = &d->items[k];

			if (other->kind != ONLY_B || !same(&a->places[d->items[i].a], &b->places[other->b]))
				continue;
			d->items[i].kind = MOVED;
			d->items[i].b = other->b;
			memmove(other, other + 1, (d->n - k - 1) * sizeof(*other));
			d->n--;
			n--;
			if (k < i)
				i--;
			break;
		}
}

attest_status sequences_compare(struct arena *arena, const struct sequence *a, const struct sequence *b,
				struct differences *ret_differences, struct attest_error *error)
{
	struct middle m = trim(a, b);
	struct differences d = {.items = arena_alloc(arena, m.n_a + m.n_b, sizeof(*d.items))};
	bool small = m.n_a < ALIGN_SIDE && m.n_b < ALIGN_SIDE && (m.n_a + 1) * (m.n_b + 1) <= ALIGN_CELLS;
	attest_status status;

	if (d.items == NULL)
		return fail_memory(error);
	status = small ? align(&m, &d, error) : compare_sets(&m, &d, error);
	if (status == ATTEST_OK && small)
		find_moved(a, b, &d);
	/* Too long to align and of the same events: they stand in another order. */
	if (status == ATTEST_OK && d.n == 0 && (m.n_a > 0 || m.n_b > 0))
		add(&d, m.n_a > 0 && m.n_b > 0 ? CHANGED : m.n_a > 0 ? ONLY_A : ONLY_B, m.begin, m.begin);
	if (status == ATTEST_OK)
		*ret_differences = d;
	return status;
}
