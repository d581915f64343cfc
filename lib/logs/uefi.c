/* SPDX-License-Identifier: Apache-2.0 */
#include "uefi.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "evidence/certificate.h"

enum {
	CERTIFICATE_MOST = 16384, /* a longer one is not read for its name: the longest known has 2 KiB */
	SUBJECT_MOST = 160,
	TRAILING_MOST = 8 /* shim measures up to 7 bytes too many: sizeof a structure with its padding */
};

/* Three little-endian numbers, then bytes: UEFI 2.10, appendix A. */
const char *guid_text(struct slice guid, char ret_text[GUID_TEXT])
{
	static const uint8_t order[GUID_SIZE] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	size_t len = 0;

	for (size_t i = 0; i < GUID_SIZE && guid.len == GUID_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret_text[len++] = '-';
		hex_encode(slice_sub(guid, order[i], 1), ret_text + len);
		len += 2;
	}
	ret_text[len] = '\0';
	return ret_text;
}

#define GLOBAL_VARIABLE "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define IMAGE_SECURITY  "d719b2cb-3d3a-4596-a3bc-dad00e67656f"
#define SHIM            "605dab50-e046-4300-abb6-3dd810dd8b23"

static bool guid_is(struct slice guid, const char *text)
{
	char own[GUID_TEXT];

	return strcmp(guid_text(guid, own), text) == 0;
}

const char *guid_owner(struct slice guid)
{
	static const struct {
		const char *guid, *owner;
	} known[] = {
		{GLOBAL_VARIABLE,                        "EFI global variable"        },
		{IMAGE_SECURITY,                         "EFI image security database"},
		{SHIM,				   "shim"                       },
		{"77fa9abd-0359-4d32-bd60-28f4e78f784b", "Microsoft"                  },
		{"4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", "systemd-boot"               },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (guid_is(guid, known[i].guid))
			return known[i].owner;
	return NULL;
}

struct slice utf16_until_nul(struct slice units)
{
	struct reader r = reader_of(units);
	size_t len = 0;

	while (r.rest.len >= 2 && reader_u16le(&r) != 0)
		len += 2;
	return slice_sub(units, 0, len);
}

bool utf16_is(struct slice units, const char *ascii)
{
	struct reader r = reader_of(units);

	for (; *ascii != '\0'; ascii++)
		if (reader_u16le(&r) != (uint8_t)*ascii)
			return false;
	return reader_done(&r);
}

static bool is_text(uint32_t c)
{
	return (c >= 0x20 && c != 0x7f) || c == '\t' || c == '\n' || c == '\r';
}

bool text_is_ascii(struct slice bytes, struct slice *ret_text)
{
	struct slice text = slice_sub(bytes, 0, slice_find(bytes, 0));

	if (text.len == 0 || !slice_is_zero(slice_sub(bytes, text.len, bytes.len)))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!is_text(text.data[i]) || text.data[i] >= 0x80)
			return false;
	if (bytes.len % 2 == 0 && bytes.len > text.len + 1)
		text.len += 2;
	*ret_text = text;
	return true;
}

/* Any two bytes are a character; so not what is ASCII already, and one of ASCII must be there. */
bool text_is_utf16(struct slice bytes, struct slice *ret_text)
{
	struct slice text = utf16_until_nul(bytes), ascii;
	struct reader r = reader_of(text);
	bool latin = false;

	if (text.len == 0 || bytes.len % 2 != 0 || !slice_is_zero(slice_sub(bytes, text.len, bytes.len)) ||
	    (text.len > 2 && text_is_ascii(bytes, &ascii)))
		return false;
	while (r.rest.len > 0) {
		uint16_t unit = reader_u16le(&r);

		latin = latin || unit < 0x80;
		if (!is_text(unit))
			return false;
	}
	*ret_text = text;
	return latin;
}

bool text_add(struct slice bytes, struct line *line)
{
	struct slice text;

	if (text_is_utf16(bytes, &text))
		line_utf16(line, text);
	else if (text_is_ascii(bytes, &text))
		line_bytes(line, text);
	else
		return false;
	return true;
}

static bool past_end(struct line *problem, const char *what, uint64_t value)
{
	line_printf(problem, "%s %" PRIu64 " is past the end", what, value);
	return false;
}

static bool too_short(struct line *problem, size_t size)
{
	line_printf(problem, "%zu bytes are too few", size);
	return false;
}

bool uefi_variable_read(struct slice data, struct uefi_variable *ret_variable, struct line *problem)
{
	struct reader r = reader_of(data);
	struct uefi_variable v = {.vendor = reader_bytes(&r, GUID_SIZE)};
	uint64_t n_units = reader_u64le(&r), size = reader_u64le(&r);

	if (r.failed)
		return too_short(problem, data.len);
	if (n_units > r.rest.len / 2)
		return past_end(problem, "UnicodeNameLength", n_units);
	v.name = reader_bytes(&r, 2 * (size_t)n_units);
	if (size > r.rest.len)
		return past_end(problem, "VariableDataLength", size);
	v.contents = reader_bytes(&r, (size_t)size);
	if (r.rest.len > TRAILING_MOST) {
		line_printf(problem, "%zu bytes follow the variable", r.rest.len);
		return false;
	}
	*ret_variable = v;
	return true;
}

static bool is_boot_option(struct slice name)
{
	struct reader r = reader_of(name);

	if (name.len != 16 || !utf16_is(reader_bytes(&r, 8), "Boot"))
		return false;
	while (r.rest.len > 0) {
		uint16_t c = reader_u16le(&r);

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'F') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

enum variable_kind uefi_variable_kind(const struct uefi_variable *variable)
{
	static const struct {
		const char *vendor, *name;
		enum variable_kind kind;
	} known[] = {
		{GLOBAL_VARIABLE, "SecureBoot",     VARIABLE_SECURE_BOOT},
		{GLOBAL_VARIABLE, "PK",             VARIABLE_PK         },
		{GLOBAL_VARIABLE, "KEK",            VARIABLE_KEK        },
		{IMAGE_SECURITY,  "db",             VARIABLE_DB         },
		{IMAGE_SECURITY,  "dbx",            VARIABLE_DBX        },
		{IMAGE_SECURITY,  "dbt",            VARIABLE_SIGNATURES },
		{IMAGE_SECURITY,  "dbr",            VARIABLE_SIGNATURES },
		{SHIM,            "MokList",        VARIABLE_SIGNATURES },
		{SHIM,            "MokListX",       VARIABLE_SIGNATURES },
		{SHIM,            "MokListRT",      VARIABLE_SIGNATURES },
		{SHIM,            "MokListXRT",     VARIABLE_SIGNATURES },
		{SHIM,            "MokListTrusted", VARIABLE_FLAG       },
		{SHIM,            "SbatLevel",      VARIABLE_TEXT       },
		{GLOBAL_VARIABLE, "DeployedMode",   VARIABLE_FLAG       },
		{GLOBAL_VARIABLE, "AuditMode",      VARIABLE_FLAG       },
		{GLOBAL_VARIABLE, "SetupMode",      VARIABLE_FLAG       },
		{GLOBAL_VARIABLE, "VendorKeys",     VARIABLE_FLAG       },
		{GLOBAL_VARIABLE, "BootOrder",      VARIABLE_BOOT_ORDER },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (guid_is(variable->vendor, known[i].vendor) && utf16_is(variable->name, known[i].name))
			return known[i].kind;
	if (guid_is(variable->vendor, GLOBAL_VARIABLE) && is_boot_option(variable->name))
		return VARIABLE_BOOT_OPTION;
	return VARIABLE_OTHER;
}

/* One EFI_SIGNATURE_LIST: n signatures of the same size, each a GUID (its owner) and the data. */
struct signature_list {
	struct slice type, signatures;
	size_t size, n;
};

static bool take_list(struct reader *r, struct signature_list *ret_list, struct line *problem)
{
	enum { HEAD = GUID_SIZE + 4 + 4 + 4 };
	struct signature_list list = {.type = reader_bytes(r, GUID_SIZE)};
	uint32_t list_size = reader_u32le(r), header_size = reader_u32le(r), size = reader_u32le(r);

	if (r->failed)
		return too_short(problem, r->rest.len);
	/* Also the bound that keeps a list from being found again and again: it is never shorter than its head. */
	if (list_size < HEAD || list_size - HEAD > r->rest.len) {
		line_printf(problem, "SignatureListSize %u, where %zu bytes are left", list_size, r->rest.len + HEAD);
		return false;
	}
	if (header_size > list_size - HEAD)
		return past_end(problem, "SignatureHeaderSize", header_size);
	(void)reader_bytes(r, header_size);
	list.signatures = reader_bytes(r, list_size - HEAD - header_size);
	if (size <= GUID_SIZE || list.signatures.len % size != 0) {
		line_printf(problem, "SignatureSize %u, where the signatures have %zu bytes", size,
			    list.signatures.len);
		return false;
	}
	list.size = size;
	list.n = list.signatures.len / size;
	*ret_list = list;
	return true;
}

/* The size of the hashes of such a list; 0 for another type. EFI_CERT_X509_SHA… are hashes of a certificate's body
 * with a time of 16 bytes: not counted among the hashes of images. */
static size_t hash_list_size(const char *type)
{
	static const struct {
		const char *type;
		size_t size;
	} known[] = {
		{"c1c41626-504c-4092-aca9-41f936934328", 32}, /* EFI_CERT_SHA256_GUID */
		{"826ca512-cf10-4ac9-b187-be01496631bd", 20}, /* _SHA1 */
		{"0b6e5233-a65c-44c9-9407-d9ab83bfc8bd", 28}, /* _SHA224 */
		{"ff3e5307-9fd0-48c9-85f1-8ad56c701e01", 48}, /* _SHA384 */
		{"093e0fae-a6c4-4f50-9f1b-d41e2b89c19a", 64}, /* _SHA512 */
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(type, known[i].type) == 0)
			return known[i].size;
	return 0;
}

static void show_first(const struct signature_list *list, size_t n_before, struct slice *shown, size_t room)
{
	for (size_t i = 0; i < list->n && n_before + i < room; i++)
		shown[n_before + i] = slice_sub(list->signatures, i * list->size + GUID_SIZE, list->size - GUID_SIZE);
}

bool signatures_read(struct slice lists, struct signatures *ret_signatures, struct line *problem)
{
	static const char x509[] = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072"; /* EFI_CERT_X509_GUID */
	struct reader r = reader_of(lists);
	struct signatures s = {0};

	while (r.rest.len > 0) {
		struct signature_list list;
		char type[GUID_TEXT];

		if (!take_list(&r, &list, problem))
			return false;
		(void)guid_text(list.type, type);
		if (strcmp(type, x509) == 0) {
			show_first(&list, s.n_certificates, s.certificates, SIGNATURES_NAMED);
			s.n_certificates += list.n;
		} else if (hash_list_size(type) == list.size - GUID_SIZE) {
			show_first(&list, s.n_hashes, s.hashes, SIGNATURES_SHOWN);
			s.n_hashes += list.n;
		} else {
			s.n_others += list.n;
		}
	}
	*ret_signatures = s;
	return true;
}

/* SEQUENCE with a length in two bytes that takes all of it: a certificate is neither shorter nor longer. */
static bool is_der_sequence(struct slice der)
{
	struct reader r = reader_of(der);

	return reader_u16be(&r) == 0x3082 && reader_u16be(&r) == r.rest.len && !r.failed;
}

bool authority_read(struct slice contents, struct authority *ret_authority)
{
	struct slice rest = slice_sub(contents, GUID_SIZE, contents.len);
	struct authority a = {.owner = slice_sub(contents, 0, GUID_SIZE)};

	if (is_der_sequence(contents))
		a = (struct authority){.certificate = contents};
	else if (is_der_sequence(rest))
		a.certificate = rest;
	else if (rest.len == 32)
		a.hash = rest;
	else
		return false;
	*ret_authority = a;
	return true;
}

attest_status certificate_add(struct slice der, struct line *line, struct attest_error *error)
{
	DEFER(certificate_unref_deferred) struct certificate *certificate = NULL;
	struct attest_error unreadable = {0};
	struct line subject;
	uint8_t sha256[32];
	attest_status status = ATTEST_OK;

	if (der.len <= CERTIFICATE_MOST)
		status = certificate_parse(der, false, &certificate, &unreadable);
	if (status_is_internal(status))
		return fail_memory(error);
	status = digest_sha256(der, sha256, error);
	if (status != ATTEST_OK)
		return status;
	if (certificate != NULL) {
		line_begin(&subject, SUBJECT_MOST);
		line_bytes(&subject, slice_of_string(certificate->subject));
		line_printf(line, "%s, ", subject.text);
	}
	line_add(line, "sha256 ");
	line_hex(line, slice_of(sha256, sizeof(sha256)));
	return ATTEST_OK;
}

static void add_count(struct line *line, size_t n, const char *what, const char *plural)
{
	line_printf(line, "%zu %s%s", n, what, n == 1 ? "" : plural);
}

attest_status signatures_name(const struct signatures *signatures, struct line names[SIGNATURES_NAMED],
			      struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	for (size_t i = 0; status == ATTEST_OK && i < signatures->n_certificates && i < SIGNATURES_NAMED; i++) {
		line_begin(&names[i], LINE_MAX_FIELD);
		status = certificate_add(signatures->certificates[i], &names[i], error);
	}
	return status;
}

void signatures_add(const struct signatures *signatures, const struct line names[SIGNATURES_NAMED], struct line *line)
{
	size_t n = signatures->n_certificates;

	add_count(line, n, "certificate", "s");
	for (size_t i = 0; i < n && i < SIGNATURES_NAMED; i++) {
		line_add(line, i == 0 ? ": " : "; ");
		line_add(line, names[i].text);
	}
	line_add(line, n > SIGNATURES_NAMED ? "; ...; " : "; ");
	add_count(line, signatures->n_hashes, "hash", "es");
	if (signatures->n_others > 0)
		line_printf(line, "; %zu of other types", signatures->n_others);
}

bool image_load_read(struct slice data, struct image_load *ret_image, struct line *problem)
{
	struct reader r = reader_of(data);
	struct image_load image = {.base = reader_u64le(&r)};
	uint64_t path_len;

	image.length = reader_u64le(&r);
	(void)reader_u64le(&r); /* the address that it was linked for */
	path_len = reader_u64le(&r);
	if (r.failed)
		return too_short(problem, data.len);
	if (path_len > r.rest.len)
		return past_end(problem, "LengthOfDevicePath", path_len);
	image.path = reader_bytes(&r, (size_t)path_len);
	*ret_image = image;
	return true;
}

bool load_option_read(struct slice contents, struct load_option *ret_option, struct line *problem)
{
	struct reader r = reader_of(contents);
	struct load_option option = {.attributes = reader_u32le(&r)};
	uint16_t path_len = reader_u16le(&r);

	if (r.failed)
		return too_short(problem, contents.len);
	option.description = utf16_until_nul(r.rest);
	(void)reader_bytes(&r, option.description.len);
	(void)reader_u16le(&r);
	if (r.failed) {
		line_add(problem, "the description has no end");
		return false;
	}
	if (path_len > r.rest.len)
		return past_end(problem, "FilePathListLength", path_len);
	option.path = reader_bytes(&r, path_len);
	option.optional = r.rest;
	*ret_option = option;
	return true;
}

bool gpt_read(struct slice data, struct gpt *ret_gpt, struct line *problem)
{
	enum { ENTRY_LEAST = 128 };
	struct reader r = reader_of(data);
	struct gpt gpt = {0};

	if (!slice_equal(reader_bytes(&r, 8), slice_of_string("EFI PART"))) {
		line_add(problem, "no partition table header");
		return false;
	}
	(void)reader_bytes(&r, 56 - 8);
	gpt.disk = reader_bytes(&r, GUID_SIZE);
	(void)reader_bytes(&r, 8 + 4);
	gpt.entry_size = reader_u32le(&r);
	(void)reader_u32le(&r);
	gpt.n_entries = reader_u64le(&r);
	if (r.failed)
		return too_short(problem, data.len);
	if (gpt.entry_size < ENTRY_LEAST) {
		line_printf(problem, "SizeOfPartitionEntry %zu", gpt.entry_size);
		return false;
	}
	if (gpt.n_entries > r.rest.len / gpt.entry_size)
		return past_end(problem, "NumberOfPartitions", gpt.n_entries);
	gpt.entries = r.rest;
	*ret_gpt = gpt;
	return true;
}

struct gpt_entry gpt_entry(const struct gpt *gpt, size_t i)
{
	struct reader r = reader_of(slice_sub(gpt->entries, i * gpt->entry_size, gpt->entry_size));
	struct gpt_entry entry = {.type = reader_bytes(&r, GUID_SIZE)};

	entry.id = reader_bytes(&r, GUID_SIZE);
	entry.first = reader_u64le(&r);
	entry.last = reader_u64le(&r);
	(void)reader_u64le(&r); /* attributes */
	entry.name = utf16_until_nul(reader_bytes(&r, 72));
	return entry;
}

bool tagged_event_read(struct slice data, uint32_t *ret_tag, struct slice *ret_data, struct line *problem)
{
	struct reader r = reader_of(data);
	uint32_t tag = reader_u32le(&r), size = reader_u32le(&r);

	if (r.failed)
		return too_short(problem, data.len);
	if (size > r.rest.len)
		return past_end(problem, "taggedEventDataSize", size);
	*ret_tag = tag;
	*ret_data = reader_bytes(&r, size);
	return true;
}
