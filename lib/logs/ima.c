/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's file log in its binary form (ima_fs.c, ima_measurements_show()): PCR 4, template hash, length 4 and name
 * of the template, length 4 and template data; the data of the template "ima" has no length before it.
 *
 * The hash is SHA-1's, or in the logs that newer kernels export besides, one for each bank, that bank's.
 */
#include "ima.h"

#include <string.h>

static const char clause[] = "Linux, ima_fs.c";

struct ima {
	size_t hash_size;
	/* The template of the last entry: nearly all entries of a log have the same. */
	uint8_t name[IMA_MAX_TEMPLATE];
	size_t name_len;
	struct ima_template template;
	uint8_t preimage[IMA_SHORT_PREIMAGE];
};

/* PCR and name of a template stand where a hash of this size puts them. */
static bool has_name(struct slice start, size_t hash_size, bool known)
{
	struct reader r = reader_of(start);
	uint32_t pcr = reader_u32le(&r);
	struct ima_template t;
	struct slice name;

	(void)reader_bytes(&r, hash_size);
	name = reader_bytes(&r, reader_u32le(&r));
	if (r.failed || pcr >= LIMIT_PCRS || !ima_template_is_name(name))
		return false;
	ima_template_find(name, &t);
	return t.n_fields > 0 || !known;
}

/* The size of the hashes, which the log does not tell; 0 where there is no such log. */
static size_t guess_size(struct slice start)
{
	static const size_t sizes[] = {20, 32, 48, 64};

	for (int known = 1; known >= 0; known--)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			if (has_name(start, sizes[i], known == 1))
				return sizes[i];
	return 0;
}

enum { START = 4 + DIGEST_MAX + 4 + IMA_MAX_TEMPLATE };

bool is_ima(struct slice bytes)
{
	return guess_size(slice_sub(bytes, 0, START)) != 0;
}

static attest_status begin_ima(struct log_cursor *cursor, struct attest_error *error)
{
	struct ima *ima = arena_alloc(&cursor->arena, 1, sizeof(*ima));
	size_t left = window_left(&cursor->window);
	struct slice start = {NULL, 0};
	attest_status status;

	if (ima == NULL)
		return fail_memory(error);
	cursor->state = ima;
	if (left == 0)
		return ATTEST_OK;
	status = window_peek(&cursor->window, left < START ? left : START, &start, error);
	if (status != ATTEST_OK)
		return status;
	ima->hash_size = guess_size(start);
	if (ima->hash_size != 0)
		return ATTEST_OK;
	error_expected(error, "a PCR, a hash of 20, 32, 48 or 64 bytes, and the name of a template");
	return fail(error, ATTEST_E_LOG_STRUCTURE, clause, "the first entry is none of an IMA log");
}

static attest_status peek_u32(struct window *window, size_t at, uint32_t *ret_value, struct attest_error *error)
{
	struct slice bytes = {NULL, 0};
	attest_status status = window_peek(window, at + 4, &bytes, error);
	struct reader r;

	if (status != ATTEST_OK)
		return status;
	r = reader_of(slice_sub(bytes, at, 4));
	*ret_value = reader_u32le(&r);
	return ATTEST_OK;
}

static attest_status check_length(uint32_t len, uint32_t least, uint32_t most, const char *message,
				  struct attest_error *error)
{
	if (len >= least && len <= most)
		return ATTEST_OK;
	error_expected(error, "%u to %u bytes", least, most);
	error_found(error, "%u", len);
	return fail(error, ATTEST_E_LOG_STRUCTURE, clause, "%s", message);
}

/* Where the name of the template ends; which template it is, is noted. */
static attest_status peek_template(struct ima *ima, struct window *window, size_t *ret_end, struct attest_error *error)
{
	size_t at = 4 + ima->hash_size;
	struct slice record = {NULL, 0}, name;
	uint32_t len = 0;
	attest_status status = peek_u32(window, at, &len, error);

	if (status == ATTEST_OK)
		status = check_length(len, 1, IMA_MAX_TEMPLATE, "the name of a template has a bad length", error);
	if (status == ATTEST_OK)
		status = window_peek(window, at + 4 + len, &record, error);
	if (status != ATTEST_OK)
		return status;
	*ret_end = record.len;
	name = slice_sub(record, at + 4, len);
	if (slice_equal(name, slice_of(ima->name, ima->name_len)))
		return ATTEST_OK;
	if (!ima_template_is_name(name))
		return fail(error, ATTEST_E_LOG_STRUCTURE, clause,
			    "the name of a template has other characters than visible ASCII");
	ima_template_find(name, &ima->template);
	memcpy(ima->name, name.data, name.len);
	ima->name_len = name.len;
	return ATTEST_OK;
}

/* The template data from `at` on: where its length ends and where it ends itself. */
static attest_status peek_data(struct window *window, size_t at, bool is_short, size_t *ret_begin, size_t *ret_end,
			       struct attest_error *error)
{
	uint32_t len = 0;
	attest_status status = peek_u32(window, is_short ? at + IMA_SHORT_DIGEST : at, &len, error);

	if (status == ATTEST_OK && is_short)
		status = check_length(len, 0, IMA_SHORT_NAME, "a file's name is too long for the template \"ima\"",
				      error);
	if (status == ATTEST_OK && len > LIMIT_LOG_ENTRY)
		status = fail(error, ATTEST_E_LIMIT, NULL, "template data of %u bytes (LIMIT_LOG_ENTRY)", len);
	*ret_begin = is_short ? at : at + 4;
	*ret_end = (is_short ? at + IMA_SHORT_DIGEST : at) + 4 + len;
	return status;
}

static struct slice preimage_of(struct ima *ima, bool is_short, struct slice data)
{
	struct slice digest = slice_sub(data, 0, IMA_SHORT_DIGEST);

	return is_short ? ima_short_preimage(digest, slice_sub(data, IMA_SHORT_DIGEST + 4, data.len), ima->preimage)
			: data;
}

static attest_status next_ima(struct log_cursor *cursor, struct event *ret_event, bool *ret_more,
			      struct attest_error *error)
{
	struct ima *ima = cursor->state;
	size_t name_end = 0, begin = 0, end = 0;
	struct slice record = {NULL, 0}, hash, data;
	attest_status status;
	struct reader r;
	uint32_t pcr;

	*ret_more = window_left(&cursor->window) > 0;
	if (!*ret_more)
		return ATTEST_OK;
	status = peek_template(ima, &cursor->window, &name_end, error);
	if (status == ATTEST_OK)
		status = peek_data(&cursor->window, name_end, ima->template.is_short, &begin, &end, error);
	if (status == ATTEST_OK)
		status = window_take(&cursor->window, end, &record, error);
	if (status != ATTEST_OK)
		return status;
	r = reader_of(record);
	pcr = reader_u32le(&r);
	hash = reader_bytes(&r, ima->hash_size);
	data = slice_sub(record, begin, end - begin);
	ima_event_set(ret_event, pcr, &ima->template, hash, data, preimage_of(ima, ima->template.is_short, data));
	return ATTEST_OK;
}

const struct log_walker walk_ima = {.begin = begin_ima, .next = next_ima};
