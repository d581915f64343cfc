/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/ima.h"

#include <stdio.h>

#include "walk.h"

#define ZEROS_40 "0000000000000000000000000000000000000000"
#define HEX_20   "000102030405060708090a0b0c0d0e0f10111213"
#define HEX_32   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void build_digest(struct built *b, size_t size)
{
	for (size_t i = 0; i < size; i++)
		build_fill(b, (int)i, 1);
}

static void build_field(struct built *b, const char *data, size_t len)
{
	build_le(b, (uint32_t)len);
	build(b, data, len);
}
#define FIELD(b, text) build_field((b), (text), sizeof(text) - 1)
#define SHA256                                                                                                         \
	"sha256:\0"                                                                                                    \
	"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"                                             \
	"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"

/* One entry for each template: its fields as text, and its data. */
struct sample {
	const char *template, *type, *text;
	struct built data;
};

enum { N_SAMPLES = 10 };

static void build_evm(struct built *b)
{
	FIELD(b, SHA256);
	FIELD(b, "/e\0");
	FIELD(b, "\x05\x02");
	FIELD(b, "security.ima|security.capability\0");
	FIELD(b, "\x04\0\0\0");
	FIELD(b, "\x01\x02\x03\x04");
	FIELD(b, "\xe8\x03\0\0");
	FIELD(b, "\0\0\0\0");
	FIELD(b, "\xed\x81");
}

static void build_samples(struct sample samples[N_SAMPLES])
{
	static const struct sample heads[N_SAMPLES] = {
		{"ima",                "ima",             HEX_20 " /bin/sh",									   {.len = 0}},
		{"ima-ng",             "ima-ng",          "sha256:" HEX_32 " /bin/sh",                                                                 {.len = 0}},
		{"ima-sig",            "ima-sig",         "sha256:" HEX_32 " /a b c 0302aabb",                                                         {.len = 0}},
		{"ima-ngv2",           "ima-ngv2",        "verity:sha256:" HEX_32 " /v",                                                               {.len = 0}},
		{"ima-sigv2",          "ima-sigv2",       "ima:sha256:" HEX_32 " /s ",                                                                 {.len = 0}},
		{"ima-buf",            "ima-buf",         "sha256:" HEX_32 " kexec-cmdline 726f6f74",                                                  {.len = 0}},
		{"ima-modsig",         "ima-modsig",      "sha256:" HEX_32 " /m  sha256:" HEX_32 " 3082",                                              {.len = 0}},
		{"evm-sig",
		 "evm-sig",			       "sha256:" HEX_32 " /e 0502 security.ima|security.capability 04000000 01020304 1000 0 33261",
		 {.len = 0}																      },
		{"d-ng|n-ng|sig|iuid", "custom template", "sha256:" HEX_32 " /c  ",                                                                    {.len = 0}},
		{"d-ng|n-ng",          "ima-ng",          "sha256:" HEX_32 " ",									{.len = 0}},
	};

	for (size_t i = 0; i < N_SAMPLES; i++) {
		samples[i] = heads[i];
		if (i != 0 && i != 3 && i != 4 && i != 7)
			FIELD(&samples[i].data, SHA256);
	}
	build_digest(&samples[0].data, 20);
	FIELD(&samples[0].data, "/bin/sh");
	FIELD(&samples[1].data, "/bin/sh\0");
	FIELD(&samples[2].data, "/a b c\0");
	FIELD(&samples[2].data, "\x03\x02\xaa\xbb");
	FIELD(&samples[3].data, "verity:" SHA256);
	FIELD(&samples[3].data, "/v\0");
	FIELD(&samples[4].data, "ima:" SHA256);
	FIELD(&samples[4].data, "/s\0");
	FIELD(&samples[4].data, "");
	FIELD(&samples[5].data, "kexec-cmdline\0");
	FIELD(&samples[5].data, "root");
	FIELD(&samples[6].data, "/m\0");
	FIELD(&samples[6].data, "");
	FIELD(&samples[6].data, SHA256);
	FIELD(&samples[6].data, "\x30\x82");
	build_evm(&samples[7].data);
	FIELD(&samples[8].data, "/c\0");
	FIELD(&samples[8].data, "");
	FIELD(&samples[8].data, "");
	FIELD(&samples[9].data, "\0");
}

/* What the template hashes. */
static struct slice hashed(const struct sample *s, struct built *b)
{
	if (strcmp(s->template, "ima") != 0)
		return built_slice(&s->data);
	b->len = 0;
	build(b, s->data.bytes, 20);
	build(b, &s->data.bytes[24], s->data.len - 24);
	build_fill(b, 0, 256 - (s->data.len - 24));
	return built_slice(b);
}

static void build_entry(struct built *b, uint16_t alg, const struct sample *s, bool violation)
{
	struct attest_error e = {0};
	struct built other;
	struct slice part = hashed(s, &other);
	struct digest hash;

	CHECK_STATUS(digest_compute(alg, &part, 1, &hash, &e), ATTEST_OK);
	if (violation)
		memset(hash.bytes, 0, hash.size);
	build_le(b, 10);
	build(b, hash.bytes, hash.size);
	build_field(b, s->template, strlen(s->template));
	if (strcmp(s->template, "ima") != 0)
		build_le(b, (uint32_t)s->data.len);
	build(b, s->data.bytes, s->data.len);
}

static void build_line(struct built *b, uint16_t alg, const struct sample *s, bool violation)
{
	struct attest_error e = {0};
	struct built other;
	struct slice part = hashed(s, &other);
	struct digest hash;
	char hex[HEX_SIZE(DIGEST_MAX)];

	CHECK_STATUS(digest_compute(alg, &part, 1, &hash, &e), ATTEST_OK);
	if (violation)
		memset(hash.bytes, 0, hash.size);
	hex_encode(digest_slice(&hash), hex);
	build_text(b, "10 ");
	build_text(b, hex);
	build_text(b, " ");
	build_text(b, s->template);
	build_text(b, " ");
	build_text(b, s->text);
	build_text(b, "\n");
}

static void check_event(const struct event *event, const struct sample *s)
{
	struct built other;
	struct slice part = hashed(s, &other);

	CHECK(event->kind == EVENT_IMA && event->pcr == 10 && event->measured && event->startup_locality == -1);
	CHECK_TEXT(event->type, s->type);
	CHECK(slice_equal(event->data, built_slice(&s->data)));
	CHECK(event->n_digests == 1 && slice_equal(event->preimage, part));
	CHECK(walk_is_hash(event, ALG_SHA1, part) && walk_is_hash(event, ALG_SHA256, part) &&
	      walk_is_hash(event, ALG_SHA512, part));
	CHECK(event_is_hash_of(event, ALG_SHA1, part) && event_is_hash_of(event, ALG_SHA384, part));
}

static void check_samples(const struct log_walker *walker, uint16_t alg,
			  void (*append)(struct built *, uint16_t, const struct sample *, bool))
{
	struct sample samples[N_SAMPLES];
	struct built b = {.len = 0};
	struct walk w;

	build_samples(samples);
	for (size_t i = 0; i < N_SAMPLES; i++)
		append(&b, alg, &samples[i], false);
	for (int as_base64 = 0; as_base64 < 2; as_base64++) {
		walk_open(&w, walker, built_slice(&b), as_base64 == 1);
		for (size_t i = 0; i < N_SAMPLES; i++, walk_next(&w)) {
			CHECK(w.more);
			CHECK(w.event.digests[0].alg == alg);
			check_event(&w.event, &samples[i]);
		}
		CHECK(!w.more);
		CHECK_STATUS(w.status, ATTEST_OK);
		walk_close(&w);
	}
}

void ima_binary(void)
{
	static const uint16_t algs[] = {ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512};
	struct sample samples[N_SAMPLES];

	for (size_t i = 0; i < COUNT(algs); i++)
		check_samples(&walk_ima, algs[i], build_entry);
	build_samples(samples);
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct built b = {.len = 0};

		build_entry(&b, ALG_SHA256, &samples[i], false);
		CHECK(is_ima(built_slice(&b)) && !is_ima_ascii(built_slice(&b)) && !is_tcg(built_slice(&b)));
		walk_truncated(&walk_ima, built_slice(&b));
	}
	CHECK_STATUS(walk_status(&walk_ima, slice_of("", 0)), ATTEST_OK);
}

void ima_ascii(void)
{
	static const uint16_t algs[] = {ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512};
	struct sample samples[N_SAMPLES];

	for (size_t i = 0; i < COUNT(algs); i++)
		check_samples(&walk_ima_ascii, algs[i], build_line);
	build_samples(samples);
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct built b = {.len = 0};

		build_line(&b, ALG_SHA1, &samples[i], false);
		CHECK(is_ima_ascii(built_slice(&b)) && !is_ima(built_slice(&b)));
		walk_truncated(&walk_ima_ascii, built_slice(&b));
	}
	CHECK_STATUS(walk_status(&walk_ima_ascii, slice_of("", 0)), ATTEST_OK);
}

static void check_violation(const struct log_walker *walker, struct slice log, const struct sample *s)
{
	static const uint16_t algs[] = {ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512};
	struct attest_error e = {0};
	struct digest digest;
	struct walk w;

	walk_open(&w, walker, log, false);
	CHECK(w.more && w.event.n_digests == COUNT(algs) && w.event.preimage.data == NULL && w.event.measured);
	CHECK(slice_equal(w.event.data, built_slice(&s->data)));
	CHECK_TEXT(w.event.type, s->type);
	for (size_t i = 0; i < COUNT(algs); i++) {
		CHECK_STATUS(event_digest(&w.event, algs[i], &digest, &e), ATTEST_OK);
		CHECK(digest.size == digest_size(algs[i]));
		for (size_t k = 0; k < digest.size; k++)
			CHECK(digest.bytes[k] == 0xff);
	}
	walk_close(&w);
}

void ima_violation(void)
{
	struct sample samples[N_SAMPLES];

	build_samples(samples);
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct built b = {.len = 0}, text = {.len = 0};

		build_entry(&b, ALG_SHA256, &samples[i], true);
		check_violation(&walk_ima, built_slice(&b), &samples[i]);
		build_line(&text, ALG_SHA1, &samples[i], true);
		check_violation(&walk_ima_ascii, built_slice(&text), &samples[i]);
	}
}

/* An entry with a name and a length of its own. */
static struct slice entry(struct built *b, uint32_t name_len, const char *name, uint32_t data_len, size_t n_data)
{
	b->len = 0;
	build_le(b, 10);
	build_digest(b, 20);
	build_le(b, 6);
	build_text(b, "ima-ng");
	build_le(b, 0);
	build_le(b, 10);
	build_digest(b, 20);
	build_le(b, name_len);
	build_text(b, name);
	build_le(b, data_len);
	build_fill(b, 'x', n_data);
	return built_slice(b);
}

void ima_refused(void)
{
	struct built b = {.len = 0};

	CHECK_STATUS(walk_status(&walk_ima, entry(&b, 6, "ima-ng", 3, 3)), ATTEST_OK);
	CHECK_STATUS(walk_status(&walk_ima, entry(&b, 6, "ima-ng", 0, 0)), ATTEST_OK);
	CHECK_STATUS(walk_status(&walk_ima, entry(&b, 7, "ima-own", 3, 3)), ATTEST_OK);
	CHECK_STATUS(walk_status(&walk_ima, entry(&b, 0, "", 3, 3)), ATTEST_E_LOG_STRUCTURE);
	CHECK_STATUS(walk_status(&walk_ima, entry(&b, 255, "ima-ng", 3, 300)), ATTEST_E_LOG_STRUCTURE);
	CHECK_STATUS(walk_status(&walk_ima, entry(&b, UINT32_MAX, "ima-ng", 3, 3)), ATTEST_E_LOG_STRUCTURE);
	CHECK_STATUS(walk_status(&walk_ima, entry(&b, 6, "ima ng", 3, 3)), ATTEST_E_LOG_STRUCTURE);
	CHECK_STATUS(walk_status(&walk_ima, entry(&b, 6, "ima\nng", 3, 3)), ATTEST_E_LOG_STRUCTURE);
	CHECK_STATUS(walk_status(&walk_ima, entry(&b, 6, "ima-ng", 4, 3)), ATTEST_E_LOG_STRUCTURE);
	CHECK_STATUS(walk_status(&walk_ima, entry(&b, 6, "ima-ng", 2, 3)), ATTEST_E_LOG_STRUCTURE);
	CHECK_STATUS(walk_status(&walk_ima, entry(&b, 6, "ima-ng", LIMIT_LOG_ENTRY, 3)), ATTEST_E_LOG_STRUCTURE);
	CHECK_STATUS(walk_status(&walk_ima, entry(&b, 6, "ima-ng", LIMIT_LOG_ENTRY + 1, 3)), ATTEST_E_LIMIT);
	CHECK_STATUS(walk_status(&walk_ima, entry(&b, 6, "ima-ng", UINT32_MAX, 3)), ATTEST_E_LIMIT);
	(void)entry(&b, 6, "ima-ng", 3, 3);
	b.bytes[39] = 1; /* PCR 0x010a, whose low byte is one */
	CHECK_STATUS(walk_status(&walk_ima, built_slice(&b)), ATTEST_E_LOG_STRUCTURE);
	CHECK_STATUS(walk_status(&walk_ima, slice_of("12345678901234567890123456789012345678901234567890", 50)),
		     ATTEST_E_LOG_STRUCTURE);
}

/* The template "ima" bounds the name. */
void ima_short_name(void)
{
	for (uint32_t len = 254; len <= 257; len++) {
		struct built b = {.len = 0}, line = {.len = 0};
		attest_status want = len <= 255 ? ATTEST_OK : ATTEST_E_LOG_STRUCTURE;

		build_le(&b, 10);
		build_digest(&b, 20);
		FIELD(&b, "ima");
		build_digest(&b, 20);
		build_le(&b, len);
		build_fill(&b, 'n', len);
		CHECK_STATUS(walk_status(&walk_ima, built_slice(&b)), want);
		build_text(&line, "10 " HEX_20 " ima " HEX_20 " ");
		build_fill(&line, 'n', len);
		build_text(&line, "\n");
		CHECK_STATUS(walk_status(&walk_ima_ascii, built_slice(&line)), want);
	}
}

void ima_ascii_refused(void)
{
	static const char *const bad[] = {
		"\n",
		"x\n",
		"10\n",
		"10 \n",
		"10  " HEX_20 " ima-ng sha1:" HEX_20 " /a\n",
		"  9 " HEX_20 " ima-ng sha1:" HEX_20 " /a\n",
		"-1 " HEX_20 " ima-ng sha1:" HEX_20 " /a\n",
		"32 " HEX_20 " ima-ng sha1:" HEX_20 " /a\n",
		"266 " HEX_20 " ima-ng sha1:" HEX_20 " /a\n",
		"4294967306 " HEX_20 " ima-ng sha1:" HEX_20 " /a\n",
		"99999999999 " HEX_20 " ima-ng sha1:" HEX_20 " /a\n",
		"10 " HEX_20 "\n",
		"10 " HEX_20 " \n",
		"10 " HEX_20 "00 ima-ng sha1:" HEX_20 " /a\n",
		"10 g00102030405060708090a0b0c0d0e0f10111213 ima-ng sha1:" HEX_20 " /a\n",
		"10 " HEX_20 " ima-ng\n",
		"10 " HEX_20 " ima-ng \n",
		"10 " HEX_20 " ima-ng sha1:" HEX_20 "\n",
		"10 " HEX_20 " ima-ng " HEX_20 " /a\n",
		"10 " HEX_20 " ima-ng sha1: /a\n",
		"10 " HEX_20 " ima-ng :" HEX_20 " /a\n",
		"10 " HEX_20 " ima-ng sha1:0" HEX_20 " /a\n",
		"10 " HEX_20 " ima-ng sha1:" HEX_20 ":00 /a\n",
		"10 " HEX_20 " ima-ngv2 sha1:" HEX_20 " /a\n",
		"10 " HEX_20 " ima-ngv2 ima::" HEX_20 " /a\n",
		"10 " HEX_20 " ima sha1:" HEX_20 " /a\n",
		"10 " HEX_20 " ima " HEX_32 " /a\n",
		"10 " HEX_20 " d-ng|sig sha1:" HEX_20 " 0011 22\n",
		"10 " HEX_20 " d-ng|sig sha1:" HEX_20 "\n",
		"10 " HEX_20 " d-ng|sig sha1:" HEX_20 " 001\n",
		"10 " HEX_20 " iuid|n-ng 4294967296 /a\n",
		"10 " HEX_20 " imode|n-ng 65536 /a\n",
		"10 " HEX_20 " ima-ng sha1:" HEX_20 " /a",
		"10 " HEX_20 " ima-ng sha1:" HEX_20 " /a\n\n",
		"10 " HEX_20 " ima-ng sha1:" HEX_20 " /a\n10 " HEX_32 " ima-ng sha1:" HEX_20 " /a\n",
	};
	static const char with_nul[] = "10 " HEX_20 " ima-ng sha1:" HEX_20 " /a\0b\n";

	for (size_t i = 0; i < COUNT(bad); i++) {
		attest_status status = walk_status(&walk_ima_ascii, text_slice(bad[i]));

		if (status != ATTEST_E_LOG_STRUCTURE)
			(void)printf("line %zu: %s", i, bad[i]);
		CHECK_STATUS(status, ATTEST_E_LOG_STRUCTURE);
	}
	CHECK_STATUS(walk_status(&walk_ima_ascii, slice_of(with_nul, sizeof(with_nul) - 1)), ATTEST_E_LOG_STRUCTURE);
}

static void check_line(const char *fields, const char *name, size_t signature_len)
{
	struct built b = {.len = 0};
	struct ima_fields f = {.verity = true};
	struct walk w;

	build_text(&b, "10 " HEX_20 " ima-sig sha1:" HEX_20 " ");
	build_text(&b, fields);
	build_text(&b, "\n");
	walk_open(&w, &walk_ima_ascii, built_slice(&b), false);
	CHECK(w.more && ima_fields_read(&w.event, &f));
	CHECK(slice_equal(f.name, text_slice(name)) && f.signature.len == signature_len && !f.verity);
	walk_close(&w);
}

/* Names with spaces, and lines whose last spaces somebody has cut off. */
void ima_ascii_names(void)
{
	struct built b = {.len = 0};
	struct walk w;

	check_line("/a ", "/a", 0);
	check_line("/a", "/a", 0);
	check_line("/a abcd", "/a", 2);
	check_line("/a abcd ", "/a abcd", 0);
	check_line("/a b", "/a b", 0);
	check_line("/a b ", "/a b", 0);
	check_line("/a  b abcd", "/a  b", 2);
	check_line("abcd", "abcd", 0);
	check_line(" abcd", "", 2);
	check_line(" ", "", 0);
	check_line("", "", 0);
	build_text(&b, " 9 " HEX_20 " ima-none whatever stands here\n");
	walk_open(&w, &walk_ima_ascii, built_slice(&b), false);
	CHECK(w.more && w.event.pcr == 9 && w.event.n_digests == 1);
	CHECK(w.event.data.data == NULL && w.event.preimage.data == NULL);
	CHECK_TEXT(w.event.type, "unknown template");
	walk_close(&w);
}

/* Lines around the sizes of the pieces that are looked at. */
void ima_ascii_long(void)
{
	for (size_t len = 100; len < 1200; len += 9) {
		struct built b = {.len = 0};
		size_t n;

		for (int i = 0; i < 3; i++) {
			build_text(&b, "10 " HEX_20 " ima-ng sha1:" HEX_20 " ");
			build_fill(&b, 'n', len);
			build_text(&b, "\n");
		}
		CHECK_STATUS(walk_all(&walk_ima_ascii, built_slice(&b), &n), ATTEST_OK);
		CHECK(n == 3);
	}
}

static bool reads(const char *type, const struct built *data, struct ima_fields *ret_fields)
{
	struct event event = {.kind = EVENT_IMA, .type = type, .data = built_slice(data)};

	return ima_fields_read(&event, ret_fields);
}

void ima_fields_of_samples(void)
{
	struct sample samples[N_SAMPLES];
	struct ima_fields f = {.verity = false};

	build_samples(samples);
	CHECK(reads("ima", &samples[0].data, &f) && f.digest.len == 20 && slice_equal(f.name, text_slice("/bin/sh")));
	CHECK_TEXT(f.digest_alg, "sha1");
	CHECK(reads("ima-ng", &samples[1].data, &f) && f.digest.len == 32 && f.digest.data[31] == 31);
	CHECK_TEXT(f.digest_alg, "sha256");
	CHECK(slice_equal(f.name, text_slice("/bin/sh")) && f.signature.data == NULL && f.buffer.data == NULL);
	CHECK(reads("ima-sig", &samples[2].data, &f) && slice_equal(f.signature, text_slice("\x03\x02\xaa\xbb")));
	CHECK(reads("ima-ngv2", &samples[3].data, &f) && f.verity && f.digest.len == 32);
	CHECK(reads("ima-sigv2", &samples[4].data, &f) && !f.verity && f.signature.data == NULL);
	CHECK(reads("ima-buf", &samples[5].data, &f) && slice_equal(f.buffer, text_slice("root")));
	CHECK(reads("ima-modsig", &samples[6].data, &f) && f.modsig_digest.len == 32 && f.modsig.len == 2);
	CHECK(reads("evm-sig", &samples[7].data, &f) && slice_equal(f.evm_signature, text_slice("\x05\x02")));
	CHECK(!reads("custom template", &samples[8].data, &f) && !reads("unknown template", &samples[1].data, &f));
	CHECK(!reads("ima-ng", &samples[2].data, &f) && !reads("ima-sig", &samples[1].data, &f));
	CHECK(!reads("ima-ngv2", &samples[1].data, &f) && !reads("ima-ng", &samples[3].data, &f));
	CHECK(!reads(NULL, &samples[1].data, &f));
}

/* Every field of it is checked: cut anywhere, or with a byte more, it is none. */
void ima_fields_refused(void)
{
	struct sample samples[N_SAMPLES];
	struct ima_fields f = {.digest_alg = "untouched"};

	build_samples(samples);
	for (size_t i = 0; i < 8; i++) {
		struct built b = samples[i].data;

		build_fill(&b, 0, 1);
		CHECK(!reads(samples[i].type, &b, &f));
		for (b.len = 0; b.len < samples[i].data.len; b.len++)
			CHECK(!reads(samples[i].type, &b, &f));
	}
	for (int i = 0; i < 9; i++) {
		static const struct {
			const char *digest;
			size_t digest_len;
			const char *name;
			size_t name_len;
			bool ok;
		} cases[] = {
			{"sha1:\0aaaaaaaaaaaaaaaaaaaa",                       26, "n\0",    2, true },
			{"sha1:\0aaaaaaaaaaaaaaaaaaa",                        25, "n\0",    2, false},
			{"sha1\0aaaaaaaaaaaaaaaaaaaa",                        25, "n\0",    2, false},
			{"sha2:\0aaaaaaaaaaaaaaaaaaaa",                       26, "n\0",    2, false},
			{"sha1:\0aaaaaaaaaaaaaaaaaaaa",                       26, "n",      1, false},
			{"sha1:\0aaaaaaaaaaaaaaaaaaaa",                       26, "n\0\0",  3, false},
			{"sha1:\0aaaaaaaaaaaaaaaaaaaa",                       26, "n\0m\0", 4, false},
			{"sha1:\0aaaaaaaaaaaaaaaaaaaa",                       26, "",       0, false},
 /* of a violation, in kernels that took the size of SHA-1 for all */
			{"sha256:\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 28, "n\0",    2, true },
		};
		struct built b = {.len = 0};

		build_field(&b, cases[i].digest, cases[i].digest_len);
		build_field(&b, cases[i].name, cases[i].name_len);
		CHECK(reads("ima-ng", &b, &f) == cases[i].ok);
		if (i == 0)
			f = (struct ima_fields){.digest_alg = "untouched"};
		else if (!cases[i].ok)
			CHECK_TEXT(f.digest_alg, "untouched");
	}
}
