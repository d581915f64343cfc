/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line.h - one line of text for people, written piece by piece and bounded. Bytes of an event come out as printable
 * ASCII: anything else as \xNN. A backslash stays as it is, because paths have many, but before an x: that one is \x5c,
 * so that "\xNN" always is an escape.
 */
#ifndef LOGS_LINE_H
#define LOGS_LINE_H

#include "base/memory.h"

enum { LINE_MAX_SUMMARY = 4096, LINE_MAX_FIELD = 1024 };

struct line {
	size_t len, max;
	bool cut; /* "..." stands in for what had no room; nothing is added any more */
	char text[LINE_MAX_SUMMARY + 4];
};

/* Empty, of at most `max` characters (LINE_MAX_SUMMARY or less). */
void line_begin(struct line *line, size_t max);
/* Text of our own, or text that went through here already. */
void line_add(struct line *line, const char *text);
void line_printf(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
void line_bytes(struct line *line, struct slice bytes);
/* The same with spaces as \x20, where a space separates. */
void line_word(struct line *line, struct slice bytes);
/* UTF-16LE: what is not printable ASCII as the escaped bytes of its UTF-8. */
void line_utf16(struct line *line, struct slice units);
void line_hex(struct line *line, struct slice bytes);
/* NULL without memory. */
const char *line_take(const struct line *line, struct arena *arena);

#endif
