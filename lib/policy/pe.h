/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pe.h - EFI programs: Microsoft's PE format, and the digest that firmware measures of a program (Windows Authenticode
 * Portable Executable Signature Format 1.0, "Calculating the PE Image Hash").
 */
#ifndef POLICY_PE_H
#define POLICY_PE_H

#include "base/digest.h"
#include "base/memory.h"

struct pe_section {
	char name[9]; /* up to 8 characters, and a NUL */
	uint32_t virtual_size, address, raw_size, raw_offset;
};

struct pe {
	struct slice image;
	uint16_t machine, image_version;
	size_t checksum_at;    /* of 4 bytes */
	size_t certificate_at; /* of the data directory's 8 bytes; 0: there is none */
	uint32_t headers_size, certificate_size;
	struct pe_section *sections; /* in the order of the table */
	size_t n_sections;
};

/* The image outlives the result; the rest lives in the arena. ATTEST_E_STRUCTURE, ATTEST_E_LIMIT. */
attest_status pe_parse(struct arena *arena, struct slice image, struct pe *ret_pe, struct attest_error *error);
/*
 * As EDK2 computes it (Tcg2Dxe, MeasureBootPeCoff.c), so as virtual machines' firmware measures it: the file as it is,
 * without zeros up to a multiple of 8 that signing tools add before they sign.
 */
attest_status pe_authenticode(struct arena *arena, const struct pe *pe, uint16_t alg, struct digest *ret_digest,
			      struct attest_error *error);
/* A section as it lies in memory: its VirtualSize, with zeros where the file holds less. ATTEST_E_LIMIT. */
attest_status pe_contents(struct arena *arena, const struct pe *pe, const struct pe_section *section,
			  struct slice *ret_contents, struct attest_error *error);

#endif
