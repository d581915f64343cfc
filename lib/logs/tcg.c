/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware's log: TCG PC Client Platform Firmware Profile 1.06 (PFP), 10, in its SHA-1 form (TCG_PCClientPCREvent)
 * and its crypto-agile form (TCG_PCR_EVENT2), as the kernel exports it. Numbers are little-endian.
 */
#include <string.h>

#include "log.h"

enum {
	EV_NO_ACTION = 0x00000003,
	HEAD_SHA1 = 4 + 4 + 20 + 4, /* pcrIndex, eventType, digest, eventDataSize */
	HEAD_AGILE = 4 + 4 + 4      /* pcrIndex, eventType, digests.count */
};

struct algorithm {
	uint16_t alg, size;
};

struct tcg {
	bool agile;
	struct algorithm algorithms[LIMIT_BANKS];
	size_t n_algorithms;
	size_t not_padding; /* up to this offset the log is known to go on */
};

static attest_status malformed(struct attest_error *error, const char *clause, const char *message)
{
	return fail(error, ATTEST_E_LOG_STRUCTURE, clause, "%s", message);
}

/* Event types: PFP 1.06, 10.4.1. */
static const struct {
	uint32_t type;
	const char *name;
} types[] = {
	{0x00000000, "EV_PREBOOT_CERT"                 },
	{0x00000001, "EV_POST_CODE"                    },
	{0x00000002, "EV_UNUSED"                       },
	{0x00000003, "EV_NO_ACTION"                    },
	{0x00000004, "EV_SEPARATOR"                    },
	{0x00000005, "EV_ACTION"                       },
	{0x00000006, "EV_EVENT_TAG"                    },
	{0x00000007, "EV_S_CRTM_CONTENTS"              },
	{0x00000008, "EV_S_CRTM_VERSION"               },
	{0x00000009, "EV_CPU_MICROCODE"                },
	{0x0000000A, "EV_PLATFORM_CONFIG_FLAGS"        },
	{0x0000000B, "EV_TABLE_OF_DEVICES"             },
	{0x0000000C, "EV_COMPACT_HASH"                 },
	{0x0000000D, "EV_IPL"                          },
	{0x0000000E, "EV_IPL_PARTITION_DATA"           },
	{0x0000000F, "EV_NONHOST_CODE"                 },
	{0x00000010, "EV_NONHOST_CONFIG"               },
	{0x00000011, "EV_NONHOST_INFO"                 },
	{0x00000012, "EV_OMIT_BOOT_DEVICE_EVENTS"      },
	{0x00000013, "EV_POST_CODE2"                   },
	{0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG"   },
	{0x80000002, "EV_EFI_VARIABLE_BOOT"            },
	{0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION"},
	{0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER"     },
	{0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER"  },
	{0x80000006, "EV_EFI_GPT_EVENT"                },
	{0x80000007, "EV_EFI_ACTION"                   },
	{0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB"   },
	{0x80000009, "EV_EFI_HANDOFF_TABLES"           },
	{0x8000000A, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"  },
	{0x8000000B, "EV_EFI_HANDOFF_TABLES2"          },
	{0x8000000C, "EV_EFI_VARIABLE_BOOT2"           },
	{0x8000000D, "EV_EFI_GPT_EVENT2"               },
	{0x80000010, "EV_EFI_HCRTM_EVENT"              },
	{0x800000E0, "EV_EFI_VARIABLE_AUTHORITY"       },
	{0x800000E1, "EV_EFI_SPDM_FIRMWARE_BLOB"       },
	{0x800000E2, "EV_EFI_SPDM_FIRMWARE_CONFIG"     },
	{0x800000E3, "EV_EFI_SPDM_DEVICE_POLICY"       },
	{0x800000E4, "EV_EFI_SPDM_DEVICE_AUTHORITY"    },
};

const char *tcg_event_name(uint32_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

bool tcg_event_number(struct slice name, uint32_t *ret_type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!slice_equal(name, slice_of_string(types[i].name)))
			continue;
		*ret_type = types[i].type;
		return true;
	}
	return false;
}

/* TCG_EfiStartupLocalityEvent (PFP 1.06, 10.4.5.3): 16 bytes of signature, one of locality. */
static int startup_locality(struct slice data)
{
	static const char signature[16] = "StartupLocality";

	if (data.len != sizeof(signature) + 1 || memcmp(data.data, signature, sizeof(signature)) != 0)
		return -1;
	return data.data[sizeof(signature)];
}

void tcg_event_classify(struct event *event)
{
	event->kind = EVENT_TCG;
	event->type = tcg_event_name(event->tcg_type);
	if (event->type == NULL)
		event->type = "unknown event type";
	event->measured = event->tcg_type != EV_NO_ACTION;
	if (!event->measured)
		event->startup_locality = startup_locality(event->data);
}

static const struct algorithm *find_algorithm(const struct tcg *tcg, uint16_t alg)
{
	for (size_t i = 0; i < tcg->n_algorithms; i++)
		if (tcg->algorithms[i].alg == alg)
			return &tcg->algorithms[i];
	return NULL;
}

static attest_status add_algorithm(struct tcg *tcg, uint16_t alg, uint16_t size, struct attest_error *error)
{
	if (find_algorithm(tcg, alg) != NULL || size == 0 || (digest_size(alg) != 0 && digest_size(alg) != size)) {
		error_found(error, "algorithm 0x%04x, %u bytes", alg, size);
		return malformed(error, "PFP 1.06, 10.4.5.1",
				 "the log's head names an algorithm twice or with a wrong size");
	}
	tcg->algorithms[tcg->n_algorithms++] = (struct algorithm){alg, size};
	return ATTEST_OK;
}

/* TCG_EfiSpecIDEvent: signature 16, platformClass 4, versions 4, numberOfAlgorithms 4, {algorithmId, digestSize}…,
 * vendorInfoSize 1, vendorInfo. */
static attest_status read_spec_id(struct tcg *tcg, struct slice data, struct attest_error *error)
{
	struct reader r = reader_of(data);
	attest_status status = ATTEST_OK;
	uint32_t n;

	(void)reader_bytes(&r, 16 + 4 + 4);
	n = reader_u32le(&r);
	if (n == 0 || n > LIMIT_BANKS) {
		error_expected(error, "1 to %u", LIMIT_BANKS);
		error_found(error, "%u", n);
		return malformed(error, "PFP 1.06, 10.4.5.1", "the log's head has a bad number of algorithms");
	}
	for (uint32_t i = 0; status == ATTEST_OK && i < n; i++) {
		uint16_t alg = reader_u16le(&r), size = reader_u16le(&r);

		if (r.failed)
			break;
		status = add_algorithm(tcg, alg, size, error);
	}
	(void)reader_bytes(&r, reader_u8(&r));
	if (status == ATTEST_OK && !reader_done(&r))
		status = malformed(error, "PFP 1.06, 10.4.5.1", "the log's head is too short or too long");
	return status;
}

static bool is_spec_id(uint32_t pcr, uint32_t type, struct slice data)
{
	static const char signature[16] = "Spec ID Event03";

	return pcr == 0 && type == EV_NO_ACTION && data.len >= sizeof(signature) &&
	       memcmp(data.data, signature, sizeof(signature)) == 0;
}

/* The whole next record of the SHA-1 form, without taking it. */
static attest_status peek_sha1(struct window *window, struct slice *ret_record, struct attest_error *error)
{
	struct slice head;
	struct reader r;
	uint32_t size;
	attest_status status = window_peek(window, HEAD_SHA1, &head, error);

	if (status != ATTEST_OK)
		return status;
	r = reader_of(slice_sub(head, HEAD_SHA1 - 4, 4));
	size = reader_u32le(&r);
	if (size > LIMIT_LOG_ENTRY)
		return fail(error, ATTEST_E_LIMIT, NULL, "event data of %u bytes (LIMIT_LOG_ENTRY)", size);
	return window_peek(window, HEAD_SHA1 + (size_t)size, ret_record, error);
}

static attest_status take_sha1(struct log_cursor *cursor, struct event *event, uint32_t *ret_pcr,
			       struct attest_error *error)
{
	struct slice record = {NULL, 0};
	struct reader r;
	attest_status status = peek_sha1(&cursor->window, &record, error);

	if (status != ATTEST_OK)
		return status;
	r = reader_of(record);
	*ret_pcr = reader_u32le(&r);
	event->tcg_type = reader_u32le(&r);
	event->digests[0] = (struct event_digest){ALG_SHA1, reader_bytes(&r, 20)};
	event->n_digests = 1;
	(void)reader_u32le(&r);
	event->data = r.rest;
	window_skip(&cursor->window, record.len);
	return ATTEST_OK;
}

/* The first record has the SHA-1 form in both; it tells which form the others have. */
static attest_status begin_tcg(struct log_cursor *cursor, struct attest_error *error)
{
	struct tcg *tcg = arena_alloc(&cursor->arena, 1, sizeof(*tcg));
	struct slice record = {NULL, 0};
	struct reader r;
	uint32_t pcr, type;
	attest_status status;

	if (tcg == NULL)
		return fail_memory(error);
	cursor->state = tcg;
	status = peek_sha1(&cursor->window, &record, error);
	if (status != ATTEST_OK)
		return status;
	r = reader_of(record);
	pcr = reader_u32le(&r);
	type = reader_u32le(&r);
	(void)reader_bytes(&r, HEAD_SHA1 - 8);
	tcg->agile = is_spec_id(pcr, type, r.rest);
	return tcg->agile ? read_spec_id(tcg, r.rest, error) : ATTEST_OK;
}

/* The size of a TCG_PCR_EVENT2 from its head on, where that fits into what is left. */
static attest_status measure_agile(const struct tcg *tcg, struct window *window, size_t *ret_size,
				   struct attest_error *error)
{
	size_t size = HEAD_AGILE;
	struct slice part;
	struct reader r;
	uint32_t n;
	attest_status status = window_peek(window, size, &part, error);

	if (status != ATTEST_OK)
		return status;
	r = reader_of(slice_sub(part, 8, 4));
	n = reader_u32le(&r);
	if (n == 0 || n > tcg->n_algorithms) {
		error_expected(error, "1 to %zu", tcg->n_algorithms);
		error_found(error, "%u", n);
		return malformed(error, "PFP 1.06, 10.2.2", "an event has more digests than the log's head names");
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct algorithm *a;

		status = window_peek(window, size + 2, &part, error);
		if (status != ATTEST_OK)
			return status;
		r = reader_of(slice_sub(part, size, 2));
		a = find_algorithm(tcg, reader_u16le(&r));
		if (a == NULL)
			return malformed(error, "PFP 1.06, 10.2.2",
					 "an event has a digest of an algorithm that the log's head does not name");
		size += 2 + (size_t)a->size;
	}
	status = window_peek(window, size + 4, &part, error);
	if (status != ATTEST_OK)
		return status;
	r = reader_of(slice_sub(part, size, 4));
	n = reader_u32le(&r);
	if (n > LIMIT_LOG_ENTRY)
		return fail(error, ATTEST_E_LIMIT, NULL, "event data of %u bytes (LIMIT_LOG_ENTRY)", n);
	*ret_size = size + 4 + n;
	return ATTEST_OK;
}

static attest_status add_digest(struct event *event, uint16_t alg, struct slice value, struct attest_error *error)
{
	for (size_t i = 0; i < event->n_digests; i++)
		if (event->digests[i].alg == alg)
			return malformed(error, "PFP 1.06, 10.2.2", "an event has two digests of one algorithm");
	if (digest_size(alg) != 0)
		event->digests[event->n_digests++] = (struct event_digest){alg, value};
	return ATTEST_OK;
}

static attest_status take_agile(struct log_cursor *cursor, struct event *event, uint32_t *ret_pcr,
				struct attest_error *error)
{
	const struct tcg *tcg = cursor->state;
	struct slice record = {NULL, 0};
	struct reader r;
	size_t size = 0;
	uint32_t n;
	attest_status status = measure_agile(tcg, &cursor->window, &size, error);

	if (status == ATTEST_OK)
		status = window_take(&cursor->window, size, &record, error);
	if (status != ATTEST_OK)
		return status;
	r = reader_of(record);
	*ret_pcr = reader_u32le(&r);
	event->tcg_type = reader_u32le(&r);
	n = reader_u32le(&r);
	for (uint32_t i = 0; status == ATTEST_OK && i < n; i++) {
		uint16_t alg = reader_u16le(&r);

		status = add_digest(event, alg, reader_bytes(&r, find_algorithm(tcg, alg)->size), error);
	}
	(void)reader_u32le(&r);
	event->data = r.rest;
	return status;
}

/*
 * Firmware tables are exported with what lies behind them: 0xff or zeros to the end. Told apart from an event by
 * looking; what was found to be no padding is not looked at again.
 */
static bool is_uniform(struct slice part, uint8_t first, size_t *ret_end)
{
	for (*ret_end = 0; *ret_end < part.len; (*ret_end)++)
		if (part.data[*ret_end] != first)
			return false;
	return first == 0 || first == 0xff;
}

enum { CHUNK = 4096 };

/* What lies behind the first chunk, in a window of its own: it is not kept. */
static attest_status look_ahead(struct log_cursor *cursor, uint8_t first, bool *ret_is, struct attest_error *error)
{
	struct tcg *tcg = cursor->state;
	struct window ahead;
	attest_status status = window_fork(&cursor->window, &ahead, error);

	if (status != ATTEST_OK)
		return status;
	while (status == ATTEST_OK && *ret_is && window_left(&ahead) > 0) {
		size_t left = window_left(&ahead), at = ahead.offset, end = 0;
		struct slice part = {NULL, 0};

		status = window_take(&ahead, left < CHUNK ? left : CHUNK, &part, error);
		*ret_is = status == ATTEST_OK && is_uniform(part, first, &end);
		tcg->not_padding = at + end;
	}
	window_close(&ahead);
	return status;
}

static attest_status is_padding(struct log_cursor *cursor, bool *ret_is, struct attest_error *error)
{
	struct tcg *tcg = cursor->state;
	size_t left = window_left(&cursor->window), end = 0;
	struct slice part = {NULL, 0};
	attest_status status;

	*ret_is = left == 0;
	if (left == 0 || cursor->window.offset < tcg->not_padding)
		return ATTEST_OK;
	status = window_peek(&cursor->window, left < CHUNK ? left : CHUNK, &part, error);
	if (status != ATTEST_OK)
		return status;
	*ret_is = is_uniform(part, part.data[0], &end);
	tcg->not_padding = cursor->window.offset + end;
	return *ret_is && left > CHUNK ? look_ahead(cursor, part.data[0], ret_is, error) : ATTEST_OK;
}

static attest_status next_tcg(struct log_cursor *cursor, struct event *ret_event, bool *ret_more,
			      struct attest_error *error)
{
	const struct tcg *tcg = cursor->state;
	bool first = cursor->number == 0, padding = false;
	uint32_t pcr = 0;
	attest_status status = is_padding(cursor, &padding, error);

	if (status != ATTEST_OK)
		return status;
	if (padding && first)
		return malformed(error, "PFP 1.06, 10.2", "nothing but padding");
	if (padding) {
		*ret_more = false;
		return ATTEST_OK;
	}
	status = tcg->agile && !first ? take_agile(cursor, ret_event, &pcr, error)
				      : take_sha1(cursor, ret_event, &pcr, error);
	if (status != ATTEST_OK)
		return status;
	if (tcg->agile && first)
		ret_event->n_digests = 0; /* its SHA-1 field is zeros, and measured nowhere */
	tcg_event_classify(ret_event);
	ret_event->pcr = pcr < LIMIT_PCRS ? (uint8_t)pcr : LIMIT_PCRS;
	/* Some firmware gives 0xffffffff as the index of what it does not measure. */
	if (!ret_event->measured && pcr == UINT32_MAX)
		ret_event->pcr = 0;
	return ATTEST_OK;
}

const struct log_walker walk_tcg = {.begin = begin_tcg, .next = next_tcg};

/* The first record of either form: a PCR, a type that exists, and data that fit. */
bool is_tcg(struct slice bytes)
{
	struct reader r = reader_of(bytes);
	uint32_t pcr = reader_u32le(&r), type = reader_u32le(&r);
	uint32_t size;

	(void)reader_bytes(&r, 20);
	size = reader_u32le(&r);
	return !r.failed && pcr < LIMIT_PCRS && size <= r.rest.len && tcg_event_name(type) != NULL &&
	       !slice_is_zero(slice_sub(bytes, 0, HEAD_SHA1));
}
