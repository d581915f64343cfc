/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules for the events of a PCR: what stands at the same place of each history, and what comes and goes between.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "derive.h"
#include "logs/hashed.h"

enum { NAME_MOST = 72, PCR_SECURE_BOOT = 7, PCR_SYSTEMD = 11 };

/* Histories. */

const struct attest_event *derive_event_at(const struct derivation *d, size_t source, uint8_t pcr, size_t i)
{
	const struct history *history = &d->sources[source].pcrs[pcr];

	return i < history->n ? history->events[i] : NULL;
}

static bool same_digest(const struct attest_event *a, const struct attest_event *b)
{
	return a != NULL && b != NULL && strcmp(a->digest, b->digest) == 0;
}

/* How many events all proofs have in common at the front. */
size_t derive_common_front(const struct derivation *d, uint8_t pcr)
{
	size_t n = 0;

	for (;; n++)
		for (size_t i = 0; i < d->n; i++)
			if (!same_digest(derive_event_at(d, 0, pcr, n), derive_event_at(d, i, pcr, n)))
				return n;
}

static bool same_length(const struct derivation *d, uint8_t pcr)
{
	for (size_t i = 1; i < d->n; i++)
		if (d->sources[i].pcrs[pcr].n != d->sources[0].pcrs[pcr].n)
			return false;
	return true;
}

/* And at the end, behind `front`. */
static size_t common_end(const struct derivation *d, uint8_t pcr, size_t front)
{
	size_t n = 0;

	for (;; n++)
		for (size_t i = 0; i < d->n; i++) {
			const struct history *a = &d->sources[0].pcrs[pcr], *b = &d->sources[i].pcrs[pcr];

			if (front + n >= a->n || front + n >= b->n ||
			    !same_digest(a->events[a->n - 1 - n], b->events[b->n - 1 - n]))
				return n;
		}
}

/* Each history without what stands between `front` and `end` from its end. */
static void cut_out(const struct derivation *d, uint8_t pcr, size_t front, size_t end)
{
	for (size_t i = 0; i < d->n; i++) {
		struct history *h = &d->sources[i].pcrs[pcr];

		memmove(h->events + front, h->events + h->n - end, end * sizeof(void *));
		h->n = front + end;
	}
}

/* In the PCR that the step `tls` looks at: a text event of this type, whatever its other members are. */
static bool is_tls_key(const struct attest_event *event, uint8_t pcr)
{
	return pcr == PCR_TLS && event->proven && event->type != NULL && event->text != NULL && event->text[0] == '{' &&
	       strcmp(event->type, "tls-key") == 0;
}

bool derive_holds_tls_key(const struct derivation *d, uint8_t pcr)
{
	for (size_t k = 0; k < d->n; k++)
		for (size_t i = 0; i < d->sources[k].pcrs[pcr].n; i++)
			if (is_tls_key(derive_event_at(d, k, pcr, i), pcr))
				return true;
	return false;
}

/* Rules. */

static json_t *text_of(const char *text)
{
	char name[NAME_MOST + 4];
	bool is_blank = text == NULL || text[strspn(text, " ")] == '\0';

	return json_string(printable_to(slice_of_string(is_blank ? "an event" : text), name, sizeof(name)));
}

/* The policy's matcher "text" computes this very digest of it. */
static bool is_text(struct derivation *d, const struct attest_event *event)
{
	size_t len = event->text == NULL ? 0 : strlen(event->text);
	uint8_t *wide = arena_alloc(&d->arena, len + 1, 2);
	struct attest_error e = {0};
	bool found = false;

	if (wide == NULL) {
		d->ok = false;
		return false;
	}
	for (size_t i = 0; i < len; i++)
		wide[2 * i] = (uint8_t)event->text[i];
	for (size_t form = 0; len > 0 && form < 3; form++) {
		struct slice bytes = form < 2 ? slice_of(event->text, len + form) : slice_of(wide, 2 * (len + 1));
		struct digest digest;
		char hex[HEX_SIZE(DIGEST_MAX)];

		if (digest_compute(ALG_SHA256, &bytes, 1, &digest, &e) != ATTEST_OK)
			d->ok = false;
		hex_encode(digest_slice(&digest), hex);
		found = found || strcmp(hex, event->digest) == 0;
	}
	return found;
}

static bool is_separator(const struct attest_event *event)
{
	return strcmp(event->digest, "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119") == 0;
}

/* The digests that stand at place `i` of any proof, each once. */
static json_t *digests_at(struct derivation *d, uint8_t pcr, size_t i)
{
	json_t *list = json_array();

	for (size_t k = 0; k < d->n; k++) {
		const struct attest_event *event = derive_event_at(d, k, pcr, i);
		bool seen = false;

		for (size_t j = 0; j < k; j++)
			seen = seen || same_digest(derive_event_at(d, j, pcr, i), event);
		if (!seen)
			json_add(list, json_string(event->digest), &d->ok);
	}
	if (json_array_size(list) == 1) {
		json_t *only = json_incref(json_array_get(list, 0));

		json_decref(list);
		return only;
	}
	return list;
}

static bool is_equal_at(const struct derivation *d, uint8_t pcr, size_t i)
{
	for (size_t k = 1; k < d->n; k++)
		if (!same_digest(derive_event_at(d, 0, pcr, i), derive_event_at(d, k, pcr, i)))
			return false;
	return true;
}

static bool is_tls_key_at(const struct derivation *d, uint8_t pcr, size_t i)
{
	for (size_t k = 0; k < d->n; k++)
		if (!is_tls_key(derive_event_at(d, k, pcr, i), pcr))
			return false;
	return true;
}

/* The event that holds the TLS key: the step `tls` compares it, and each start makes another. */
static json_t *tls_key_rule(struct derivation *d)
{
	json_t *rule = json_object(), *type = json_object();

	json_put_text(type, "type", "tls-key", &d->ok);
	json_put_text(rule, "name", "TLS key", &d->ok);
	json_put_text(rule, "comment", "each start makes another; the step tls compares it with the proof's", &d->ok);
	json_put(rule, "json", type, &d->ok);
	return rule;
}

/* The policy's matcher takes it only where nothing before it can cast doubt on it: at the front nothing can. */
static bool is_secure_boot(const struct attest_event *event, uint8_t pcr, size_t i)
{
	return pcr == PCR_SECURE_BOOT && i == 0 && event->proven && event->text != NULL &&
	       strcmp(event->text, "SecureBoot: enabled") == 0;
}

/* What stands at place `i` of every proof. */
static json_t *rule_at(struct derivation *d, uint8_t pcr, size_t i)
{
	const struct attest_event *event = derive_event_at(d, 0, pcr, i);
	bool equal = is_equal_at(d, pcr, i);
	json_t *rule;

	if (is_tls_key_at(d, pcr, i))
		return tls_key_rule(d);
	rule = json_object();
	if (equal && is_separator(event)) {
		json_put(rule, "separator", json_true(), &d->ok);
	} else if (equal && is_text(d, event)) {
		json_put_text(rule, "text", event->text, &d->ok);
	} else if (equal && is_secure_boot(event, pcr, i)) {
		json_put_text(rule, "secure_boot", "enabled", &d->ok);
	} else {
		json_put(rule, "name", text_of(event->text), &d->ok);
		json_put(rule, "digest", digests_at(d, pcr, i), &d->ok);
	}
	return rule;
}

/* "section name .linux", and the contents behind it. */
static bool is_section(struct derivation *d, uint8_t pcr, size_t i)
{
	for (size_t k = 0; k < d->n; k++) {
		const struct attest_event *name = derive_event_at(d, k, pcr, i);

		if (pcr != PCR_SYSTEMD || name == NULL || derive_event_at(d, k, pcr, i + 1) == NULL || !name->proven ||
		    name->text == NULL || strncmp(name->text, "section name .", 14) != 0)
			return false;
	}
	return is_equal_at(d, pcr, i) && !is_text(d, derive_event_at(d, 0, pcr, i));
}

static json_t *section_rule(struct derivation *d, uint8_t pcr, size_t i)
{
	json_t *rule = json_object();

	json_put_text(rule, "section", derive_event_at(d, 0, pcr, i)->text + strlen("section name "), &d->ok);
	json_put(rule, "digest", digests_at(d, pcr, i + 1), &d->ok);
	return rule;
}

static void add_rules(struct derivation *d, uint8_t pcr, json_t *rules, size_t begin, size_t end)
{
	for (size_t i = begin; i < end; i++) {
		bool section = i + 1 < end && is_section(d, pcr, i);

		json_add(rules, section ? section_rule(d, pcr, i) : rule_at(d, pcr, i), &d->ok);
		i += section;
	}
}

/* The digests that any history has between `front` and `end` from its end, as the keys of an object. */
static json_t *digests_between(struct derivation *d, uint8_t pcr, size_t front, size_t end)
{
	json_t *digests = json_object();

	for (size_t k = 0; k < d->n; k++)
		for (size_t i = front; i + end < d->sources[k].pcrs[pcr].n; i++)
			json_put(digests, derive_event_at(d, k, pcr, i)->digest, json_true(), &d->ok);
	return digests;
}

/*
 * Events that come and go between the front and the end: any of those that were seen there, any number of times. Such a
 * rule takes all that it fits, so the end begins behind the last of these.
 */
static void add_varying(struct derivation *d, uint8_t pcr, json_t *rules, size_t front)
{
	size_t end = common_end(d, pcr, front), n = d->sources[0].pcrs[pcr].n;
	json_t *rule = json_object(), *list = json_array(), *digests = digests_between(d, pcr, front, end);

	while (end > 0 && json_object_get(digests, derive_event_at(d, 0, pcr, n - end)->digest) != NULL)
		end--;
	for (void *i = json_object_iter(digests); i != NULL; i = json_object_iter_next(digests, i))
		json_add(list, json_string(json_object_iter_key(i)), &d->ok);
	json_decref(digests);
	json_put_text(rule, "name", "events that differ between the proofs", &d->ok);
	json_put_text(rule, "count", "any", &d->ok);
	json_put_text(
		rule, "comment",
		"their number and order differ: any of those that were seen there, also none; so any of them may be "
		"missing that all proofs have",
		&d->ok);
	json_put(rule, "digest", list, &d->ok);
	json_add(rules, rule, &d->ok);
	cut_out(d, pcr, front, end);
}

static json_t *rules_of(struct derivation *d, uint8_t pcr)
{
	json_t *rules = json_array();
	size_t begin = 0;

	if (!same_length(d, pcr)) {
		begin = derive_common_front(d, pcr);
		add_rules(d, pcr, rules, 0, begin);
		add_varying(d, pcr, rules, begin);
	}
	add_rules(d, pcr, rules, begin, d->sources[0].pcrs[pcr].n);
	return rules;
}

bool derive_rules(struct derivation *d, uint8_t pcr, const char *key, char ret_why[DERIVE_WHY])
{
	json_t *events = json_object(), *ruled = json_object();
	bool holds;

	json_put_text(ruled, "comment", pcr_meaning(pcr), &d->ok);
	json_put(ruled, "rules", rules_of(d, pcr), &d->ok);
	json_put(events, key, ruled, &d->ok);
	holds = derive_holds(d, "events", events, ret_why);
	if (holds && json_object_update(d->events, events) != 0)
		d->ok = false;
	json_decref(events);
	return holds;
}
