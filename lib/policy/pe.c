/* SPDX-License-Identifier: Apache-2.0 */
#include "pe.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"

enum {
	DOS_HEADER = 64,
	PE_POINTER = 60,
	FILE_HEADER = 24, /* with the signature "PE\0\0" */
	SECTION_HEADER = 40,
	PE32 = 0x10b,
	PE32_PLUS = 0x20b,
	DIRECTORIES = 16,
	DIRECTORY = 8,
	CERTIFICATES = 4, /* the index of their directory */
};

static const char clause[] = "Microsoft PE Format";

static attest_status malformed(struct attest_error *error, const char *what)
{
	return fail(error, ATTEST_E_STRUCTURE, clause, "not a well-formed EFI program: %s", what);
}

static struct reader at(struct slice image, size_t offset)
{
	struct slice rest = slice_sub(image, offset <= image.len ? offset : image.len, image.len);

	return reader_of(rest);
}

static uint32_t u32_at(struct slice image, size_t offset)
{
	struct reader r = at(image, offset);

	return reader_u32le(&r);
}

static uint16_t u16_at(struct slice image, size_t offset)
{
	struct reader r = at(image, offset);

	return reader_u16le(&r);
}

/* The optional header begins at `start` and has `size` bytes, all within the image. */
static attest_status read_optional(struct pe *pe, size_t start, size_t size, struct attest_error *error)
{
	uint16_t magic = u16_at(pe->image, start);
	size_t directories = magic == PE32 ? 96 : 112;
	uint32_t n;

	if (magic != PE32 && magic != PE32_PLUS)
		return malformed(error, "its optional header is neither PE32 nor PE32+");
	if (size < directories)
		return malformed(error, "its optional header is too short");
	n = u32_at(pe->image, start + directories - 4);
	if (n > DIRECTORIES || n > (size - directories) / DIRECTORY)
		return malformed(error, "its data directories are more than its optional header holds");
	pe->image_version = u16_at(pe->image, start + 44);
	pe->headers_size = u32_at(pe->image, start + 60);
	pe->checksum_at = start + 64;
	if (n > CERTIFICATES) {
		pe->certificate_at = start + directories + (size_t)CERTIFICATES * DIRECTORY;
		pe->certificate_size = u32_at(pe->image, pe->certificate_at + 4);
	}
	return ATTEST_OK;
}

static attest_status read_section(const struct pe *pe, size_t offset, struct pe_section *section,
				  struct attest_error *error)
{
	struct reader r = at(pe->image, offset);

	memcpy(section->name, reader_bytes(&r, 8).data, 8);
	section->virtual_size = reader_u32le(&r);
	section->address = reader_u32le(&r);
	section->raw_size = reader_u32le(&r);
	section->raw_offset = reader_u32le(&r);
	if (section->raw_size > 0 &&
	    (section->raw_offset > pe->image.len || section->raw_size > pe->image.len - section->raw_offset))
		return malformed(error, "a section ends past the end of the file");
	return ATTEST_OK;
}

static attest_status read_sections(struct arena *arena, struct pe *pe, size_t table, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	if (pe->n_sections > LIMIT_PE_SECTIONS)
		return fail(error, ATTEST_E_LIMIT, NULL, "an EFI program has at most %u sections, this one %zu",
			    LIMIT_PE_SECTIONS, pe->n_sections);
	if (table > pe->headers_size || pe->n_sections * SECTION_HEADER > pe->headers_size - table)
		return malformed(error, "its headers are shorter than its table of sections");
	pe->sections = arena_alloc(arena, pe->n_sections == 0 ? 1 : pe->n_sections, sizeof(*pe->sections));
	if (pe->sections == NULL)
		return fail_memory(error);
	for (size_t i = 0; status == ATTEST_OK && i < pe->n_sections; i++)
		status = read_section(pe, table + i * SECTION_HEADER, &pe->sections[i], error);
	return status;
}

attest_status pe_parse(struct arena *arena, struct slice image, struct pe *ret_pe, struct attest_error *error)
{
	struct pe pe = {.image = image};
	size_t start, size;
	attest_status status;

	if (image.len < DOS_HEADER || image.data[0] != 'M' || image.data[1] != 'Z')
		return malformed(error, "it does not begin with a DOS header");
	start = u32_at(image, PE_POINTER);
	if (start > image.len || image.len - start < FILE_HEADER || memcmp(image.data + start, "PE\0", 4) != 0)
		return malformed(error, "its DOS header does not lead to a PE header");
	pe.machine = u16_at(image, start + 4);
	pe.n_sections = u16_at(image, start + 6);
	size = u16_at(image, start + 20);
	start += FILE_HEADER;
	if (size > image.len - start)
		return malformed(error, "its optional header ends past the end of the file");
	status = read_optional(&pe, start, size, error);
	if (status != ATTEST_OK)
		return status;
	if (pe.headers_size > image.len)
		return malformed(error, "its headers end past the end of the file");
	status = read_sections(arena, &pe, start + size, error);
	if (status == ATTEST_OK)
		*ret_pe = pe;
	return status;
}

static int by_offset(const void *a, const void *b)
{
	const struct pe_section *x = a, *y = b;

	return (x->raw_offset > y->raw_offset) - (x->raw_offset < y->raw_offset);
}

/* Headers without the checksum and the place of the certificates. */
static size_t add_headers(const struct pe *pe, struct slice *parts)
{
	size_t from = pe->checksum_at + 4, n = 0;

	parts[n++] = slice_sub(pe->image, 0, pe->checksum_at);
	if (pe->certificate_at != 0) {
		parts[n++] = slice_sub(pe->image, from, pe->certificate_at - from);
		from = pe->certificate_at + DIRECTORY;
	}
	parts[n++] = slice_sub(pe->image, from, pe->headers_size - from);
	return n;
}

/* The sections as they follow in the file. They lie one behind the other, so that no byte is hashed twice. */
static attest_status add_sections(const struct pe *pe, const struct pe_section *sorted, struct slice *parts, size_t *n,
				  size_t *sum, struct attest_error *error)
{
	size_t end = pe->headers_size;

	for (size_t i = 0; i < pe->n_sections; i++) {
		const struct pe_section *section = &sorted[i];

		if (section->raw_size == 0)
			continue;
		if (section->raw_offset < end)
			return malformed(error, "its sections overlap in the file");
		parts[(*n)++] = slice_sub(pe->image, section->raw_offset, section->raw_size);
		end = (size_t)section->raw_offset + section->raw_size;
		*sum += section->raw_size;
	}
	return ATTEST_OK;
}

attest_status pe_authenticode(struct arena *arena, const struct pe *pe, uint16_t alg, struct digest *ret_digest,
			      struct attest_error *error)
{
	struct pe_section *sorted = arena_copy(arena, pe->sections, pe->n_sections * sizeof(*sorted));
	struct slice *parts = arena_alloc(arena, pe->n_sections + 4, sizeof(*parts));
	size_t n, sum = pe->headers_size;
	attest_status status;

	if (sorted == NULL || parts == NULL)
		return fail_memory(error);
	if (pe->n_sections > 1)
		qsort(sorted, pe->n_sections, sizeof(*sorted), by_offset);
	n = add_headers(pe, parts);
	status = add_sections(pe, sorted, parts, &n, &sum, error);
	if (status != ATTEST_OK)
		return status;
	/* Firmware takes the certificates to lie at the end, and so must whoever wants to know what it measures. */
	if (pe->image.len > sum) {
		if (pe->certificate_size > pe->image.len - sum)
			return malformed(error, "its certificates are longer than what follows its sections");
		parts[n++] = slice_sub(pe->image, sum, pe->image.len - sum - pe->certificate_size);
	}
	return digest_compute(alg, parts, n, ret_digest, error);
}

attest_status pe_contents(struct arena *arena, const struct pe *pe, const struct pe_section *section,
			  struct slice *ret_contents, struct attest_error *error)
{
	size_t size = section->virtual_size;
	uint8_t *padded;

	if (size <= section->raw_size) {
		*ret_contents = slice_sub(pe->image, section->raw_offset, size);
		return ATTEST_OK;
	}
	if (size - section->raw_size > LIMIT_PE_ZEROS)
		return fail(error, ATTEST_E_LIMIT, NULL,
			    "a section takes at most %u bytes of memory more than its contents, one here %zu",
			    LIMIT_PE_ZEROS, size - section->raw_size);
	padded = arena_alloc(arena, size, 1);
	if (padded == NULL)
		return fail_memory(error);
	if (section->raw_size > 0)
		memcpy(padded, pe->image.data + section->raw_offset, section->raw_size);
	*ret_contents = slice_of(padded, size);
	return ATTEST_OK;
}
