/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest_policy_show(): a policy in words, for somebody who has never seen one. First what it comes to, in a few lines,
 * then all that it says, and what it says nothing of.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "summary.h"
#include "words.h"

enum { VALUES_SHOWN = 8, COMMENT_SHOWN = 1000, NAMES_SHOWN = 20, FEW_PCRS = 16 };

static void show_comment(struct words *w, const json_t *object, size_t indent)
{
	const char *comment = json_string_value(json_object_get(object, "comment"));

	if (comment == NULL)
		return;
	say_text(w, comment, COMMENT_SHOWN);
	say_end(w, indent);
}

static void show_values(struct words *w, json_t *values, size_t indent)
{
	struct values v = {values, 0, NULL};
	const char *name, *hex;
	size_t n = values_count(values);

	for (size_t i = 0; i < VALUES_SHOWN && values_next(&v, &name, &hex); i++) {
		say(w, strcmp(hex, "zero") == 0 ? "all zeros: nothing was measured there" : "%.128s", hex);
		if (name != NULL) {
			say(w, " ");
			say_quoted(w, name);
		}
		say_end(w, indent);
	}
	if (n > VALUES_SHOWN) {
		say(w, "and %zu others", n - VALUES_SHOWN);
		say_end(w, indent);
	}
}

static void show_pin(struct words *w, unsigned pcr, json_t *pin, size_t indent)
{
	const char *reason;
	size_t n = values_count(pin);

	say_pcr(w, pcr);
	if (pin_is_ignored(pin, &reason)) {
		say(w, ": ignored%s", reason == NULL ? ", no reason given" : ", because: ");
		say_text(w, reason == NULL ? "" : reason, COMMENT_SHOWN);
		say_end(w, indent);
		return;
	}
	say(w, n == 1 ? ": exactly this value" : ": one of these %zu values", n);
	say_end(w, indent);
	show_values(w, pin, indent + 4);
}

static void show_rule(struct words *w, const json_t *rule, size_t number, size_t indent)
{
	const char *name = json_string_value(json_object_get(rule, "name"));

	say(w, "%zu. ", number);
	if (name != NULL) {
		say_quoted(w, name);
		say(w, ": ");
	}
	say(w, "%s: ", count_words(rule));
	say_matcher(w, rule);
	say_end(w, indent);
	show_comment(w, rule, indent + 4);
}

static void show_ruled(struct words *w, unsigned pcr, const json_t *ruled, size_t indent)
{
	const json_t *rules = ruled_rules(ruled);
	const char *order = json_string_value(json_object_get(ruled, "order"));
	size_t n = json_array_size(rules);

	say_pcr(w, pcr);
	if (n == 0)
		say(w, ": no event at all, and its initial value");
	else
		say(w, ": exactly these events, %s, and no other",
		    order != NULL && strcmp(order, "any") == 0 ? "in any order" : "in this order");
	say_end(w, indent);
	show_comment(w, ruled, indent + 4);
	for (size_t i = 0; i < n; i++)
		show_rule(w, json_array_get(rules, i), i, indent + 2);
}

static void show_pcrs(struct words *w, const json_t *scope, size_t indent)
{
	for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
		json_t *pin = scope_pcr(scope, "pcrs", pcr), *ruled = scope_pcr(scope, "events", pcr);

		if (pin != NULL)
			show_pin(w, pcr, pin, indent);
		if (ruled != NULL)
			show_ruled(w, pcr, ruled, indent);
	}
}

static void show_sets(struct words *w, const json_t *scope, size_t indent)
{
	const char *name;
	json_t *values;

	json_object_foreach (json_object_get(scope, "sets"), name, values) {
		say(w, "Set ");
		say_quoted(w, name);
		say(w, ": %zu digest%s", values_count(values), values_count(values) == 1 ? "" : "s");
		say_end(w, indent);
		show_values(w, values, indent + 4);
	}
}

static void show_containers(struct words *w, const json_t *scope, size_t indent)
{
	json_t *containers = json_object_get(scope, "containers"), *id;
	const char *disk = json_string_value(json_object_get(scope, "application_disk_roothash")), *image;
	size_t n = 0;

	if (disk != NULL) {
		say(w, "Application disk (proven by PCR 15): root hash %.64s", disk);
		say_end(w, indent);
	}
	if (containers == NULL)
		return;
	say(w, "Container images (measured in PCR 14): at least one, and only these");
	say_end(w, indent);
	json_object_foreach (containers, image, id) {
		if (n++ >= NAMES_SHOWN)
			continue;
		say_quoted(w, image);
		say(w, " with the id ");
		say_text(w, json_string_value(id), 200);
		say_end(w, indent + 4);
	}
	if (n > NAMES_SHOWN) {
		say(w, "and %zu others", n - NAMES_SHOWN);
		say_end(w, indent + 4);
	}
}

static void show_ima(struct words *w, const json_t *scope, size_t indent)
{
	json_t *ima = json_object_get(scope, "ima"), *files = json_object_get(ima, "files"), *digests;
	json_t *pcr = json_object_get(ima, "pcr"), *keyrings = json_object_get(ima, "keyrings");
	const char *aggregate = json_string_value(json_object_get(ima, "boot_aggregate")), *path;
	size_t n_digests = 0;

	if (ima == NULL)
		return;
	json_object_foreach (files, path, digests)
		n_digests += values_count(digests);
	say_pcr(w, pcr == NULL ? 10 : (unsigned)json_integer_value(pcr) % LIMIT_PCRS);
	say(w, ": what Linux IMA measured is only files of a list of %zu (%zu digests)", json_object_size(files),
	    n_digests);
	if (json_object_size(keyrings) > 0)
		say(w, " and keys of %zu keyring%s", json_object_size(keyrings),
		    json_object_size(keyrings) == 1 ? "" : "s");
	say(w, "; the boot aggregate is %s",
	    aggregate != NULL && strcmp(aggregate, "optional") == 0 ? "optional" : "required");
	say_end(w, indent);
	show_comment(w, ima, indent + 4);
	if (json_array_size(json_object_get(ima, "exclude")) > 0) {
		say(w, "except these paths, whose contents may be anything%s: ",
		    json_object_get(ima, "violations") != NULL &&
				    strcmp(json_string_value(json_object_get(ima, "violations")), "excluded") == 0
			    ? " and unknown (violations)"
			    : "");
		say_list(w, json_object_get(ima, "exclude"), " and ");
		say_end(w, indent + 4);
	}
}

static void show_scope(struct words *w, const json_t *scope, size_t indent)
{
	show_pcrs(w, scope, indent);
	show_ima(w, scope, indent);
	show_containers(w, scope, indent);
	show_sets(w, scope, indent);
}

static void show_releases(struct words *w, const json_t *root)
{
	const json_t *releases = json_object_get(root, "releases");
	size_t n = json_array_size(releases);

	if (n == 0)
		return;
	say_end(w, 0);
	say(w, n == 1 ? "And this release whole" : "And one of these %zu releases whole, never a mixture", n);
	say_end(w, 0);
	for (size_t i = 0; i < n; i++) {
		const json_t *release = json_array_get(releases, i);
		const char *until = json_string_value(json_object_get(release, "until"));

		say(w, "Release ");
		say_quoted(w, json_string_value(json_object_get(release, "name")));
		if (until != NULL) {
			say(w, ", until ");
			say_text(w, until, 40);
		}
		say_end(w, 2);
		show_comment(w, release, 4);
		show_scope(w, release, 4);
	}
}

static bool is_unsaid(const json_t *root, unsigned pcr)
{
	const json_t *releases = json_object_get(root, "releases");
	bool unsaid = !scope_says(root, pcr);

	for (size_t i = 0; i < json_array_size(releases); i++)
		unsaid = unsaid && !scope_says(json_array_get(releases, i), pcr);
	return unsaid;
}

static void show_unsaid(struct words *w, const json_t *root)
{
	bool any = false;

	for (unsigned pcr = 0; pcr < FEW_PCRS; pcr++) {
		if (!is_unsaid(root, pcr))
			continue;
		if (!any) {
			say_end(w, 0);
			say(w, "Nothing is said of these: they may have any value");
			say_end(w, 0);
		}
		any = true;
		say_pcr(w, pcr);
		say_end(w, 2);
	}
}

static void show_origin(struct words *w, const json_t *root)
{
	json_t *origin = json_object_get(root, "origin"), *value;
	const char *key;

	if (origin == NULL)
		return;
	say_end(w, 0);
	say(w, "Where it came from, as it says itself");
	say_end(w, 0);
	json_object_foreach (origin, key, value) {
		say_text(w, key, 60);
		say(w, ": ");
		if (json_is_string(value))
			say_text(w, json_string_value(value), 400);
		else
			say_json(w, value, 400);
		say_end(w, 2);
	}
}

static void show_policy(struct words *w, const struct reading *reading)
{
	say(w, "Policy \"%s\"", reading_name(reading));
	say_end(w, 0);
	show_comment(w, reading->root, 2);
	summarize(w, reading->root);
	say_end(w, 0);
	say(w, "All of this must hold (PCR values and digests of the bank %s)", digest_name(reading->policy->bank));
	say_end(w, 0);
	show_scope(w, reading->root, 2);
	show_requirements(w, reading->root);
	show_releases(w, reading->root);
	show_unsaid(w, reading->root);
	show_origin(w, reading->root);
}

attest_status attest_policy_show(const struct attest_document *policy, char **ret_text, struct attest_error *error)
{
	struct attest_error e = {0};
	struct reading reading = {NULL, NULL, NULL};
	struct words words = {NULL, 0, 0, 0, false};
	attest_status status = reading_open(policy, &reading, &e);
	char *text;

	if (status == ATTEST_OK) {
		show_policy(&words, &reading);
		text = words_take(&words);
		if (text != NULL)
			*ret_text = text;
		else
			status = fail_memory(&e);
	}
	reading_close(&reading);
	if (error != NULL)
		*error = e;
	return status;
}
