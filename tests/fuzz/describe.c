/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the data of events of any kind and type, each described and fed to the list of software. The digest is
 * the hash of a part that the input chooses, or of nothing in it: then nothing but the digest may be called proven.
 */
#include "logs/describe.h"
#include "base/digest.h"
#include "fuzz.h"
#include "logs/software.h"
#include "logs/tcg_types.h"

enum { HASH_NOTHING, HASH_ALL, HASH_LESS_1, HASH_LESS_2, HASH_WITH_NUL, HASH_ONLY_OFFSETS };

static const uint32_t types[] = {
	EV_POST_CODE,
	EV_NO_ACTION,
	EV_SEPARATOR,
	EV_EVENT_TAG,
	EV_S_CRTM_CONTENTS,
	EV_S_CRTM_VERSION,
	EV_IPL,
	EV_POST_CODE2,
	EV_EFI_VARIABLE_DRIVER_CONFIG,
	EV_EFI_VARIABLE_BOOT,
	EV_EFI_VARIABLE_BOOT2,
	EV_EFI_VARIABLE_AUTHORITY,
	EV_EFI_BOOT_SERVICES_APPLICATION,
	EV_EFI_BOOT_SERVICES_DRIVER,
	EV_EFI_GPT_EVENT,
	EV_EFI_PLATFORM_FIRMWARE_BLOB,
	EV_EFI_PLATFORM_FIRMWARE_BLOB2,
	EV_EFI_HANDOFF_TABLES,
	EV_EFI_HANDOFF_TABLES2,
	0x80000007, /* EV_EFI_ACTION */
	0xffffffff,
};

static const char *const ima_types[] = {"ima", "ima-ng", "ima-sig", "ima-buf", "ima-modsig", "evm-sig", "other"};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void hash_part(struct slice data, uint8_t how, struct digest *ret_digest)
{
	struct slice parts[2] = {data, slice_of("", 1)};
	struct attest_error e = {0};
	size_t n = 1;

	switch (how) {
	case HASH_NOTHING:
		*ret_digest = (struct digest){.alg = ALG_SHA256, .size = 32};
		memset(ret_digest->bytes, 0xee, 32);
		return;
	case HASH_ALL:
		break;
	case HASH_LESS_1:
	case HASH_LESS_2:
		parts[0] = slice_sub(data, 0, data.len - (data.len < 2 ? 0 : how - HASH_ALL));
		break;
	case HASH_WITH_NUL:
		n = 2;
		break;
	default:
		parts[0] = slice_sub(data, how, data.len);
	}
	REQUIRE(digest_compute(ALG_SHA256, parts, n, ret_digest, &e) == ATTEST_OK);
}

static void make_event(struct reader *r, struct event *event, struct digest *digest, bool *ret_hashed)
{
	uint8_t kind = reader_u8(r), type = reader_u8(r), pcr = reader_u8(r), how = reader_u8(r);
	uint16_t len = reader_u16le(r);
	struct slice data = reader_bytes(r, len < r->rest.len ? len : r->rest.len);

	*event = (struct event){.measured = true, .startup_locality = -1, .pcr = pcr % LIMIT_PCRS, .data = data};
	event->kind = (enum event_kind)(kind % (EVENT_OTHER + 1));
	*ret_hashed = how != HASH_NOTHING;
	hash_part(data, how, digest);
	if (event->kind == EVENT_TEXT || (event->kind == EVENT_IMA && *ret_hashed)) {
		event->preimage = data;
		*ret_hashed = true;
	} else {
		event->digests[0] = (struct event_digest){ALG_SHA256, digest_slice(digest)};
		event->n_digests = 1;
	}
	if (event->kind == EVENT_TCG) {
		event->tcg_type = types[type % (sizeof(types) / sizeof(types[0]))];
		tcg_event_classify(event);
	} else if (event->kind == EVENT_IMA) {
		event->type = ima_types[type % (sizeof(ima_types) / sizeof(ima_types[0]))];
	} else if (event->kind == EVENT_SYSTEMD) {
		event->type = "systemd";
		event->label = "phase";
	}
}

static void check_description(const struct event *event, uint16_t bank, bool hashed)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct description d;

	REQUIRE(event_describe(event, bank, &arena, &d, &e) == ATTEST_OK);
	REQUIRE(d.summary != NULL && strlen(d.summary) <= 4096 + 3 && d.n_fields <= DESCRIBE_FIELDS);
	REQUIRE(d.n_omitted == 0 || d.n_fields == DESCRIBE_FIELDS);
	REQUIRE(hashed || !d.proven);
	fuzz_check_printable(d.summary, false);
	for (size_t i = 0; i < d.n_fields; i++) {
		REQUIRE(strlen(d.fields[i].value) <= 1024 + 3);
		REQUIRE(hashed || !d.fields[i].proven || strcmp(d.fields[i].name, "authenticode") == 0);
		fuzz_check_printable(d.fields[i].value, false);
	}
	arena_free(&arena);
}

static bool is_digest_alone(const char *what)
{
	return strcmp(what, "image") == 0 || strcmp(what, "driver") == 0 || strcmp(what, "uki.section") == 0;
}

static void check_software(struct software_reader *reader, const struct event *event, size_t number, bool hashed)
{
	struct attest_error e = {0};
	size_t before = reader->n;

	REQUIRE(software_read(reader, event, ALG_SHA256, 3, number, &e) == ATTEST_OK);
	REQUIRE(reader->n <= LIMIT_SOFTWARE_OF_A_KIND * 32);
	REQUIRE(event->measured || reader->n == before);
	for (size_t i = before; i < reader->n; i++) {
		const struct software *s = &reader->items[i];

		REQUIRE(s->log == 3 && s->number == number && s->pcr == event->pcr);
		REQUIRE(strlen(s->value) <= 4096 + 3);
		REQUIRE(hashed || !s->proven || is_digest_alone(s->what));
		fuzz_check_printable(s->value, false);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {NULL};
	struct software_reader reader = {.arena = &arena};
	struct reader r = reader_of(slice_of(data, size));

	for (size_t number = 0; r.rest.len >= 6; number++) {
		struct digest digest;
		struct event event;
		bool hashed;

		make_event(&r, &event, &digest, &hashed);
		check_description(&event, ALG_SHA256, hashed);
		check_description(&event, ALG_SHA384, event.preimage.data != NULL);
		check_software(&reader, &event, number, hashed);
	}
	arena_free(&arena);
	return 0;
}
