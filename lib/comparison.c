/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest_compare(): where two proofs or logs differ, as one JSON document (docs/comparison.schema.json).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect.h"
#include "logs/compare.h"
#include "policy/policy.h"

struct pair {
	struct look a, b;
	const struct attest_inspect_options *options;
	struct arena arena;
	struct sequence in_a[LIMIT_PCRS], in_b[LIMIT_PCRS];
	size_t n_restarts;
	bool *ok;
	bool equal;
};

static const struct digest *value_of(const struct track *track)
{
	return track->quoted != NULL ? track->quoted : track->n_events > 0 ? &track->now : NULL;
}

/* Values of a PCR by bank, where either has one. */
static json_t *values_json(struct pair *pair, uint8_t pcr, bool *ret_equal)
{
	json_t *values = json_array();

	for (size_t b = 0; b < N_ALGORITHMS; b++) {
		const struct digest *a_value = value_of(&pair->a.replay.tracks[pcr][b]);
		const struct digest *b_value = value_of(&pair->b.replay.tracks[pcr][b]);
		bool both = a_value != NULL && b_value != NULL;
		bool same = both && slice_equal(digest_slice(a_value), digest_slice(b_value));
		json_t *value;

		if (a_value == NULL && b_value == NULL)
			continue;
		value = json_object();
		json_put_text(value, "bank", digest_name(digest_at(b)), pair->ok);
		if (a_value != NULL)
			json_put_hex(value, "a", digest_slice(a_value), pair->ok);
		if (b_value != NULL)
			json_put_hex(value, "b", digest_slice(b_value), pair->ok);
		json_put(value, "equal", json_boolean(same), pair->ok);
		json_add(values, value, pair->ok);
		*ret_equal = *ret_equal && same;
	}
	return values;
}

/* The bank that both have events in; SHA-256 before SHA-384, SHA-512 and SHA-1. */
static uint16_t common_bank(const struct pair *pair, uint8_t pcr)
{
	static const uint16_t order[] = {ALG_SHA256, ALG_SHA384, ALG_SHA512, ALG_SHA1};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		size_t b = digest_index(order[i]);

		if (pair->a.replay.tracks[pcr][b].n_events > 0 && pair->b.replay.tracks[pcr][b].n_events > 0)
			return order[i];
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		size_t b = digest_index(order[i]);

		if (pair->a.replay.tracks[pcr][b].n_events > 0 || pair->b.replay.tracks[pcr][b].n_events > 0)
			return order[i];
	}
	return ALG_SHA256;
}

/* Events that have moved are looked up from the front of their log, so there are bounds. */
enum { MOST_DIFFERENCES = 256, MOST_RESTARTS = 64 };

/* Walks along with the differences, whose events mostly follow one another. */
struct finder {
	const struct look *look;
	struct log_cursor cursor;
	size_t log, next;
	bool is_open;
	size_t *n_restarts; /* of the whole comparison */
};

static attest_status find_event(struct finder *f, const struct place *place, struct event *ret_event,
				struct attest_error *error)
{
	attest_status status = ATTEST_OK;
	bool more = true;

	if (!f->is_open || f->log != place->log || f->next > place->number) {
		if (f->is_open) {
			log_end(&f->cursor);
			(*f->n_restarts)++;
		}
		f->is_open = true;
		f->log = place->log;
		f->next = 0;
		status = log_begin(&f->cursor, &f->look->proof.logs[place->log], error);
	}
	for (; status == ATTEST_OK && more && f->next <= place->number; f->next++)
		status = log_next(&f->cursor, ret_event, &more, error);
	return status;
}

static void put_event(json_t *to, const char *key, struct finder *f, const struct sequence *s, size_t position,
		      bool *ok)
{
	struct attest_error e = {0};
	struct event event;

	if (position >= s->n)
		return;
	if (find_event(f, &s->places[position], &event, &e) == ATTEST_OK)
		json_put(to, key,
			 inspect_event(f->look, s->places[position].log, s->places[position].number, &event, ok), ok);
	*ok = *ok && !status_is_internal(e.status);
}

static json_t *differences_json(struct pair *pair, const struct sequence *a, const struct sequence *b,
				const struct differences *all, size_t shown)
{
	static const char *const kinds[] = {
		[ONLY_A] = "only-a", [ONLY_B] = "only-b", [CHANGED] = "changed", [MOVED] = "moved"};
	json_t *list = json_array();
	struct finder in_a = {.look = &pair->a, .n_restarts = &pair->n_restarts};
	struct finder in_b = {.look = &pair->b, .n_restarts = &pair->n_restarts};

	for (size_t i = 0; *pair->ok && i < shown && pair->n_restarts < MOST_RESTARTS; i++) {
		const struct difference *d = &all->items[i];
		json_t *to = json_object();

		json_put_text(to, "kind", kinds[d->kind], pair->ok);
		if (d->kind != ONLY_B)
			put_event(to, "a", &in_a, a, d->a, pair->ok);
		if (d->kind != ONLY_A)
			put_event(to, "b", &in_b, b, d->b, pair->ok);
		json_add(list, to, pair->ok);
	}
	if (in_a.is_open)
		log_end(&in_a.cursor);
	if (in_b.is_open)
		log_end(&in_b.cursor);
	return list;
}

static void add_pcr(struct pair *pair, uint8_t pcr, json_t *pcrs)
{
	struct arena arena = {NULL};
	const struct sequence *a = &pair->in_a[pcr], *b = &pair->in_b[pcr];
	struct differences all = {0};
	struct attest_error e = {0};
	json_t *to = json_object(), *values, *differences;
	size_t most = pair->options->max_events, shown;
	bool same = true;

	values = values_json(pair, pcr, &same);
	(void)sequences_compare(&arena, a, b, &all, &e);
	*pair->ok = *pair->ok && e.status == ATTEST_OK;
	if (most == 0 || most > MOST_DIFFERENCES)
		most = MOST_DIFFERENCES;
	shown = all.n < most ? all.n : most;
	same = same && all.n == 0;
	json_put(to, "index", json_integer(pcr), pair->ok);
	json_put_text(to, "meaning", pcr_meaning(pcr), pair->ok);
	json_put(to, "values", values, pair->ok);
	json_put_size(to, "n_a", a->n, pair->ok);
	json_put_size(to, "n_b", b->n, pair->ok);
	json_put(to, "equal", json_boolean(same), pair->ok);
	differences = differences_json(pair, a, b, &all, shown);
	json_put_size(to, "differences_omitted", all.n - json_array_size(differences), pair->ok);
	json_put(to, "differences", differences, pair->ok);
	if (json_array_size(json_object_get(to, "values")) > 0 || a->n > 0 || b->n > 0)
		json_add(pcrs, to, pair->ok);
	else
		json_decref(to);
	pair->equal = pair->equal && same;
	arena_free(&arena);
}

/* Statement number n of its kind; NULL: there is none. */
static const char *statement(const struct look *look, const char *what, size_t n)
{
	for (size_t i = 0; i < look->software.n; i++)
		if (strcmp(look->software.items[i].what, what) == 0 && n-- == 0)
			return look->software.items[i].value;
	return NULL;
}

/* Which of its kind statement number i is. */
static size_t ordinal(const struct look *look, size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < i; k++)
		n += strcmp(look->software.items[k].what, look->software.items[i].what) == 0;
	return n;
}

static json_t *software_json(struct pair *pair)
{
	json_t *list = json_array();

	for (int side = 0; side < 2; side++) {
		const struct look *from = side == 0 ? &pair->a : &pair->b, *to = side == 0 ? &pair->b : &pair->a;

		for (size_t i = 0; i < from->software.n; i++) {
			const struct software *s = &from->software.items[i];
			const char *other = statement(to, s->what, ordinal(from, i));
			json_t *item;

			if (pair->options->pcr >= 0 && pair->options->pcr != s->pcr)
				continue;
			if (other != NULL && (side == 1 || strcmp(other, s->value) == 0))
				continue;
			item = json_object();
			json_put_text(item, "what", s->what, pair->ok);
			json_put_text(item, side == 0 ? "a" : "b", s->value, pair->ok);
			json_put_text(item, side == 0 ? "b" : "a", other, pair->ok);
			json_add(list, item, pair->ok);
		}
	}
	return list;
}

static void add_problem(json_t *problems, const struct attest_error *e, bool *ok)
{
	char buffer[LOOK_ERROR_SIZE];
	const char *text = look_error_text(e, buffer);

	if (text != NULL)
		json_add(problems, json_string(text), ok);
}

/* What cannot be equal to anything: a quote that does not fit its values, logs that break off or do not replay. */
static json_t *problems_json(const struct look *look, bool *ok)
{
	json_t *problems = json_array();
	struct attest_error e = {0};

	add_problem(problems, &look->quote_error, ok);
	if (look->has_quote && !look_matches(look, ok)) {
		(void)fail(&e, ATTEST_E_PCR_DIGEST, NULL, "the PCR values do not hash to the quoted pcrDigest");
		add_problem(problems, &e, ok);
	}
	for (size_t i = 0; i < look->proof.n_logs; i++)
		add_problem(problems, &look->replay.logs[i].error, ok);
	for (uint8_t p = 0; p < LIMIT_PCRS; p++)
		for (size_t b = 0; b < N_ALGORITHMS; b++) {
			char text[120];

			if (!look->replay.wanted[p][b] || look->replay.tracks[p][b].state != PCR_CONTRADICTED)
				continue;
			(void)snprintf(text, sizeof(text),
				       "PCR %u, bank %s: the log does not replay to the quoted value", p,
				       digest_name(digest_at(b)));
			json_add(problems, json_string(text), ok);
		}
	return problems;
}

static json_t *side_json(const struct look *look, bool *ret_sound, bool *ok)
{
	json_t *side = json_object(), *problems = problems_json(look, ok);

	*ret_sound = json_array_size(problems) == 0;
	json_put_text(side, "kind", look->proof.attest.len > 0 ? "proof" : "log", ok);
	json_put_text(side, "source", look->proof.format, ok);
	json_put(side, "problems", problems, ok);
	return side;
}

static bool same_certificates(const struct proof *a, const struct proof *b)
{
	bool same = a->n_certificates == b->n_certificates;

	for (size_t i = 0; same && i < a->n_certificates; i++)
		same = slice_equal(a->certificates[i], b->certificates[i]);
	return same;
}

/* In the bank that both have events in, where there is one. */
static void read_sequences(struct pair *pair)
{
	uint16_t banks[LIMIT_PCRS] = {0};
	struct attest_error e = {0};

	for (uint8_t p = 0; p < LIMIT_PCRS; p++)
		if (pair->options->pcr < 0 || pair->options->pcr == p)
			banks[p] = common_bank(pair, p);
	if (sequences_read(&pair->arena, pair->a.proof.logs, pair->a.proof.n_logs, banks, pair->in_a, &e) == ATTEST_OK)
		(void)sequences_read(&pair->arena, pair->b.proof.logs, pair->b.proof.n_logs, banks, pair->in_b, &e);
	*pair->ok = *pair->ok && e.status == ATTEST_OK;
}

static json_t *pair_json(struct pair *pair)
{
	json_t *root = json_object(), *pcrs = json_array();
	bool a_is_sound = false, b_is_sound = false;
	const struct proof *a = &pair->a.proof, *b = &pair->b.proof;
	bool proofs = a->attest.len > 0 && b->attest.len > 0; /* a log has neither certificates nor a TLS key */
	bool certificates = !proofs || same_certificates(a, b);
	bool tls = !proofs || (a->tls_binding == b->tls_binding && slice_equal(a->tls_der, b->tls_der));

	pair->equal = true;
	read_sequences(pair);
	for (uint8_t p = 0; p < LIMIT_PCRS; p++)
		if (pair->options->pcr < 0 || pair->options->pcr == p)
			add_pcr(pair, p, pcrs);
	json_put_text(root, "format", "libattest-comparison-v1", pair->ok);
	json_put(root, "a", side_json(&pair->a, &a_is_sound, pair->ok), pair->ok);
	json_put(root, "b", side_json(&pair->b, &b_is_sound, pair->ok), pair->ok);
	json_put(root, "equal", json_boolean(pair->equal && certificates && tls && a_is_sound && b_is_sound), pair->ok);
	json_put(root, "pcrs", pcrs, pair->ok);
	json_put(root, "certificates_equal", json_boolean(certificates), pair->ok);
	json_put(root, "tls_equal", json_boolean(tls), pair->ok);
	json_put(root, "software", software_json(pair), pair->ok);
	return root;
}

/* Which of the two could not be read. */
static attest_status open_side(struct look *look, const char *name, struct slice bytes, struct attest_error *error)
{
	attest_status status = look_open(look, bytes, error);
	char place[sizeof(error->where)];

	if (status == ATTEST_OK || status_is_internal(status))
		return status;
	(void)snprintf(place, sizeof(place), "%s", error->where);
	error->where[0] = '\0';
	error_where(error, "%s%s%.150s", name, place[0] == '\0' ? "" : ": ", place);
	return status;
}

attest_status attest_compare(const struct attest_inspect_options *options, const void *a, size_t a_len, const void *b,
			     size_t b_len, char **ret_json, struct attest_error *error)
{
	struct attest_error e = {0};
	bool ok = true;
	struct pair *pair;
	attest_status status = inspect_check_options(options, &e);

	if (status == ATTEST_OK) {
		pair = calloc(1, sizeof(*pair));
		if (pair == NULL) {
			status = fail_memory(&e);
		} else {
			pair->options = options;
			pair->ok = &ok;
			status = open_side(&pair->a, "the first", slice_of(a, a_len), &e);
			if (status == ATTEST_OK)
				status = open_side(&pair->b, "the second", slice_of(b, b_len), &e);
			if (status == ATTEST_OK) {
				json_t *root = pair_json(pair);

				status = inspect_finish(root, ok, ret_json, &e);
			}
			arena_free(&pair->arena);
			look_close(&pair->a);
			look_close(&pair->b);
			free(pair);
		}
	}
	if (status != ATTEST_OK && error != NULL)
		*error = e;
	return status;
}
