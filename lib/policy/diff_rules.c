/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff of the rules of a PCR, and of IMA's list. Rules that say the same are found wherever they stand; of the others,
 * those of one name are one that was changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/text.h"
#include "diff.h"
#include "lint.h"

enum { NOT_FOUND = -1, MOST_OVERLAPS = 1 << 20 };

/* The rules of both, and for each of b which of a it is. */
struct match {
	const struct side *a, *b;
	const json_t *of_a, *of_b;
	json_t *partner; /* array: for each rule of b the index in a, or -1 */
	json_t *taken;   /* object: indices in a that have a partner, as text */
};

/* Members of which one value is as good as a list of it, and whose order means nothing. */
static const char *const sets[] = {"text", "is", "words", "not_words", "sha256", "certificate", "variable"};

/* The strings as keys of an object; digests in lower case. */
static json_t *string_set(struct diff *d, const char *member, json_t *strings)
{
	struct values v = {strings, 0, NULL};
	const char *name, *text;
	json_t *set;

	if (strcmp(member, "sha256") == 0 || strcmp(member, "certificate") == 0)
		return values_set(strings, ALG_SHA256);
	set = json_object();
	while (values_next(&v, &name, &text))
		json_put(set, text, json_null(), &d->ok);
	return set;
}

static void write_as_sets(struct diff *d, json_t *object)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		json_t *value = json_object_get(object, sets[i]);

		if (json_is_string(value) || json_is_array(value))
			json_put(object, sets[i], string_set(d, sets[i], value), &d->ok);
	}
}

/* The matchers whose values are objects, in copies of their own. */
static void write_matcher_as_sets(struct diff *d, json_t *bare)
{
	static const char *const matchers[] = {"cmdline", "variable", "authority"};

	write_as_sets(d, bare);
	for (size_t i = 0; i < sizeof(matchers) / sizeof(matchers[0]); i++) {
		json_t *value = json_object_get(bare, matchers[i]), *copy;

		if (!json_is_object(value))
			continue;
		copy = json_shallow(value);
		write_as_sets(d, copy);
		json_put(bare, matchers[i], copy, &d->ok);
	}
}

/* What stands for a set of digests, however it is written: a hash. */
static json_t *print_of(struct diff *d, const struct side *side, json_t *values)
{
	json_t *set = values_set(values, side->reading->policy->bank), *name;
	uint8_t hash[32] = {0};
	struct attest_error e = {0};
	char print[HEX_SIZE(32)], *text;
	const char *hex;

	json_object_foreach (set, hex, name)
		(void)json_object_set_new(set, hex, json_null());
	text = set == NULL ? NULL : json_text(set, JSON_SORT_KEYS | JSON_COMPACT);
	if (text == NULL || digest_sha256(slice_of_string(text), hash, &e) != ATTEST_OK)
		d->ok = false;
	hex_encode(slice_of(hash, sizeof(hash)), print);
	free(text);
	json_decref(set);
	return json_string(print);
}

/* That of a rule: a set that many rules name is looked at once. */
static json_t *print_of_rule(struct diff *d, const struct side *side, const json_t *rule)
{
	const char *name = json_string_value(json_object_get(rule, "set"));
	json_t *values = rule_values(side->root, side->scope, rule), *print;

	if (name == NULL)
		return print_of(d, side, values);
	print = json_object_get(side->prints, name);
	if (print == NULL) {
		json_put(side->prints, name, print_of(d, side, values), &d->ok);
		print = json_object_get(side->prints, name);
	}
	return json_incref(print);
}

/* What a rule says, whatever it is called and however its digests are written. */
static char *meaning(struct diff *d, const struct side *side, const json_t *rule)
{
	static const char *const dropped[] = {"name", "comment", "set"};
	json_t *bare = json_shallow(rule);
	char *text = NULL;

	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
		(void)json_object_del(bare, dropped[i]);
	if (strcmp(rule_count(rule), "once") == 0)
		(void)json_object_del(bare, "count");
	if (rule_values(side->root, side->scope, rule) != NULL)
		json_put(bare, "digest", print_of_rule(d, side, rule), &d->ok);
	write_matcher_as_sets(d, bare);
	if (bare != NULL && d->ok)
		text = json_text(bare, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(bare);
	if (text == NULL)
		d->ok = false;
	return text;
}

static char *name_of(struct diff *d, const struct side *side, const json_t *rule)
{
	const char *name = json_string_value(json_object_get(rule, "name"));
	char *copy = name == NULL ? NULL : strdup(name);

	(void)side;
	if (name != NULL && copy == NULL)
		d->ok = false;
	return copy;
}

typedef char *(*key_fn)(struct diff *d, const struct side *side, const json_t *rule);

static bool is_taken(const struct match *m, size_t i)
{
	char key[24];

	(void)snprintf(key, sizeof(key), "%zu", i);
	return json_object_get(m->taken, key) != NULL;
}

/* By this key, the rules of a that have no partner: key to indices, in order. */
static json_t *index_rules(struct diff *d, const struct match *m, key_fn key_of)
{
	json_t *index = json_object();

	for (size_t i = 0; d->ok && i < json_array_size(m->of_a); i++) {
		char *key = is_taken(m, i) ? NULL : key_of(d, m->a, json_array_get(m->of_a, i));

		if (key != NULL && json_object_get(index, key) == NULL)
			json_put(index, key, json_array(), &d->ok);
		if (key != NULL)
			json_add(json_object_get(index, key), json_integer((json_int_t)i), &d->ok);
		free(key);
	}
	return index;
}

static void pair(struct diff *d, struct match *m, key_fn key_of)
{
	json_t *index = index_rules(d, m, key_of), *next = json_object();

	for (size_t i = 0; d->ok && i < json_array_size(m->of_b); i++) {
		bool free_rule = json_integer_value(json_array_get(m->partner, i)) == NOT_FOUND;
		char *key = free_rule ? key_of(d, m->b, json_array_get(m->of_b, i)) : NULL, number[24];
		json_t *list = key == NULL ? NULL : json_object_get(index, key);
		size_t at = key == NULL ? 0 : (size_t)json_integer_value(json_object_get(next, key));

		if (list != NULL && at < json_array_size(list)) {
			json_int_t found = json_integer_value(json_array_get(list, at));

			(void)snprintf(number, sizeof(number), "%lld", (long long)found);
			json_put(m->taken, number, json_true(), &d->ok);
			json_put(next, key, json_integer((json_int_t)at + 1), &d->ok);
			d->ok = d->ok && json_array_set_new(m->partner, i, json_integer(found)) == 0;
		}
		free(key);
	}
	json_decref(index);
	json_decref(next);
}

static void add_rule(struct diff *d, bool is_b, const json_t *rule)
{
	struct words w = {NULL, 0, 0, 0, false};
	char *text;

	say(&w, "%s: ", count_words(rule));
	say_matcher(&w, rule);
	text = words_take(&w);
	diff_added(d, is_b, text);
	free(text);
}

static void say_rule_of(struct diff *d, unsigned pcr, const json_t *rule, size_t number)
{
	say_pcr(&d->words, pcr);
	say(&d->words, ", ");
	say_rule_name(&d->words, rule, number);
}

/* The two differ in nothing but their digests. */
static bool differ_in_digests(struct diff *d, const struct match *m, const json_t *a, const json_t *b)
{
	json_t *bare_a = json_shallow(a), *bare_b = json_shallow(b);
	struct side none_a = *m->a, none_b = *m->b;
	char *of_a, *of_b;
	bool equal;

	(void)json_object_del(bare_a, "digest");
	(void)json_object_del(bare_a, "set");
	(void)json_object_del(bare_b, "digest");
	(void)json_object_del(bare_b, "set");
	of_a = meaning(d, &none_a, bare_a);
	of_b = meaning(d, &none_b, bare_b);
	equal = of_a != NULL && of_b != NULL && strcmp(of_a, of_b) == 0;
	free(of_a);
	free(of_b);
	json_decref(bare_a);
	json_decref(bare_b);
	return equal;
}

static json_t *keys_of(struct diff *d, const struct side *side, const json_t *rule)
{
	struct lint l = {.reading = side->reading, .ok = true};
	json_t *keys = rule_keys(&l, side->scope, rule);

	d->ok = d->ok && l.ok && keys != NULL;
	return keys;
}

static bool keys_meet(json_t *keys, const json_t *others)
{
	const char *key;
	json_t *value;

	json_object_foreach (keys, key, value)
		if (json_object_get(others, key) != NULL)
			return true;
	return false;
}

/*
 * Another rule of this side takes some of these events: what one of the two takes more or less, the other lacks or is
 * given, so that neither more nor less is accepted. Where that takes too long to find out, they are said to meet.
 */
static bool meets_others(struct diff *d, const struct side *side, const json_t *rules, size_t except, json_t *keys)
{
	bool meet = false;

	for (size_t i = 0; d->ok && !meet && i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);
		json_t *others;

		if (i == except)
			continue;
		d->n_compared += 1 + json_object_size(keys) + values_count(rule_values(side->root, side->scope, rule));
		if (rule_takes_all(rule) || d->n_compared > MOST_OVERLAPS)
			return true;
		others = keys_of(d, side, rule);
		meet = keys_meet(keys, others);
		json_decref(others);
	}
	return meet;
}

/* The digests that a rule of this side takes and its partner does not. */
static bool is_moved(struct diff *d, const struct match *m, size_t i, size_t k, bool more)
{
	const struct side *from = more ? m->b : m->a;
	const json_t *rules = more ? m->of_b : m->of_a;
	json_t *keys = keys_of(d, from, json_array_get(rules, more ? k : i)), *name;
	json_t *kept = keys_of(d, more ? m->a : m->b, json_array_get(more ? m->of_a : m->of_b, more ? i : k));
	const char *key;
	bool moved;

	json_object_foreach (kept, key, name)
		(void)json_object_del(keys, key);
	moved = meets_others(d, from, rules, more ? k : i, keys);
	json_decref(keys);
	json_decref(kept);
	return moved;
}

static void diff_rule(struct diff *d, const struct match *m, unsigned pcr, size_t i, size_t k, const char *path)
{
	const json_t *a = json_array_get(m->of_a, i), *b = json_array_get(m->of_b, k);
	json_t *values_a = rule_values(m->a->root, m->a->scope, a), *values_b = rule_values(m->b->root, m->b->scope, b);
	enum effect effect = OTHERWISE;

	if (diff_is_full(d))
		return;
	if (values_a != NULL && values_b != NULL && differ_in_digests(d, m, a, b)) {
		effect = diff_values(d, values_a, values_b, m->a->reading->policy->bank);
		if (effect == SAME)
			return;
		say_rule_of(d, pcr, b, k);
		say(&d->words, effect == MORE   ? " takes more digests"
			       : effect == LESS ? " takes fewer digests"
						: " takes other digests");
		if (effect != OTHERWISE && is_moved(d, m, i, k, effect == MORE))
			effect = OTHERWISE;
	} else {
		say_rule_of(d, pcr, b, k);
		say(&d->words, " is another");
		add_rule(d, false, a);
		add_rule(d, true, b);
	}
	diff_add(d, effect, path);
}

/* A rule that only one of them has. What need not be there makes room for events, if no other rule takes them. */
static void diff_lone_rule(struct diff *d, const struct match *m, bool is_b, unsigned pcr, size_t number,
			   const char *path)
{
	const struct side *side = is_b ? m->b : m->a;
	const json_t *rules = is_b ? m->of_b : m->of_a, *rule = json_array_get(rules, number);
	bool otherwise = rule_is_needed(rule);

	if (diff_is_full(d))
		return;
	if (!otherwise && rule_takes_all(rule)) {
		otherwise = json_array_size(rules) > 1;
	} else if (!otherwise) {
		json_t *keys = keys_of(d, side, rule);

		otherwise = meets_others(d, side, rules, number, keys);
		json_decref(keys);
	}
	say_rule_of(d, pcr, rule, number);
	say(&d->words, is_b ? " is new" : " is gone");
	add_rule(d, is_b, rule);
	diff_add(d, otherwise ? OTHERWISE : is_b ? MORE : LESS, path);
}

static bool lists_order(const json_t *ruled)
{
	const char *order = json_string_value(json_object_get(ruled, "order"));

	return order == NULL || strcmp(order, "any") != 0;
}

static void diff_order(struct diff *d, const struct match *m, unsigned pcr, bool in_order_a, bool in_order_b,
		       const char *path)
{
	json_int_t last = -1;
	bool moved = false;

	for (size_t i = 0; i < json_array_size(m->partner); i++) {
		json_int_t at = json_integer_value(json_array_get(m->partner, i));

		if (at == NOT_FOUND)
			continue;
		moved = moved || at < last;
		last = at;
	}
	if (in_order_a != in_order_b) {
		say_pcr(&d->words, pcr);
		say(&d->words, in_order_b ? ": its events must come in the order of the rules now"
					  : ": its events may come in any order now");
		diff_add(d, OTHERWISE, path);
	} else if (moved) {
		say_pcr(&d->words, pcr);
		say(&d->words,
		    in_order_a ? ": its events must come in another order" : ": its rules are tried in another order");
		diff_add(d, OTHERWISE, path);
	}
}

static void diff_matched(struct diff *d, const struct match *m, unsigned pcr, const char *path)
{
	char at[PATH_SIZE];

	for (size_t i = 0; i < json_array_size(m->of_a); i++) {
		(void)snprintf(at, sizeof(at), "%.100s.rules[%zu]", path, i);
		if (!is_taken(m, i))
			diff_lone_rule(d, m, false, pcr, i, at);
	}
	for (size_t k = 0; k < json_array_size(m->of_b); k++) {
		json_int_t i = json_integer_value(json_array_get(m->partner, k));

		(void)snprintf(at, sizeof(at), "%.100s.rules[%zu]", path, k);
		if (i == NOT_FOUND)
			diff_lone_rule(d, m, true, pcr, k, at);
	}
}

void diff_rules(struct diff *d, const struct side *a, const struct side *b, unsigned pcr, const char *path)
{
	const json_t *ruled_a = scope_pcr(a->scope, "events", pcr), *ruled_b = scope_pcr(b->scope, "events", pcr);
	struct side side_a = *a, side_b = *b;
	struct match m = {&side_a, &side_b, ruled_rules(ruled_a), ruled_rules(ruled_b), json_array(), json_object()};
	json_t *equal;
	char at[PATH_SIZE];

	side_a.prints = json_object();
	side_b.prints = json_object();
	for (size_t i = 0; i < json_array_size(m.of_b); i++)
		json_add(m.partner, json_integer(NOT_FOUND), &d->ok);
	pair(d, &m, meaning);
	equal = json_shallow(m.partner);
	pair(d, &m, name_of);
	d->ok = d->ok && equal != NULL && m.taken != NULL;
	if (d->ok) {
		diff_order(d, &m, pcr, lists_order(ruled_a), lists_order(ruled_b), path);
		diff_matched(d, &m, pcr, path);
	}
	for (size_t k = 0; d->ok && k < json_array_size(m.of_b); k++) {
		json_int_t i = json_integer_value(json_array_get(m.partner, k));

		(void)snprintf(at, sizeof(at), "%.100s.rules[%zu]", path, k);
		if (i != NOT_FOUND && i != json_integer_value(json_array_get(equal, k)))
			diff_rule(d, &m, pcr, (size_t)i, k, at);
	}
	json_decref(side_a.prints);
	json_decref(side_b.prints);
	json_decref(m.partner);
	json_decref(m.taken);
	json_decref(equal);
}
