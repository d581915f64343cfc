/* SPDX-License-Identifier: Apache-2.0 */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#include "device_path.h"
#include "ima.h"
#include "tcg_types.h"
#include "uefi.h"

enum { PCR_FILES = 10 }; /* where the kernel measures files, without end */

static struct software *new_item(struct software_reader *reader)
{
	if (reader->n == reader->room) {
		size_t room = reader->room == 0 ? 32 : 2 * reader->room;
		struct software *items = arena_alloc(reader->arena, room, sizeof(*items));

		if (items == NULL)
			return NULL;
		if (reader->n > 0)
			memcpy(items, reader->items, reader->n * sizeof(*items));
		reader->items = items;
		reader->room = room;
	}
	return &reader->items[reader->n];
}

static size_t count_of(const struct software_reader *reader, const char *what)
{
	size_t n = 0;

	for (size_t i = 0; i < reader->n; i++)
		n += strcmp(reader->items[i].what, what) == 0;
	return n;
}

/* A value that was cut does not show all that was hashed, and another could be cut to the same. */
void software_state(struct reading *x, const char *what, bool proven, const struct line *value)
{
	struct software_reader *reader = x->reader;
	struct software *item;
	const char *text;

	if (x->status != ATTEST_OK)
		return;
	if (count_of(reader, what) == LIMIT_SOFTWARE_OF_A_KIND) { /* so that none crowds out the others */
		reader->n_dropped++;
		return;
	}
	text = line_take(value, reader->arena);
	item = text == NULL ? NULL : new_item(reader);
	if (item == NULL) {
		x->status = fail_memory(x->error);
		return;
	}
	*item = (struct software){what, text, x->event->pcr, x->log, x->number, proven && !value->cut};
	reader->n++;
}

static void state_bytes(struct reading *x, const char *what, bool proven, struct slice bytes)
{
	struct line line;

	line_begin(&line, LINE_MAX_SUMMARY);
	line_bytes(&line, bytes);
	software_state(x, what, proven, &line);
}

static void add_digest(struct reading *x, struct line *line)
{
	struct digest digest = {0};

	if (x->status == ATTEST_OK)
		x->status = event_digest(x->event, x->bank, &digest, x->error);
	line_hex(line, digest_slice(&digest));
}

/* PFP 1.06, 3.3.2.2: 0 or 0xffffffff, and 1 after an error. Any of these ends what firmware measures before it boots.
 */
static bool is_separator(struct reading *x)
{
	static const uint8_t values[][4] = {
		{0,    0,    0,    0   },
                {0xff, 0xff, 0xff, 0xff},
                {1,    0,    0,    0   }
        };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (is_hash_of(&x->hashing, slice_of(values[i], sizeof(values[i]))))
			return true;
	return false;
}

static void read_firmware(struct reading *x)
{
	struct slice data = x->event->data, hashed = hashed_part(&x->hashing);
	bool is_whole = hashed.data != NULL && hashed.len == data.len;
	struct line line;

	if (x->event->tcg_type != EV_S_CRTM_VERSION)
		return;
	line_begin(&line, LINE_MAX_SUMMARY);
	if (slice_is_zero(data)) {
		line_add(&line, "(empty)");
	} else if (!text_add(data, &line)) {
		line_add(&line, "0x");
		line_hex(&line, data);
	}
	software_state(x, "firmware.version", is_whole && x->pcr->n_events == 0, &line);
}

/* "<digest>  <path> (path claimed)" */
static void state_image(struct reading *x, const char *what, bool proven)
{
	struct image_load image;
	struct line line, path, problem;

	if (x->event->tcg_type != EV_EFI_BOOT_SERVICES_APPLICATION &&
	    x->event->tcg_type != EV_EFI_BOOT_SERVICES_DRIVER && x->event->tcg_type != EV_EFI_RUNTIME_SERVICES_DRIVER)
		return;
	line_begin(&line, LINE_MAX_SUMMARY);
	line_begin(&path, LINE_MAX_FIELD);
	line_begin(&problem, LINE_MAX_FIELD);
	add_digest(x, &line);
	if (!image_load_read(x->event->data, &image, &problem) || !device_path_add(image.path, &path, &problem) ||
	    path.len == 0) {
		line_add(&line, "  (no path)");
	} else {
		line_add(&line, "  ");
		line_add(&line, path.text);
		line_add(&line, " (path claimed)");
	}
	software_state(x, what, proven, &line);
}

static void read_driver(struct reading *x)
{
	state_image(x, "driver", x->pcr->n_separators == 0);
}

static void read_image(struct reading *x)
{
	state_image(x, "image", x->pcr->n_separators == 1);
}

/* "2 certificates: …; 0 hashes; contents sha256 …" */
static void state_keys(struct reading *x, const char *what, bool proven, struct slice contents)
{
	struct signatures signatures;
	struct line line, problem, names[SIGNATURES_NAMED];
	uint8_t sha256[32] = {0};

	line_begin(&line, LINE_MAX_SUMMARY);
	line_begin(&problem, LINE_MAX_FIELD);
	if (signatures_read(contents, &signatures, &problem)) {
		x->status = signatures_name(&signatures, names, x->error);
		if (x->status != ATTEST_OK)
			return;
		signatures_add(&signatures, names, &line);
	} else {
		line_add(&line, "malformed (");
		line_add(&line, problem.text);
		line_add(&line, ")");
	}
	if (x->status == ATTEST_OK)
		x->status = digest_sha256(contents, sha256, x->error);
	line_add(&line, "; contents sha256 ");
	line_hex(&line, slice_of(sha256, sizeof(sha256)));
	software_state(x, what, proven, &line);
}

static void state_secure_boot(struct reading *x, enum variable_kind kind, bool proven, struct slice contents)
{
	static const char *const names[] = {
		[VARIABLE_PK] = "secure-boot.pk",
		[VARIABLE_KEK] = "secure-boot.kek",
		[VARIABLE_DB] = "secure-boot.db",
		[VARIABLE_DBX] = "secure-boot.dbx",
	};
	const char *value = "malformed";

	if (kind != VARIABLE_SECURE_BOOT) {
		state_keys(x, names[kind], proven, contents);
		return;
	}
	if (contents.len == 0 ||
	    (contents.len == 1 && contents.data[0] == 0)) /* firmware without it measures no byte */
		value = "disabled";
	else if (contents.len == 1 && contents.data[0] == 1)
		value = "enabled";
	state_bytes(x, "secure-boot", proven, slice_of_string(value));
}

/* "db: CN=…, sha256 …" */
static void state_authority(struct reading *x, const struct uefi_variable *v, bool proven)
{
	struct authority a;
	struct line line;

	line_begin(&line, LINE_MAX_SUMMARY);
	line_utf16(&line, v->name);
	line_add(&line, ": ");
	if (!authority_read(v->contents, &a)) {
		if (!text_add(v->contents, &line))
			line_printf(&line, "%zu bytes", v->contents.len);
	} else if (a.certificate.len > 0) {
		x->status = certificate_add(a.certificate, &line, x->error);
	} else {
		line_add(&line, "hash ");
		line_hex(&line, a.hash);
	}
	software_state(x, "secure-boot.authority", proven, &line);
}

/*
 * PFP 1.06, 3.3.4.8: the variables, the separator, then what vouched for each image. The name of db stands in both
 * kinds of events, and their types are the log's word: before the separator the first of a name is the variable.
 */
static void read_secure_boot(struct reading *x)
{
	struct slice hashed = hashed_part(&x->hashing);
	struct uefi_variable v;
	struct line problem;
	enum variable_kind kind;
	bool is_first, is_authority = x->event->tcg_type == EV_EFI_VARIABLE_AUTHORITY;

	line_begin(&problem, LINE_MAX_FIELD);
	if (!uefi_variable_read(hashed.data != NULL ? hashed : x->event->data, &v, &problem))
		return;
	kind = uefi_variable_kind(&v);
	if (kind >= VARIABLE_SECURE_BOOT && kind <= VARIABLE_DBX) {
		is_first = x->pcr->n_separators == 0 && (x->reader->variables & 1u << kind) == 0;
		if (is_first || !is_authority) {
			x->reader->variables |= 1u << kind;
			state_secure_boot(x, kind, hashed.data != NULL && is_first && !x->pcr->gap, v.contents);
			return;
		}
	}
	if (is_authority)
		state_authority(x, &v, hashed.data != NULL);
}

/* The arguments of `linux`, `linuxefi` or `linux16`, which are the kernel's path and command line. */
static bool linux_arguments(struct slice command, struct slice *ret_arguments)
{
	static const char *const commands[] = {"linux ", "linuxefi ", "linux16 "};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct slice name = slice_of_string(commands[i]);

		if (slice_equal(slice_sub(command, 0, name.len), name)) {
			*ret_arguments = slice_sub(command, name.len, command.len);
			return true;
		}
	}
	return false;
}

/*
 * SHA-256 of a command line without the quotes and backslashes that GRUB puts into it (grub_create_loader_cmdline): so
 * it is the arguments of the command. What was plain stays as it is.
 */
static attest_status unquoted_sha256(struct slice cmdline, uint8_t ret_sha256[32], struct attest_error *error)
{
	uint8_t *plain = malloc(cmdline.len + 1);
	size_t len = 0;
	attest_status status;

	if (plain == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < cmdline.len; i++) {
		if (cmdline.data[i] == '"')
			continue;
		if (cmdline.data[i] == '\\' && i + 1 < cmdline.len)
			i++;
		plain[len++] = cmdline.data[i];
	}
	status = digest_sha256(slice_of(plain, len), ret_sha256, error);
	free(plain);
	return status;
}

/*
 * GRUB measures each command, and a command line right after the `linux` that makes it; their labels are the log's
 * word, and a person at its prompt can have any text measured as a command. So it is the pair that counts.
 */
static void read_grub_text(struct reading *x, struct slice text, bool is_called_cmdline)
{
	struct software_reader *reader = x->reader;
	struct slice arguments;
	uint8_t sha256[32] = {0};
	bool follows = false;

	if (reader->linux_follows) {
		x->status = unquoted_sha256(text, sha256, x->error);
		follows = x->status == ATTEST_OK && memcmp(sha256, reader->linux_sha256, sizeof(sha256)) == 0;
	}
	if (follows || is_called_cmdline)
		state_bytes(x, "kernel.cmdline", follows && !x->pcr->gap, text);
	reader->linux_follows = linux_arguments(text, &arguments);
	if (reader->linux_follows && x->status == ATTEST_OK)
		x->status = digest_sha256(arguments, reader->linux_sha256, x->error);
}

/* What nobody explains may be another command line, of a boot that was tried before or after. */
static void distrust_cmdline(struct reading *x)
{
	x->pcr->gap = true;
	for (size_t i = 0; i < x->reader->n; i++)
		if (x->reader->items[i].pcr == x->event->pcr && strcmp(x->reader->items[i].what, "kernel.cmdline") == 0)
			x->reader->items[i].proven = false;
}

static bool state_utf16_cmdline(struct reading *x)
{
	struct slice text;
	struct line line;

	if (!hashed_utf16(&x->hashing, &text))
		return false;
	line_begin(&line, LINE_MAX_SUMMARY);
	line_utf16(&line, text);
	software_state(x, "kernel.cmdline", !x->pcr->gap, &line);
	return true;
}

static void read_boot_loader(struct reading *x)
{
	struct grub_event grub = {.hashed = false};
	bool is_grub = grub_event_read(&x->hashing, &grub);
	bool is_cmdline = is_grub && strcmp(grub.label, "kernel_cmdline") == 0;
	struct slice hashed = hashed_part(&x->hashing);

	if (is_grub && grub.hashed) {
		read_grub_text(x, grub.text, is_cmdline);
	} else if (state_utf16_cmdline(x)) {
		x->reader->linux_follows = false;
	} else if (hashed.data != NULL) { /* another label, or none: what was hashed counts all the same */
		read_grub_text(x,
			       hashed.len > 0 && hashed.data[hashed.len - 1] == 0 ? slice_sub(hashed, 0, hashed.len - 1)
										  : hashed,
			       false);
	} else {
		x->reader->linux_follows = false;
		distrust_cmdline(x);
		if (is_cmdline)
			state_bytes(x, "kernel.cmdline", false, grub.text);
	}
}

/* The kernel's EFI stub hashes its command line and its initrd, and logs no more than that. */
static void read_tag(struct reading *x)
{
	struct slice data;
	struct line line, problem;
	uint32_t tag = 0;

	line_begin(&line, LINE_MAX_SUMMARY);
	line_begin(&problem, LINE_MAX_FIELD);
	if (x->event->tcg_type != EV_EVENT_TAG || !tagged_event_read(x->event->data, &tag, &data, &problem) ||
	    (tag != TAG_LINUX_INITRD && tag != TAG_LINUX_LOAD_OPTIONS))
		return;
	add_digest(x, &line);
	if (tag == TAG_LINUX_LOAD_OPTIONS)
		line_add(&line, " (digest of the UTF-16 text, which is not in the log)");
	software_state(x, tag == TAG_LINUX_INITRD ? "initrd" : "kernel.cmdline", false, &line);
}

static bool section_is_known(const struct software_reader *reader, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < reader->n; i++)
		if (strcmp(reader->items[i].what, "uki.section") == 0 &&
		    strncmp(reader->items[i].value, name, len) == 0 && reader->items[i].value[len] == ' ')
			return true;
	return false;
}

/*
 * systemd-stub: name, contents, name, contents, … from the first event of PCR 11 on; anything else ends it, since what
 * comes then could be anyone's.
 */
static void read_section(struct reading *x)
{
	struct software_reader *reader = x->reader;
	struct line line;

	if (reader->sections == SECTIONS_NAME) {
		reader->sections =
			hashed_section_name(&x->hashing, reader->section) ? SECTIONS_CONTENTS : SECTIONS_OVER;
	} else if (reader->sections == SECTIONS_CONTENTS) {
		line_begin(&line, LINE_MAX_SUMMARY);
		line_printf(&line, "%s ", reader->section);
		add_digest(x, &line);
		software_state(x, "uki.section", !section_is_known(reader, reader->section), &line);
		reader->sections = SECTIONS_NAME;
	}
}

static void read_cmdline(struct reading *x)
{
	(void)state_utf16_cmdline(x);
}

static void read_tcg(struct reading *x)
{
	static void (*const readers[LIMIT_PCRS])(struct reading * x) = {
		[0] = read_firmware,    [2] = read_driver, [4] = read_image,    [7] = read_secure_boot,
		[8] = read_boot_loader, [9] = read_tag,    [11] = read_section, [12] = read_cmdline,
	};

	if (readers[x->event->pcr] != NULL)
		readers[x->event->pcr](x);
}

static void read_systemd(struct reading *x)
{
	state_bytes(x, x->event->pcr == 11 ? "boot.phase" : "systemd", is_hash_of(&x->hashing, x->event->data),
		    x->event->data);
}

/* The first entry of IMA is made of the PCRs that firmware extended: it ties PCR 10 to them. */
static void read_ima(struct reading *x)
{
	const struct event *event = x->event;
	struct ima_fields f;
	struct line line;

	if (!ima_fields_read(event, &f) || !slice_equal(f.name, slice_of_string("boot_aggregate")))
		return;
	line_begin(&line, LINE_MAX_SUMMARY);
	if (f.digest_alg != NULL)
		line_printf(&line, "%s:", f.digest_alg);
	line_hex(&line, f.digest);
	software_state(x, "ima.boot_aggregate",
		       event->preimage.data != NULL && is_hash_of(&x->hashing, event->preimage), &line);
}

static void read_event(struct reading *x)
{
	switch (x->event->kind) {
	case EVENT_TCG:
		read_tcg(x);
		break;
	case EVENT_TEXT:
		software_read_text(x);
		break;
	case EVENT_SYSTEMD:
		read_systemd(x);
		break;
	case EVENT_IMA:
		if (x->pcr->n_events == 0)
			read_ima(x);
		break;
	case EVENT_BARE:
	case EVENT_OTHER:
		break;
	}
}

/* What the events after this one must know of it. */
static void note_place(struct reading *x)
{
	struct software_reader *reader = x->reader;
	uint8_t pcr = x->event->pcr;
	struct slice text;

	if (pcr == 11 && x->event->kind != EVENT_TCG)
		reader->sections = SECTIONS_OVER;
	if (pcr == 7 && (x->event->kind != EVENT_TCG || hashed_part(&x->hashing).data == NULL))
		x->pcr->gap = true;
	if (pcr == 12 && (x->event->kind != EVENT_TCG ||
			  (hashed_part(&x->hashing).data == NULL && !hashed_utf16(&x->hashing, &text))))
		distrust_cmdline(x);
	if (pcr == 8 && x->event->kind != EVENT_TCG)
		distrust_cmdline(x);
}

static void read_place(struct reading *x)
{
	struct software_reader *reader = x->reader;

	if (x->pcr->n_events >= SOFTWARE_PCR_EVENTS) {
		reader->n_dropped += x->event->kind != EVENT_IMA || x->event->pcr != PCR_FILES;
		if ((x->event->pcr == 8 || x->event->pcr == 12) && !x->pcr->gap)
			distrust_cmdline(x);
	} else if (x->event->pcr <= 7 && is_separator(x)) {
		x->pcr->n_separators++;
	} else {
		read_event(x);
		note_place(x);
	}
	x->pcr->n_events++;
}

attest_status software_read(struct software_reader *reader, const struct event *event, uint16_t bank, size_t log,
			    size_t number, struct attest_error *error)
{
	struct reading x = {
		.reader = reader, .event = event, .bank = bank, .log = log, .number = number, .error = error};

	if (event->pcr >= LIMIT_PCRS || !extends_bank(event, bank))
		return ATTEST_OK;
	x.hashing = (struct hashing){.event = event, .bank = bank, .error = error};
	x.pcr = &reader->pcrs[event->pcr];
	read_place(&x);
	hashing_end(&x.hashing);
	return x.status != ATTEST_OK ? x.status : x.hashing.status;
}
