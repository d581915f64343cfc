/* SPDX-License-Identifier: Apache-2.0 */
#include "uki.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"

static const char clause[] = "UAPI.5 Unified Kernel Image";

/* The order in which every systemd-stub measures those that it knows. A `refusal`: what it makes of the section
 * depends on the machine. */
static const struct known {
	const char *section, *title, *refusal;
} known[] = {
	{".linux",   "kernel (.linux)",                  NULL										},
	{".osrel",   "name of the system (.osrel)",      NULL										},
	{".cmdline", "command line (.cmdline)",          NULL										},
	{".initrd",  "initrd (.initrd)",                 NULL										},
	{".ucode",   "microcode (.ucode)",               NULL										},
	{".splash",  "splash screen (.splash)",          NULL										},
	{".dtb",     "device tree (.dtb)",               NULL										},
	{".uname",   "kernel version (.uname)",          NULL										},
	{".sbat",    "generation numbers (.sbat)",       NULL										},
	{".pcrsig",  NULL,			       NULL										}, /* signs the result, so it is not measured */
	{".pcrpkey", "key of PCR signatures (.pcrpkey)", NULL										},
	{".profile", NULL,			       "it holds profiles (.profile), and which one is booted is chosen at the machine"    },
	{".dtbauto", NULL,			       "it holds device trees for several machines (.dtbauto), of which the stub takes one"},
	{".hwids",   "hardware identifiers (.hwids)",    NULL										},
	{".efifw",   NULL,			       "it holds firmware (.efifw), which the stub takes or leaves by the machine"         },
};

enum { N_KNOWN = sizeof(known) / sizeof(known[0]), FIRST_STUB = 252 };

static attest_status refuse(struct attest_error *error, const char *why)
{
	return fail(error, ATTEST_E_STRUCTURE, clause, "what this image measures cannot be predicted: %s", why);
}

static const struct known *known_section(const char *name)
{
	for (size_t i = 0; i < N_KNOWN; i++)
		if (strcmp(known[i].section, name) == 0)
			return &known[i];
	return NULL;
}

/* In the stub's own sections, not in what it carries. */
static const uint8_t *find_in_stub(const struct pe *pe, const void *bytes, size_t len, struct slice *ret_section)
{
	for (size_t i = 0; i < pe->n_sections; i++) {
		const struct pe_section *section = &pe->sections[i];
		struct slice s = slice_sub(pe->image, section->raw_offset, section->raw_size);
		const uint8_t *found;

		if (s.len == 0 || known_section(section->name) != NULL)
			continue;
		found = memmem(s.data, s.len, bytes, len);
		if (found != NULL) {
			*ret_section = s;
			return found;
		}
	}
	return NULL;
}

static attest_status find_stub(struct arena *arena, struct uki *uki, struct attest_error *error)
{
	static const char mark[] = "LoaderInfo: systemd-stub ", end[] = " ####";
	struct slice section = {NULL, 0}, text;
	const uint8_t *found = find_in_stub(&uki->pe, mark, sizeof(mark) - 1, &section), *last;
	unsigned n;

	if (found == NULL)
		return refuse(error, "its stub is not systemd-stub");
	found += strlen("LoaderInfo: ");
	text = slice_sub(section, (size_t)(found - section.data), 80);
	last = memmem(text.data, text.len, end, sizeof(end) - 1);
	if (last == NULL)
		return refuse(error, "its stub does not say which version of systemd-stub it is");
	found += strlen("systemd-stub ");
	for (n = 0; found < last && *found >= '0' && *found <= '9' && n < FIRST_STUB; found++)
		n = n * 10 + (unsigned)(*found - '0');
	if (n < FIRST_STUB)
		return refuse(error, "its systemd-stub is older than 252, and measures no sections");
	uki->stub = printable(arena, slice_sub(text, 0, (size_t)(last - text.data)), 80);
	return uki->stub == NULL ? fail_memory(error) : ATTEST_OK;
}

/* A stub measures the sections whose names it holds: older ones know fewer. */
static bool stub_knows(const struct uki *uki, const char *section)
{
	struct slice in = {NULL, 0};

	return find_in_stub(&uki->pe, section, strlen(section) + 1, &in) != NULL;
}

static attest_status find_section(const struct uki *uki, const struct known *wanted,
				  const struct pe_section **ret_section, struct attest_error *error)
{
	*ret_section = NULL;
	for (size_t i = 0; i < uki->pe.n_sections; i++) {
		const struct pe_section *section = &uki->pe.sections[i];

		if (strcmp(section->name, wanted->section) != 0 || section->virtual_size == 0)
			continue;
		if (*ret_section != NULL)
			return fail(error, ATTEST_E_STRUCTURE, clause, "the image has two sections %s",
				    wanted->section);
		*ret_section = section;
	}
	if (*ret_section != NULL && wanted->refusal != NULL && stub_knows(uki, wanted->section))
		return refuse(error, wanted->refusal);
	return ATTEST_OK;
}

static attest_status read_parts(struct arena *arena, struct uki *uki, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	for (size_t i = 0; status == ATTEST_OK && i < N_KNOWN; i++) {
		struct uki_part *part = &uki->parts[uki->n_parts];
		const struct pe_section *section;

		status = find_section(uki, &known[i], &section, error);
		if (status != ATTEST_OK || section == NULL)
			continue;
		if (strcmp(known[i].section, ".pcrsig") == 0)
			uki->initrd_joined = "the signatures of .pcrsig";
		if (known[i].title == NULL || !stub_knows(uki, known[i].section))
			continue;
		*part = (struct uki_part){.section = known[i].section, .title = known[i].title};
		status = pe_contents(arena, &uki->pe, section, &part->contents, error);
		uki->n_parts++;
	}
	return status;
}

const struct uki_part *uki_part(const struct uki *uki, const char *section)
{
	for (size_t i = 0; i < uki->n_parts; i++)
		if (strcmp(uki->parts[i].section, section) == 0)
			return &uki->parts[i];
	return NULL;
}

static unsigned number(const char **text)
{
	unsigned n = 0;

	for (; **text >= '0' && **text <= '9' && n < 100000; (*text)++)
		n = n * 10 + (unsigned)(**text - '0');
	return n;
}

/* Documentation/x86/boot.rst, "kernel_version". */
static attest_status read_version(struct arena *arena, struct uki *uki, struct slice kernel, struct attest_error *error)
{
	struct reader r = reader_of(slice_sub(kernel, 0x20e, 2));
	struct slice text = slice_sub(kernel, (size_t)reader_u16le(&r) + 0x200, 64);
	unsigned major, minor;
	const char *at;

	if (kernel.len < 0x210 || memcmp(kernel.data + 0x202, "HdrS", 4) != 0)
		return ATTEST_OK;
	text = slice_sub(text, 0, slice_find(text, '\0'));
	at = uki->kernel_version = printable(arena, slice_sub(text, 0, slice_find(text, ' ')), 64);
	if (at == NULL)
		return fail_memory(error);
	major = number(&at);
	at += *at == '.';
	minor = number(&at);
	uki->kernel_measures = major > 6 || (major == 6 && minor >= 1);
	return ATTEST_OK;
}

static attest_status read_kernel(struct arena *arena, struct uki *uki, struct attest_error *error)
{
	const struct uki_part *part = uki_part(uki, ".linux");
	attest_status status;

	if (part == NULL)
		return refuse(error, "it has no kernel (.linux): an add-on is no image of its own");
	status = pe_parse(arena, part->contents, &uki->kernel, error);
	if (status != ATTEST_OK) {
		error_where(error, "section .linux");
		return status;
	}
	if (uki->kernel.image_version == 0)
		status = refuse(error,
				"its kernel is older than Linux 5.8, which the stub does not start as an EFI program");
	if (status == ATTEST_OK && uki->kernel.machine != uki->pe.machine)
		status = refuse(error, "stub and kernel are for different processors");
	return status == ATTEST_OK ? read_version(arena, uki, part->contents, error) : status;
}

/* Other characters are turned into UTF-16 in more than one way. */
static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

static attest_status read_texts(struct arena *arena, struct uki *uki, struct attest_error *error)
{
	static const char own_osrel[] = {'o', 0, 's', 0, '-', 0, 'r', 0, 'e', 0,
					 'l', 0, 'e', 0, 'a', 0, 's', 0, 'e', 0};
	const struct uki_part *cmdline = uki_part(uki, ".cmdline"), *initrd = uki_part(uki, ".initrd");
	struct slice in = {NULL, 0};

	if (initrd != NULL)
		uki->initrd = initrd->contents;
	if (uki_part(uki, ".ucode") != NULL)
		uki->initrd_joined = "the microcode of .ucode";
	if (uki_part(uki, ".pcrpkey") != NULL)
		uki->initrd_joined = "the key of .pcrpkey";
	if (uki_part(uki, ".osrel") != NULL && find_in_stub(&uki->pe, own_osrel, sizeof(own_osrel), &in) != NULL)
		uki->initrd_joined = "the contents of .osrel";
	if (cmdline == NULL)
		return ATTEST_OK;
	uki->cmdline = arena_string(arena, slice_sub(cmdline->contents, 0, slice_find(cmdline->contents, '\0')));
	if (uki->cmdline == NULL)
		return fail_memory(error);
	if (!is_plain(uki->cmdline))
		return refuse(error, "its command line (.cmdline) is not ASCII");
	return ATTEST_OK;
}

attest_status uki_parse(struct arena *arena, struct slice image, struct uki *ret_uki, struct attest_error *error)
{
	struct uki uki = {.n_parts = 0};
	attest_status status;

	if (image.len > LIMIT_UKI_BYTES)
		return fail(error, ATTEST_E_LIMIT, NULL, "an image has at most %u bytes, this one %zu", LIMIT_UKI_BYTES,
			    image.len);
	status = pe_parse(arena, image, &uki.pe, error);
	if (status == ATTEST_OK)
		status = find_stub(arena, &uki, error);
	if (status == ATTEST_OK)
		status = read_parts(arena, &uki, error);
	if (status == ATTEST_OK)
		status = read_kernel(arena, &uki, error);
	if (status == ATTEST_OK)
		status = read_texts(arena, &uki, error);
	if (status == ATTEST_OK)
		*ret_uki = uki;
	return status;
}
