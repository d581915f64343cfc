/* SPDX-License-Identifier: Apache-2.0 */
#include "reading.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/text.h"

/* Moves a member under the same name, or another, to the end of `to`. */
static void move(json_t *from, const char *name, json_t *to, const char *new_name, bool *ok)
{
	json_t *value = json_object_get(from, name);

	if (value != NULL)
		json_put(to, new_name, json_incref(value), ok);
}

static void put_origin(json_t *root, const char *kind, const char *file, bool *ok)
{
	json_t *origin = json_object();

	json_put_text(origin, "converted_from", kind, ok);
	if (file != NULL)
		json_put_text(origin, "file", file, ok);
	json_put(root, "origin", origin, ok);
}

/* Golden measurements and container maps mean what a policy with the same pins or containers means. */
static json_t *convert(json_t *old, const char *file, bool *ok)
{
	bool golden = json_object_get(old, "measurements") != NULL ||
		      json_object_get(old, "application_disk_roothash") != NULL;
	json_t *root = json_object();

	json_put_text(root, "format", "libattest-policy-v1", ok);
	json_put_text(
		root, "comment",
		golden ? "Golden measurements, converted: each PCR must have this value. They say nothing of the "
			 "platform, the TLS key or the nonce: see platforms, tls and nonce in docs/policy.md."
		       : "A container map, converted: each image that is measured must be one of these, with this "
			 "id. It says nothing of the machine below the containers.",
		ok);
	put_origin(root, golden ? "golden measurements" : "container map", file, ok);
	if (golden)
		json_put_text(root, "bank", "sha256", ok);
	if (json_object_size(json_object_get(old, "measurements")) > 0)
		move(old, "measurements", root, "pcrs", ok);
	if (golden)
		move(old, "application_disk_roothash", root, "application_disk_roothash", ok);
	else
		json_put(root, "containers", json_incref(old), ok);
	return root;
}

static const char *without_folders(struct arena *arena, const char *name)
{
	const char *slash = name == NULL ? NULL : strrchr(name, '/');

	return name == NULL ? NULL : printable(arena, slice_of_string(slash == NULL ? name : slash + 1), 200);
}

attest_status reading_open(const struct attest_document *document, struct reading *ret_reading,
			   struct attest_error *error)
{
	struct slice text = slice_of(document->data, document->len);
	attest_status status = policy_parse(text, document->name, &ret_reading->policy, error);
	json_t *root, *old;
	bool ok = true;

	if (status != ATTEST_OK)
		return status;
	ret_reading->file = without_folders(&ret_reading->policy->arena, document->name);
	root = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	if (root != NULL && json_object_get(root, "format") == NULL) {
		old = root;
		root = convert(old, ret_reading->file, &ok);
		json_decref(old);
	}
	ret_reading->root = root;
	if (root != NULL && ok && (document->name == NULL || ret_reading->file != NULL))
		return ATTEST_OK;
	reading_close(ret_reading);
	return fail_memory(error); /* it was parsed before: nothing else can be wrong */
}

attest_status reading_open_as(const struct attest_document *document, const char *what, struct reading *ret_reading,
			      struct attest_error *error)
{
	struct attest_error e = {0};
	attest_status status = reading_open(document, ret_reading, &e);

	if (status == ATTEST_OK)
		return status;
	if (status_is_internal(status)) {
		*error = e;
		return status;
	}
	error_where(error, "%s", e.where);
	error_expected(error, "%s", e.expected);
	error_found(error, "%s", e.found);
	return fail(error, status, e.clause, "%s: %s", what, e.message);
}

void reading_close(struct reading *reading)
{
	json_decref(reading->root);
	policy_free(reading->policy);
	*reading = (struct reading){NULL, NULL, NULL};
}

const char *reading_name(const struct reading *reading)
{
	bool named = json_object_get(reading->root, "name") != NULL;

	return named || reading->file == NULL ? reading->policy->name : reading->file;
}

/* The one character of ASCII that is not printable and that JSON leaves as it is, in strings. Takes over `text`. */
static char *escape_delete(char *text)
{
	static const char code[] = {'\\', 'u', '0', '0', '7', 'F'};
	size_t n = 0, len = 0;
	char *escaped;

	for (size_t i = 0; text != NULL && text[i] != '\0'; i++, len++)
		n += text[i] == 0x7f;
	if (n == 0)
		return text;
	escaped = malloc(len + 5 * n + 1);
	for (size_t i = 0, at = 0; escaped != NULL && i <= len; i++) {
		if (text[i] != 0x7f) {
			escaped[at++] = text[i];
			continue;
		}
		memcpy(escaped + at, code, sizeof(code));
		at += sizeof(code);
	}
	free(text);
	return escaped;
}

attest_status reading_write(json_t *root, bool ok, char **ret_json, struct attest_error *error)
{
	char *text = escape_delete(ok && root != NULL ? json_pages(root) : NULL);
	struct policy *policy = NULL;
	attest_status status;

	json_decref(root);
	if (text == NULL)
		return fail_memory(error);
	status = policy_parse(slice_of_string(text), NULL, &policy, error);
	policy_free(policy);
	if (status == ATTEST_OK)
		*ret_json = text;
	else
		free(text);
	return status;
}

char *json_text(const json_t *value, size_t flags)
{
	size_t size = json_dumpb(value, NULL, 0, flags);
	char *text = size == 0 ? NULL : malloc(size + 1);

	if (text != NULL && json_dumpb(value, text, size, flags) != size) {
		free(text);
		return NULL;
	}
	if (text != NULL)
		text[size] = '\0';
	return text;
}

json_t *json_shallow(const json_t *value)
{
	json_t *copy = json_copy((json_t *)value);

	if (json_object_size(copy) == json_object_size(value) && json_array_size(copy) == json_array_size(value))
		return copy;
	json_decref(copy);
	return NULL;
}

json_t *scope_pcr(const json_t *scope, const char *member, unsigned pcr)
{
	char key[12];

	(void)snprintf(key, sizeof(key), "%u", pcr);
	return json_object_get(json_object_get(scope, member), key);
}

json_t *ruled_rules(const json_t *ruled)
{
	return json_object_get(ruled, "rules");
}

bool pin_is_ignored(const json_t *pin, const char **ret_reason)
{
	const char *text = json_string_value(pin);

	*ret_reason = json_object_size(pin) == 1 ? json_string_value(json_object_get(pin, "ignore")) : NULL;
	/* A reason that could be a value's digits is refused by the parser, so that this is no value called "ignore".
	 */
	if (*ret_reason != NULL)
		return true;
	return text != NULL && strcmp(text, "ignore") == 0;
}

/* As rules_are_golden(). */
bool rules_say_something(const json_t *rules)
{
	bool takes_anything = false;

	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);
		const char *count = rule_count(rule);
		bool is_anything = json_object_get(rule, "anything") != NULL;

		takes_anything = takes_anything || is_anything;
		if (!is_anything && (strcmp(count, "once") == 0 || strcmp(count, "some") == 0))
			return true;
	}
	return !takes_anything;
}

bool scope_compares(const json_t *scope)
{
	const char *reason;

	for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
		json_t *pin = scope_pcr(scope, "pcrs", pcr), *ruled = scope_pcr(scope, "events", pcr);

		if ((pin != NULL && !pin_is_ignored(pin, &reason)) ||
		    (ruled != NULL && rules_say_something(ruled_rules(ruled))))
			return true;
	}
	return json_object_get(scope, "application_disk_roothash") != NULL ||
	       json_object_size(json_object_get(scope, "containers")) > 0 || json_object_get(scope, "ima") != NULL;
}

size_t values_count(const json_t *values)
{
	return json_is_array(values)    ? json_array_size(values)
	       : json_is_object(values) ? json_object_size(values)
	       : json_is_string(values) ? 1
					: 0;
}

bool values_next(struct values *v, const char **ret_name, const char **ret_hex)
{
	json_t *value = NULL;

	*ret_name = NULL;
	if (json_is_object(v->values)) {
		v->iter = v->at == 0 ? json_object_iter(v->values) : json_object_iter_next(v->values, v->iter);
		*ret_name = json_object_iter_key(v->iter);
		value = json_object_iter_value(v->iter);
	} else if (json_is_array(v->values)) {
		value = json_array_get(v->values, v->at);
	} else if (v->at == 0) {
		value = v->values;
	}
	v->at++;
	*ret_hex = json_string_value(value);
	return *ret_hex != NULL;
}

static bool is_zero(const char *hex)
{
	return strcmp(hex, "zero") == 0 || strspn(hex, "0") == strlen(hex);
}

bool values_say_something(json_t *values)
{
	struct values v = {values, 0, NULL};
	const char *name, *hex;

	while (values_next(&v, &name, &hex))
		if (!is_zero(hex))
			return true;
	return false;
}

json_t *values_set(json_t *values, uint16_t bank)
{
	struct values v = {values, 0, NULL};
	json_t *set = json_object();
	const char *name, *hex;
	bool ok = set != NULL;

	while (ok && values_next(&v, &name, &hex)) {
		char key[HEX_SIZE(DIGEST_MAX) + 32] = ""; /* IMA's begin with the name of the hash */
		size_t len = is_zero(hex) ? (size_t)2 * digest_size(bank) : strlen(hex);

		for (size_t i = 0; i < len && i + 1 < sizeof(key); i++)
			key[i] = is_zero(hex) ? '0' : (char)tolower((unsigned char)hex[i]);
		json_put(set, key, name == NULL ? json_null() : json_string(name), &ok);
	}
	if (!ok)
		json_decref(set);
	return ok ? set : NULL;
}

const char *rule_matcher(const json_t *rule)
{
	static const char *const names[] = {"section",     "digest",   "set",       "separator", "text",    "cmdline",
					    "secure_boot", "variable", "authority", "json",      "anything"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_object_get(rule, names[i]) != NULL)
			return names[i];
	return "";
}

const char *rule_count(const json_t *rule)
{
	const char *count = json_string_value(json_object_get(rule, "count"));

	return count == NULL ? "once" : count;
}

json_t *rule_values(const json_t *root, const json_t *release, const json_t *rule)
{
	const char *set = json_string_value(json_object_get(rule, "set"));
	json_t *values;

	if (set == NULL)
		return json_object_get(rule, "digest");
	values = json_object_get(json_object_get(release, "sets"), set);
	return values != NULL ? values : json_object_get(json_object_get(root, "sets"), set);
}
