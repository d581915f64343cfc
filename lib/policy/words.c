/* SPDX-License-Identifier: Apache-2.0 */
#include "words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 100, TEXT_SHOWN = 160, LONG_TEXT_SHOWN = 2000, LISTED = 16, DIGESTS_LISTED = 3 };

static bool make_room(struct words *w, size_t more)
{
	size_t size = w->size < 1024 ? 1024 : w->size;
	char *grown;

	if (w->failed)
		return false;
	while (size - w->len <= more)
		size *= 2;
	if (size == w->size)
		return true;
	grown = realloc(w->text, size);
	if (grown == NULL) {
		w->failed = true;
		return false;
	}
	w->text = grown;
	w->size = size;
	return true;
}

static void put(struct words *w, const char *bytes, size_t n)
{
	if (!make_room(w, n))
		return;
	memcpy(w->text + w->len, bytes, n);
	w->len += n;
	w->text[w->len] = '\0';
}

void say(struct words *w, const char *format, ...)
{
	char text[600];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(w, text, n < 0 ? 0 : strlen(text));
}

void say_text(struct words *w, const char *text, size_t max)
{
	char piece[8];
	size_t n = 0;

	for (; *text != '\0' && n < max; text++, n++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c < 0x7f && c != '\\') {
			put(w, text, 1);
		} else {
			(void)snprintf(piece, sizeof(piece), "\\x%02x", c);
			put(w, piece, 4);
		}
	}
	if (*text != '\0')
		say(w, "...");
}

void say_quoted(struct words *w, const char *text)
{
	say(w, "\"");
	say_text(w, text == NULL ? "" : text, TEXT_SHOWN);
	say(w, "\"");
}

void say_list(struct words *w, const json_t *strings, const char *last)
{
	size_t n = json_array_size(strings);

	if (!json_is_array(strings)) {
		say(w, "\"");
		say_text(w, json_string_value(strings) == NULL ? "" : json_string_value(strings), LONG_TEXT_SHOWN);
		say(w, "\"");
	}
	for (size_t i = 0; i < n && i < LISTED; i++) {
		say(w, "%s\"", i == 0 ? "" : i + 1 == n ? last : ", ");
		say_text(w, json_string_value(json_array_get(strings, i)), LONG_TEXT_SHOWN);
		say(w, "\"");
	}
	if (n > LISTED)
		say(w, ", and %zu more", n - LISTED);
}

void say_json(struct words *w, const json_t *value, size_t max)
{
	char *text = json_text(value, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);

	if (text == NULL)
		w->failed = true;
	for (size_t i = 0; text != NULL && text[i] != '\0' && i < max; i++) /* its escapes are JSON's own */
		say(w, text[i] == 0x7f ? "\\u007f" : "%c", text[i]);
	if (text != NULL && strlen(text) > max)
		say(w, "...");
	free(text);
}

/* How much of a line stands in one row. */
static size_t row_length(const char *text, size_t width)
{
	size_t n = strlen(text), at = width;

	if (n <= width)
		return n;
	while (at > 0 && text[at] != ' ')
		at--;
	if (at > 0)
		return at;
	return strcspn(text, " "); /* a word that is longer than a row stays whole */
}

void say_end_hanging(struct words *w, size_t indent, size_t hang)
{
	static const char blanks[] = "                                        ";
	char *line = w->failed || w->text == NULL ? NULL : strdup(w->text + w->line), *rest = line;
	size_t begin = indent;

	if (line == NULL) {
		w->failed = w->failed || w->text != NULL;
		put(w, "\n", 1);
		w->line = w->len;
		return;
	}
	w->len = w->line;
	do {
		size_t n = row_length(rest, begin + 40 < COLUMNS ? COLUMNS - begin : 40);

		if (n > 0)
			put(w, blanks, begin < sizeof(blanks) - 1 ? begin : sizeof(blanks) - 1);
		put(w, rest, n);
		put(w, "\n", 1);
		rest += n;
		rest += strspn(rest, " ");
		begin = hang;
	} while (*rest != '\0');
	free(line);
	w->line = w->len;
}

void say_end(struct words *w, size_t indent)
{
	say_end_hanging(w, indent, indent + 4);
}

char *words_take(struct words *w)
{
	char *text;

	put(w, "", 0); /* so that there is a text, even if nothing was said */
	text = w->failed ? NULL : w->text;
	if (text == NULL)
		free(w->text);
	*w = (struct words){NULL, 0, 0, 0, false};
	return text;
}

void words_free(struct words *w)
{
	free(words_take(w));
}

void say_pcr(struct words *w, unsigned pcr)
{
	say(w, "PCR %u (%s)", pcr, pcr_meaning((uint8_t)pcr));
}

const char *count_words(const json_t *rule)
{
	const char *count = rule_count(rule);

	return strcmp(count, "optional") == 0 ? "at most one event"
	       : strcmp(count, "some") == 0   ? "one or more events"
	       : strcmp(count, "any") == 0    ? "any number of events"
					      : "exactly one event";
}

static void say_digests(struct words *w, json_t *values)
{
	struct values v = {values, 0, NULL};
	size_t n = values_count(values);
	const char *name, *hex;

	for (size_t i = 0; values_next(&v, &name, &hex) && i < DIGESTS_LISTED; i++) {
		say(w, "%s%.128s", i == 0 ? "" : i + 1 == n ? " or " : ", ", hex);
		if (name == NULL)
			continue;
		say(w, " (");
		say_quoted(w, name);
		say(w, ")");
	}
	if (n > DIGESTS_LISTED)
		say(w, " or %zu others", n - DIGESTS_LISTED);
}

static void say_digest_or_set(struct words *w, const json_t *rule)
{
	json_t *digest = json_object_get(rule, "digest");

	if (digest != NULL) {
		say(w, "the digest ");
		say_digests(w, digest);
		return;
	}
	say(w, "a digest of the set ");
	say_quoted(w, json_string_value(json_object_get(rule, "set")));
}

static void say_cmdline(struct words *w, const json_t *rule)
{
	const json_t *line = json_object_get(rule, "cmdline"), *is = json_object_get(line, "is");
	const json_t *prefix = json_object_get(line, "prefix"), *words = json_object_get(line, "words");
	const json_t *not_words = json_object_get(line, "not_words");

	say(w, "a kernel command line that ");
	if (is != NULL) {
		say(w, "is exactly ");
		say_list(w, is, " or ");
	}
	if (prefix != NULL) {
		say(w, "%sbegins with ", is == NULL ? "" : ", ");
		say_list(w, prefix, "");
	}
	if (words != NULL) {
		say(w, "%shas the word%s ", is == NULL && prefix == NULL ? "" : ", ",
		    values_count(words) > 1 ? "s" : "");
		say_list(w, words, " and ");
	}
	if (not_words != NULL) {
		say(w, ", without the word%s ", values_count(not_words) > 1 ? "s" : "");
		say_list(w, not_words, " or ");
	}
	if (is == NULL)
		say(w, "; other words may stand there too");
}

static void say_variable(struct words *w, const json_t *rule)
{
	const json_t *variable = json_object_get(rule, "variable"), *vendor = json_object_get(variable, "vendor");
	json_t *contents = json_object_get(variable, "sha256");

	say(w, "the firmware variable ");
	say_quoted(w, json_string_value(json_object_get(variable, "name")));
	if (vendor != NULL) {
		say(w, " of the vendor ");
		say_text(w, json_string_value(vendor), 36);
	}
	say(w, contents == NULL ? ", whatever it holds" : ", whose contents have the SHA-256 ");
	say_digests(w, contents);
}

void say_matcher(struct words *w, const json_t *rule)
{
	const char *matcher = rule_matcher(rule);
	const json_t *value = json_object_get(rule, matcher);

	if (strcmp(matcher, "section") == 0) {
		say(w, "the section ");
		say_quoted(w, json_string_value(value));
		say(w, " of the unified kernel image (two events, its name and its contents), with ");
		say_digest_or_set(w, rule);
	} else if (strcmp(matcher, "digest") == 0 || strcmp(matcher, "set") == 0) {
		say_digest_or_set(w, rule);
	} else if (strcmp(matcher, "separator") == 0) {
		say(w, "the separator (four zero bytes)");
	} else if (strcmp(matcher, "text") == 0) {
		say(w, "the text ");
		say_list(w, value, " or ");
	} else if (strcmp(matcher, "cmdline") == 0) {
		say_cmdline(w, rule);
	} else if (strcmp(matcher, "secure_boot") == 0) {
		say(w, "Secure Boot is %s", strcmp(json_string_value(value), "enabled") == 0 ? "on" : "off");
	} else if (strcmp(matcher, "variable") == 0) {
		say_variable(w, rule);
	} else if (strcmp(matcher, "authority") == 0) {
		say(w, "what vouched for an image that was started: the certificate with the SHA-256 ");
		say_digests(w, json_object_get(value, "certificate"));
		if (json_object_get(value, "variable") != NULL) {
			say(w, ", of ");
			say_list(w, json_object_get(value, "variable"), " or ");
		}
	} else if (strcmp(matcher, "json") == 0) {
		say(w, "a text event, a JSON object with ");
		say_json(w, value, LONG_TEXT_SHOWN);
	} else if (strcmp(matcher, "anything") == 0) {
		say(w, "ANYTHING AT ALL: ");
		say_text(w, json_string_value(value), TEXT_SHOWN);
	}
}

void say_rule_name(struct words *w, const json_t *rule, size_t number)
{
	const char *name = json_string_value(json_object_get(rule, "name"));

	if (name == NULL) {
		say(w, "rule %zu", number);
		return;
	}
	say(w, "rule ");
	say_quoted(w, name);
}
