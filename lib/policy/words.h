/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h - policies in words: lines of text for a terminal, and what a rule says.
 */
#ifndef POLICY_WORDS_H
#define POLICY_WORDS_H

#include <jansson.h>

#include "reading.h"

/* Text that grows: a line is said piece by piece, and then ended. Zero it to start. */
struct words {
	char *text;
	size_t len, size;
	size_t line; /* where the line begins that is being said */
	bool failed; /* without memory */
};

__attribute__((format(printf, 2, 3))) void say(struct words *w, const char *format, ...);
/* What a file says: printable ASCII as it is, anything else as \xNN; at most `max` bytes, then "...". */
void say_text(struct words *w, const char *text, size_t max);
void say_quoted(struct words *w, const char *text);
/* "a", "b" or "c": of strings that may be a string or an array of them. */
void say_list(struct words *w, const json_t *strings, const char *last);
void say_json(struct words *w, const json_t *value, size_t max);
/* End the line: broken at blanks to at most 100 columns, indented, and more so from its second row on. */
void say_end(struct words *w, size_t indent);
/* The same, all rows from the second on indented by `hang`. */
void say_end_hanging(struct words *w, size_t indent, size_t hang);
/* All that was said, in memory of its own; NULL without memory. */
char *words_take(struct words *w);
void words_free(struct words *w);

/* "PCR 4 (boot loader and kernel images)" */
void say_pcr(struct words *w, unsigned pcr);
/* "exactly one event", … */
const char *count_words(const json_t *rule);
/* What the event of a rule must be, without how often. */
void say_matcher(struct words *w, const json_t *rule);
/* "rule "name"" or "rule 3". */
void say_rule_name(struct words *w, const json_t *rule, size_t number);

#endif
