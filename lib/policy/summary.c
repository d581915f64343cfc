/* SPDX-License-Identifier: Apache-2.0 */
#include "summary.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_SHOWN = 3, LINE_SHOWN = 400 };

/* The root of a policy with one of its releases, or none: what holds together. */
struct scopes {
	const json_t *scope[2];
};

bool scope_says(const json_t *scope, unsigned pcr)
{
	const json_t *ima = json_object_get(scope, "ima"), *of_ima = json_object_get(ima, "pcr");

	return scope_pcr(scope, "pcrs", pcr) != NULL || scope_pcr(scope, "events", pcr) != NULL ||
	       (ima != NULL && pcr == (of_ima == NULL ? 10 : (unsigned)json_integer_value(of_ima))) ||
	       (pcr == 15 && json_object_get(scope, "application_disk_roothash") != NULL) ||
	       (pcr == 14 && json_object_get(scope, "containers") != NULL);
}

/* "2 known values", or their names. */
static void say_known_values(struct words *w, json_t *pin)
{
	struct values v = {pin, 0, NULL};
	size_t n = values_count(pin);
	const char *name, *hex;

	if (!values_say_something(pin)) {
		say(w, "empty");
		return;
	}
	if (!json_is_object(pin)) {
		say(w, n == 1 ? "the one known value" : "one of %zu known values", n);
		return;
	}
	for (size_t i = 0; i < NAMES_SHOWN && values_next(&v, &name, &hex); i++) {
		say(w, "%s", i == 0 ? "" : i + 1 == n ? " or " : ", ");
		say_quoted(w, name);
	}
	if (n > NAMES_SHOWN)
		say(w, " or %zu others", n - NAMES_SHOWN);
}

/* One of PCRs that are fixed; `*first` is cleared. */
static void say_fixed(struct words *w, const struct scopes *scopes, unsigned pcr, bool *first)
{
	const char *reason;

	for (size_t i = 0; i < 2; i++) {
		json_t *pin = scope_pcr(scopes->scope[i], "pcrs", pcr),
		       *ruled = scope_pcr(scopes->scope[i], "events", pcr);

		if (pin != NULL && !pin_is_ignored(pin, &reason)) {
			say(w, "%s%s: ", *first ? "" : "; ", pcr_meaning((uint8_t)pcr));
			say_known_values(w, pin);
			say(w, " (PCR %u)", pcr);
			*first = false;
		}
		if (ruled != NULL) {
			size_t n = json_array_size(ruled_rules(ruled));

			say(w, "%s%s: ", *first ? "" : "; ", pcr_meaning((uint8_t)pcr));
			say(w, n == 0 ? "no event" : n == 1 ? "the event of 1 rule" : "the events of %zu rules", n);
			say(w, " (PCR %u)", pcr);
			*first = false;
		}
	}
}

static void say_boots(struct words *w, const struct scopes *scopes)
{
	static const unsigned kernel[] = {4, 11, 9};
	bool first = true;

	for (size_t i = 0; i < sizeof(kernel) / sizeof(kernel[0]); i++)
		say_fixed(w, scopes, kernel[i], &first);
	if (first)
		say(w, "NOTHING IS SAID of boot loader, kernel and initrd (PCR 4, 9, 11)");
}

/* The first rule with such a matcher; NULL where there is none. */
static const json_t *find_rule(const struct scopes *scopes, const char *matcher, unsigned *ret_pcr)
{
	for (size_t i = 0; i < 2; i++)
		for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
			const json_t *rules = ruled_rules(scope_pcr(scopes->scope[i], "events", pcr));

			for (size_t k = 0; k < json_array_size(rules); k++) {
				const json_t *rule = json_array_get(rules, k);

				*ret_pcr = pcr;
				if (json_object_get(rule, matcher) != NULL)
					return rule;
			}
		}
	return NULL;
}

static bool is_fixed(const struct scopes *scopes, unsigned pcr)
{
	const char *reason;

	for (size_t i = 0; i < 2; i++) {
		json_t *pin = scope_pcr(scopes->scope[i], "pcrs", pcr);

		if (scope_pcr(scopes->scope[i], "events", pcr) != NULL ||
		    (pin != NULL && !pin_is_ignored(pin, &reason)))
			return true;
	}
	return false;
}

static void say_command_line(struct words *w, const struct scopes *scopes)
{
	static const unsigned places[] = {12, 8, 9, 11};
	unsigned pcr = 0;
	const json_t *rule = find_rule(scopes, "cmdline", &pcr);
	bool first = true;

	if (rule != NULL) {
		say_matcher(w, rule);
		say(w, " (PCR %u)", pcr);
		return;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (is_fixed(scopes, places[i])) {
			say(w, "%sPCR %u", first ? "as far as it was measured into " : ", ", places[i]);
			first = false;
		}
	if (first)
		say(w, "NOTHING IS SAID of it (PCR 8, 9, 11, 12)");
}

static void say_secure_boot(struct words *w, const struct scopes *scopes)
{
	unsigned pcr = 0;
	const json_t *rule = find_rule(scopes, "secure_boot", &pcr);
	const char *state = json_string_value(json_object_get(rule, "secure_boot"));
	const char *count = rule == NULL ? "" : rule_count(rule);

	if (rule != NULL && (strcmp(count, "once") == 0 || strcmp(count, "some") == 0))
		say(w, "%s (PCR %u)", strcmp(state, "enabled") == 0 ? "on" : "OFF", pcr);
	else if (is_fixed(scopes, 7))
		say(w, "on or off, as PCR 7 was on the known machine");
	else
		say(w, "NOTHING IS SAID of it (PCR 7)");
}

static const char *platform_words(const char *platform)
{
	return strcmp(platform, "azure") == 0 ? "Azure's root"
	       : strcmp(platform, "gcp") == 0 ? "Google Cloud's root"
	       : strcmp(platform, "aws") == 0 ? "AWS's root (which certifies no TPM keys yet)"
	       : strcmp(platform, "vendor") == 0
		       ? "a TPM manufacturer's root (which says nothing of who owns the machine)"
		       : "a root that the verifier's operator added";
}

static void say_platforms(struct words *w, const json_t *root)
{
	const json_t *platforms = json_object_get(root, "platforms");
	size_t n = json_array_size(platforms);

	if (n == 0)
		say(w, "under any root that the verifier trusts, but those of TPM manufacturers");
	for (size_t i = 0; i < n; i++)
		say(w, "%s%s", i == 0 ? "under " : " or ",
		    platform_words(json_string_value(json_array_get(platforms, i))));
}

static bool is_required(const json_t *root, const char *member)
{
	const char *value = json_string_value(json_object_get(root, member));

	return value != NULL && strcmp(value, "required") == 0;
}

static void say_demands(struct words *w, const json_t *root)
{
	bool nonce = is_required(root, "nonce"), tls = is_required(root, "tls");

	say(w, "%s; %s",
	    nonce ? "a fresh proof, with the nonce that was asked for" : "AN OLD PROOF WILL DO (no nonce is required)",
	    tls ? "it must be bound to the TLS key" : "it need not be bound to a TLS connection");
}

static void say_ignored(struct words *w, const struct scopes *scopes)
{
	bool first = true;
	const char *reason;

	for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++)
		for (size_t i = 0; i < 2; i++) {
			json_t *pin = scope_pcr(scopes->scope[i], "pcrs", pcr);

			if (pin == NULL || !pin_is_ignored(pin, &reason))
				continue;
			say(w, "%sPCR %u", first ? "" : ", ", pcr);
			first = false;
			if (reason == NULL)
				continue;
			say(w, " (");
			say_text(w, reason, 60);
			say(w, ")");
		}
	if (first)
		say(w, "no PCR by name; see below of which nothing is said");
}

/* What a line says of the root with each release, where that is the same. */
static void say_common(struct words *w, const json_t *root, void (*line)(struct words *, const struct scopes *))
{
	const json_t *releases = json_object_get(root, "releases");
	struct words first = {NULL, 0, 0, 0, false};
	struct scopes scopes = {
		{root, json_array_get(releases, 0)}
        };
	bool same = true;

	line(&first, &scopes);
	for (size_t i = 1; i < json_array_size(releases); i++) {
		struct words other = {NULL, 0, 0, 0, false};

		scopes.scope[1] = json_array_get(releases, i);
		line(&other, &scopes);
		w->failed = w->failed || other.failed;
		same = same && !other.failed && !first.failed && strcmp(first.text, other.text) == 0;
		words_free(&other);
	}
	w->failed = w->failed || first.failed;
	if (!same)
		say(w, "that of one of the %zu releases below", json_array_size(releases));
	else if (!first.failed)
		for (size_t at = 0; at < first.len; at += LINE_SHOWN) /* say() takes so much at a time */
			say(w, "%.*s", LINE_SHOWN, first.text + at);
	words_free(&first);
}

void summarize(struct words *w, const json_t *root)
{
	say_end(w, 0);
	say(w, "Boots only    ");
	say_common(w, root, say_boots);
	say_end_hanging(w, 2, 16);
	say(w, "Command line  ");
	say_common(w, root, say_command_line);
	say_end_hanging(w, 2, 16);
	say(w, "Secure Boot   ");
	say_common(w, root, say_secure_boot);
	say_end_hanging(w, 2, 16);
	say(w, "Machines      ");
	say_platforms(w, root);
	say_end_hanging(w, 2, 16);
	say(w, "Connection    ");
	say_demands(w, root);
	say_end_hanging(w, 2, 16);
	say(w, "Ignores       ");
	say_common(w, root, say_ignored);
	say_end_hanging(w, 2, 16);
}

void show_requirements(struct words *w, const json_t *root)
{
	const char *resettable = json_string_value(json_object_get(root, "resettable_pcrs"));

	say(w, "The machine's TPM key is certified ");
	say_platforms(w, root);
	say_end(w, 2);
	say(w, "The proof binds a TLS key: %s", is_required(root, "tls") ? "required" : "not required");
	say_end(w, 2);
	say(w, "The proof carries a nonce that the verifier chose: %s",
	    is_required(root, "nonce") ? "required" : "not required");
	say_end(w, 2);
	if (resettable == NULL || strcmp(resettable, "accept") != 0)
		return;
	say(w, "PCR 16 and 23 count as proof, though any software can reset them (resettable_pcrs)");
	say_end(w, 2);
}
