/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does an event fit a rule? Every answer follows from what was extended: the digest itself, or data that hash to it.
 */
#include <stdlib.h>
#include <string.h>

#include "rules.h"

enum { KNOWN_PART = 1, KNOWN_CMDLINE = 2, KNOWN_VARIABLE = 4, KNOWN_CERTIFICATE = 8, KNOWN_OBJECT = 16 };
enum { PCR_SECURE_BOOT = 7 };

static int compare_values(const void *a, const void *b)
{
	const struct pin_value *x = a, *y = b;

	return memcmp(x->value.bytes, y->value.bytes, DIGEST_MAX);
}

bool digest_set_has(const struct digest_set *set, struct slice digest)
{
	struct pin_value key = {.name = NULL};

	if (set->n == 0 || digest.len != set->values[0].value.size)
		return false;
	memcpy(key.value.bytes, digest.data, digest.len);
	return bsearch(&key, set->values, set->n, sizeof(key), compare_values) != NULL;
}

void digest_set_sort(struct digest_set *set)
{
	set->first = set->values[0];
	qsort(set->values, set->n, sizeof(*set->values), compare_values);
}

static bool is_new(struct matching *m, unsigned bit)
{
	bool is = (m->known & bit) == 0;

	m->known |= bit;
	return is;
}

static struct slice hashed(struct matching *m)
{
	if (is_new(m, KNOWN_PART))
		m->part = hashed_part(&m->hashing);
	return m->part;
}

/* Kernels that pad (replay.h) extend the SHA-1 digest of a file's entry in this bank. */
static bool is_padded(const struct replay *replay, const struct event *event, uint16_t bank)
{
	return event->kind == EVENT_IMA && event_find_digest(event, bank) == NULL &&
	       event_find_digest(event, ALG_SHA1) != NULL && replay->tracks[event->pcr][digest_index(bank)].is_padded;
}

attest_status matching_event(struct matching *m, const struct event *event, uint16_t bank, const struct replay *replay,
			     const struct rule_place *place, struct attest_error *error)
{
	bool padded = is_padded(replay, event, bank);
	uint16_t own = padded ? ALG_SHA1 : bank;
	const struct event_digest *d = event_find_digest(event, own);

	json_decref(m->object);
	m->object = NULL;
	m->known = 0;
	m->event = event;
	m->place = place;
	m->bank = bank;
	m->hashing = (struct hashing){.event = event, .bank = own, .hasher = m->hashing.hasher, .error = error};
	m->digest = (struct digest){.alg = bank, .size = digest_size(bank)};
	if (d != NULL)
		memcpy(m->digest.bytes, d->value.data, d->value.len);
	else
		m->hashing.status = hasher_compute(&m->hashing.hasher, bank, &event->preimage, 1, &m->digest, error);
	return m->hashing.status;
}

void matching_end(struct matching *m)
{
	json_decref(m->object);
	hashing_end(&m->hashing);
}

/* A line end would end the command line for the kernel's EFI stub, and another character may be a blank to it: such a
 * text is none here. */
static struct slice take_text(struct matching *m, struct slice text, size_t width)
{
	size_t len = text.len / width;

	if (len > CMDLINE_ROOM)
		return (struct slice){NULL, 0};
	for (size_t i = 0; i < len; i++) {
		uint8_t c = text.data[i * width];

		if ((c < ' ' && c != '\t') || c > '~' || (width == 2 && text.data[i * width + 1] != 0))
			return (struct slice){NULL, 0};
		m->text[i] = (char)c;
	}
	return slice_of(m->text, len);
}

/*
 * A text that was hashed as it is, or with one NUL. With more it is what systemd's boot loader and stub hash: UTF-16 of
 * two letters in each unit, of which the kernel sees none.
 */
static bool is_bytewise(struct slice bytes, struct slice *ret_text)
{
	return bytes.data != NULL && text_is_ascii(bytes, ret_text) && bytes.len <= slice_find(bytes, 0) + 1;
}

static struct slice cmdline_of(struct matching *m)
{
	struct grub_event grub = {.hashed = false};
	struct slice text;

	if (!is_new(m, KNOWN_CMDLINE))
		return m->cmdline;
	m->cmdline = (struct slice){NULL, 0};
	if (hashed_utf16(&m->hashing, &text))
		m->cmdline = take_text(m, text, 2);
	else if (grub_event_read(&m->hashing, &grub) && grub.hashed)
		m->cmdline = take_text(m, grub.text, 1);
	else if (is_bytewise(hashed(m), &text))
		m->cmdline = take_text(m, text, 1);
	return m->cmdline;
}

static const struct uefi_variable *variable_of(struct matching *m)
{
	struct line problem;

	if (is_new(m, KNOWN_VARIABLE)) {
		line_begin(&problem, LINE_MAX_FIELD);
		m->variable = (struct uefi_variable){
			{NULL, 0},
                        {NULL, 0},
                        {NULL, 0}
                };
		if (hashed(m).data != NULL && !uefi_variable_read(hashed(m), &m->variable, &problem))
			m->variable.vendor.data = NULL;
	}
	return m->variable.vendor.data != NULL ? &m->variable : NULL;
}

static bool sha256_of(struct matching *m, struct slice bytes, uint8_t ret_sha256[32])
{
	if (m->hashing.status == ATTEST_OK)
		m->hashing.status = digest_sha256(bytes, ret_sha256, m->hashing.error);
	return m->hashing.status == ATTEST_OK;
}

/* Before the separator of PCR 7 the same form holds what is in db. */
static bool certificate_of(struct matching *m)
{
	struct authority authority;

	if (is_new(m, KNOWN_CERTIFICATE))
		m->has_certificate = (m->event->pcr != PCR_SECURE_BOOT || m->place->n_separators > 0) &&
				     variable_of(m) != NULL && authority_read(m->variable.contents, &authority) &&
				     authority.certificate.len > 0 &&
				     sha256_of(m, authority.certificate, m->certificate);
	return m->has_certificate;
}

static const json_t *object_of(struct matching *m)
{
	struct event text = *m->event;

	if (is_new(m, KNOWN_OBJECT) && hashed(m).data != NULL && hashed(m).len == text.data.len) {
		text.kind = EVENT_TEXT; /* whichever log holds it: it is what was hashed */
		text.type = NULL;
		m->hashing.status = event_object(&text, &m->object, m->hashing.error);
	}
	return m->object;
}

static bool is_secure_boots_own(const struct matching *m, const struct uefi_variable *variable)
{
	enum variable_kind kind = uefi_variable_kind(variable);

	return m->event->pcr == PCR_SECURE_BOOT && kind >= VARIABLE_SECURE_BOOT && kind <= VARIABLE_DBX;
}

static bool is_secure_boot(struct matching *m)
{
	const struct uefi_variable *variable = variable_of(m);

	return variable != NULL && uefi_variable_kind(variable) == VARIABLE_SECURE_BOOT;
}

/* As software.h has it: firmware's word ends at the separator, and before it the first variable of the name counts. */
static bool secure_boot_matches(const struct rule *rule, struct matching *m)
{
	struct slice contents;

	if (!is_secure_boot(m) || m->place->n_separators > 0 || m->place->gap || m->place->secure_boot)
		return false;
	contents = m->variable.contents;
	return rule->enabled ? contents.len == 1 && contents.data[0] == 1
			     : contents.len == 0 || (contents.len == 1 && contents.data[0] == 0);
}

static bool is_called(const struct uefi_variable *variable, const char *name, const char *vendor)
{
	char guid[GUID_TEXT];

	return utf16_is(variable->name, name) && strcmp(guid_text(variable->vendor, guid), vendor) == 0;
}

static bool is_variable(const struct rule *rule, struct matching *m)
{
	const struct uefi_variable *variable = variable_of(m);

	return variable != NULL && is_called(variable, rule->texts.items[0], rule->vendor);
}

static bool variable_matches(const struct rule *rule, struct matching *m)
{
	uint8_t sha256[32];

	if (!is_variable(rule, m) || (is_secure_boots_own(m, &m->variable) && m->place->n_separators > 0))
		return false;
	return rule->digests == NULL || (sha256_of(m, m->variable.contents, sha256) &&
					 digest_set_has(rule->digests, slice_of(sha256, sizeof(sha256))));
}

static bool authority_matches(const struct rule *rule, struct matching *m)
{
	bool is = false;

	if (!certificate_of(m))
		return false;
	for (size_t i = 0; i < rule->texts.n; i++)
		is = is || is_called(&m->variable, rule->texts.items[i], variable_vendor(rule->texts.items[i]));
	return is && digest_set_has(rule->digests, slice_of(m->certificate, sizeof(m->certificate)));
}

/* `want`: objects as subsets, an array for one of its values. As deep as a policy's JSON: LIMIT_JSON_DEPTH. */
static bool json_fits(const json_t *want, const json_t *got)
{
	const char *key;
	json_t *value;
	size_t i;

	if (got == NULL)
		return false;
	if (json_is_object(want)) {
		json_object_foreach ((json_t *)want, key, value)
			if (!json_fits(value, json_object_get(got, key)))
				return false;
		return json_is_object(got);
	}
	if (!json_is_array(want))
		return json_equal(want, got) == 1;
	json_array_foreach(want, i, value) if (json_is_array(value) ? json_equal(value, got) == 1
								    : json_fits(value, got)) return true;
	return false;
}

bool rule_matches(const struct rule *rule, struct matching *m)
{
	switch (rule->kind) {
	case RULE_DIGEST:
	case RULE_SEPARATOR:
	case RULE_TEXT:
		return digest_set_has(rule->digests, digest_slice(&m->digest));
	case RULE_SECTION:
		return slice_equal(digest_slice(&rule->name_digest), digest_slice(&m->digest));
	case RULE_CMDLINE:
		return cmdline_of(m).data != NULL && cmdline_matches(rule, m->cmdline);
	case RULE_SECURE_BOOT:
		return secure_boot_matches(rule, m);
	case RULE_VARIABLE:
		return variable_matches(rule, m);
	case RULE_AUTHORITY:
		return authority_matches(rule, m);
	case RULE_JSON:
		return json_fits(rule->object, object_of(m));
	case RULE_ANYTHING:
		return true;
	}
	return false;
}

bool rule_reads(const struct rule *rule, struct matching *m)
{
	switch (rule->kind) {
	case RULE_CMDLINE:
		return cmdline_of(m).data != NULL;
	case RULE_SECURE_BOOT:
		return is_secure_boot(m);
	case RULE_VARIABLE:
		return is_variable(rule, m);
	case RULE_AUTHORITY:
		return certificate_of(m);
	case RULE_JSON:
		return object_of(m) != NULL;
	case RULE_DIGEST:
	case RULE_SEPARATOR:
	case RULE_TEXT:
	case RULE_SECTION:
	case RULE_ANYTHING:
		break;
	}
	return false;
}

/* PFP 1.06, 3.3.2.2: any of these ends what firmware measures before it boots. */
static bool is_separator(struct matching *m)
{
	static const uint8_t values[][4] = {
		{0,    0,    0,    0   },
                {0xff, 0xff, 0xff, 0xff},
                {1,    0,    0,    0   }
        };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (is_hash_of(&m->hashing, slice_of(values[i], sizeof(values[i]))))
			return true;
	return false;
}

void place_note(struct rule_place *place, struct matching *m)
{
	if (m->event->pcr != PCR_SECURE_BOOT)
		return;
	if (is_separator(m)) {
		place->n_separators++;
		return;
	}
	place->gap = place->gap || hashed(m).data == NULL;
	place->secure_boot = place->secure_boot || is_secure_boot(m);
}
