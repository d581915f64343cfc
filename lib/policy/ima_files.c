/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of 10^5 files, for which jansson takes a quarter of a second. This reads what such lists are made of: strings
 * of visible ASCII without escapes. Whatever else is found, wrong or not, is left to jansson.
 */
#include "ima_rules.h"

struct list {
	struct arena *arena;
	struct slice text;
	size_t at;
	attest_status status; /* out of memory; else ATTEST_OK */
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The next token is this character; if it is, it is taken. */
static bool take(struct list *l, uint8_t c)
{
	while (l->at < l->text.len && is_blank(l->text.data[l->at]))
		l->at++;
	if (l->at == l->text.len || l->text.data[l->at] != c)
		return false;
	l->at++;
	return true;
}

static bool take_string(struct list *l, struct slice *ret_text)
{
	size_t begin;

	if (!take(l, '"'))
		return false;
	for (begin = l->at; l->at < l->text.len; l->at++) {
		uint8_t c = l->text.data[l->at];

		if (c == '"') {
			*ret_text = slice_sub(l->text, begin, l->at - begin);
			l->at++;
			return true;
		}
		if (c < 0x20 || c > 0x7e || c == '\\')
			return false;
	}
	return false;
}

static bool failed(struct list *l)
{
	l->status = ATTEST_E_NO_MEMORY;
	return false;
}

static bool read_value(struct list *l, struct ima_value *value)
{
	struct attest_error e = {0};
	struct slice text;
	attest_status status;

	if (!take_string(l, &text))
		return false;
	status = ima_value_read(l->arena, text, value, &e);
	return status == ATTEST_E_NO_MEMORY ? failed(l) : status == ATTEST_OK;
}

/* How many strings there are up to the end of the array, which has no other bracket in it. */
static size_t count_values(const struct list *l)
{
	struct slice array = slice_sub(l->text, l->at, slice_find(slice_sub(l->text, l->at, l->text.len), ']'));
	size_t n = 0;

	for (size_t i = 0; i < array.len; i++)
		n += array.data[i] == '"';
	return n / 2;
}

static bool read_values(struct list *l, struct ima_item *item)
{
	bool is_list = take(l, '[');
	size_t n = is_list ? count_values(l) : 1;

	if (n == 0 || n > LIMIT_PIN_VALUES)
		return false;
	item->values = arena_alloc(l->arena, n, sizeof(*item->values));
	if (item->values == NULL)
		return failed(l);
	for (; item->n_values < n; item->n_values++)
		if ((item->n_values > 0 && !take(l, ',')) || !read_value(l, &item->values[item->n_values]))
			return false;
	return !is_list || take(l, ']');
}

static bool read_file(struct list *l, struct ima_map *map)
{
	struct ima_item *item = &map->items[map->n];
	struct slice name;

	if (!take_string(l, &name) || name.len == 0 || name.data[0] != '/' || !take(l, ':') || !read_values(l, item))
		return false;
	item->name = slice_of(arena_copy(l->arena, name.data, name.len), name.len);
	return item->name.data == NULL ? failed(l) : ima_map_put(map);
}

/* A member has four quotes or more. */
static size_t most_members(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.data[i] == '"';
	return n / 4;
}

static bool read_files(struct list *l, struct ima_map *map)
{
	struct attest_error e = {0};
	size_t most = most_members(l->text);

	if (ima_map_make_room(l->arena, map, most, &e) != ATTEST_OK)
		return failed(l);
	if (!take(l, '{'))
		return false;
	do
		if (map->n == most || !read_file(l, map))
			return false;
	while (take(l, ','));
	return take(l, '}') && l->at == l->text.len;
}

bool ima_files_read(struct arena *arena, struct slice text, struct ima_map *map, attest_status *ret_status)
{
	struct list l = {.arena = arena, .text = text};
	bool is_plain = read_files(&l, map);

	*ret_status = l.status;
	return is_plain || l.status != ATTEST_OK;
}
