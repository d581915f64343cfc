/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uefi.h - the structures that firmware puts into its events: UEFI 2.10, and TCG PC Client Platform Firmware Profile
 * 1.06 (PFP), 10. Numbers are little-endian. A reader gives false for what does not fit, and says in *problem what.
 * Slices borrow from the event.
 */
#ifndef LOGS_UEFI_H
#define LOGS_UEFI_H

#include "base/error.h"
#include "line.h"

enum { GUID_SIZE = 16, GUID_TEXT = 37 };

/* "8be4df61-93ca-11d2-aa0d-00e098032b8c"; "" for a slice that is none. */
const char *guid_text(struct slice guid, char ret_text[GUID_TEXT]);
/* Whose it is, where that is well known: "EFI global variable"; else NULL. */
const char *guid_owner(struct slice guid);

/* UTF-16LE up to its first NUL, or all of it. */
struct slice utf16_until_nul(struct slice units);
bool utf16_is(struct slice units, const char *ascii);
/* All of it is text, with or without NULs at its end; *ret_text has none. False for an empty one. */
bool text_is_utf16(struct slice bytes, struct slice *ret_text);
/* The same, but that *ret_text keeps two NULs of what may as well be UTF-16 of two letters in each unit. */
bool text_is_ascii(struct slice bytes, struct slice *ret_text);
/* Adds text as what it is; false and nothing added where it is none. */
bool text_add(struct slice bytes, struct line *line);

/* UEFI_VARIABLE_DATA: PFP, 10.2.6. */
struct uefi_variable {
	struct slice vendor, name, contents;
};

bool uefi_variable_read(struct slice data, struct uefi_variable *ret_variable, struct line *problem);

enum variable_kind {
	VARIABLE_OTHER,
	VARIABLE_SECURE_BOOT, /* this and the next four: what Secure Boot goes by (PFP, 3.3.4.8) */
	VARIABLE_PK,
	VARIABLE_KEK,
	VARIABLE_DB,
	VARIABLE_DBX,
	VARIABLE_SIGNATURES, /* signature lists otherwise: dbt, dbr, MokListX */
	VARIABLE_FLAG,       /* one byte, 0 or 1 */
	VARIABLE_TEXT,       /* shim's SbatLevel */
	VARIABLE_BOOT_ORDER,
	VARIABLE_BOOT_OPTION
};

/* By vendor and name: another vendor's variable of the same name is another variable. */
enum variable_kind uefi_variable_kind(const struct uefi_variable *variable);

/* What EFI_SIGNATURE_LISTs hold: UEFI 2.10, 32.4.1. */
enum {
	SIGNATURES_NAMED = 4, /* libcrypto takes 0.1 ms to read a certificate */
	SIGNATURES_SHOWN = 8
};
struct signatures {
	size_t n_certificates, n_hashes, n_others;
	struct slice certificates[SIGNATURES_NAMED], hashes[SIGNATURES_SHOWN]; /* the first ones */
};

bool signatures_read(struct slice lists, struct signatures *ret_signatures, struct line *problem);
/*
 * What vouched for an image, in the three forms that are found: EFI_SIGNATURE_DATA with a certificate or a hash (PFP,
 * 3.3.4.8), and the certificate alone (shim). `owner` is empty in the last.
 */
struct authority {
	struct slice owner, certificate, hash;
};
bool authority_read(struct slice contents, struct authority *ret_authority);
/* "CN=…, sha256 …"; the digest alone where the certificate cannot be read. ATTEST_OK, or out of memory. */
attest_status certificate_add(struct slice der, struct line *line, struct attest_error *error);
/* The certificates as certificate_add() has them; as many as there are. */
attest_status signatures_name(const struct signatures *signatures, struct line names[SIGNATURES_NAMED],
			      struct attest_error *error);
/* "2 certificates: CN=…, sha256 …; CN=…, sha256 …; 3 hashes" */
void signatures_add(const struct signatures *signatures, const struct line names[SIGNATURES_NAMED], struct line *line);

/* UEFI_IMAGE_LOAD_EVENT: PFP, 10.2.3. */
struct image_load {
	uint64_t base, length;
	struct slice path;
};
bool image_load_read(struct slice data, struct image_load *ret_image, struct line *problem);

/* EFI_LOAD_OPTION: UEFI 2.10, 3.1.3. */
struct load_option {
	uint32_t attributes;
	struct slice description, path, optional;
};
bool load_option_read(struct slice contents, struct load_option *ret_option, struct line *problem);

/* UEFI_GPT_DATA: PFP, 10.2.5; the header is that of UEFI 2.10, 5.3.2. */
struct gpt {
	struct slice disk; /* GUID */
	uint64_t n_entries;
	size_t entry_size;
	struct slice entries;
};
struct gpt_entry {
	struct slice type, id, name; /* GUIDs, UTF-16 */
	uint64_t first, last;
};
bool gpt_read(struct slice data, struct gpt *ret_gpt, struct line *problem);
/* Number `i`, which is below n_entries. */
struct gpt_entry gpt_entry(const struct gpt *gpt, size_t i);

/* TCG_PCClientTaggedEvent: PFP, 10.4.2.1. */
bool tagged_event_read(struct slice data, uint32_t *ret_tag, struct slice *ret_data, struct line *problem);

#endif
