/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's file log in its ASCII form (ima_fs.c, ima_ascii_measurements_show()): a line is a PCR, the template
 * hash in hex, the template's name and its fields (ima_template_lib.c, ima_show_template_data_ascii()), each behind one
 * space. The template data is put together again from the fields; whether it has the logged hash is not checked here.
 *
 * The kernel writes '_' for a space in a name, but old ones do not. So the name may have spaces: it is what the fields
 * before it and behind it leave. A name with a line feed makes a malformed log.
 */
#include <string.h>

#include "base/text.h"
#include "ima.h"

static const char clause[] = "Linux, ima_fs.c";

struct ima_ascii {
	size_t hash_size;     /* of the first line: a log is of one bank */
	struct arena scratch; /* of one event */
	uint8_t preimage[IMA_SHORT_PREIMAGE];
};

static attest_status malformed(struct attest_error *error, const char *expected, const char *message)
{
	error_expected(error, "%s", expected);
	return fail(error, ATTEST_E_LOG_STRUCTURE, clause, "%s", message);
}

/* A line's words, between single spaces; a word may be empty. */
struct words {
	struct slice rest;
	bool more; /* `rest` is a word or several, and not the end */
};

static struct slice first_word(struct words *w)
{
	size_t end = slice_find(w->rest, ' ');
	struct slice word = slice_sub(w->rest, 0, end);

	w->more = end < w->rest.len;
	w->rest = slice_sub(w->rest, end + 1, w->rest.len);
	return word;
}

/* The word behind the last space; *ret_before is what lies before that. */
static bool last_word(struct slice text, struct slice *ret_before, struct slice *ret_word)
{
	size_t space = text.len;

	while (space > 0 && text.data[space - 1] != ' ')
		space--;
	if (space == 0)
		return false;
	*ret_before = slice_sub(text, 0, space - 1);
	*ret_word = slice_sub(text, space, text.len);
	return true;
}

static bool is_number(struct slice text, uint32_t max, uint32_t *ret_value)
{
	uint64_t value = 0;

	if (text.len == 0 || text.len > 10)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text.data[i] - '0');
	}
	*ret_value = (uint32_t)value;
	return value <= max;
}

static bool is_hex(struct slice text)
{
	static const bool is_digit[256] = {
		['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1,
		['8'] = 1, ['9'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
		['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1,
	};
	size_t n = 0;

	while (n < text.len && is_digit[text.data[n]])
		n++;
	return n == text.len && n % 2 == 0;
}

/* Up to the last colon of "sha256:" or "ima:sha256:"; 0 where there is none such. */
static size_t prefix_of(struct slice text, size_t n_colons)
{
	size_t prefix = 0;

	for (size_t i = 0; i < n_colons; i++) {
		size_t len = slice_find(slice_sub(text, prefix, text.len), ':');

		if (len == 0 || len == text.len - prefix)
			return 0;
		prefix += len + 1;
	}
	return slice_find(slice_sub(text, 0, prefix), '\0') == prefix ? prefix : 0;
}

static bool is_digest(struct slice text, size_t n_colons)
{
	size_t prefix = prefix_of(text, n_colons);

	return prefix > 0 && prefix < text.len && is_hex(slice_sub(text, prefix, text.len));
}

static size_t colons_of(enum ima_field field)
{
	return field == IMA_D_NGV2 ? 2 : 1;
}

/* Bytes that the kernel prints as a number: int, but for the mode. */
static size_t number_size(enum ima_field field)
{
	return field == IMA_IMODE ? 2 : 4;
}

static bool is_name(enum ima_field field)
{
	return field == IMA_N || field == IMA_N_NG;
}

static bool has_shape(enum ima_field field, struct slice word)
{
	uint32_t value;

	switch (field) {
	case IMA_D:
		return word.len == 2 * (size_t)IMA_SHORT_DIGEST && is_hex(word);
	case IMA_D_NG:
	case IMA_D_NGV2:
		return is_digest(word, colons_of(field));
	case IMA_D_MODSIG:
		return word.len == 0 || is_digest(word, colons_of(field));
	case IMA_N:
	case IMA_N_NG:
	case IMA_XATTRNAMES:
		return slice_find(word, '\0') == word.len;
	case IMA_IUID:
	case IMA_IGID:
	case IMA_IMODE:
		return word.len == 0 || is_number(word, number_size(field) == 2 ? UINT16_MAX : UINT32_MAX, &value);
	default:
		return is_hex(word);
	}
}

static size_t find_name(const struct ima_template *t)
{
	size_t i = t->n_fields;

	while (i > 0 && !is_name(t->fields[i - 1]))
		i--;
	return i == 0 ? t->n_fields : i - 1;
}

/*
 * The words of a line's fields. The last name takes what the others leave. The fields behind it are empty where what
 * stands there is none of theirs: then somebody has cut the spaces off that the kernel writes for empty fields.
 */
static bool split_fields(const struct ima_template *t, struct words w, struct slice *ret_words)
{
	size_t name = find_name(t);

	for (size_t i = 0; i < t->n_fields; i++)
		ret_words[i] = slice_of("", 0);
	for (size_t i = 0; i < name; i++) {
		if (!w.more)
			return false;
		ret_words[i] = first_word(&w);
	}
	for (size_t i = t->n_fields; w.more && i > name + 1; i--) {
		struct slice before, word;

		if (!last_word(w.rest, &before, &word) || !has_shape(t->fields[i - 1], word))
			continue;
		ret_words[i - 1] = word;
		w.rest = before;
	}
	if (name == t->n_fields)
		return !w.more;
	ret_words[name] = w.rest;
	return w.more;
}

struct builder {
	uint8_t *bytes;
	size_t len, room;
};

static void put(struct builder *b, struct slice s)
{
	if (s.len == 0 || s.len > b->room - b->len)
		return;
	memcpy(&b->bytes[b->len], s.data, s.len);
	b->len += s.len;
}

static void put_le(struct builder *b, uint32_t value, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)(value >> (8 * i));

		put(b, slice_of(&byte, 1));
	}
}

static attest_status decode_hex(struct arena *arena, struct slice text, struct slice *ret_bytes,
				struct attest_error *error)
{
	struct attest_error e = {0};
	attest_status status = hex_decode(arena, text, ret_bytes, &e);

	if (status == ATTEST_OK)
		return ATTEST_OK;
	return status_is_internal(status) ? fail_memory(error) : malformed(error, "hex digits in pairs", e.message);
}

static void put_text(struct builder *b, struct slice text, bool with_nul)
{
	put_le(b, (uint32_t)(text.len + with_nul), 4);
	put(b, text);
	if (with_nul)
		put(b, slice_of("", 1));
}

/* `prefix` characters as they are, with a NUL behind them if there are any; then what the hex digits stand for. */
static attest_status put_digest(struct builder *b, struct slice word, size_t prefix, struct arena *scratch,
				struct attest_error *error)
{
	struct slice bytes = {NULL, 0};
	attest_status status = decode_hex(scratch, slice_sub(word, prefix, word.len), &bytes, error);
	size_t n_nul = prefix > 0;

	if (status != ATTEST_OK)
		return status;
	put_le(b, (uint32_t)(prefix + n_nul + bytes.len), 4);
	put(b, slice_sub(word, 0, prefix));
	put(b, slice_of("", n_nul));
	put(b, bytes);
	return ATTEST_OK;
}

static void put_number(struct builder *b, struct slice word, size_t size)
{
	uint32_t value = 0;
	bool there = is_number(word, UINT32_MAX, &value);

	put_le(b, there ? (uint32_t)size : 0, 4);
	put_le(b, value, there ? size : 0);
}

/* One field of template data: its length, and its bytes as the kernel had them. */
static attest_status put_field(struct builder *b, enum ima_field field, struct slice word, struct arena *scratch,
			       struct attest_error *error)
{
	if (!has_shape(field, word))
		return malformed(error, "the fields of the template, each behind one space",
				 "a field has not the shape of what the template has there");
	switch (field) {
	case IMA_N:
	case IMA_N_NG:
		put_text(b, word, true);
		return ATTEST_OK;
	case IMA_XATTRNAMES:
		put_text(b, word, word.len > 0);
		return ATTEST_OK;
	case IMA_IUID:
	case IMA_IGID:
	case IMA_IMODE:
		put_number(b, word, number_size(field));
		return ATTEST_OK;
	case IMA_D_NG:
	case IMA_D_NGV2:
	case IMA_D_MODSIG:
		return put_digest(b, word, prefix_of(word, colons_of(field)), scratch, error);
	default:
		return put_digest(b, word, 0, scratch, error);
	}
}

/* The template "ima": digest, length and name without NUL. */
static attest_status build_short(struct ima_ascii *ima, struct builder *b, const struct slice *words,
				 struct slice *ret_preimage, struct attest_error *error)
{
	struct slice digest = {NULL, 0};
	attest_status status;

	if (!has_shape(IMA_D, words[0]) || !has_shape(IMA_N, words[1]) || words[1].len > IMA_SHORT_NAME)
		return malformed(error, "a SHA-1 digest and a name of at most 255 characters",
				 "fields that the template \"ima\" has not");
	status = decode_hex(&ima->scratch, words[0], &digest, error);
	if (status != ATTEST_OK)
		return status;
	put(b, digest);
	put_text(b, words[1], false);
	*ret_preimage = ima_short_preimage(digest, words[1], ima->preimage);
	return ATTEST_OK;
}

static attest_status build(struct ima_ascii *ima, const struct ima_template *t, struct words w, struct slice *ret_data,
			   struct slice *ret_preimage, struct attest_error *error)
{
	/* A field takes its length of 4 and at most what its word does, with a NUL or 4 bytes for a number. */
	struct builder b = {.room = w.rest.len + 8 * (size_t)IMA_MAX_FIELDS};
	struct slice words[IMA_MAX_FIELDS];
	attest_status status = ATTEST_OK;

	if (!split_fields(t, w, words))
		return malformed(error, "the fields of the template, each behind one space",
				 "a line has too few fields or too many");
	b.bytes = arena_alloc(&ima->scratch, b.room, 1);
	if (b.bytes == NULL)
		return fail_memory(error);
	if (t->is_short)
		status = build_short(ima, &b, words, ret_preimage, error);
	for (size_t i = 0; status == ATTEST_OK && !t->is_short && i < t->n_fields; i++)
		status = put_field(&b, t->fields[i], words[i], &ima->scratch, error);
	*ret_data = slice_of(b.bytes, b.len);
	if (!t->is_short)
		*ret_preimage = *ret_data;
	return status;
}

struct head {
	uint32_t pcr;
	struct slice hash; /* in hex */
	struct slice template;
};

/* "%2d <hash> <template>" and what follows. */
static bool read_head(struct words *w, struct head *ret_head)
{
	struct head head = {.pcr = 0};
	struct slice pcr;

	if (w->rest.len > 0 && w->rest.data[0] == ' ')
		(void)first_word(w);
	pcr = first_word(w);
	if (!w->more || !is_number(pcr, UINT32_MAX, &head.pcr))
		return false;
	head.hash = first_word(w);
	if (!w->more || !is_hex(head.hash) || ima_bank(head.hash.len / 2) == 0)
		return false;
	head.template = first_word(w);
	*ret_head = head;
	return ima_template_is_name(head.template);
}

static attest_status read_line(struct ima_ascii *ima, struct slice line, struct event *event,
			       struct attest_error *error)
{
	struct slice hash = {NULL, 0}, data = {NULL, 0}, preimage = {NULL, 0};
	struct words w = {line, true};
	struct ima_template t;
	struct head head;
	attest_status status;

	if (!read_head(&w, &head))
		return malformed(error, "PCR, hash in hex and template, each behind one space",
				 "a line does not begin as one of an IMA log");
	if (ima->hash_size == 0)
		ima->hash_size = head.hash.len / 2;
	if (head.hash.len != 2 * ima->hash_size)
		return malformed(error, "the size of the first line's", "a line's hash has another size");
	status = decode_hex(&ima->scratch, head.hash, &hash, error);
	ima_template_find(head.template, &t);
	if (status == ATTEST_OK && t.n_fields > 0)
		status = build(ima, &t, w, &data, &preimage, error);
	if (status == ATTEST_OK)
		ima_event_set(event, head.pcr, &t, hash, data, preimage);
	return status;
}

/* The next line, without its end. */
static attest_status peek_line(struct window *window, struct slice *ret_line, struct attest_error *error)
{
	bool found = false;
	attest_status status = window_find(window, 0, '\n', LIMIT_LOG_ENTRY, ret_line, &found, error);

	if (status != ATTEST_OK || found)
		return status;
	error_expected(error, "a line feed within %u bytes (LIMIT_LOG_ENTRY)", LIMIT_LOG_ENTRY);
	return fail(error, ATTEST_E_LOG_STRUCTURE, clause, "a line does not end");
}

bool is_ima_ascii(struct slice bytes)
{
	struct slice start = slice_sub(bytes, 0, 4 + 2 * DIGEST_MAX + IMA_MAX_TEMPLATE + 2);
	struct words w = {slice_sub(start, 0, slice_find(start, '\n')), true};
	struct head head;

	return read_head(&w, &head);
}

static attest_status begin_ima_ascii(struct log_cursor *cursor, struct attest_error *error)
{
	cursor->state = arena_alloc(&cursor->arena, 1, sizeof(struct ima_ascii));
	return cursor->state == NULL ? fail_memory(error) : ATTEST_OK;
}

static attest_status next_ima_ascii(struct log_cursor *cursor, struct event *ret_event, bool *ret_more,
				    struct attest_error *error)
{
	struct ima_ascii *ima = cursor->state;
	struct slice line = {NULL, 0};
	attest_status status;

	arena_free(&ima->scratch);
	*ret_more = window_left(&cursor->window) > 0;
	if (!*ret_more)
		return ATTEST_OK;
	status = peek_line(&cursor->window, &line, error);
	if (status == ATTEST_OK)
		status = read_line(ima, line, ret_event, error);
	if (status == ATTEST_OK)
		window_skip(&cursor->window, line.len + 1);
	return status;
}

static void end_ima_ascii(struct log_cursor *cursor)
{
	struct ima_ascii *ima = cursor->state;

	if (ima != NULL)
		arena_free(&ima->scratch);
}

const struct log_walker walk_ima_ascii = {.begin = begin_ima_ascii, .next = next_ima_ascii, .end = end_ima_ascii};
