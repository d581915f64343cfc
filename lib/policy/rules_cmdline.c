/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines, as the kernel reads them (next_arg(), parameq()): words end at blanks outside of quotes, what follows
 * the word "--" is not the kernel's, and '-' is '_' in the name of a parameter.
 *
 * What must be there is taken narrowly, what must not be there widely: quotes are dropped first, letters of both cases
 * are the same.
 */
#include <string.h>

#include "rules.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool cmdline_is_word(const char *word)
{
	if (*word == '\0' || *word == '=')
		return false;
	for (; *word != '\0'; word++)
		if (*word <= ' ' || *word > '~' || *word == '"')
			return false;
	return true;
}

/* The next word off the front; false at the end. */
static bool next_word(struct slice *text, bool with_quotes, struct slice *ret_word)
{
	size_t begin = 0, end;
	bool quoted = false;

	while (begin < text->len && is_blank(text->data[begin]))
		begin++;
	for (end = begin; end < text->len && (quoted || !is_blank(text->data[end])); end++)
		quoted = quoted != (with_quotes && text->data[end] == '"');
	*ret_word = slice_sub(*text, begin, end - begin);
	*text = slice_sub(*text, end, text->len);
	return end > begin;
}

static uint8_t folded(uint8_t c)
{
	return c == '-' ? '_' : c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* The same but for quotes, case, and '-' or '_'. */
static bool is_like(struct slice a, struct slice b)
{
	size_t i = 0, k = 0;

	for (;;) {
		while (i < a.len && a.data[i] == '"')
			i++;
		while (k < b.len && b.data[k] == '"')
			k++;
		if (i == a.len || k == b.len)
			return i == a.len && k == b.len;
		if (folded(a.data[i++]) != folded(b.data[k++]))
			return false;
	}
}

static struct slice name_of(struct slice word)
{
	return slice_sub(word, 0, slice_find(word, '='));
}

/* "init" and "init=" forbid every value, "init=/bin/sh" that one. */
static bool is_forbidden(struct slice word, struct slice forbidden)
{
	struct slice name = name_of(forbidden);

	return forbidden.len > name.len + 1 ? is_like(word, forbidden) : is_like(name_of(word), name);
}

static bool has_word(struct slice text, const char *wanted)
{
	struct slice word;

	while (next_word(&text, true, &word)) {
		if (slice_equal(word, slice_of_string(wanted)))
			return true;
		if (slice_equal(word, slice_of_string("--")))
			return false;
	}
	return false;
}

static bool is_wanted(const struct rule *rule, struct slice word)
{
	for (size_t i = 0; i < rule->words.n; i++)
		if (slice_equal(word, slice_of_string(rule->words.items[i])))
			return true;
	return false;
}

/* Another value of a parameter that must have one: the kernel goes by the last, or by both. */
static bool is_rival(const struct rule *rule, struct slice word)
{
	for (size_t i = 0; i < rule->words.n; i++)
		if (is_like(name_of(word), name_of(slice_of_string(rule->words.items[i]))))
			return !is_wanted(rule, word);
	return false;
}

static bool is_bad(const struct rule *rule, struct slice word)
{
	for (size_t i = 0; i < rule->not_words.n; i++)
		if (is_forbidden(word, slice_of_string(rule->not_words.items[i])))
			return true;
	return is_rival(rule, word);
}

/* The word that must not be there; len 0: none. Both ways to split are looked at. */
static struct slice find_bad(const struct rule *rule, struct slice text)
{
	for (int with_quotes = 0; with_quotes <= 1; with_quotes++) {
		struct slice rest = text, word;

		while (next_word(&rest, with_quotes == 1, &word))
			if (is_bad(rule, word))
				return word;
	}
	return (struct slice){NULL, 0};
}

static const char *find_lacking(const struct rule *rule, struct slice text)
{
	for (size_t i = 0; i < rule->words.n; i++)
		if (!has_word(text, rule->words.items[i]))
			return rule->words.items[i];
	return NULL;
}

static bool is_one_of(const struct texts *texts, struct slice text)
{
	for (size_t i = 0; i < texts->n; i++)
		if (slice_equal(text, slice_of_string(texts->items[i])))
			return true;
	return false;
}

static bool begins_with(struct slice text, const char *prefix)
{
	return slice_equal(slice_sub(text, 0, strlen(prefix)), slice_of_string(prefix));
}

bool cmdline_matches(const struct rule *rule, struct slice text)
{
	if (rule->texts.n > 0 && !is_one_of(&rule->texts, text))
		return false;
	if (rule->prefix != NULL && !begins_with(text, rule->prefix))
		return false;
	if (rule->texts.n == 0 && text.len > CMDLINE_MOST) /* the kernel may not see what is there */
		return false;
	return find_lacking(rule, text) == NULL && find_bad(rule, text).len == 0;
}

void cmdline_explain(const struct rule *rule, struct slice text, struct line *line)
{
	const char *lacking = find_lacking(rule, text);
	struct slice bad = find_bad(rule, text);

	if (rule->texts.n > 0 && !is_one_of(&rule->texts, text)) {
		line_add(line, "the command line is another one");
	} else if (rule->prefix != NULL && !begins_with(text, rule->prefix)) {
		line_add(line, "the command line begins otherwise");
	} else if (lacking != NULL) {
		line_printf(line, "the command line lacks the word \"%s\"", lacking);
	} else if (bad.len > 0) {
		line_add(line, "the command line has the word \"");
		line_bytes(line, bad);
		line_add(line, is_rival(rule, bad) ? "\", another value than the one that must be there"
						   : "\", which is forbidden");
	} else {
		line_printf(line, "the command line is longer than %d characters, and a kernel may not see all of it",
			    CMDLINE_MOST);
	}
}
