/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/pcrs.h"

#include <stdio.h>

#include "unit.h"

enum { FILE_MAX = 4 + 128 + 4 + 4 * 532, SELECTION = 4 + 128, LIST = 4 + 8 * 66 };

/* Digests of two banks: value number i is filled with the byte i + 1. */
struct fixture {
	struct arena arena;
	struct quote quote;
	uint8_t values[12][DIGEST_MAX];
	size_t sizes[12], n;
	struct pcr_values matched;
	struct attest_error e;
};

static void fit_digest(struct fixture *f)
{
	struct slice parts[12];
	struct digest digest;

	for (size_t i = 0; i < f->n; i++)
		parts[i] = slice_of(f->values[i], f->sizes[i]);
	error_clear(&f->e);
	CHECK_STATUS(digest_compute(ALG_SHA256, parts, f->n, &digest, &f->e), ATTEST_OK);
	memcpy(f->quote.pcr_digest, digest.bytes, digest.size);
	f->quote.pcr_digest_len = digest.size;
}

/* sha1: PCRs 0, 2, 31; sha256: PCRs 7, 8, ..., 15 */
static void set_up(struct fixture *f)
{
	*f = (struct fixture){.n = 12};
	f->quote.selection = (struct pcr_selection){
		2, {{ALG_SHA1, 0x80000005}, {ALG_SHA256, 0xff80}}
        };
	for (size_t i = 0; i < f->n; i++) {
		f->sizes[i] = i < 3 ? 20 : 32;
		memset(f->values[i], (int)i + 1, f->sizes[i]);
	}
	fit_digest(f);
}

static attest_status match(struct fixture *f, const struct pcr_claim *claim)
{
	error_clear(&f->e);
	f->matched.n = 0;
	return pcrs_match(&f->arena, &f->quote, ALG_SHA256, claim, &f->matched, &f->e);
}

static void check_matched(const struct fixture *f)
{
	static const uint8_t indices[] = {0, 2, 31, 7, 8, 9, 10, 11, 12, 13, 14, 15};

	CHECK(f->matched.n == f->n);
	for (size_t i = 0; i < f->matched.n && i < COUNT(indices); i++) {
		CHECK(f->matched.values[i].index == indices[i]);
		CHECK(f->matched.values[i].value.alg == (i < 3 ? ALG_SHA1 : ALG_SHA256));
		CHECK(slice_equal(digest_slice(&f->matched.values[i].value), slice_of(f->values[i], f->sizes[i])));
	}
}

void pcrs_index(void)
{
	static const char *const bad[] = {"",   "00", "01", "32",  "33",  "99", "100",       "-1",
					  "+1", " 1", "1 ", "0x1", "1.0", "a",  "4294967296"};
	uint8_t index;
	char text[8];

	for (unsigned i = 0; i < 32; i++) {
		(void)snprintf(text, sizeof(text), "%u", i);
		CHECK(pcr_index_parse(text, &index) && index == i);
	}
	index = 77;
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!pcr_index_parse(bad[i], &index));
	CHECK(index == 77);
}

static struct slice end_to_end(struct fixture *f, uint8_t *buffer)
{
	size_t len = 0;

	for (size_t i = 0; i < f->n; i++) {
		memcpy(buffer + len, f->values[i], f->sizes[i]);
		len += f->sizes[i];
	}
	return slice_of(buffer, len);
}

void pcrs_values(void)
{
	struct fixture f;
	struct pcr_claim claim;
	uint8_t raw[12 * 32 + 1];
	struct slice all;

	set_up(&f);
	all = end_to_end(&f, raw);
	CHECK_STATUS(pcr_claim_parse_file(&f.arena, all, &claim, &f.e), ATTEST_OK);
	CHECK(claim.kind == PCR_CLAIM_VALUES);
	CHECK_STATUS(match(&f, &claim), ATTEST_OK);
	check_matched(&f);
	CHECK(pcr_values_find(&f.matched, ALG_SHA256, 9) == &f.matched.values[5]);
	CHECK(pcr_values_find(&f.matched, ALG_SHA1, 9) == NULL && pcr_values_find(&f.matched, ALG_SHA256, 0) == NULL);
	for (size_t len = 0; len < all.len; len++) {
		claim.raw = slice_sub(all, 0, len);
		CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_SELECTION);
	}
	raw[all.len] = 0;
	claim.raw = slice_of(raw, all.len + 1);
	CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_SELECTION);
	for (size_t i = 0; i < all.len; i++) {
		raw[i] ^= 0x10;
		claim.raw = all;
		CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_DIGEST);
		raw[i] ^= 0x10;
	}
	f.quote.pcr_digest_len = 31;
	CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_DIGEST);
	f.quote.pcr_digest_len = 0;
	CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_DIGEST);
	arena_free(&f.arena);
}

static void label(const struct fixture *f, struct pcr_entry *entries)
{
	static const uint8_t indices[] = {0, 2, 31, 7, 8, 9, 10, 11, 12, 13, 14, 15};

	for (size_t i = 0; i < f->n; i++)
		entries[i] = (struct pcr_entry){i < 3 ? ALG_SHA1 : ALG_SHA256, indices[i],
						slice_of(f->values[i], f->sizes[i])};
}

void pcrs_keyed(void)
{
	struct pcr_entry entries[13], moved;
	struct pcr_claim claim = {.kind = PCR_CLAIM_KEYED, .entries = entries, .n_entries = 12};
	struct fixture f;

	set_up(&f);
	label(&f, entries);
	CHECK_STATUS(match(&f, &claim), ATTEST_OK);
	check_matched(&f);
	for (size_t i = 0; i < 6; i++) { /* their order means nothing */
		moved = entries[i];
		entries[i] = entries[11 - i];
		entries[11 - i] = moved;
	}
	CHECK_STATUS(match(&f, &claim), ATTEST_OK);
	check_matched(&f);
	claim.n_entries = 11;
	CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_SELECTION);
	claim.n_entries = 13;
	entries[12] = (struct pcr_entry){ALG_SHA256, 6, entries[0].value};
	CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_SELECTION);
	entries[12] = (struct pcr_entry){ALG_SHA384, 7, entries[0].value};
	CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_SELECTION);
	claim.n_entries = 12;
	label(&f, entries);
	entries[4].index = 6; /* moved to a PCR that was not quoted */
	CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_SELECTION);
	label(&f, entries);
	entries[4].bank = ALG_SHA1;
	CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_SELECTION);
	label(&f, entries);
	entries[4].index = 9;
	entries[5].index = 8;
	CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_DIGEST);
	label(&f, entries); /* the same bytes, split elsewhere */
	entries[3].value.len--;
	CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_SELECTION);
	label(&f, entries);
	entries[3].value.len = 0;
	CHECK_STATUS(match(&f, &claim), ATTEST_E_PCR_SELECTION);
	arena_free(&f.arena);
}

static void put_le(uint8_t *to, uint32_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

/* The file that tpm2_quote writes: selection, number of lists, lists of up to 8 digests. */
static struct slice serialize(const struct fixture *f, uint8_t *file)
{
	size_t n_lists = (f->n + 7) / 8;

	memset(file, 0, FILE_MAX);
	put_le(file, (uint32_t)f->quote.selection.n_banks, 4);
	for (size_t i = 0; i < f->quote.selection.n_banks; i++) {
		put_le(file + 4 + 8 * i, f->quote.selection.banks[i].alg, 2);
		file[4 + 8 * i + 2] = 4;
		put_le(file + 4 + 8 * i + 3, f->quote.selection.banks[i].pcrs, 4);
	}
	put_le(file + SELECTION, (uint32_t)n_lists, 4);
	for (size_t i = 0; i < f->n; i++) {
		uint8_t *list = file + SELECTION + 4 + i / 8 * LIST, *digest = list + 4 + i % 8 * 66;

		put_le(list, (uint32_t)(i % 8) + 1, 4);
		put_le(digest, (uint32_t)f->sizes[i], 2);
		memcpy(digest + 2, f->values[i], f->sizes[i]);
	}
	return slice_of(file, SELECTION + 4 + n_lists * LIST);
}

static attest_status match_file(struct fixture *f, struct slice file)
{
	void *exact = unit_exact(file);
	struct pcr_claim claim;
	attest_status status;

	error_clear(&f->e);
	status = pcr_claim_parse_file(&f->arena, slice_of(exact, file.len), &claim, &f->e);
	if (status == ATTEST_OK)
		status = match(f, &claim);
	free(exact);
	return status;
}

void pcrs_serialized(void)
{
	uint8_t file[FILE_MAX];
	struct fixture f;
	struct slice all;

	set_up(&f);
	all = serialize(&f, file);
	CHECK_STATUS(match_file(&f, all), ATTEST_OK);
	check_matched(&f);
	for (size_t len = 0; len < all.len; len++)
		CHECK(match_file(&f, slice_sub(all, 0, len)) != ATTEST_OK);
	CHECK(match_file(&f, slice_of(file, all.len + 1)) != ATTEST_OK);
	for (size_t i = 0; i < all.len; i++) { /* no bit of it is free */
		for (int bit = 0; bit < 8; bit++) {
			file[i] ^= (uint8_t)(1 << bit);
			CHECK(match_file(&f, all) != ATTEST_OK);
			file[i] ^= (uint8_t)(1 << bit);
		}
	}
	arena_free(&f.arena);
}

void pcrs_serialized_refused(void)
{
	uint8_t file[FILE_MAX], other[LIST];
	struct fixture f, less;
	struct slice all;

	set_up(&f);
	all = serialize(&f, file);
	put_le(file, 17,
	       4); /* more banks than there are: then it is no serialized file, and far too long for a values file */
	CHECK_STATUS(match_file(&f, all), ATTEST_E_PCR_SELECTION);
	all = serialize(&f, file);
	put_le(file + SELECTION, 3, 4);
	CHECK_STATUS(match_file(&f, all), ATTEST_E_PCR_SELECTION);
	all = serialize(&f, file);
	put_le(file + SELECTION + 4, 9, 4);
	CHECK_STATUS(match_file(&f, all), ATTEST_E_PCR_SELECTION);
	all = serialize(&f, file);
	put_le(file + SELECTION + 4 + 4, 65, 2);
	CHECK_STATUS(match_file(&f, all), ATTEST_E_PCR_SELECTION);
	all = serialize(&f, file); /* banks, and with them the lists, in another order */
	memcpy(other, file + 4, 8);
	memcpy(file + 4, file + 12, 8);
	memcpy(file + 12, other, 8);
	CHECK_STATUS(match_file(&f, all), ATTEST_E_PCR_SELECTION);
	all = serialize(&f, file);
	memcpy(other, file + SELECTION + 4, LIST);
	memcpy(file + SELECTION + 4, file + SELECTION + 4 + LIST, LIST);
	memcpy(file + SELECTION + 4 + LIST, other, LIST);
	CHECK(match_file(&f, all) != ATTEST_OK);
	less = f;
	less.n = 11;
	CHECK_STATUS(match_file(&f, serialize(&less, file)), ATTEST_E_PCR_SELECTION);
	arena_free(&f.arena);
}

void pcrs_selection(void)
{
	static const struct {
		struct pcr_selection selection;
		attest_status want;
	} selections[] = {
		{{0, {{0, 0}}},                           ATTEST_E_PCR_SELECTION},
		{{1, {{ALG_SHA256, 0}}},                  ATTEST_E_PCR_SELECTION},
		{{2, {{ALG_SHA256, 0}, {ALG_SHA1, 0}}},   ATTEST_E_PCR_SELECTION},
		{{2, {{ALG_SHA256, 1}, {ALG_SHA256, 1}}}, ATTEST_E_PCR_SELECTION},
		{{2, {{ALG_SHA256, 1}, {ALG_SHA256, 2}}}, ATTEST_E_PCR_SELECTION},
		{{2, {{ALG_SHA256, 1}, {ALG_SHA256, 0}}}, ATTEST_E_PCR_SELECTION},
		{{1, {{0x0012, 1}}},                      ATTEST_E_ALGORITHM    },
		{{2, {{ALG_SHA256, 1}, {0x0027, 1}}},     ATTEST_E_ALGORITHM    },
		{{2, {{ALG_SHA256, 1}, {0x0012, 0}}},     ATTEST_OK             }, /* an unknown bank of which nothing is quoted */
		{{1, {{ALG_SHA256, 1}}},                  ATTEST_OK             },
	};
	static const uint8_t zeros[64];
	struct fixture f;

	for (size_t i = 0; i < COUNT(selections); i++) {
		struct pcr_claim claim = {.kind = PCR_CLAIM_VALUES, .raw = slice_of(zeros, 32)};

		set_up(&f);
		f.n = 1;
		f.sizes[0] = 32;
		memset(f.values[0], 0, 32);
		fit_digest(&f);
		f.quote.selection = selections[i].selection;
		CHECK_STATUS(match(&f, &claim), selections[i].want);
		arena_free(&f.arena);
	}
}

/* What tpm2_quote itself wrote, in both forms. */
void pcrs_real_files(void)
{
	static const char *const cases[] = {"good-loose-serialized", "good-loose-values", "good-loose-two-banks"};
	char path[128];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena arena = {NULL};
		struct attest_error e = {0};
		struct quote quote;
		struct pcr_claim claim;
		struct pcr_values values = {NULL, 0};
		struct slice file;

		(void)snprintf(path, sizeof(path), "tests/cases/%s/q.msg", cases[i]);
		CHECK_STATUS(quote_parse(unit_file(&arena, path), &quote, &e), ATTEST_OK);
		(void)snprintf(path, sizeof(path), "tests/cases/%s/q.pcrs", cases[i]);
		file = unit_file(&arena, path);
		CHECK_STATUS(pcr_claim_parse_file(&arena, file, &claim, &e), ATTEST_OK);
		CHECK((claim.kind == PCR_CLAIM_VALUES) == (i == 1));
		CHECK_STATUS(pcrs_match(&arena, &quote, ALG_SHA256, &claim, &values, &e), ATTEST_OK);
		CHECK(values.n > 0);
		arena_free(&arena);
	}
}
