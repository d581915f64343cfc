/* SPDX-License-Identifier: Apache-2.0 */
#include "walk.h"

enum { NO_ACTION = 3, SEPARATOR = 4, CRTM_VERSION = 8, ALG_SM3 = 0x12, HEAD = 32 };

static void build_le16(struct built *b, uint16_t value)
{
	build_fill(b, value & 0xff, 1);
	build_fill(b, value >> 8, 1);
}

/* TCG_PCClientPCREvent; the digest is `fill`, 20 times. */
static void build_sha1(struct built *b, uint32_t pcr, uint32_t type, int fill, const void *data, size_t len)
{
	build_le(b, pcr);
	build_le(b, type);
	build_fill(b, fill, 20);
	build_le(b, (uint32_t)len);
	build(b, data, len);
}

struct alg {
	uint16_t alg, size;
};

static const struct alg usual[] = {
	{ALG_SHA1,   20},
        {ALG_SHA256, 32},
        {ALG_SM3,    32}
};

/* TCG_EfiSpecIDEvent that says it names `n` algorithms, names these, and says it has `vendor` bytes of the vendor's. */
static struct built spec_id(uint32_t n, const struct alg *algs, size_t n_algs, int vendor, size_t n_vendor)
{
	struct built data = {.len = 0};

	build(&data, "Spec ID Event03", 16);
	build(&data, "\0\0\0\0\0\2\0\2", 8);
	build_le(&data, n);
	for (size_t i = 0; i < n_algs; i++) {
		build_le16(&data, algs[i].alg);
		build_le16(&data, algs[i].size);
	}
	if (vendor >= 0)
		build_fill(&data, vendor, 1);
	build_fill(&data, 0xee, n_vendor);
	return data;
}

static void build_spec_id(struct built *b, const struct built *data)
{
	build_sha1(b, 0, NO_ACTION, 0, data->bytes, data->len);
}

static struct built agile(void)
{
	struct built b = {.len = 0}, data = spec_id(3, usual, 3, 2, 2);

	build_spec_id(&b, &data);
	return b;
}

/* TCG_PCR_EVENT2 with one digest for each algorithm: the low byte of the algorithm, repeated. */
static void build_agile(struct built *b, uint32_t pcr, uint32_t type, const struct alg *algs, size_t n,
			const void *data, size_t len)
{
	build_le(b, pcr);
	build_le(b, type);
	build_le(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		build_le16(b, algs[i].alg);
		build_fill(b, algs[i].alg & 0xff, algs[i].size);
	}
	build_le(b, (uint32_t)len);
	build(b, data, len);
}

static bool digest_is(const struct event *event, uint16_t alg, uint8_t fill)
{
	const struct event_digest *d = event_find_digest(event, alg);
	bool is = d != NULL && d->value.len == digest_size(alg);

	for (size_t i = 0; is && i < d->value.len; i++)
		is = d->value.data[i] == fill;
	return is;
}

static void check_sha1_form(bool as_base64)
{
	struct built b = {.len = 0};
	struct walk w;

	build_sha1(&b, 0, CRTM_VERSION, 0xaa, "1\0", 2);
	build_sha1(&b, 7, 0x80000001, 0xbb, "", 0);
	build_sha1(&b, 31, 0x12345678, 0xcc, "x", 1);
	walk_open(&w, &walk_tcg, built_slice(&b), as_base64);
	CHECK(w.more && w.event.kind == EVENT_TCG && w.event.pcr == 0 && w.event.tcg_type == CRTM_VERSION);
	CHECK(w.event.measured && w.event.startup_locality == -1 && w.event.preimage.data == NULL);
	CHECK(w.event.n_digests == 1 && digest_is(&w.event, ALG_SHA1, 0xaa) &&
	      slice_equal(w.event.data, slice_of("1\0", 2)));
	CHECK_TEXT(w.event.type, "EV_S_CRTM_VERSION");
	walk_next(&w);
	CHECK(w.more && w.event.pcr == 7 && w.event.data.len == 0 && digest_is(&w.event, ALG_SHA1, 0xbb));
	walk_next(&w);
	CHECK(w.more && w.event.pcr == 31 && w.event.tcg_type == 0x12345678 && w.event.measured);
	CHECK_TEXT(w.event.type, "unknown event type");
	walk_next(&w);
	CHECK(!w.more && w.status == ATTEST_OK);
	walk_close(&w);
}

static void check_agile_form(bool as_base64)
{
	static const struct alg turned[] = {
		{ALG_SM3,    32},
                {ALG_SHA256, 32},
                {ALG_SHA1,   20}
        };
	struct built b = agile();
	struct walk w;

	build_agile(&b, 4, SEPARATOR, usual, 3, "\0\0\0\0", 4);
	build_agile(&b, 5, SEPARATOR, turned, 3, "\0\0\0\0", 4); /* in another order than the head's */
	build_agile(&b, 6, SEPARATOR, turned, 1, "", 0);         /* with less than the head names */
	walk_open(&w, &walk_tcg, built_slice(&b), as_base64);
	CHECK(w.more && !w.event.measured && w.event.tcg_type == NO_ACTION && w.event.n_digests == 0);
	CHECK(w.event.data.len == 24 + 4 + 12 + 3 && w.event.startup_locality == -1);
	for (uint8_t pcr = 4; pcr <= 5; pcr++) {
		walk_next(&w);
		CHECK(w.more && w.event.pcr == pcr && w.event.tcg_type == SEPARATOR && w.event.measured);
		CHECK(w.event.n_digests == 2 && digest_is(&w.event, ALG_SHA1, ALG_SHA1) &&
		      digest_is(&w.event, ALG_SHA256, ALG_SHA256));
		CHECK(slice_equal(w.event.data, slice_of("\0\0\0\0", 4)));
	}
	walk_next(&w);
	CHECK(w.more && w.event.pcr == 6 && w.event.n_digests == 0 && w.event.data.len == 0);
	walk_next(&w);
	CHECK(!w.more && w.status == ATTEST_OK);
	walk_close(&w);
}

void tcg_forms(void)
{
	for (int i = 0; i < 2; i++) {
		check_sha1_form(i == 1);
		check_agile_form(i == 1);
	}
}

/* Cut off anywhere, the log has its first events and an error; or none where the piece that is left looks like padding.
 */
static void check_truncated(const struct built *b, size_t first_end, size_t second_end)
{
	for (size_t len = 0; len < b->len; len++) {
		struct slice rest = slice_sub(built_slice(b), len > first_end ? first_end : 0, b->len);
		size_t n;
		attest_status status = walk_all(&walk_tcg, slice_sub(built_slice(b), 0, len), &n);
		bool padded = len > first_end && len < second_end && slice_is_zero(slice_sub(rest, 0, len - first_end));

		CHECK_STATUS(status,
			     len == first_end || len == second_end || padded ? ATTEST_OK : ATTEST_E_LOG_STRUCTURE);
		CHECK(n == (size_t)(len >= first_end) + (len >= second_end));
	}
}

void tcg_truncated(void)
{
	struct built b = {.len = 0};
	size_t first, second;

	build_sha1(&b, 0, CRTM_VERSION, 0xaa, "data", 4);
	first = b.len;
	build_sha1(&b, 0, CRTM_VERSION, 0xaa, "more", 4);
	second = b.len;
	build_sha1(&b, 1, CRTM_VERSION, 0xaa, "more", 4);
	check_truncated(&b, first, second);
	b = agile();
	first = b.len;
	build_agile(&b, 0, SEPARATOR, usual, 3, "data", 4);
	second = b.len;
	build_agile(&b, 1, SEPARATOR, usual, 3, "data", 4);
	check_truncated(&b, first, second);
}

static attest_status head_status(const struct built *data)
{
	struct built b = {.len = 0};
	size_t n;
	attest_status status;

	build_spec_id(&b, data);
	status = walk_all(&walk_tcg, built_slice(&b), &n);
	CHECK(n == (status == ATTEST_OK));
	return status;
}

void tcg_heads(void)
{
	static const struct {
		uint32_t n;
		size_t n_algs;
		struct alg algs[3];
		int vendor; /* -1: the length is missing */
		size_t n_vendor;
		attest_status want;
	} heads[] = {
		{1,          1, {{ALG_SHA256, 32}},                   0,   0,   ATTEST_OK             },
		{1,          1, {{ALG_SHA256, 32}},                   255, 255, ATTEST_OK             },
		{1,          1, {{0x7777, 0xffff}},                   0,   0,   ATTEST_OK             },
		{2,          2, {{0x7777, 1}, {ALG_SHA512, 64}},      0,   0,   ATTEST_OK             },
		{0,          0, {{0, 0}},                             0,   0,   ATTEST_E_LOG_STRUCTURE},
		{0,          1, {{ALG_SHA256, 32}},                   0,   0,   ATTEST_E_LOG_STRUCTURE},
		{17,         1, {{ALG_SHA256, 32}},                   0,   0,   ATTEST_E_LOG_STRUCTURE},
		{0xffffffff, 1, {{ALG_SHA256, 32}},                   0,   0,   ATTEST_E_LOG_STRUCTURE},
		{2,          1, {{ALG_SHA256, 32}},                   0,   0,   ATTEST_E_LOG_STRUCTURE}, /* named one */
		{1,          2, {{ALG_SHA256, 32}, {ALG_SHA384, 48}}, 0,   0,   ATTEST_E_LOG_STRUCTURE}, /* named two */
		{1,          1, {{ALG_SHA256, 20}},                   0,   0,   ATTEST_E_LOG_STRUCTURE},
		{1,          1, {{ALG_SHA1, 32}},                     0,   0,   ATTEST_E_LOG_STRUCTURE},
		{1,          1, {{ALG_SHA384, 0}},                    0,   0,   ATTEST_E_LOG_STRUCTURE},
		{1,          1, {{0x7777, 0}},                        0,   0,   ATTEST_E_LOG_STRUCTURE},
		{2,          2, {{ALG_SHA256, 32}, {ALG_SHA256, 32}}, 0,   0,   ATTEST_E_LOG_STRUCTURE},
		{2,          2, {{0x7777, 8}, {0x7777, 9}},           0,   0,   ATTEST_E_LOG_STRUCTURE},
		{1,          1, {{ALG_SHA256, 32}},                   -1,  0,   ATTEST_E_LOG_STRUCTURE},
		{1,          1, {{ALG_SHA256, 32}},                   1,   0,   ATTEST_E_LOG_STRUCTURE},
		{1,          1, {{ALG_SHA256, 32}},                   5,   4,   ATTEST_E_LOG_STRUCTURE},
		{1,          1, {{ALG_SHA256, 32}},                   3,   4,   ATTEST_E_LOG_STRUCTURE},
		{1,          1, {{ALG_SHA256, 32}},                   0,   1,   ATTEST_E_LOG_STRUCTURE},
	};
	struct alg many[LIMIT_BANKS];
	struct built data;

	for (size_t i = 0; i < COUNT(heads); i++) {
		data = spec_id(heads[i].n, heads[i].algs, heads[i].n_algs, heads[i].vendor, heads[i].n_vendor);
		CHECK_STATUS(head_status(&data), heads[i].want);
	}
	for (uint16_t i = 0; i < LIMIT_BANKS; i++)
		many[i] = (struct alg){(uint16_t)(0x100 + i), 48};
	data = spec_id(LIMIT_BANKS, many, LIMIT_BANKS, 0, 0);
	CHECK_STATUS(head_status(&data), ATTEST_OK);
	data = spec_id(2, usual, 2, 2, 2);
	for (size_t whole = data.len; data.len >= 16; data.len--) /* every one that is cut off */
		CHECK_STATUS(head_status(&data), data.len == whole ? ATTEST_OK : ATTEST_E_LOG_STRUCTURE);
	CHECK_STATUS(head_status(&data), ATTEST_OK); /* it is none any more */
}

/* What is no Spec ID event in all respects begins a log of the SHA-1 form. */
void tcg_other_heads(void)
{
	struct built data = spec_id(1, usual, 1, 0, 0);

	for (int i = 0; i < 4; i++) {
		struct built b = {.len = 0};
		size_t n;

		if (i == 3)
			data.bytes[14] = '2'; /* "Spec ID Event02" */
		build_sha1(&b, i == 0, i == 1 ? SEPARATOR : NO_ACTION, 0, data.bytes, i == 2 ? 15 : data.len);
		build_sha1(&b, 1, SEPARATOR, 0xaa, "", 0);
		CHECK_STATUS(walk_all(&walk_tcg, built_slice(&b), &n), ATTEST_OK);
		CHECK(n == 2);
	}
	CHECK_STATUS(walk_status(&walk_tcg, slice_of("", 0)), ATTEST_E_LOG_STRUCTURE);
}

void tcg_digests(void)
{
	static const struct {
		uint32_t n;
		size_t n_algs;
		struct alg algs[4];
		attest_status want;
	} events[] = {
		{1,          1, {{ALG_SHA1, 20}},						    ATTEST_OK             },
		{2,          2, {{ALG_SHA256, 32}, {ALG_SHA1, 20}},                                  ATTEST_OK             },
		{0,          0, {{0, 0}},							    ATTEST_E_LOG_STRUCTURE},
		{0,          1, {{ALG_SHA1, 20}},						    ATTEST_E_LOG_STRUCTURE},
		{4,          4, {{ALG_SHA1, 20}, {ALG_SHA256, 32}, {ALG_SM3, 32}, {ALG_SHA384, 48}}, ATTEST_E_LOG_STRUCTURE},
		{4,          3, {{ALG_SHA1, 20}, {ALG_SHA256, 32}, {ALG_SM3, 32}},                   ATTEST_E_LOG_STRUCTURE},
		{0xffffffff, 1, {{ALG_SHA1, 20}},						    ATTEST_E_LOG_STRUCTURE},
		{1,          1, {{ALG_SHA384, 48}},						  ATTEST_E_LOG_STRUCTURE}, /* not in the head */
		{1,          1, {{0, 20}},							   ATTEST_E_LOG_STRUCTURE},
		{2,          2, {{ALG_SHA1, 20}, {ALG_SHA1, 20}},                                    ATTEST_E_LOG_STRUCTURE},
		{3,          3, {{ALG_SHA256, 32}, {ALG_SHA1, 20}, {ALG_SHA256, 32}},                ATTEST_E_LOG_STRUCTURE},
	};
	size_t n;

	for (size_t i = 0; i < COUNT(events); i++) {
		struct built b = agile();
		size_t begin = b.len;

		build_agile(&b, 1, SEPARATOR, events[i].algs, events[i].n_algs, "", 0);
		for (size_t k = 0; k < 4; k++)
			b.bytes[begin + 8 + k] = (uint8_t)(events[i].n >> 8 * k);
		CHECK_STATUS(walk_all(&walk_tcg, built_slice(&b), &n), events[i].want);
		CHECK(n == (events[i].want == ATTEST_OK ? 2 : 1));
	}
}

void tcg_sizes(void)
{
	static const struct {
		uint32_t size;
		attest_status want;
	} sizes[] = {
		{4,                   ATTEST_OK             },
		{5,                   ATTEST_E_LOG_STRUCTURE},
		{LIMIT_LOG_ENTRY,     ATTEST_E_LOG_STRUCTURE}, /* past the end */
		{LIMIT_LOG_ENTRY + 1, ATTEST_E_LIMIT        },
		{0x7fffffff,          ATTEST_E_LIMIT        },
		{0xffffffff,          ATTEST_E_LIMIT        },
	};

	for (size_t i = 0; i < COUNT(sizes); i++)
		for (int form = 0; form < 3; form++) { /* the first record, another, one of the other form */
			struct built b = form == 2 ? agile() : (struct built){.len = 0};
			size_t n;

			if (form == 1)
				build_sha1(&b, 0, CRTM_VERSION, 1, "", 0);
			if (form == 2)
				build_agile(&b, 1, CRTM_VERSION, usual, 2, "data", 4);
			else
				build_sha1(&b, 1, CRTM_VERSION, 1, "data", 4);
			b.len -= 8;
			build_le(&b, sizes[i].size);
			build_text(&b, "data");
			CHECK_STATUS(walk_all(&walk_tcg, built_slice(&b), &n), sizes[i].want);
			CHECK(n == (size_t)(form != 0) + (sizes[i].want == ATTEST_OK));
		}
}

/* One byte, so many times, behind two events. */
static void check_padding(int byte, size_t size)
{
	for (int form = 0; form < 2; form++) {
		struct built b = form == 1 ? agile() : (struct built){.len = 0};
		size_t n;

		if (form == 0)
			build_sha1(&b, 0, CRTM_VERSION, 1, "", 0);
		if (form == 0)
			build_sha1(&b, 7, CRTM_VERSION, 1, "\xff\xff\0\0", 4); /* the last bytes belong to it */
		else
			build_agile(&b, 7, CRTM_VERSION, usual, 2, "\0\0\xff\xff", 4);
		build_fill(&b, byte, size);
		CHECK_STATUS(walk_all(&walk_tcg, built_slice(&b), &n), ATTEST_OK);
		CHECK(n == 2);
		if (size == 0)
			continue;
		build_fill(&b, 0x55, 1); /* it was none */
		CHECK(walk_all(&walk_tcg, built_slice(&b), &n) != ATTEST_OK && n >= 2);
	}
}

void tcg_padding(void)
{
	static const size_t sizes[] = {0, 1, 3, 4, 11, 31, 32, 33, 100, 4095, 4096, 4097, 7000};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		check_padding(0, sizes[i]);
		check_padding(0xff, sizes[i]);
	}
}

/* Events that look like padding, with something behind them, are events; without, even the first is none. */
void tcg_like_padding(void)
{
	struct built b = {.len = 0};
	size_t n;

	for (size_t i = 0; i < 3; i++) {
		build_sha1(&b, 0, 0, 0, "", 0);
		CHECK_STATUS(walk_all(&walk_tcg, built_slice(&b), &n), ATTEST_E_LOG_STRUCTURE);
		CHECK(n == 0 && !is_tcg(built_slice(&b)));
	}
	build_sha1(&b, 5, SEPARATOR, 0, "", 0);
	CHECK_STATUS(walk_all(&walk_tcg, built_slice(&b), &n), ATTEST_OK);
	CHECK(n == 4);
	build_fill(&b, 0xff, 50);
	CHECK_STATUS(walk_all(&walk_tcg, built_slice(&b), &n), ATTEST_OK);
	CHECK(n == 4);
	build_fill(&b, 0, 50); /* 0xff and then zeros: an event of PCR 0xffffffff, whose size is none */
	CHECK_STATUS(walk_all(&walk_tcg, built_slice(&b), &n), ATTEST_E_LIMIT);
	CHECK(n == 4);
}

/* Nothing but zeros, and one byte behind them. Were each event's rest looked at anew, this would not end. */
void tcg_zeros(void)
{
	enum { EVENTS = 1 << 18 };
	size_t len = EVENTS * (size_t)HEAD + 1, n = 0;
	uint8_t *zeros = calloc(len, 1);

	if (zeros == NULL)
		exit(2);
	zeros[len - 1] = 1;
	CHECK_STATUS(walk_all(&walk_tcg, slice_of(zeros, len), &n), ATTEST_E_LOG_STRUCTURE);
	CHECK(n == EVENTS);
	free(zeros);
}

static int locality_of(const char *signature, size_t len, uint32_t type, uint32_t pcr)
{
	struct built b = agile();
	struct walk w;
	int locality;

	build_agile(&b, pcr, type, usual, 2, signature, len);
	walk_open(&w, &walk_tcg, built_slice(&b), false);
	walk_next(&w);
	CHECK(w.more && w.event.measured == (type != NO_ACTION));
	locality = w.event.startup_locality;
	walk_close(&w);
	return locality;
}

void tcg_no_action(void)
{
	CHECK(locality_of("StartupLocality\0\3", 17, NO_ACTION, 0) == 3);
	CHECK(locality_of("StartupLocality\0\0", 17, NO_ACTION, 0) == 0);
	CHECK(locality_of("StartupLocality\0\xff", 17, NO_ACTION, 0) == 0xff);
	CHECK(locality_of("StartupLocality\0\3", 17, CRTM_VERSION, 0) == -1); /* it is measured like any other */
	CHECK(locality_of("StartupLocality\0", 16, NO_ACTION, 0) == -1);
	CHECK(locality_of("StartupLocality\0\3\3", 18, NO_ACTION, 0) == -1);
	CHECK(locality_of("StartupLocality\1\3", 17, NO_ACTION, 0) == -1);
	CHECK(locality_of("startupLocality\0\3", 17, NO_ACTION, 0) == -1);
	CHECK(locality_of("SP800-155 Event3", 16, NO_ACTION, 0) == -1);
	CHECK(locality_of("", 0, NO_ACTION, 0) == -1);
}

void tcg_pcrs(void)
{
	static const struct {
		uint32_t pcr, type;
		attest_status want;
	} events[] = {
		{31,         CRTM_VERSION, ATTEST_OK             },
		{32,         CRTM_VERSION, ATTEST_E_LOG_STRUCTURE},
		{256,        CRTM_VERSION, ATTEST_E_LOG_STRUCTURE},
		{0x80000000, CRTM_VERSION, ATTEST_E_LOG_STRUCTURE},
		{0xffffffff, CRTM_VERSION, ATTEST_E_LOG_STRUCTURE},
		{0xffffffff, NO_ACTION,    ATTEST_OK             },
		{31,         NO_ACTION,    ATTEST_OK             },
		{32,         NO_ACTION,    ATTEST_E_LOG_STRUCTURE},
		{0xfffffffe, NO_ACTION,    ATTEST_E_LOG_STRUCTURE},
	};

	for (size_t i = 0; i < COUNT(events); i++)
		for (int form = 0; form < 2; form++) {
			struct built b = form == 1 ? agile() : (struct built){.len = 0};
			size_t n;

			if (form == 0) {
				build_sha1(&b, 1, CRTM_VERSION, 1, "", 0);
				build_sha1(&b, events[i].pcr, events[i].type, 1, "", 0);
			} else {
				build_agile(&b, events[i].pcr, events[i].type, usual, 1, "", 0);
			}
			CHECK_STATUS(walk_all(&walk_tcg, built_slice(&b), &n), events[i].want);
			CHECK(n == (events[i].want == ATTEST_OK ? 2 : 1));
		}
}

void tcg_names(void)
{
	static const char *const names[] = {"EV_PREBOOT_CERT",
					    "EV_NO_ACTION",
					    "EV_SEPARATOR",
					    "EV_EFI_VARIABLE_DRIVER_CONFIG",
					    "EV_EFI_HCRTM_EVENT",
					    "EV_EFI_VARIABLE_AUTHORITY",
					    "EV_EFI_SPDM_FIRMWARE_BLOB",
					    "EV_EFI_BOOT_SERVICES_APPLICATION"};
	uint32_t type = 77;

	for (size_t i = 0; i < COUNT(names); i++) {
		CHECK(tcg_event_number(text_slice(names[i]), &type));
		CHECK_TEXT(tcg_event_name(type), names[i]);
	}
	type = 77;
	CHECK(!tcg_event_number(text_slice("EV_SEPARATO"), &type) &&
	      !tcg_event_number(text_slice("ev_separator"), &type));
	CHECK(!tcg_event_number(text_slice(""), &type) && type == 77);
	CHECK(tcg_event_name(0x14) == NULL && tcg_event_name(0x80000000) == NULL && tcg_event_name(0xffffffff) == NULL);
}
