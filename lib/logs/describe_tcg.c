/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of firmware, boot loaders and the kernel's EFI stub: TCG PC Client Platform Firmware Profile 1.06 (PFP), 10.4.
 */
#include <inttypes.h>
#include <string.h>

#include "describing.h"
#include "device_path.h"
#include "hashed.h"
#include "tcg_types.h"
#include "uefi.h"

enum { SHOWN_BYTES = 32 };

/* Text as text, few bytes in hex, more by their number. */
static void add_contents(struct line *line, struct slice bytes)
{
	if (text_add(bytes, line))
		return;
	if (bytes.len == 0 || bytes.len > SHOWN_BYTES) {
		line_printf(line, "%zu bytes", bytes.len);
		return;
	}
	line_add(line, "0x");
	line_hex(line, bytes);
}

static void add_contents_field(struct describing *x, const char *name, bool proven, struct slice bytes)
{
	struct line line;

	line_begin(&line, LINE_MAX_FIELD);
	add_contents(&line, bytes);
	add_field(x, name, proven, &line);
}

static void add_guid_field(struct describing *x, const char *name, bool proven, struct slice guid)
{
	const char *owner = guid_owner(guid);
	char text[GUID_TEXT];

	(void)guid_text(guid, text);
	if (owner == NULL)
		add_field_printf(x, name, proven, "%s", text);
	else
		add_field_printf(x, name, proven, "%s (%s)", text, owner);
}

/* A description or a string that a person wrote; else what little can be said of bytes. */
static void describe_string(struct describing *x)
{
	struct slice data = x->event->data, hashed = hashed_part(&x->hashing), text;

	if (!text_is_utf16(data, &text) && !text_is_ascii(data, &text)) {
		if (data.len == 0 || data.len > SHOWN_BYTES) {
			describe_size(x);
			return;
		}
		text = data;
	}
	if (data.len <= 2 && slice_is_zero(data))
		line_add(&x->summary, "(empty)");
	else
		add_contents(&x->summary, data);
	x->d->proven = hashed.data != NULL && hashed.len >= text.len;
	add_contents_field(x, "text", x->d->proven, data);
}

/* A separator is one where type, data and digest agree: PFP, 10.4.1. Any other value than 0 and 0xffffffff is an
 * error's. */
static void describe_separator(struct describing *x)
{
	struct slice data = x->event->data;
	struct reader r = reader_of(data);
	uint32_t value = reader_u32le(&r);
	struct line problem;

	if (!reader_done(&r)) {
		line_begin(&problem, LINE_MAX_FIELD);
		line_printf(&problem, "%zu bytes instead of 4", data.len);
		describe_malformed(x, &problem);
		return;
	}
	x->d->proven = is_hash_of(&x->hashing, data);
	line_add(&x->summary, "separator");
	if (value != 0)
		line_printf(&x->summary, value == UINT32_MAX ? " (0x%08x)" : " after an error (0x%08x)", value);
}

static void add_hash_field(struct describing *x, const char *name, bool proven, struct slice hash)
{
	struct line line;

	line_begin(&line, LINE_MAX_FIELD);
	line_hex(&line, hash);
	add_field(x, name, proven, &line);
}

static bool describe_signatures(struct describing *x, struct slice lists, bool proven, struct line *problem)
{
	struct signatures s;
	struct line names[SIGNATURES_NAMED];

	if (!signatures_read(lists, &s, problem))
		return false;
	if (x->status == ATTEST_OK)
		x->status = signatures_name(&s, names, x->error);
	if (x->status != ATTEST_OK)
		return true;
	signatures_add(&s, names, &x->summary);
	add_field_printf(x, "certificates", proven, "%zu", s.n_certificates);
	for (size_t i = 0; i < s.n_certificates && i < SIGNATURES_NAMED; i++)
		add_field(x, "certificate", proven, &names[i]);
	add_field_printf(x, "hashes", proven, "%zu", s.n_hashes);
	for (size_t i = 0; i < s.n_hashes && i < SIGNATURES_SHOWN; i++)
		add_hash_field(x, "hash", proven, s.hashes[i]);
	return true;
}

static bool describe_boot_order(struct describing *x, struct slice contents, bool proven, struct line *problem)
{
	struct reader r = reader_of(contents);
	struct line line;

	if (contents.len % 2 != 0) {
		line_printf(problem, "%zu bytes of 16-bit numbers", contents.len);
		return false;
	}
	line_begin(&line, LINE_MAX_FIELD);
	while (r.rest.len > 0 && !line.cut)
		line_printf(&line, "%s%04X", line.len == 0 ? "" : ", ", reader_u16le(&r));
	line_add(&x->summary, line.text);
	add_field(x, "order", proven, &line);
	return true;
}

static bool describe_boot_option(struct describing *x, struct slice contents, bool proven, struct line *problem)
{
	struct load_option option;
	struct line line;

	if (!load_option_read(contents, &option, problem))
		return false;
	line_begin(&line, LINE_MAX_FIELD);
	line_utf16(&line, option.description);
	line_add(&x->summary, line.text);
	line_add(&x->summary, ", ");
	add_field(x, "description", proven, &line);
	line_begin(&line, LINE_MAX_FIELD);
	if (!device_path_add(option.path, &line, problem))
		return false;
	line_add(&x->summary, line.text);
	add_field(x, "path", proven, &line);
	add_field_printf(x, "attributes", proven, "0x%08x", option.attributes);
	if (option.optional.len > 0)
		add_contents_field(x, "optional", proven, option.optional);
	return true;
}

static bool describe_flag(struct describing *x, struct slice contents, bool proven, struct line *problem)
{
	const char *value = "absent";

	if (contents.len > 1 || (contents.len == 1 && contents.data[0] > 1)) {
		line_printf(problem, "neither 0 nor 1, in %zu bytes", contents.len);
		return false;
	}
	if (contents.len == 1)
		value = contents.data[0] == 1 ? "enabled" : "disabled";
	line_add(&x->summary, value);
	add_field_printf(x, "value", proven, "%s", value);
	return true;
}

static bool describe_authority(struct describing *x, struct slice contents, bool proven)
{
	struct authority a;
	struct line line;

	if (!authority_read(contents, &a))
		return false;
	line_begin(&line, LINE_MAX_FIELD);
	if (a.certificate.len > 0)
		x->status = x->status == ATTEST_OK ? certificate_add(a.certificate, &line, x->error) : x->status;
	else
		line_hex(&line, a.hash);
	line_add(&x->summary, line.text);
	add_field(x, a.certificate.len > 0 ? "certificate" : "hash", proven, &line);
	if (a.owner.len > 0)
		add_guid_field(x, "owner", proven, a.owner);
	return true;
}

static bool describe_contents(struct describing *x, const struct uefi_variable *v, bool proven, struct line *problem)
{
	if (x->event->tcg_type == EV_EFI_VARIABLE_AUTHORITY && describe_authority(x, v->contents, proven))
		return true;
	switch (uefi_variable_kind(v)) {
	case VARIABLE_SECURE_BOOT:
	case VARIABLE_FLAG:
		return describe_flag(x, v->contents, proven, problem);
	case VARIABLE_PK:
	case VARIABLE_KEK:
	case VARIABLE_DB:
	case VARIABLE_DBX:
	case VARIABLE_SIGNATURES:
		return describe_signatures(x, v->contents, proven, problem);
	case VARIABLE_BOOT_ORDER:
		return describe_boot_order(x, v->contents, proven, problem);
	case VARIABLE_BOOT_OPTION:
		return describe_boot_option(x, v->contents, proven, problem);
	case VARIABLE_TEXT:
	case VARIABLE_OTHER:
		break;
	}
	add_contents(&x->summary, v->contents);
	add_contents_field(x, "value", proven, v->contents);
	return true;
}

/*
 * Hashed is the whole structure, or of boot variables only the contents (EDK II up to EV_EFI_VARIABLE_BOOT2: PFP,
 * 10.4.1): then the name is the log's word. Where more than the structure was logged, what was hashed is read.
 */
static void describe_variable(struct describing *x)
{
	struct slice hashed = hashed_part(&x->hashing);
	struct uefi_variable v;
	struct line problem, name;
	bool whole = hashed.data != NULL, contents;

	line_begin(&problem, LINE_MAX_FIELD);
	if (!uefi_variable_read(whole ? hashed : x->event->data, &v, &problem)) {
		describe_malformed(x, &problem);
		return;
	}
	contents = whole || is_hash_of(&x->hashing, v.contents);
	line_begin(&name, LINE_MAX_FIELD);
	line_utf16(&name, v.name);
	line_add(&x->summary, name.text);
	line_add(&x->summary, ": ");
	add_field(x, "name", whole, &name);
	add_guid_field(x, "guid", whole, v.vendor);
	x->d->proven = whole;
	if (!describe_contents(x, &v, contents, &problem))
		describe_malformed(x, &problem);
}

/* The digest is the image's Authenticode hash (PFP, 3.3.4.5), so the path is the log's word. */
static void describe_image(struct describing *x)
{
	struct attest_error e = {0};
	struct image_load image;
	struct digest digest;
	struct line line, problem;

	line_begin(&problem, LINE_MAX_FIELD);
	line_begin(&line, LINE_MAX_FIELD);
	if (!image_load_read(x->event->data, &image, &problem) || !device_path_add(image.path, &line, &problem)) {
		describe_malformed(x, &problem);
		return;
	}
	line_add(&x->summary, line.len == 0 ? "an image without a path" : line.text);
	add_field(x, "path", false, &line);
	if (event_digest(x->event, x->bank, &digest, &e) == ATTEST_OK && digest.size > 0)
		add_hash_field(x, "authenticode", true, digest_slice(&digest));
	add_field_printf(x, "length", false, "%" PRIu64, image.length);
}

static void add_partition(struct describing *x, const struct gpt_entry *entry, bool proven)
{
	char id[GUID_TEXT], type[GUID_TEXT];
	struct line line;

	line_begin(&line, LINE_MAX_FIELD);
	line_utf16(&line, entry->name);
	line_printf(&line, " %s, type %s, blocks %" PRIu64 " to %" PRIu64, guid_text(entry->id, id),
		    guid_text(entry->type, type), entry->first, entry->last);
	add_field(x, "partition", proven, &line);
}

static void describe_gpt(struct describing *x)
{
	struct slice hashed = hashed_part(&x->hashing);
	struct gpt gpt;
	struct line problem;
	char disk[GUID_TEXT];

	line_begin(&problem, LINE_MAX_FIELD);
	if (!gpt_read(hashed.data != NULL ? hashed : x->event->data, &gpt, &problem)) {
		describe_malformed(x, &problem);
		return;
	}
	x->d->proven = hashed.data != NULL;
	line_printf(&x->summary, "disk %s, %" PRIu64 " partitions", guid_text(gpt.disk, disk), gpt.n_entries);
	add_guid_field(x, "disk", x->d->proven, gpt.disk);
	for (size_t i = 0; i < gpt.n_entries; i++) {
		struct gpt_entry entry = gpt_entry(&gpt, i);

		if (x->d->n_fields == DESCRIBE_FIELDS) {
			x->d->n_omitted += (size_t)gpt.n_entries - i;
			break;
		}
		add_partition(x, &entry, x->d->proven);
	}
}

static void describe_grub(struct describing *x, const struct grub_event *grub)
{
	line_bytes(&x->summary, grub->text);
	x->d->proven = grub->hashed;
	add_field_printf(x, "label", false, "%s", grub->label);
	add_text_field(x, strcmp(grub->label, "grub_cmd") == 0 ? "command" : "cmdline", grub->hashed, grub->text);
}

static void describe_section(struct describing *x, const char *name)
{
	char own[SECTION_NAME_SIZE];
	bool is_name = hashed_section_name(&x->hashing, own);

	/* The second of its two events has the same data, and the digest of what is not in the log. */
	line_printf(&x->summary, is_name ? "section name %s" : "section contents %s", name);
	x->d->proven = is_name;
	add_field_printf(x, "section", is_name, "%s", name);
}

/* Boot loaders: GRUB's commands, systemd's command lines and sections, and names of what was hashed (files, MokList).
 */
static void describe_ipl(struct describing *x)
{
	struct grub_event grub;
	char name[SECTION_NAME_SIZE];
	struct slice text;
	struct line line;

	if (grub_event_read(&x->hashing, &grub)) {
		describe_grub(x, &grub);
	} else if (section_name(x->event, name)) {
		describe_section(x, name);
	} else if (hashed_utf16(&x->hashing, &text)) {
		line_utf16(&x->summary, text);
		x->d->proven = true;
		line_begin(&line, LINE_MAX_FIELD);
		line_utf16(&line, text);
		add_field(x, "cmdline", true, &line);
	} else {
		describe_string(x);
	}
}

static const char *tag_name(uint32_t tag)
{
	static const struct {
		uint32_t tag;
		const char *name;
	} known[] = {
		{TAG_LINUX_INITRD,       "Linux: initrd"                 },
                {TAG_LINUX_LOAD_OPTIONS, "Linux: command line"           },
		{0xf5bc582a,             "systemd-boot: loader.conf"     },
                {0x6c46f751,             "systemd-stub: devicetree addon"},
		{0x49dffe0f,             "systemd-stub: initrd addon"    },
                {0xdac08e1a,             "systemd-stub: microcode addon" },
		{0x13aed6db,             "systemd-stub: profile"         },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].tag == tag)
			return known[i].name;
	return NULL;
}

/* The kernel's EFI stub and systemd hash what they load, and log a tag and a description of it. */
static void describe_tag(struct describing *x)
{
	struct slice data;
	struct line problem;
	const char *name;
	uint32_t tag;

	line_begin(&problem, LINE_MAX_FIELD);
	if (!tagged_event_read(x->event->data, &tag, &data, &problem)) {
		describe_malformed(x, &problem);
		return;
	}
	x->d->proven = hashed_part(&x->hashing).data != NULL;
	name = tag_name(tag);
	if (name == NULL)
		line_printf(&x->summary, "tag 0x%08x", tag);
	else
		line_add(&x->summary, name);
	line_add(&x->summary, " (");
	add_contents(&x->summary, data);
	line_add(&x->summary, ")");
	add_field_printf(x, "tag", x->d->proven, "0x%08x", tag);
	add_contents_field(x, "text", x->d->proven || is_hash_of(&x->hashing, data), data);
}

/* A blob has a base and a length; in the second form, and in some POST codes, a description before them. */
static bool read_blob(struct slice data, bool described, struct slice *ret_text, struct reader *ret_rest)
{
	struct reader r = reader_of(data);

	*ret_text = described ? reader_bytes(&r, reader_u8(&r)) : slice_of("", 0);
	*ret_rest = r;
	return !r.failed;
}

static void describe_blob(struct describing *x)
{
	bool described = x->event->tcg_type == EV_EFI_PLATFORM_FIRMWARE_BLOB2 || x->event->tcg_type == EV_POST_CODE2;
	struct slice text;
	struct reader r;
	uint64_t base, length;
	struct line problem;

	if (!read_blob(x->event->data, described, &text, &r) || r.rest.len != 16) {
		line_begin(&problem, LINE_MAX_FIELD);
		line_printf(&problem, "%zu bytes", x->event->data.len);
		describe_malformed(x, &problem);
		return;
	}
	base = reader_u64le(&r);
	length = reader_u64le(&r);
	if (text.len > 0)
		line_bytes(&x->summary, slice_sub(text, 0, slice_find(text, 0)));
	line_printf(&x->summary, "%s%" PRIu64 " bytes of firmware at 0x%" PRIx64, text.len > 0 ? ", " : "", length,
		    base);
	add_field_printf(x, "base", false, "0x%" PRIx64, base);
	add_field_printf(x, "length", false, "%" PRIu64, length);
}

/* A string, or a blob's base and length: both are found. Were it hashed, it would be no blob's. */
static void describe_string_or_blob(struct describing *x)
{
	struct slice data = x->event->data, text;

	if (data.len != 16 || text_is_ascii(data, &text) || text_is_utf16(data, &text) || is_hash_of(&x->hashing, data))
		describe_string(x);
	else
		describe_blob(x);
}

/* Pointers to tables whose contents were hashed and are not in the log. */
static void describe_tables(struct describing *x)
{
	enum { ROW = GUID_SIZE + 8 };
	bool described = x->event->tcg_type == EV_EFI_HANDOFF_TABLES2;
	struct slice text;
	struct reader r;
	uint64_t n;
	struct line problem;

	line_begin(&problem, LINE_MAX_FIELD);
	if (!read_blob(x->event->data, described, &text, &r) || r.rest.len < 8) {
		line_printf(&problem, "%zu bytes", x->event->data.len);
		describe_malformed(x, &problem);
		return;
	}
	n = reader_u64le(&r);
	if (n > r.rest.len / ROW) {
		line_printf(&problem, "NumberOfTables %" PRIu64 " is past the end", n);
		describe_malformed(x, &problem);
		return;
	}
	line_printf(&x->summary, "%" PRIu64 " tables of the system", n);
	for (size_t i = 0; i < n && x->d->n_fields < DESCRIBE_FIELDS; i++) {
		add_guid_field(x, "table", false, reader_bytes(&r, GUID_SIZE));
		(void)reader_u64le(&r);
	}
	x->d->n_omitted += (size_t)n - x->d->n_fields;
}

/* TCG_EfiSpecIdEvent: PFP, 10.4.5.1. tcg.c has read it where the log is of that form. */
static void describe_spec_id(struct describing *x, struct reader *r)
{
	unsigned class = reader_u32le(r), minor = reader_u8(r), major = reader_u8(r), errata = reader_u8(r);
	uint32_t n;

	(void)reader_u8(r);
	n = reader_u32le(r);
	line_printf(&x->summary, "log of specification %u.%u errata %u, platform class %u", major, minor, errata,
		    class);
	for (uint32_t i = 0; i < n && r->rest.len >= 4; i++) {
		uint16_t alg = reader_u16le(r);
		const char *name = digest_name(alg);

		(void)reader_u16le(r);
		line_add(&x->summary, i == 0 ? ": " : ", ");
		if (name != NULL)
			line_add(&x->summary, name);
		else
			line_printf(&x->summary, "0x%04x", alg);
	}
}

/* Text with its length and a NUL in front of it: PFP, 10.4.5.4. */
static void add_counted_field(struct describing *x, const char *name, struct reader *r)
{
	struct slice text = reader_bytes(r, reader_u8(r));

	if (r->failed)
		return;
	text = slice_sub(text, 0, slice_find(text, 0));
	line_printf(&x->summary, "%s ", x->d->n_fields == 0 ? "," : "");
	line_bytes(&x->summary, text);
	add_text_field(x, name, false, text);
}

/* Where the manufacturer's reference values for this firmware are. */
static void describe_reference(struct describing *x, struct reader *r, bool is_long)
{
	struct slice guid;

	(void)reader_u32le(r); /* the manufacturer's number */
	guid = reader_bytes(r, GUID_SIZE);
	line_add(&x->summary, "reference manifest");
	if (is_long && !r->failed) {
		add_counted_field(x, "manufacturer", r);
		add_counted_field(x, "model", r);
	}
	if (!r->failed)
		add_guid_field(x, "manifest", false, guid);
}

/* Measured nowhere, so it proves nothing. */
static void describe_no_action(struct describing *x)
{
	struct reader r = reader_of(x->event->data);
	struct slice signature = reader_bytes(&r, 16);

	signature = slice_sub(signature, 0, slice_find(signature, 0));
	if (slice_equal(signature, slice_of_string("Spec ID Event03")) && r.rest.len >= 12)
		describe_spec_id(x, &r);
	else if (x->event->startup_locality >= 0)
		line_printf(&x->summary, "startup locality %d", x->event->startup_locality);
	else if (slice_equal(signature, slice_of_string("SP800-155 Event")))
		describe_reference(x, &r, false);
	else if (slice_equal(signature, slice_of_string("SP800-155 Event2")) ||
		 slice_equal(signature, slice_of_string("SP800-155 Event3")))
		describe_reference(x, &r, true);
	else if (text_add(signature, &x->summary))
		line_printf(&x->summary, ", %zu bytes", x->event->data.len);
	else
		describe_size(x);
}

static const struct {
	uint32_t type;
	void (*describe)(struct describing *x);
} types[] = {
	{EV_POST_CODE,                     describe_string_or_blob},
	{EV_NO_ACTION,                     describe_no_action     },
	{EV_SEPARATOR,                     describe_separator     },
	{EV_EVENT_TAG,                     describe_tag           },
	{EV_S_CRTM_CONTENTS,               describe_string_or_blob},
	{EV_IPL,			   describe_ipl           },
	{EV_POST_CODE2,                    describe_blob          },
	{EV_EFI_VARIABLE_DRIVER_CONFIG,    describe_variable      },
	{EV_EFI_VARIABLE_BOOT,             describe_variable      },
	{EV_EFI_VARIABLE_BOOT2,            describe_variable      },
	{EV_EFI_VARIABLE_AUTHORITY,        describe_variable      },
	{EV_EFI_BOOT_SERVICES_APPLICATION, describe_image         },
	{EV_EFI_BOOT_SERVICES_DRIVER,      describe_image         },
	{EV_EFI_RUNTIME_SERVICES_DRIVER,   describe_image         },
	{EV_EFI_GPT_EVENT,                 describe_gpt           },
	{EV_EFI_GPT_EVENT2,                describe_gpt           },
	{EV_EFI_PLATFORM_FIRMWARE_BLOB,    describe_blob          },
	{EV_EFI_PLATFORM_FIRMWARE_BLOB2,   describe_blob          },
	{EV_EFI_HANDOFF_TABLES,            describe_tables        },
	{EV_EFI_HANDOFF_TABLES2,           describe_tables        },
};

void describe_tcg(struct describing *x)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == x->event->tcg_type) {
			types[i].describe(x);
			return;
		}
	describe_string(x);
}
