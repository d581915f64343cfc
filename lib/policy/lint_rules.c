/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint of the rules of a PCR: those that no event can reach, and those that no machine can satisfy.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/text.h"
#include "lint.h"

enum { MOST_VALUES_TRIED = 1024, MOST_EXTENSIONS = 1 << 16, MOST_COMPARED = 1 << 20 };

bool rule_takes_all(const json_t *rule)
{
	return json_object_get(rule, "anything") != NULL;
}

bool rule_is_needed(const json_t *rule)
{
	return strcmp(rule_count(rule), "once") == 0 || strcmp(rule_count(rule), "some") == 0;
}

bool rule_is_unlimited(const json_t *rule)
{
	return strcmp(rule_count(rule), "any") == 0 || strcmp(rule_count(rule), "some") == 0;
}

static void put_hash(struct lint *l, json_t *keys, struct slice bytes)
{
	char hex[HEX_SIZE(DIGEST_MAX)];
	struct digest digest;
	struct attest_error e = {0};

	if (digest_compute(l->reading->policy->bank, &bytes, 1, &digest, &e) != ATTEST_OK) {
		l->ok = false;
		return;
	}
	hex_encode(digest_slice(&digest), hex);
	json_put(keys, hex, json_null(), &l->ok);
}

/* As firmware and boot loaders measure a text: as it is, with a NUL, or as UTF-16 with its NUL. */
static void put_text_hashes(struct lint *l, json_t *keys, const char *text)
{
	size_t n = strlen(text);
	uint8_t *wide = calloc(n + 1, 2);

	if (wide == NULL) {
		l->ok = false;
		return;
	}
	for (size_t i = 0; i < n; i++)
		wide[2 * i] = (uint8_t)text[i];
	put_hash(l, keys, slice_of(text, n));
	put_hash(l, keys, slice_of(text, n + 1));
	put_hash(l, keys, slice_of(wide, 2 * n + 2));
	free(wide);
}

static json_t *text_keys(struct lint *l, const json_t *text)
{
	json_t *keys = json_object();

	if (json_is_string(text))
		put_text_hashes(l, keys, json_string_value(text));
	for (size_t i = 0; i < json_array_size(text); i++)
		put_text_hashes(l, keys, json_string_value(json_array_get(text, i)));
	return keys;
}

/* A matcher that no digest stands for, by its JSON. */
static json_t *json_keys(struct lint *l, const json_t *rule, const char *matcher)
{
	json_t *keys = json_object(), *bare = json_object();
	char *text;

	json_put(bare, matcher, json_incref(json_object_get(rule, matcher)), &l->ok);
	text = json_text(bare, JSON_SORT_KEYS | JSON_COMPACT);
	if (text == NULL)
		l->ok = false;
	else
		json_put(keys, text, json_null(), &l->ok);
	free(text);
	json_decref(bare);
	return keys;
}

json_t *rule_keys(struct lint *l, const json_t *release, const json_t *rule)
{
	static const char separator[4] = {0};
	const char *matcher = rule_matcher(rule);
	json_t *keys;

	if (strcmp(matcher, "digest") == 0 || strcmp(matcher, "set") == 0)
		return values_set(rule_values(l->reading->root, release, rule), l->reading->policy->bank);
	if (strcmp(matcher, "text") == 0)
		return text_keys(l, json_object_get(rule, "text"));
	if (strcmp(matcher, "separator") != 0)
		return json_keys(l, rule, matcher);
	keys = json_object();
	put_hash(l, keys, slice_of(separator, sizeof(separator)));
	return keys;
}

static bool has_all(const json_t *set, json_t *keys)
{
	const char *key;
	json_t *value;

	json_object_foreach (keys, key, value)
		if (json_object_get(set, key) == NULL)
			return false;
	return json_object_size(keys) > 0;
}

/* A walk over the rules of one PCR. */
struct walk {
	bool in_order;
	json_t *taken;  /* keys that an earlier rule takes, however often */
	bool takes_all; /* an earlier rule takes whatever comes */
	json_t *once;   /* keys of earlier rules for one event of one digest */
};

static void lint_reach(struct lint *l, const struct walk *walk, const json_t *rule, json_t *keys, const char *where)
{
	const char *key = json_object_iter_key(json_object_iter(keys));

	if (walk->takes_all || has_all(walk->taken, keys))
		lint_say(l, rule_is_needed(rule) ? LINT_RULE_IMPOSSIBLE : LINT_RULE_UNREACHABLE, where,
			 "an earlier rule takes all its events");
	else if (!walk->in_order && json_object_size(keys) == 1 && strcmp(rule_count(rule), "once") == 0 &&
		 json_object_get(walk->once, key) != NULL)
		lint_say(l, LINT_RULE_TWICE, where, "an earlier rule asks for the same event");
}

/* What the next rules meet. In order, only the rule just before is in the way, or one that takes all. */
static void walk_on(struct lint *l, struct walk *walk, const json_t *rule, json_t *keys)
{
	if (walk->in_order)
		(void)json_object_clear(walk->taken);
	if (rule_is_unlimited(rule)) {
		walk->takes_all = walk->takes_all || rule_takes_all(rule);
		l->ok = l->ok && json_object_update(walk->taken, keys) == 0;
	}
	if (json_object_size(keys) == 1 && strcmp(rule_count(rule), "once") == 0)
		l->ok = l->ok && json_object_update(walk->once, keys) == 0;
}

static void lint_matcher(struct lint *l, const json_t *rule, bool in_order, bool is_last, const char *where)
{
	const char *state = json_string_value(json_object_get(rule, "secure_boot"));
	json_t *digest = json_object_get(rule, "digest");
	char path[PATH_SIZE];

	if (digest != NULL) {
		(void)snprintf(path, sizeof(path), "%.140s.digest", where);
		lint_values(l, digest, path);
	}
	if (state != NULL && strcmp(state, "disabled") == 0 && rule_is_needed(rule))
		lint_say(l, LINT_SECURE_BOOT_OFF, where, "Secure Boot must be off");
	if (!rule_takes_all(rule))
		return;
	if (rule_is_unlimited(rule))
		lint_say(l, LINT_ANYTHING_ANY, where, "any number of events of any kind");
	else if (in_order && !is_last)
		lint_say(l, LINT_ANYTHING_IN_ORDER, where, "any event is taken at this place, before other rules");
}

static void lint_rule(struct lint *l, const json_t *release, struct walk *walk, const json_t *rule, const char *where)
{
	json_t *keys;

	l->n_compared += 1 + values_count(rule_values(l->reading->root, release, rule));
	if (l->n_compared > MOST_COMPARED)
		return;
	keys = rule_keys(l, release, rule);
	if (keys == NULL) {
		l->ok = false;
		return;
	}
	lint_reach(l, walk, rule, keys, where);
	walk_on(l, walk, rule, keys);
	json_decref(keys);
}

/* The same rules as policy_parse() has read them. */
static const struct ruled *parsed_rules(const struct lint *l, const json_t *release, unsigned pcr)
{
	const struct policy *policy = l->reading->policy;
	const json_t *releases = json_object_get(l->reading->root, "releases");

	for (size_t i = 0; release != NULL && i < policy->n_releases; i++)
		if (json_array_get(releases, i) == release)
			return policy->releases[i].ruled[pcr];
	return policy->ruled[pcr];
}

void lint_rules(struct lint *l, const json_t *release, unsigned pcr, const json_t *ruled, const char *where)
{
	const json_t *rules = ruled_rules(ruled);
	const char *order = json_string_value(json_object_get(ruled, "order"));
	struct walk walk = {order == NULL || strcmp(order, "any") != 0, json_object(), false, json_object()};
	const struct ruled *parsed = parsed_rules(l, release, pcr);
	size_t n = parsed->n;
	bool nothing = n > 0 && !rules_say_something(rules);
	char path[PATH_SIZE];

	if (n == 0)
		lint_say(l, LINT_EMPTY_RULES, where, "PCR %u (%s) may have no event", pcr, pcr_meaning((uint8_t)pcr));
	else if (nothing)
		lint_say(l, LINT_ONLY_ANYTHING, where, "the rules of PCR %u take anything", pcr);
	l->ok = l->ok && walk.taken != NULL && walk.once != NULL;
	for (size_t i = 0; l->ok && i < n; i++) {
		const json_t *rule = json_array_get(rules, i);

		(void)snprintf(path, sizeof(path), "%.100s.rules[%zu]", where, i);
		lint_rule(l, release, &walk, rule, path);
		if (parsed->rules[i].kind == RULE_CMDLINE)
			lint_cmdline(l, &parsed->rules[i], path);
		if (!nothing)
			lint_matcher(l, rule, walk.in_order, i + 1 == n, path);
	}
	json_decref(walk.taken);
	json_decref(walk.once);
}

/* The values, as keys, that a PCR may have after one more event. NULL without memory. */
static json_t *extended(struct lint *l, json_t *values, json_t *events, struct hasher *hasher)
{
	json_t *next = json_object(), *ignored, *also_ignored;
	struct digest digest = {.alg = l->reading->policy->bank, .size = digest_size(l->reading->policy->bank)};
	char hex[HEX_SIZE(DIGEST_MAX)];
	const char *value, *event;
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct slice bytes = {NULL, 0}, extension = {NULL, 0};

	json_object_foreach (values, value, ignored)
		json_object_foreach (events, event, also_ignored) {
			if (hex_decode(&arena, slice_of_string(value), &bytes, &e) != ATTEST_OK ||
			    hex_decode(&arena, slice_of_string(event), &extension, &e) != ATTEST_OK)
				break;
			memcpy(digest.bytes, bytes.data, digest.size);
			if (digest_extend(hasher, &digest, extension, &e) != ATTEST_OK)
				break;
			hex_encode(digest_slice(&digest), hex);
			json_put(next, hex, json_null(), &l->ok);
		}
	arena_free(&arena);
	if (e.status != ATTEST_OK)
		l->ok = false;
	if (l->ok)
		return next;
	json_decref(next);
	return NULL;
}

static bool is_ascii(const json_t *text)
{
	const char *at = json_is_string(text) ? json_string_value(text) : "";

	while (*at > 0)
		at++;
	for (size_t i = 0; i < json_array_size(text) && *at == '\0'; i++)
		for (at = json_string_value(json_array_get(text, i)); *at > 0;)
			at++;
	return *at == '\0';
}

/* The rule's event has one of these digests and comes once: what it gives can be computed. */
static bool is_computable(const json_t *rule)
{
	const char *matcher = rule_matcher(rule);

	return !rule_is_unlimited(rule) && is_ascii(json_object_get(rule, "text")) &&
	       (strcmp(matcher, "digest") == 0 || strcmp(matcher, "set") == 0 || strcmp(matcher, "text") == 0 ||
		strcmp(matcher, "separator") == 0);
}

/* All values that events may give that the rules take; NULL where that is not known, or they are very many. */
static json_t *possible_values(struct lint *l, const json_t *release, const json_t *rules, struct hasher *hasher)
{
	char zeros[HEX_SIZE(DIGEST_MAX)];
	json_t *values = json_object();
	size_t n_extensions = 0;

	(void)snprintf(zeros, sizeof(zeros), "%0*d", 2 * digest_size(l->reading->policy->bank), 0);
	json_put(values, zeros, json_null(), &l->ok);
	for (size_t i = 0; values != NULL && i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);
		json_t *keys = is_computable(rule) ? rule_keys(l, release, rule) : NULL, *next = NULL;

		n_extensions += json_object_size(values) * json_object_size(keys);
		if (keys != NULL && json_object_size(values) * json_object_size(keys) <= MOST_VALUES_TRIED &&
		    n_extensions <= MOST_EXTENSIONS)
			next = extended(l, values, keys, hasher);
		if (next != NULL && !rule_is_needed(rule))
			l->ok = l->ok && json_object_update(next, values) == 0;
		json_decref(keys);
		json_decref(values);
		values = next;
	}
	return values;
}

static bool is_any_needed(const json_t *rules)
{
	for (size_t i = 0; i < json_array_size(rules); i++)
		if (rule_is_needed(json_array_get(rules, i)))
			return true;
	return false;
}

void lint_pin_and_rules(struct lint *l, const json_t *release, unsigned pcr, json_t *pin, const json_t *ruled,
			const char *where)
{
	const json_t *rules = ruled_rules(ruled);
	const char *order = json_string_value(json_object_get(ruled, "order")), *reason, *value;
	bool in_order = order == NULL || strcmp(order, "any") != 0 || json_array_size(rules) < 2, meet = false;
	json_t *set, *possible, *ignored;
	struct hasher hasher = {{NULL}};

	/* PCR 0 may begin at its locality, and those of a dynamic launch at all ones. */
	if (pin == NULL || ruled == NULL || pin_is_ignored(pin, &reason) || pcr == 0 || (pcr >= 17 && pcr <= 22))
		return;
	set = values_set(pin, l->reading->policy->bank);
	possible = in_order ? possible_values(l, release, rules, &hasher) : NULL;
	json_object_foreach (possible, value, ignored)
		meet = meet || json_object_get(set, value) != NULL;
	if (l->ok && ((possible != NULL && !meet) || (!values_say_something(pin) && is_any_needed(rules))))
		lint_say(l, LINT_PIN_CONTRADICTS_RULES, where, "PCR %u is pinned and has rules, and both cannot hold",
			 pcr);
	hasher_free(&hasher);
	json_decref(set);
	json_decref(possible);
}
