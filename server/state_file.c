/* SPDX-License-Identifier: Apache-2.0 */
#include "state_file.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char first_line[] = "attest-server events 1";

/* The next word and the blank behind it. */
static struct slice take_word(struct slice *line)
{
	size_t at = slice_find(*line, ' ');
	struct slice word = slice_sub(*line, 0, at);

	*line = slice_sub(*line, at < line->len ? at + 1 : at, line->len);
	return word;
}

static bool take_pcr(struct slice *line, unsigned *ret_pcr)
{
	struct slice word = take_word(line);
	unsigned pcr = 0;

	if (word.len == 0 || word.len > 2)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] < '0' || word.data[i] > '9')
			return false;
		pcr = 10 * pcr + (unsigned)(word.data[i] - '0');
	}
	*ret_pcr = pcr;
	return pcr < N_PCRS;
}

static bool parse_base(struct slice line, struct state_file *file)
{
	struct attest_error ignored = {0};
	struct slice word, value;
	char name[8] = "";
	unsigned pcr;
	size_t at;

	if (!take_pcr(&line, &pcr))
		return false;
	word = take_word(&line);
	if (word.len >= sizeof(name))
		return false;
	memcpy(name, word.data, word.len);
	at = digest_index(digest_alg(name));
	if (at >= N_ALGORITHMS || hex_decode(file->events.arena, line, &value, &ignored) != ATTEST_OK ||
	    value.len != digest_size(digest_at(at)))
		return false;
	memcpy(file->base.values[at][pcr], value.data, value.len);
	file->base.has.pcrs[at] |= 1u << pcr;
	return true;
}

static attest_status parse_line(struct slice line, struct state_file *file, bool *ret_good, struct attest_error *error)
{
	struct slice kind = take_word(&line);
	unsigned pcr;

	*ret_good = true;
	if (slice_equal(kind, slice_of_string("base")) && file->events.n == 0) {
		*ret_good = parse_base(line, file);
		return ATTEST_OK;
	}
	if (slice_equal(kind, slice_of_string("event")) && take_pcr(&line, &pcr) && line.len > 0 &&
	    slice_find(line, '\0') == line.len)
		return measure_text(&file->events, pcr, line, error);
	*ret_good = false;
	return ATTEST_OK;
}

attest_status state_file_parse(struct slice text, struct state_file *file, struct attest_error *error)
{
	size_t offset = 0, number = 0, at;
	attest_status status = ATTEST_OK;
	bool good = true;

	while (status == ATTEST_OK && good &&
	       (at = slice_find(slice_sub(text, offset, text.len), '\n')) + offset < text.len) {
		struct slice line = slice_sub(text, offset, at);

		if (number++ == 0)
			good = slice_equal(line, slice_of_string(first_line));
		else
			status = parse_line(line, file, &good, error);
		file->without_last = offset;
		offset += at + 1;
		file->length = offset;
	}
	if (status != ATTEST_OK || (good && number > 0))
		return status;
	error_where(error, "line %zu", number);
	return fail(error, ATTEST_E_STRUCTURE, NULL, "this is no log of attest-server");
}

attest_status state_file_head(struct arena *arena, const struct pcr_table *base, struct slice *ret_text,
			      struct attest_error *error)
{
	char *text = arena_printf(arena, "%s\n", first_line);

	for (size_t i = 0; i < N_ALGORITHMS; i++)
		for (unsigned pcr = 0; text != NULL && pcr < N_PCRS; pcr++) {
			char hex[HEX_SIZE(DIGEST_MAX)];

			if ((base->has.pcrs[i] >> pcr & 1) == 0)
				continue;
			hex_encode(slice_of(base->values[i][pcr], digest_size(digest_at(i))), hex);
			text = arena_printf(arena, "%sbase %u %s %s\n", text, pcr, digest_name(digest_at(i)), hex);
		}
	if (text == NULL)
		return fail_memory(error);
	*ret_text = slice_of_string(text);
	return ATTEST_OK;
}
