/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/pe.h"

#include "base/limits.h"
#include "programs.h"
#include "unit.h"

static attest_status parse(struct arena *arena, const struct program *p, struct pe *pe)
{
	struct attest_error e = {0};

	return pe_parse(arena, program_slice(p), pe, &e);
}

static attest_status both(struct arena *arena, struct slice image)
{
	struct attest_error e = {0};
	struct digest digest;
	struct pe pe;
	attest_status status = pe_parse(arena, image, &pe, &e);

	return status == ATTEST_OK ? pe_authenticode(arena, &pe, ALG_SHA256, &digest, &e) : status;
}

static void make(struct program *p, bool plus)
{
	program_begin(p, plus);
	program_add(p, ".text", "code", 4);
	program_add(p, ".linux..", "kernel", 6);
}

void pe_fields(void)
{
	for (int plus = 0; plus < 2; plus++) {
		struct arena arena = {NULL};
		struct program p;
		struct pe pe;

		make(&p, plus == 1);
		CHECK_STATUS(parse(&arena, &p, &pe), ATTEST_OK);
		CHECK(pe.machine == 0x8664 && pe.image_version == 1 && pe.headers_size == PROGRAM_HEADERS);
		CHECK(pe.n_sections == 2 && pe.checksum_at == AT_CHECKSUM && pe.certificate_at == p.certificates_at);
		CHECK_TEXT(pe.sections[0].name, ".text");
		CHECK_TEXT(pe.sections[1].name, ".linux..");
		CHECK(pe.sections[1].raw_offset == PROGRAM_HEADERS + 4 && pe.sections[1].virtual_size == 6);
		arena_free(&arena);
	}
}

/* The digest of these stretches of the program. */
static bool digest_is(struct arena *arena, const struct program *p, const struct slice *parts, size_t n, uint16_t alg)
{
	struct attest_error e = {0};
	struct digest got, want;
	struct pe pe;

	CHECK_STATUS(pe_parse(arena, program_slice(p), &pe, &e), ATTEST_OK);
	CHECK_STATUS(pe_authenticode(arena, &pe, alg, &got, &e), ATTEST_OK);
	CHECK_STATUS(digest_compute(alg, parts, n, &want, &e), ATTEST_OK);
	return slice_equal(digest_slice(&got), digest_slice(&want));
}

void pe_digest(void)
{
	static const uint16_t algs[] = {ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512};
	struct arena arena = {NULL};
	struct program p;
	uint8_t *first, *second;

	for (int plus = 0; plus < 2; plus++) {
		size_t certificates;

		make(&p, plus == 1);
		first = p.bytes + p.table;
		second = first + 40;
		certificates = p.certificates_at;
		/* In the order of the file, not of the table; then what follows them, but no certificates. */
		put32(first + 16, 6);
		put32(first + 20, PROGRAM_HEADERS + 4);
		put32(second + 16, 4);
		put32(second + 20, PROGRAM_HEADERS);
		program_append(&p, "more", 4);
		put32(p.bytes + certificates, (uint32_t)p.len);
		put32(p.bytes + certificates + 4, 7);
		program_append(&p, "signed!", 7);
		for (size_t i = 0; i < COUNT(algs); i++) {
			const struct slice parts[] = {
				slice_of(p.bytes, AT_CHECKSUM),
				slice_of(p.bytes + AT_CHECKSUM + 4, certificates - AT_CHECKSUM - 4),
				slice_of(p.bytes + certificates + 8, p.len - 7 - certificates - 8),
			};

			CHECK(digest_is(&arena, &p, parts, COUNT(parts), algs[i]));
		}
	}
	arena_free(&arena);
}

void pe_digest_without_directory(void)
{
	struct arena arena = {NULL};
	struct program p;

	make(&p, true);
	put32(p.bytes + AT_MAGIC + 108, 4); /* the fifth would be that of certificates */
	const struct slice parts[] = {
		slice_of(p.bytes, AT_CHECKSUM),
		slice_of(p.bytes + AT_CHECKSUM + 4, p.len - AT_CHECKSUM - 4),
	};
	CHECK(digest_is(&arena, &p, parts, COUNT(parts), ALG_SHA256));
	arena_free(&arena);
}

void pe_truncated(void)
{
	struct program p;

	make(&p, true);
	for (size_t len = 0; len <= p.len; len++) {
		struct arena arena = {NULL};
		uint8_t *exact = unit_exact(slice_of(p.bytes, len));

		CHECK_STATUS(both(&arena, slice_of(exact, len)), len == p.len ? ATTEST_OK : ATTEST_E_STRUCTURE);
		free(exact);
		arena_free(&arena);
	}
}

/* Every byte of the headers in turn, and every field of four, at its extremes: an answer, and no reading outside. */
void pe_hostile(void)
{
	static const uint32_t extremes[] = {0, 1, 0x7f, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
	struct program good, p;

	make(&good, true);
	for (size_t at = 0; at + 4 <= good.table + 80; at++) {
		for (size_t i = 0; i < COUNT(extremes); i++) {
			struct arena arena = {NULL};
			attest_status status;
			uint8_t *exact;

			p = good;
			put32(p.bytes + at, extremes[i]);
			exact = unit_exact(program_slice(&p));
			status = both(&arena, slice_of(exact, p.len));
			CHECK(status == ATTEST_OK || status == ATTEST_E_STRUCTURE || status == ATTEST_E_LIMIT);
			free(exact);
			arena_free(&arena);
		}
	}
}

static void refuse32(size_t at, uint32_t value, attest_status want)
{
	struct arena arena = {NULL};
	struct program p;

	make(&p, true);
	put32(p.bytes + at, value);
	CHECK_STATUS(both(&arena, program_slice(&p)), want);
	arena_free(&arena);
}

static void refuse16(size_t at, unsigned value, attest_status want)
{
	struct arena arena = {NULL};
	struct program p;

	make(&p, true);
	put16(p.bytes + at, value);
	CHECK_STATUS(both(&arena, program_slice(&p)), want);
	arena_free(&arena);
}

void pe_refused(void)
{
	struct program p;
	size_t row;

	make(&p, true);
	row = p.table;
	refuse16(0, 0x4d5a, ATTEST_E_STRUCTURE);
	refuse32(AT_START, 0xfffffff0, ATTEST_E_STRUCTURE);
	refuse32(AT_START, (uint32_t)p.len - 8, ATTEST_E_STRUCTURE);
	refuse32(64, 0x4550 + 1, ATTEST_E_STRUCTURE);
	refuse16(AT_OPTIONAL_SIZE, 0xffff, ATTEST_E_STRUCTURE);
	refuse16(AT_OPTIONAL_SIZE, 111, ATTEST_E_STRUCTURE);
	refuse16(AT_OPTIONAL_SIZE, 112 + 16 * 8 - 1, ATTEST_E_STRUCTURE); /* one directory would lie outside */
	refuse16(AT_MAGIC, 0x107, ATTEST_E_STRUCTURE);
	refuse32(AT_MAGIC + 108, 17, ATTEST_E_STRUCTURE);
	refuse32(AT_HEADERS, (uint32_t)p.len + 1, ATTEST_E_STRUCTURE);
	refuse32(AT_HEADERS, (uint32_t)row + 79, ATTEST_E_STRUCTURE);
	refuse16(AT_SECTIONS, LIMIT_PE_SECTIONS + 1, ATTEST_E_LIMIT);
	refuse32(row + 16, (uint32_t)p.len, ATTEST_E_STRUCTURE); /* past the end */
	refuse32(row + 20, 0xffffffff, ATTEST_E_STRUCTURE);
	refuse32(row + 16, 5, ATTEST_E_STRUCTURE);                   /* into the second */
	refuse32(row + 20, PROGRAM_HEADERS - 1, ATTEST_E_STRUCTURE); /* into the headers */
	program_append(&p, "more", 4);
	put32(p.bytes + p.certificates_at + 4, 5); /* more than there is */
	struct arena arena = {NULL};
	CHECK_STATUS(both(&arena, program_slice(&p)), ATTEST_E_STRUCTURE);
	arena_free(&arena);
}

void pe_memory(void)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct slice contents = {NULL, 0};
	struct program p;
	struct pe pe;

	make(&p, true);
	CHECK_STATUS(parse(&arena, &p, &pe), ATTEST_OK);
	CHECK_STATUS(pe_contents(&arena, &pe, &pe.sections[1], &contents, &e), ATTEST_OK);
	CHECK(slice_equal(contents, slice_of_string("kernel")));
	pe.sections[1].virtual_size = 4; /* the file's padding is not loaded */
	CHECK_STATUS(pe_contents(&arena, &pe, &pe.sections[1], &contents, &e), ATTEST_OK);
	CHECK(slice_equal(contents, slice_of_string("kern")));
	pe.sections[1].virtual_size = 8; /* memory past the file is zero */
	CHECK_STATUS(pe_contents(&arena, &pe, &pe.sections[1], &contents, &e), ATTEST_OK);
	CHECK(slice_equal(contents, slice_of("kernel\0", 8)));
	pe.sections[1].virtual_size = LIMIT_PE_ZEROS + 7;
	CHECK_STATUS(pe_contents(&arena, &pe, &pe.sections[1], &contents, &e), ATTEST_E_LIMIT);
	arena_free(&arena);
}
