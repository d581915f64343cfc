/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest_policy_lint(): what is doubtful about a policy that is well-formed.
 */
#include "lint.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/text.h"

enum { MANY_VALUES = 256 };

static void scope_path(char path[PATH_SIZE], bool is_release, size_t i)
{
	if (is_release)
		(void)snprintf(path, PATH_SIZE, "$.releases[%zu]", i);
	else
		(void)snprintf(path, PATH_SIZE, "$");
}

void lint_values(struct lint *l, json_t *values, const char *where)
{
	json_t *set = values_set(values, l->reading->policy->bank);
	size_t n = values_count(values);

	if (set == NULL)
		l->ok = false;
	else if (json_object_size(set) < n)
		lint_say(l, LINT_DUPLICATE_VALUE, where, "%zu of %zu values stand there more than once",
			 n - json_object_size(set), n);
	if (n > MANY_VALUES)
		lint_say(l, LINT_MANY_VALUES, where, "%zu values", n);
	json_decref(set);
}

/* The PCR of this bank after a separator alone, in hex: H(0 || H(0000)). */
static bool separator_value(struct lint *l, char ret_hex[HEX_SIZE(DIGEST_MAX)])
{
	struct digest value;
	struct attest_error e = {0};

	if (pcr_with_separator(l->reading->policy->bank, &value, &e) != ATTEST_OK)
		return l->ok = false;
	hex_encode(digest_slice(&value), ret_hex);
	return true;
}

/* Values that say little, or that no honest machine has. */
static void lint_pin_values(struct lint *l, unsigned pcr, json_t *pin, const char *where)
{
	char separator[HEX_SIZE(DIGEST_MAX)], zeros[HEX_SIZE(DIGEST_MAX)];
	json_t *set = values_set(pin, l->reading->policy->bank);

	if (set == NULL || !separator_value(l, separator)) {
		l->ok = false;
		json_decref(set);
		return;
	}
	(void)snprintf(zeros, sizeof(zeros), "%0*d", 2 * digest_size(l->reading->policy->bank), 0);
	if (json_object_get(set, separator) != NULL)
		lint_say(l, LINT_SEPARATOR_ONLY, where, "PCR %u (%s) may hold the separator alone", pcr,
			 pcr_meaning((uint8_t)pcr));
	if (pcr < 8 && json_object_get(set, zeros) != NULL)
		lint_say(l, LINT_ZERO_FIRMWARE_PCR, where, "PCR %u (%s) may be all zeros", pcr,
			 pcr_meaning((uint8_t)pcr));
	json_decref(set);
	lint_values(l, pin, where);
}

static void lint_resettable(struct lint *l, unsigned pcr, const char *where)
{
	if (pcr_is_resettable((uint8_t)pcr) && !l->reading->policy->accept_resettable)
		lint_say(l, LINT_RESETTABLE_REFUSED, where, "PCR %u can be reset by any software", pcr);
	if (pcr > 23)
		lint_say(l, LINT_PCR_UNASSIGNED, where, "PCR %u has no meaning that is known", pcr);
}

static void lint_pin(struct lint *l, const json_t *release, unsigned pcr, json_t *pin, const char *where)
{
	const json_t *root = l->reading->root;
	const char *reason;

	if (pin_is_ignored(pin, &reason)) {
		if (reason == NULL || reason[strspn(reason, " ")] == '\0')
			lint_say(l, LINT_IGNORED_WITHOUT_REASON, where, "PCR %u (%s) is ignored, and nothing says why",
				 pcr, pcr_meaning((uint8_t)pcr));
		return;
	}
	lint_resettable(l, pcr, where);
	lint_pin_values(l, pcr, pin, where);
	lint_pin_and_rules(l, release, pcr, pin, scope_pcr(release == NULL ? root : release, "events", pcr), where);
	if (release != NULL)
		lint_pin_and_rules(l, NULL, pcr, pin, scope_pcr(root, "events", pcr), where);
}

/* A pin of the root and one of a release: some value must be in both. */
static void lint_pins_of_both(struct lint *l, unsigned pcr, json_t *pin, const char *where)
{
	json_t *of_root = scope_pcr(l->reading->root, "pcrs", pcr), *a, *b, *name;
	const char *reason, *hex;
	bool meet = false;

	if (of_root == NULL || pin_is_ignored(of_root, &reason) || pin_is_ignored(pin, &reason))
		return;
	a = values_set(of_root, l->reading->policy->bank);
	b = values_set(pin, l->reading->policy->bank);
	l->ok = l->ok && a != NULL && b != NULL;
	json_object_foreach (a, hex, name)
		meet = meet || json_object_get(b, hex) != NULL;
	if (l->ok && !meet)
		lint_say(l, LINT_PINS_CONTRADICT, where, "PCR %u is pinned to other values in the root", pcr);
	json_decref(a);
	json_decref(b);
}

static void lint_pcrs(struct lint *l, const json_t *release, const char *path)
{
	const json_t *scope = release == NULL ? l->reading->root : release;
	char where[PATH_SIZE];

	for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
		json_t *pin = scope_pcr(scope, "pcrs", pcr), *ruled = scope_pcr(scope, "events", pcr);

		(void)snprintf(where, sizeof(where), "%.100s.pcrs.%u", path, pcr);
		if (pin != NULL)
			lint_pin(l, release, pcr, pin, where);
		if (pin != NULL && release != NULL)
			lint_pins_of_both(l, pcr, pin, where);
		if (ruled == NULL)
			continue;
		(void)snprintf(where, sizeof(where), "%.100s.events.%u", path, pcr);
		lint_resettable(l, pcr, where);
		lint_rules(l, release, pcr, ruled, where);
		if (release != NULL)
			lint_pin_and_rules(l, release, pcr, scope_pcr(l->reading->root, "pcrs", pcr), ruled, where);
	}
}

/* The names of the sets that the rules of a scope use. */
static void put_used_sets(struct lint *l, const json_t *scope, json_t *used)
{
	for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
		const json_t *rules = ruled_rules(scope_pcr(scope, "events", pcr));

		for (size_t i = 0; i < json_array_size(rules); i++) {
			const char *name = json_string_value(json_object_get(json_array_get(rules, i), "set"));

			if (name != NULL)
				json_put(used, name, json_null(), &l->ok);
		}
	}
}

static void lint_sets(struct lint *l, const json_t *release, const char *path)
{
	const json_t *scope = release == NULL ? l->reading->root : release;
	const json_t *releases = release == NULL ? json_object_get(l->reading->root, "releases") : NULL;
	char where[PATH_SIZE], text[60];
	json_t *used = json_object(), *values;
	const char *name;

	put_used_sets(l, scope, used);
	for (size_t i = 0; i < json_array_size(releases); i++)
		put_used_sets(l, json_array_get(releases, i), used);
	json_object_foreach (json_object_get(scope, "sets"), name, values) {
		(void)printable_to(slice_of_string(name), text, sizeof(text));
		(void)snprintf(where, sizeof(where), "%.60s.sets.%s", path, text);
		if (json_object_get(used, name) == NULL)
			lint_say(l, LINT_SET_UNUSED, where, "the set \"%s\" is not used", text);
		lint_values(l, values, where);
	}
	json_decref(used);
}

/* A pattern with a star at its end that takes all of a folder of programs, or more. */
static bool takes_programs(const char *pattern)
{
	static const char *const folders[] = {"/bin/", "/sbin/", "/lib/", "/usr/bin/", "/usr/sbin/", "/usr/lib/"};
	size_t n = strlen(pattern);

	if (n == 0 || pattern[n - 1] != '*')
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (strncmp(folders[i], pattern, n - 1) == 0)
			return true;
	return false;
}

static bool says(const json_t *object, const char *member, const char *value)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text != NULL && strcmp(text, value) == 0;
}

static void lint_ima(struct lint *l, const json_t *scope, const char *path)
{
	const json_t *ima = json_object_get(scope, "ima"), *exclude = json_object_get(ima, "exclude");
	const json_t *pcr = json_object_get(ima, "pcr");
	char where[PATH_SIZE], text[80];

	(void)snprintf(where, sizeof(where), "%.100s.ima", path);
	if (pcr != NULL)
		lint_resettable(l, (unsigned)json_integer_value(pcr), where);
	if (says(ima, "boot_aggregate", "optional"))
		lint_say(l, LINT_IMA_AGGREGATE_OPTIONAL, where, "a log without boot aggregate is accepted");
	if (says(ima, "violations", "excluded"))
		lint_say(l, LINT_IMA_VIOLATIONS_EXCLUDED, where, "violations of excluded paths are accepted");
	for (size_t i = 0; i < json_array_size(exclude); i++) {
		const char *pattern = json_string_value(json_array_get(exclude, i));

		(void)snprintf(where, sizeof(where), "%.100s.ima.exclude[%zu]", path, i);
		if (pattern != NULL && takes_programs(pattern))
			lint_say(l, LINT_IMA_EXCLUDES_PROGRAMS, where, "\"%s\" takes all of a folder of programs",
				 printable_to(slice_of_string(pattern), text, sizeof(text)));
	}
}

/* Pinned to a value that is not zero, ruled, or ignored for a reason that was given. */
static bool is_said_in(const json_t *scope, unsigned pcr, bool ignored_counts)
{
	json_t *pin = scope_pcr(scope, "pcrs", pcr), *ruled = scope_pcr(scope, "events", pcr);
	const char *reason;

	if (ruled != NULL && json_array_size(ruled_rules(ruled)) > 0)
		return true;
	if (pin != NULL && pin_is_ignored(pin, &reason))
		return ignored_counts;
	return pin != NULL && values_say_something(pin);
}

static bool is_empty_in(const json_t *scope, unsigned pcr)
{
	json_t *pin = scope_pcr(scope, "pcrs", pcr), *ruled = scope_pcr(scope, "events", pcr);
	const char *reason;

	return (ruled != NULL && json_array_size(ruled_rules(ruled)) == 0) ||
	       (pin != NULL && !pin_is_ignored(pin, &reason) && !values_say_something(pin));
}

/* What root and release together say nothing of. */
static void lint_unsaid(struct lint *l, const json_t *release, const char *path)
{
	const json_t *root = l->reading->root;
	bool said[16], command_line;

	for (unsigned pcr = 0; pcr < 16; pcr++) {
		bool ignored_counts = pcr < 4 || pcr == 7;

		said[pcr] = is_said_in(root, pcr, ignored_counts) || is_said_in(release, pcr, ignored_counts);
	}
	for (unsigned pcr = 0; pcr < 3; pcr += 2)
		if (!said[pcr])
			lint_say(l, LINT_FIRMWARE_UNSAID, path, "PCR %u (%s) may hold anything", pcr,
				 pcr_meaning((uint8_t)pcr));
	if (!said[4] && !said[9] && !said[11])
		lint_say(l, LINT_KERNEL_UNSAID, path, "any boot loader, kernel and initrd may run (PCR 4, 9, 11)");
	if (!said[7])
		lint_say(l, LINT_SECURE_BOOT_UNSAID, path, "Secure Boot may be on or off, with any keys (PCR 7)");
	/* Without a command line of its own (PCR 12 empty), a unified kernel image has the one that is built in. */
	command_line = said[8] || said[9] || said[11] || said[12] ||
		       (said[4] && (is_empty_in(root, 12) || is_empty_in(release, 12)));
	if (!command_line)
		lint_say(l, LINT_CMDLINE_UNSAID, path, "the kernel's command line may be anything (PCR 8, 9, 11, 12)");
}

static void lint_scope(struct lint *l, const json_t *release, size_t i)
{
	char path[PATH_SIZE];

	scope_path(path, release != NULL, i);
	lint_pcrs(l, release, path);
	lint_sets(l, release, path);
	lint_ima(l, release == NULL ? l->reading->root : release, path);
}

static bool names_alike(const char *a, const char *b)
{
	for (;;) {
		while (*a != '\0' && !isalnum((unsigned char)*a))
			a++;
		while (*b != '\0' && !isalnum((unsigned char)*b))
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

/* The end of a release; false where it has none. */
static bool release_until(const json_t *release, int64_t *ret_until)
{
	const char *until = json_string_value(json_object_get(release, "until"));

	return until != NULL && time_parse(slice_of_string(until), false, ret_until);
}

static void lint_names(struct lint *l, const json_t *releases, size_t i)
{
	const char *name = json_string_value(json_object_get(json_array_get(releases, i), "name"));
	char where[PATH_SIZE];

	scope_path(where, true, i);
	for (size_t k = 0; name != NULL && k < i; k++) {
		const char *other = json_string_value(json_object_get(json_array_get(releases, k), "name"));

		if (other == NULL || !names_alike(name, other))
			continue;
		lint_say(l, LINT_RELEASE_NAMES_ALIKE, where, "its name is like that of release %zu", k);
		return;
	}
}

static void lint_releases(struct lint *l)
{
	const json_t *releases = json_object_get(l->reading->root, "releases");
	size_t n = json_array_size(releases), n_past = 0, n_ends = 0;
	char where[PATH_SIZE], time[TIME_SIZE];

	for (size_t i = 0; i < n; i++) {
		const json_t *release = json_array_get(releases, i);
		int64_t until = 0;

		scope_path(where, true, i);
		lint_scope(l, release, i);
		lint_unsaid(l, release, where);
		lint_names(l, releases, i);
		if (!release_until(release, &until))
			continue;
		n_ends++;
		n_past += until <= l->time;
	}
	if (n > 0 && n_past == n)
		lint_say(l, LINT_RELEASES_EXPIRED, "$.releases", "the time of all %zu releases is over", n);
	for (size_t i = 0; i < n && n_past < n; i++) {
		int64_t until = 0;

		scope_path(where, true, i);
		if (release_until(json_array_get(releases, i), &until) && until <= l->time)
			lint_say(l, LINT_RELEASE_EXPIRED, where, "the release counts no more since %s",
				 time_text(until, time));
	}
	if (n > 1 && n_ends == 0)
		lint_say(l, LINT_RELEASES_NEVER_END, "$.releases", "%zu releases are allowed for ever", n);
}

static void lint_root(struct lint *l)
{
	const struct policy *policy = l->reading->policy;
	const json_t *root = l->reading->root;

	if (policy->bank == ALG_SHA1)
		lint_say(l, LINT_BANK_SHA1, "$.bank", "values and digests are SHA-1");
	if (policy->tls != REQUIRED)
		lint_say(l, LINT_TLS_NOT_REQUIRED, "$.tls", "a proof that is bound to no TLS key is accepted");
	if (policy->nonce != REQUIRED)
		lint_say(l, LINT_NONCE_NOT_REQUIRED, "$.nonce", "a proof without the verifier's nonce is accepted");
	if (policy->accept_resettable)
		lint_say(l, LINT_RESETTABLE_ACCEPTED, "$.resettable_pcrs", "PCR 16 and 23 count as proof");
	lint_platforms(l);
	lint_scope(l, NULL, 0);
	if (json_object_get(root, "releases") != NULL)
		lint_releases(l);
	else if (scope_compares(root))
		lint_unsaid(l, NULL, "$");
	else
		lint_say(l, LINT_NO_GOLDEN_VALUES, "$", "the policy makes demands, but knows no software");
	lint_end(l);
}

attest_status attest_policy_lint(const struct attest_document *policy, int64_t time, char **ret_json,
				 struct attest_error *error)
{
	struct attest_error e = {0};
	struct reading reading = {NULL, NULL, NULL};
	attest_status status = reading_open(policy, &reading, &e);
	struct lint l = {&reading, time, NULL, 0, 0, true};
	char *text;

	if (status == ATTEST_OK) {
		l.findings = json_array();
		lint_root(&l);
		text = l.ok && l.findings != NULL ? json_line(l.findings) : NULL;
		if (text == NULL)
			status = fail_memory(&e);
		else
			*ret_json = text;
		json_decref(l.findings);
	}
	reading_close(&reading);
	if (error != NULL)
		*error = e;
	return status;
}
