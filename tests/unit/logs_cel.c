/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "logs/ima.h"
#include "walk.h"

#define SHA1_ABC   "a9993e364706816aba3e25717850c26c9cd0d89d"
#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define DIGESTS    "\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"" SHA256_ABC "\"}]"
/* A record of PCR 4 that is right but for what is asked of it. */
#define RECORD(members) "[{\"pcr\":4," DIGESTS "," members "}]"
#define UNKNOWN         "\"content_type\":\"none\",\"content\":1"

static void open_json(struct walk *w, const char *text)
{
	walk_open(w, &walk_cel_json, text_slice(text), false);
}

void cel_json_pcclient(void)
{
	static const struct {
		const char *type, *want;
		enum event_kind kind;
	} types[] = {
		{"4",		      "EV_SEPARATOR",                     EVENT_TCG  },
		{"\"EV_SEPARATOR\"",       "EV_SEPARATOR",                     EVENT_TCG  },
		{"\"ev_separator\"",       "EV_SEPARATOR",                     EVENT_TCG  },
		{"2147483651",             "EV_EFI_BOOT_SERVICES_APPLICATION", EVENT_TCG  },
		{"4294967295",             "unknown event type",               EVENT_TCG  },
		{"\"Unknown event type\"", "unknown event type",               EVENT_OTHER},
	};
	struct walk w;
	char text[512];

	for (size_t i = 0; i < COUNT(types); i++) {
		(void)snprintf(text, sizeof(text),
			       RECORD("\"recnum\":7,\"content_type\":\"pcclient_std\",\"content\":"
				      "{\"event_type\":%s,\"event_data\":\"616263\"}"),
			       types[i].type);
		CHECK(is_cel_json(text_slice(text)));
		open_json(&w, text);
		CHECK(w.more && w.event.kind == types[i].kind && w.event.pcr == 4 && w.event.measured);
		CHECK_TEXT(w.event.type, types[i].want);
		CHECK(slice_equal(w.event.data, text_slice("abc")));
		CHECK(event_is_hash_of(&w.event, ALG_SHA256, w.event.data) && w.event.preimage.data == NULL);
		walk_next(&w);
		CHECK(!w.more && w.status == ATTEST_OK);
		walk_close(&w);
	}
	open_json(&w, RECORD("\"content_type\":5,\"content\":{\"event_type\":3,\"event_data\":"
			     "\"537461727475704c6f63616c6974790003\"}"));
	CHECK(w.more && !w.event.measured && w.event.startup_locality == 3 && w.event.tcg_type == 3);
	walk_close(&w);
	open_json(&w, RECORD("\"content_type\":5,\"content\":{\"event_type\":4,\"event_data\":\"\"}"));
	CHECK(w.more && w.event.data.data != NULL && w.event.data.len == 0);
	walk_close(&w);
}

void cel_json_contents(void)
{
	struct walk w;
	struct ima_fields f;

	open_json(&w,
		  "{\"records\":" RECORD("\"content_type\":\"ima_template\",\"content\":{\"template_name\":\"ima-ng\","
					 "\"template_data\":\"1a000000736861313a00" SHA1_ABC "020000006100\"}") "}");
	CHECK(w.more && w.event.kind == EVENT_IMA && ima_fields_read(&w.event, &f));
	CHECK(slice_equal(f.name, text_slice("a")) && f.digest.len == 20);
	walk_close(&w);
	open_json(&w, RECORD("\"content_type\":\"systemd\",\"content\":{\"string\":\"abc\",\"eventType\":\"phase\"}"));
	CHECK(w.more && w.event.kind == EVENT_SYSTEMD && event_is_hash_of(&w.event, ALG_SHA256, w.event.data));
	CHECK_TEXT(w.event.label, "phase");
	walk_close(&w);
	open_json(&w, RECORD("\"content_type\":\"systemd\",\"content\":\"616263\""));
	CHECK(w.more && event_is_hash_of(&w.event, ALG_SHA256, w.event.data) && w.event.label == NULL);
	walk_close(&w);
	open_json(&w, RECORD("\"content_type\":\"ima_tlv\",\"content\":\"616263\""));
	CHECK(w.more && w.event.kind == EVENT_OTHER && slice_equal(w.event.data, text_slice("abc")));
	CHECK_TEXT(w.event.type, "ima_tlv");
	walk_close(&w);
	open_json(&w, RECORD("\"type\":\"tss2\",\"sub_event\":{\"data\":\"616263\",\"event\":{\"any\":1}}"));
	CHECK(w.more && w.event.kind == EVENT_OTHER && event_is_hash_of(&w.event, ALG_SHA256, w.event.data));
	CHECK_TEXT(w.event.type, "tss2");
	walk_close(&w);
	open_json(&w, RECORD(UNKNOWN ",\"more\":[]"));
	CHECK(w.more && w.event.kind == EVENT_OTHER && w.event.data.data == NULL && w.event.n_digests == 1);
	CHECK_TEXT(w.event.type, "unknown content");
	walk_close(&w);
}

/* The log's words about itself are measured or not by their type alone (CEL 1.1, 4.4). */
void cel_json_management(void)
{
	static const struct {
		const char *content, *type;
		bool measured;
	} cases[] = {
		{"{\"type\":\"cel_version\",\"data\":{\"major\":1,\"minor\":0}}", "cel_version",            false},
		{"{\"type\":\"firmware_end\"}",                                   "firmware_end",           false},
		{"{\"type\":\"cel_timestamp\",\"data\":1}",                       "cel_timestamp",          true },
		{"{\"type\":\"state_trans\",\"data\":\"kexec\"}",                 "state_trans",            true },
		{"{\"type\":2}",						  "firmware_end",           false},
		{"{\"type\":81}",						 "state_trans",            true },
		{"{\"type\":\"own\"}",					    "unknown CEL management", true },
		{"[{\"type\":2},{\"type\":1}]",                                   "cel_version",            false},
		{"[{\"type\":81},{\"type\":1}]",                                  "cel_version",            true },
	};
	char text[512];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct walk w;

		(void)snprintf(text, sizeof(text), RECORD("\"content_type\":\"cel\",\"content\":%s"), cases[i].content);
		open_json(&w, text);
		CHECK(w.more && w.event.kind == EVENT_OTHER && w.event.measured == cases[i].measured);
		CHECK_TEXT(w.event.type, cases[i].type);
		walk_close(&w);
	}
}

void cel_json_digests(void)
{
	struct walk w;

	open_json(&w, "[{\"pcr\":0,\"digests\":[{\"hashAlg\":\"SHA1\",\"digest\":\"" SHA1_ABC "\"},"
		      "{\"hashAlg\":11,\"digest\":\"" SHA256_ABC "\"},{\"hashAlg\":\"sm3_256\",\"digest\":\"00\"},"
		      "{\"hashAlg\":18,\"digest\":\"\"},{\"hashAlg\":\"sm3_256\",\"digest\":\"\"}]}]");
	CHECK(w.more && w.event.n_digests == 2);
	CHECK(walk_is_hash(&w.event, ALG_SHA1, text_slice("abc")) &&
	      walk_is_hash(&w.event, ALG_SHA256, text_slice("abc")));
	CHECK(!walk_is_hash(&w.event, ALG_SHA384, text_slice("abc")));
	walk_close(&w);
	open_json(&w, "[{\"pcr\":0,\"digests\":[{\"hashAlg\":\"TPM2_ALG_SHA256\",\"digest\":\"" SHA256_ABC "\"}]}]");
	CHECK(w.more && w.event.n_digests == 1 && w.event.digests[0].alg == ALG_SHA256);
	walk_close(&w);
	open_json(&w, "[{\"pcr\":31,\"digests\":[]}]");
	CHECK(w.more && w.event.n_digests == 0 && w.event.pcr == 31);
	walk_close(&w);
	open_json(&w, "[{\"nv_index\":33554432,\"content_type\":5,\"content\":{\"event_type\":3,\"event_data\":"
		      "\"537461727475704c6f63616c6974790003\"}}]");
	CHECK(w.more && !w.event.measured && w.event.startup_locality == -1);
	walk_close(&w);
}

void cel_json_refused(void)
{
	static const struct {
		const char *text;
		attest_status want;
	} bad[] = {
		{"",										       ATTEST_E_LOG_STRUCTURE},
		{"[",										      ATTEST_E_LOG_STRUCTURE},
		{"[] x",										   ATTEST_E_LOG_STRUCTURE},
		{"1",										      ATTEST_E_LOG_STRUCTURE},
		{"{}",										     ATTEST_E_LOG_STRUCTURE},
		{"{\"records\":{}}",								       ATTEST_E_LOG_STRUCTURE},
		{"[1]",										    ATTEST_E_LOG_STRUCTURE},
		{"[[]]",										   ATTEST_E_LOG_STRUCTURE},
		{"[{}]",										   ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":4}]",									  ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":4,\"pcr\":4," DIGESTS "}]",                                                    ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":\"4\"," DIGESTS "}]",							  ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":4.0," DIGESTS "}]",							    ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":-1," DIGESTS "}]",							     ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":32," DIGESTS "}]",							     ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":260," DIGESTS "}]",							    ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":4294967300," DIGESTS "}]",                                                     ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":99999999999999999999," DIGESTS "}]",                                           ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":4,\"nv_index\":4," DIGESTS "}]",                                               ATTEST_E_LOG_STRUCTURE},
		{"[{\"nv_index\":\"4\"," DIGESTS "}]",                                                     ATTEST_E_LOG_STRUCTURE},
		{"[{\"rtmr\":3," DIGESTS "}]",							     ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":4,\"digests\":{}}]",							   ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":4,\"digests\":[1]}]",							  ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":4,\"digests\":[{}]}]",							 ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":4,\"digests\":[{\"hashAlg\":\"sha256\"}]}]",                                   ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":4,\"digests\":[{\"digest\":\"00\"}]}]",                                        ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":4,\"digests\":[{\"hashAlg\":65536,\"digest\":\"00\"}]}]",                      ATTEST_E_LOG_STRUCTURE},
		{"[{\"pcr\":4,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"" SHA1_ABC "\"}]}]",
		 ATTEST_E_LOG_STRUCTURE											  },
		{"[{\"pcr\":4,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"" SHA1_ABC "0\"}]}]",
		 ATTEST_E_LOG_STRUCTURE											  },
		{"[{\"pcr\":4,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"" SHA1_ABC
		 "\"},{\"hashAlg\":4,\"digest\":\"" SHA1_ABC "\"}]}]",
		 ATTEST_E_LOG_STRUCTURE											  },
		{RECORD("\"recnum\":-1"),								  ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"recnum\":\"1\""),							       ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"content_type\":\"pcclient_std\""),                                              ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"content_type\":5,\"content\":[]"),                                              ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"content_type\":5,\"content\":{\"event_type\":4}"),                              ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"content_type\":5,\"content\":{\"event_data\":\"\"}"),                           ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"content_type\":5,\"content\":{\"event_type\":-1,\"event_data\":\"\"}"),
		 ATTEST_E_LOG_STRUCTURE											  },
		{RECORD("\"content_type\":5,\"content\":{\"event_type\":4294967296,\"event_data\":\"\"}"),
		 ATTEST_E_LOG_STRUCTURE											  },
		{RECORD("\"content_type\":5,\"content\":{\"event_type\":4,\"event_data\":\"AAA=\"}"),
		 ATTEST_E_LOG_STRUCTURE											  },
		{RECORD("\"content_type\":5,\"content\":{\"event_type\":4,\"event_data\":\"abc\"}"),
		 ATTEST_E_LOG_STRUCTURE											  },
		{RECORD("\"content_type\":7,\"content\":{\"template_name\":\"ima-ng\"}"),                  ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"content_type\":7,\"content\":{\"template_data\":\"\"}"),                        ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"content_type\":8,\"content\":{}"),                                              ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"content_type\":9,\"content\":1"),                                               ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"content_type\":9,\"content\":{\"string\":1}"),                                  ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"content_type\":4,\"content\":{}"),                                              ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"content_type\":4,\"content\":[]"),                                              ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"content_type\":4,\"content\":[1]"),                                             ATTEST_E_LOG_STRUCTURE},
		{RECORD("\"type\":\"tss2\",\"sub_event\":{}"),                                             ATTEST_E_LOG_STRUCTURE},
		{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",                                               ATTEST_E_LIMIT        },
	};
	struct built b = {.len = 0};

	for (size_t i = 0; i < COUNT(bad); i++) {
		attest_status status = walk_status(&walk_cel_json, text_slice(bad[i].text));

		if (status != bad[i].want)
			(void)printf("case %zu: %s\n", i, bad[i].text);
		CHECK_STATUS(status, bad[i].want);
	}
	build_text(&b, "[{\"pcr\":4,\"digests\":[");
	for (int i = 0; i < 17; i++)
		build_text(&b, i == 0 ? "{\"hashAlg\":1,\"digest\":\"\"}" : ",{\"hashAlg\":1,\"digest\":\"\"}");
	build_text(&b, "]}]");
	CHECK_STATUS(walk_status(&walk_cel_json, built_slice(&b)), ATTEST_E_LIMIT);
}

/* Records as "pcr.recnum"; '-' for a record without a number. */
static attest_status count(const char *records)
{
	struct built b = {.len = 0};
	char text[64];

	build_text(&b, "[");
	for (; *records != '\0'; records += 3) {
		if (b.len > 1)
			build_text(&b, ",");
		(void)snprintf(text, sizeof(text), "{\"pcr\":%c,\"digests\":[]", records[0]);
		build_text(&b, text);
		(void)snprintf(text, sizeof(text), ",\"recnum\":%c", records[1]);
		build_text(&b, records[1] == '-' ? "" : text);
		build_text(&b, "}");
	}
	build_text(&b, "]");
	return walk_status(&walk_cel_json, built_slice(&b));
}

void cel_json_numbers(void)
{
	static const char *const good[] = {"00 01 02 ", "05 06 07 ", "00 10 01 11 ", "00 11 02 13 ",
					   "00 10 20 ", "0- 0- 1- ", "00 0- 01 ",    "03 10 04 "};
	static const char *const bad[] = {"00 00 ", "00 02 ", "01 00 ", "00 10 03 ", "00 01 11 02 02 ", "00 11 03 "};

	for (size_t i = 0; i < COUNT(good); i++)
		CHECK_STATUS(count(good[i]), ATTEST_OK);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_STATUS(count(bad[i]), ATTEST_E_LOG_STRUCTURE);
}

void cel_json_recognised(void)
{
	CHECK(is_cel_json(text_slice(" [ {\"pcr\":1,\"digests\"")) && is_cel_json(text_slice("{\n\"records\":[]}")));
	CHECK(!is_cel_json(text_slice("[{\"format\":\"cel-json\",\"data\":\"\"}]")));
	CHECK(!is_cel_json(text_slice("")) && !is_cel_json(text_slice("[")) && !is_cel_json(text_slice("[]")));
	CHECK(!is_cel_json(text_slice("[\"a\"]")) && !is_cel_json(text_slice("{\"format\":1}")));
}

/* What stands for digests that a record of IMA lacks; a violation has none. */
void cel_json_ima_banks(void)
{
	static const struct {
		const char *template, *digest;
		bool hashed;
	} cases[] = {
		{"ima-ng",  SHA1_ABC,                                   true },
		{"ima-own", SHA1_ABC,                                   true },
		{"ima",     SHA1_ABC,				   false},
		{"ima-ng",  "ffffffffffffffffffffffffffffffffffffffff", false},
		{"ima-ng",  "0000000000000000000000000000000000000000", false},
	};
	char text[512];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct walk w;

		(void)snprintf(text, sizeof(text),
			       "[{\"pcr\":10,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"%s\"}],\"content_type\":7,"
			       "\"content\":{\"template_name\":\"%s\",\"template_data\":\"616263\"}}]",
			       cases[i].digest, cases[i].template);
		open_json(&w, text);
		CHECK(w.more && w.event.n_digests == 1 && w.event.kind == EVENT_IMA);
		CHECK(walk_is_hash(&w.event, ALG_SHA256, text_slice("abc")) == cases[i].hashed);
		walk_close(&w);
	}
}

static void tlv(struct built *b, int type, const void *value, size_t len)
{
	build_fill(b, type, 1);
	build_be(b, len, 4);
	build(b, value, len);
}

static void tlv_built(struct built *b, int type, const struct built *value)
{
	tlv(b, type, value->bytes, value->len);
}

static void tlv_number(struct built *b, int type, uint64_t number, int size)
{
	build_fill(b, type, 1);
	build_be(b, (uint64_t)size, 4);
	build_be(b, number, size);
}

/* The digest is of `hashed`, in SHA-256 and in an algorithm that is not known. */
static void tlv_digests(struct built *b, struct slice hashed)
{
	struct attest_error e = {0};
	struct built digests = {.len = 0};
	struct digest d;

	CHECK_STATUS(digest_compute(ALG_SHA256, &hashed, 1, &d, &e), ATTEST_OK);
	tlv(&digests, ALG_SHA256, d.bytes, d.size);
	tlv(&digests, 0x12, d.bytes, 5);
	tlv_built(b, 3, &digests);
}

static void tlv_record(struct built *b, uint64_t number, int size, const struct built *content, struct slice hashed)
{
	tlv_number(b, 0, number, size);
	tlv_number(b, 1, 13, size == 8 ? 1 : size);
	tlv_digests(b, hashed);
	build(b, content->bytes, content->len);
}

static void one(struct built *b, const struct built *content)
{
	b->len = 0;
	tlv_record(b, 0, 8, content, text_slice("abc"));
}

void cel_tlv_contents(void)
{
	struct built inner = {.len = 0}, content = {.len = 0}, b;
	struct ima_fields f;
	struct walk w;

	tlv_number(&inner, 0, 4, 4);
	tlv(&inner, 1, "abc", 3);
	tlv_built(&content, 5, &inner);
	one(&b, &content);
	CHECK(is_cel_tlv(built_slice(&b)) && !is_tcg(built_slice(&b)) && !is_ima(built_slice(&b)));
	walk_truncated(&walk_cel_tlv, built_slice(&b));
	walk_open(&w, &walk_cel_tlv, built_slice(&b), true);
	CHECK(w.more && w.event.kind == EVENT_TCG && w.event.tcg_type == 4 && w.event.pcr == 13);
	CHECK(w.event.n_digests == 1 && event_is_hash_of(&w.event, ALG_SHA256, w.event.data));
	walk_close(&w);

	inner.len = content.len = 0;
	tlv(&inner, 0, "ima-ng", 6);
	tlv(&inner, 1, "\x1a\0\0\0sha1:\0aaaaaaaaaaaaaaaaaaaa\x02\0\0\0n\0", 36);
	tlv_built(&content, 7, &inner);
	one(&b, &content);
	walk_truncated(&walk_cel_tlv, built_slice(&b));
	walk_open(&w, &walk_cel_tlv, built_slice(&b), false);
	CHECK(w.more && ima_fields_read(&w.event, &f) && slice_equal(f.name, text_slice("n")));
	walk_close(&w);

	inner.len = content.len = 0;
	tlv(&inner, 5, "NAME=value", 10);
	tlv_built(&content, 80, &inner);
	b.len = 0;
	tlv_record(&b, 0, 8, &content, built_slice(&content));
	walk_open(&w, &walk_cel_tlv, built_slice(&b), true);
	CHECK(w.more && w.event.kind == EVENT_OTHER && event_is_hash_of(&w.event, ALG_SHA256, w.event.data));
	CHECK_TEXT(w.event.type, "COS");
	walk_close(&w);
}

void cel_tlv_others(void)
{
	static const struct {
		int content;
		const char *value;
		size_t len;
		enum event_kind kind;
		const char *type;
		bool measured;
	} cases[] = {
		{9,   "abc",			    3,  EVENT_SYSTEMD, "systemd",                true },
		{8,   "abc",			    3,  EVENT_OTHER,   "ima_tlv",                true },
		{6,   "",			       0,  EVENT_OTHER,   "unknown content",        true },
		{255, "abc",                            3,  EVENT_OTHER,   "unknown content",        true },
		{4,   "\x02\0\0\0\0",                   5,  EVENT_OTHER,   "firmware_end",           false},
		{4,   "\x51\0\0\0\x01\x02",             6,  EVENT_OTHER,   "state_trans",            true },
		{4,   "\x51\0\0\0\x01\x02\x01\0\0\0\0", 11, EVENT_OTHER,   "cel_version",            true },
		{4,   "\x07\0\0\0\0",                   5,  EVENT_OTHER,   "unknown CEL management", true },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct built content = {.len = 0}, b;
		struct walk w;

		tlv(&content, cases[i].content, cases[i].value, cases[i].len);
		one(&b, &content);
		walk_truncated(&walk_cel_tlv, built_slice(&b));
		walk_open(&w, &walk_cel_tlv, built_slice(&b), false);
		CHECK(w.more && w.event.kind == cases[i].kind && w.event.measured == cases[i].measured);
		CHECK(slice_equal(w.event.data, slice_of(cases[i].value, cases[i].len)));
		CHECK_TEXT(w.event.type, cases[i].type);
		walk_close(&w);
	}
}

void cel_tlv_refused(void)
{
	static const struct {
		int content;
		const char *value;
		size_t len;
	} cases[] = {
		{0,  "abc",				  3 },
		{3,  "",				     0 },
		{4,  "",				     0 },
		{4,  "\x02\0\0\0\x01",                       5 },
		{4,  "\x02\0\0\0\0x",                        6 },
		{5,  "",				     0 },
		{5,  "\0\0\0\0\x01\x04",                     6 },
		{5,  "\0\0\0\0\0\x01\0\0\0\0",               10},
		{5,  "\0\0\0\0\x05\x01\0\0\0\0\x01\0\0\0\0", 15},
		{5,  "\0\0\0\0\x01\x04\x02\0\0\0\0",         11},
		{5,  "\x01\0\0\0\x01\x04\0\0\0\0\0",         11},
		{5,  "\0\0\0\0\x01\x04\x01\0\0\0\0x",        12},
		{7,  "\0\0\0\0\x01n",                        6 },
		{7,  "\0\0\0\0\x01n\x01\0\0\0\x01",          11},
		{80, "",				     0 },
		{80, "\0\0\0\0\x02n",                        6 },
		{80, "\0\0\0\0\x01nx",                       7 },
	};
	struct built content, b;

	for (size_t i = 0; i < COUNT(cases); i++) {
		content.len = 0;
		tlv(&content, cases[i].content, cases[i].value, cases[i].len);
		one(&b, &content);
		CHECK_STATUS(walk_status(&walk_cel_tlv, built_slice(&b)), ATTEST_E_LOG_STRUCTURE);
	}
	content.len = 0;
	tlv(&content, 9, "abc", 3);
	one(&b, &content);
	CHECK_STATUS(walk_status(&walk_cel_tlv, built_slice(&b)), ATTEST_OK);
	b.bytes[18] = 32; /* the PCR */
	CHECK_STATUS(walk_status(&walk_cel_tlv, built_slice(&b)), ATTEST_E_LOG_STRUCTURE);
	b.bytes[18] = 13;
	b.bytes[13] = 108; /* a register of confidential computing (go-eventlog) */
	CHECK_STATUS(walk_status(&walk_cel_tlv, built_slice(&b)), ATTEST_E_LOG_STRUCTURE);
	b.bytes[13] = 2;
	CHECK_STATUS(walk_status(&walk_cel_tlv, built_slice(&b)), ATTEST_OK);
	b.bytes[0] = 1;
	CHECK_STATUS(walk_status(&walk_cel_tlv, built_slice(&b)), ATTEST_E_LOG_STRUCTURE);
	b.bytes[0] = 0;
	b.bytes[1] = 1; /* 16 MiB and some */
	CHECK_STATUS(walk_status(&walk_cel_tlv, built_slice(&b)), ATTEST_E_LIMIT);
	CHECK_STATUS(walk_status(&walk_cel_tlv, slice_of("", 0)), ATTEST_OK);
}

/* Sizes of numbers as producers write them, and digests that are refused. */
void cel_tlv_numbers(void)
{
	static const int sizes[] = {1, 2, 4, 8};
	struct built content = {.len = 0}, b = {.len = 0}, digests = {.len = 0}, bad = {.len = 0};
	uint8_t zeros[64] = {0};
	size_t n;

	tlv(&content, 9, "abc", 3);
	for (size_t i = 0; i < COUNT(sizes); i++)
		tlv_record(&b, 5 + i, sizes[i], &content, text_slice("abc"));
	CHECK_STATUS(walk_all(&walk_cel_tlv, built_slice(&b), &n), ATTEST_OK);
	CHECK(n == COUNT(sizes));
	tlv_record(&b, 5, 1, &content, text_slice("abc"));
	CHECK_STATUS(walk_status(&walk_cel_tlv, built_slice(&b)), ATTEST_E_LOG_STRUCTURE);
	for (int i = 0; i < 4; i++) {
		static const struct {
			int alg;
			size_t len;
		} pairs[4][2] = {
			{{4, 20}, {11, 31}},
                        {{4, 20}, {4, 20} },
                        {{4, 21}, {11, 32}},
                        {{4, 20}, {12, 0} }
                };

		digests.len = bad.len = 0;
		tlv(&digests, pairs[i][0].alg, zeros, pairs[i][0].len);
		tlv(&digests, pairs[i][1].alg, zeros, pairs[i][1].len);
		tlv_number(&bad, 0, 0, 8);
		tlv_number(&bad, 1, 13, 1);
		tlv_built(&bad, 3, &digests);
		build(&bad, content.bytes, content.len);
		CHECK_STATUS(walk_status(&walk_cel_tlv, built_slice(&bad)), ATTEST_E_LOG_STRUCTURE);
	}
	digests.len = bad.len = 0;
	for (int i = 0; i < 17; i++)
		tlv(&digests, 200 + i, "", 0);
	tlv_number(&bad, 0, 0, 8);
	tlv_number(&bad, 1, 13, 1);
	tlv_built(&bad, 3, &digests);
	build(&bad, content.bytes, content.len);
	CHECK_STATUS(walk_status(&walk_cel_tlv, built_slice(&bad)), ATTEST_E_LIMIT);
}
