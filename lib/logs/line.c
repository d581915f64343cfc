/* SPDX-License-Identifier: Apache-2.0 */
#include "line.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

void line_begin(struct line *line, size_t max)
{
	line->len = 0;
	line->max = max < LINE_MAX_SUMMARY ? max : LINE_MAX_SUMMARY;
	line->cut = false;
	line->text[0] = '\0';
}

/* A piece is added whole or not at all, so that no escape is cut in half. */
static void put(struct line *line, struct slice piece)
{
	if (line->cut)
		return;
	if (piece.len > line->max - line->len) {
		line->cut = true;
		piece = slice_of_string("...");
	}
	memcpy(line->text + line->len, piece.data, piece.len);
	line->len += piece.len;
	line->text[line->len] = '\0';
}

void line_add(struct line *line, const char *text)
{
	for (; *text != '\0' && !line->cut; text++)
		put(line, slice_of(text, 1));
}

void line_printf(struct line *line, const char *format, ...)
{
	char text[LINE_MAX_FIELD];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line_add(line, text);
}

/* `after` is what follows, or 0: it decides whether a backslash could be taken for an escape. */
static void put_byte(struct line *line, uint32_t byte, uint32_t after, bool is_word)
{
	uint8_t code = (uint8_t)byte;
	char text[8] = "\\x";
	bool plain = byte > 0x20 && byte < 0x7f;

	plain = plain || (byte == 0x20 && !is_word);
	if (byte == '\\' && after == 'x')
		plain = false;
	if (plain) {
		put(line, slice_of(&code, 1));
		return;
	}
	hex_encode(slice_of(&code, 1), text + 2);
	put(line, slice_of_string(text));
}

static void put_bytes(struct line *line, struct slice bytes, bool is_word)
{
	for (size_t i = 0; i < bytes.len && !line->cut; i++)
		put_byte(line, bytes.data[i], i + 1 < bytes.len ? bytes.data[i + 1] : 0, is_word);
}

void line_bytes(struct line *line, struct slice bytes)
{
	put_bytes(line, bytes, false);
}

void line_word(struct line *line, struct slice bytes)
{
	put_bytes(line, bytes, true);
}

/* RFC 3629, 3; a surrogate without its other half takes the form that it would have if it were a character. */
static void put_utf8(struct line *line, uint32_t c)
{
	char text[20];

	if (c < 0x800)
		(void)snprintf(text, sizeof(text), "\\x%02x\\x%02x", 0xc0 | c >> 6, 0x80 | (c & 63));
	else if (c < 0x10000)
		(void)snprintf(text, sizeof(text), "\\x%02x\\x%02x\\x%02x", 0xe0 | c >> 12, 0x80 | (c >> 6 & 63),
			       0x80 | (c & 63));
	else
		(void)snprintf(text, sizeof(text), "\\x%02x\\x%02x\\x%02x\\x%02x", 0xf0 | (c >> 18 & 7),
			       0x80 | (c >> 12 & 63), 0x80 | (c >> 6 & 63), 0x80 | (c & 63));
	put(line, slice_of_string(text));
}

void line_utf16(struct line *line, struct slice units)
{
	struct reader r = reader_of(units);

	while (r.rest.len >= 2 && !line->cut) {
		struct reader ahead;
		uint32_t unit = reader_u16le(&r), after;

		ahead = r;
		after = reader_u16le(&ahead);
		if (unit < 0x80) {
			put_byte(line, unit, ahead.failed ? 0 : after, false);
		} else if (unit >= 0xd800 && unit < 0xdc00 && after >= 0xdc00 && after < 0xe000 && !ahead.failed) {
			put_utf8(line, 0x10000 + ((unit & 0x3ff) << 10 | (after & 0x3ff)));
			r = ahead;
		} else {
			put_utf8(line, unit);
		}
	}
	if (r.rest.len == 1)
		line_bytes(line, r.rest);
}

void line_hex(struct line *line, struct slice bytes)
{
	char text[HEX_SIZE(1)];

	for (size_t i = 0; i < bytes.len && !line->cut; i++) {
		hex_encode(slice_sub(bytes, i, 1), text);
		put(line, slice_of_string(text));
	}
}

const char *line_take(const struct line *line, struct arena *arena)
{
	return arena_string(arena, slice_of(line->text, line->len));
}
