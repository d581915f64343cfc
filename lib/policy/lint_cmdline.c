/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint of rules about the kernel's command line: whether the rules themselves take what they ask for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lint.h"

/* What the words and the whole words of the prefix make, and one more; NULL without memory. */
static char *join(const struct rule *rule, const char *more)
{
	const char *prefix = rule->prefix == NULL ? "" : rule->prefix, *blank = strrchr(prefix, ' ');
	size_t whole = blank == NULL ? 0 : (size_t)(blank - prefix), size = whole + strlen(more) + 3, len = 0;
	char *text;

	for (size_t i = 0; i < rule->words.n; i++)
		size += strlen(rule->words.items[i]) + 1;
	text = malloc(size);
	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < rule->words.n; i++)
		len += (size_t)snprintf(text + len, size - len, "%s ", rule->words.items[i]);
	(void)snprintf(text + len, size - len, "%.*s %s", (int)whole, prefix, more);
	return text;
}

/* Words that must and must not be there, alone. */
static bool takes(struct lint *l, const struct rule *rule, const char *more)
{
	struct rule words = *rule;
	char *text = join(rule, more);
	bool matches;

	words.texts.n = 0;
	words.prefix = NULL;
	matches = text != NULL && cmdline_matches(&words, slice_of_string(text));
	l->ok = l->ok && text != NULL;
	free(text);
	return matches;
}

static void lint_texts(struct lint *l, const struct rule *rule, const char *where)
{
	size_t n = rule->texts.n, n_dead = 0;

	for (size_t i = 0; i < n; i++)
		n_dead += !cmdline_matches(rule, slice_of_string(rule->texts.items[i]));
	if (n_dead == n)
		lint_say(l, LINT_CMDLINE_CONTRADICTION, where,
			 "no text of \"is\" agrees with \"prefix\", \"words\" and \"not_words\"");
	else if (n_dead > 0)
		lint_say(l, LINT_CMDLINE_DEAD_TEXT, where,
			 "%zu of %zu texts of \"is\" do not agree with \"prefix\", \"words\" and \"not_words\"", n_dead,
			 n);
}

void lint_cmdline(struct lint *l, const struct rule *rule, const char *of_rule)
{
	char where[PATH_SIZE];

	(void)snprintf(where, sizeof(where), "%.140s.cmdline", of_rule);
	if (rule->texts.n > 0)
		lint_texts(l, rule, where);
	else if (!takes(l, rule, ""))
		lint_say(l, LINT_CMDLINE_CONTRADICTION, where,
			 "\"prefix\" and \"words\" ask for what \"words\" and \"not_words\" forbid");
	else if (takes(l, rule, "init=/bin/sh") || takes(l, rule, "rdinit=/bin/sh"))
		lint_say(l, LINT_CMDLINE_OPEN, where,
			 "other words may be added, such as init=/bin/sh or rdinit=/bin/sh");
}
