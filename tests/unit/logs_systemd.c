/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "walk.h"

#define SHA256_READY "4b27bea6c1f46d4a2a0ee9d6bd2d5e2d4cfdb4b1a1d1ba6a2dd8d6a7d6b0c0de"
#define DIGESTS      "\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"" SHA256_READY "\"}]"
#define CONTENT(s)                                                                                                     \
	"\"content_type\":\"systemd\",\"content\":{\"string\":\"" s "\",\"bootId\":\"fa\",\"timestamp\":1,"            \
	"\"eventType\":\"phase\"}"
#define RECORD(s) "\x1e{\"pcr\":11," DIGESTS "," CONTENT(s) "}\n"

/* As systemd writes it. */
static void build_record(struct built *b, unsigned pcr, const char *string, const char *type)
{
	struct attest_error e = {0};
	struct slice text = text_slice(string);
	struct digest d;
	char hex[HEX_SIZE(DIGEST_MAX)], record[600];

	CHECK_STATUS(digest_compute(ALG_SHA256, &text, 1, &d, &e), ATTEST_OK);
	hex_encode(digest_slice(&d), hex);
	(void)snprintf(record, sizeof(record),
		       "\x1e{\"pcr\":%u,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"%s\"}],\"content_type\":"
		       "\"systemd\",\"content\":{\"string\":\"%s\",\"bootId\":\"fa1afe1fa1afe1fa1afe1fa1afe1ffff\","
		       "\"timestamp\":3950000,\"eventType\":\"%s\"}}\n",
		       pcr, hex, string, type);
	build_text(b, record);
}

void systemd_records(void)
{
	static const struct {
		unsigned pcr;
		const char *string, *type;
	} records[] = {
		{11, "enter-initrd",								"phase"     },
		{15, "machine-id:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "machine-id"},
		{15, "",									    "filesystem"},
	};
	struct built b = {.len = 0};
	struct walk w;

	for (size_t i = 0; i < COUNT(records); i++)
		build_record(&b, records[i].pcr, records[i].string, records[i].type);
	CHECK(is_systemd(built_slice(&b)) && !is_cel_json(built_slice(&b)));
	for (int as_base64 = 0; as_base64 < 2; as_base64++) {
		walk_open(&w, &walk_systemd, built_slice(&b), as_base64 == 1);
		for (size_t i = 0; i < COUNT(records); i++, walk_next(&w)) {
			CHECK(w.more && w.event.kind == EVENT_SYSTEMD && w.event.pcr == records[i].pcr);
			CHECK(w.event.measured && w.event.data.data != NULL);
			CHECK(slice_equal(w.event.data, text_slice(records[i].string)));
			CHECK(event_is_hash_of(&w.event, ALG_SHA256, w.event.data));
			CHECK_TEXT(w.event.type, "systemd");
			CHECK_TEXT(w.event.label, records[i].type);
		}
		CHECK(!w.more);
		CHECK_STATUS(w.status, ATTEST_OK);
		walk_close(&w);
	}
	CHECK_STATUS(walk_status(&walk_systemd, slice_of("", 0)), ATTEST_OK);
}

/* Escapes are read; what is missing is missing; what is of no PCR is not measured. */
void systemd_shapes(void)
{
	static const char *const good[] = {
		"\x1e{\"pcr\":11," DIGESTS ",\"content_type\":\"systemd\",\"content\":{}}\n",
		"\x1e{\n  \"pcr\": 11,\n  " DIGESTS "\n}\n",
		"\x1e{\"pcr\":11," DIGESTS "," CONTENT("a\\nb\\u00e4") "} \n \n",
	};
	struct walk w;

	for (size_t i = 0; i < COUNT(good); i++)
		CHECK_STATUS(walk_status(&walk_systemd, text_slice(good[i])), ATTEST_OK);
	walk_open(&w, &walk_systemd, text_slice(good[0]), false);
	CHECK(w.more && w.event.data.data == NULL && w.event.label == NULL && w.event.kind == EVENT_SYSTEMD);
	walk_close(&w);
	walk_open(&w, &walk_systemd, text_slice(good[2]), false);
	CHECK(w.more && slice_equal(w.event.data, text_slice("a\nb\xc3\xa4")));
	walk_close(&w);
	walk_open(&w, &walk_systemd, text_slice("\x1e{\"nv_index\":30146576," DIGESTS "," CONTENT("a") "}\n"), false);
	CHECK(w.more && !w.event.measured && w.event.kind == EVENT_SYSTEMD);
	walk_close(&w);
}

void systemd_truncated(void)
{
	struct built b = {.len = 0};
	size_t first, n;

	build_record(&b, 11, "enter-initrd", "phase");
	walk_truncated(&walk_systemd, built_slice(&b));
	first = b.len;
	build_record(&b, 11, "leave-initrd", "phase");
	for (size_t len = first + 1; len < b.len; len++) {
		CHECK_STATUS(walk_all(&walk_systemd, slice_sub(built_slice(&b), 0, len), &n), ATTEST_E_LOG_STRUCTURE);
		CHECK(n == 1);
	}
}

void systemd_refused(void)
{
	static const char *const bad[] = {
		"\x1e",
		"\x1e\n",
		"\n",
		"{}\n",
		"\x1e{}\n",
		"\x1e[]\n",
		"\x1e" RECORD("a"),
		RECORD("a") "\n" RECORD("b") "x",
		RECORD("a") "{}\n",
		"\x1e{\"pcr\":11," DIGESTS "}{}\n",
		"\x1e{\"pcr\":11,\"pcr\":11," DIGESTS "}\n",
		"\x1e{\"pcr\":32," DIGESTS "}\n",
		"\x1e{\"pcr\":267," DIGESTS "}\n",
		"\x1e{" DIGESTS "}\n",
		"\x1e{\"pcr\":11}\n",
		"\x1e{\"pcr\":11," DIGESTS "," CONTENT("\\u0000") "}\n",
		"\x1e{\"pcr\":11," DIGESTS "," CONTENT("\xff") "}\n",
		"\x1e{\"pcr\":11," DIGESTS ",\"content_type\":\"systemd\"}\n",
		"\x1e{\"pcr\":11," DIGESTS ",\"content_type\":\"systemd\",\"content\":{\"string\":5}}\n",
		"\x1e{\"pcr\":11," DIGESTS "," CONTENT("a") "}",
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_STATUS(walk_status(&walk_systemd, text_slice(bad[i])), ATTEST_E_LOG_STRUCTURE);
}

/* Records around the sizes of the pieces that are looked at, and around the limit. */
void systemd_long(void)
{
	static const char head[] = "{\"pcr\":11,\"digests\":[],\"content_type\":\"systemd\",\"content\":{\"string\":\"",
			  tail[] = "\"}}\n";
	size_t frame = sizeof(head) - 1 + sizeof(tail) - 1, n;
	char *text = malloc(2 * (size_t)LIMIT_EVENT_JSON + 16), *at;

	if (text == NULL)
		exit(2);
	for (size_t len = 500; len <= LIMIT_EVENT_JSON + 3; len += len < 530                    ? 1
								   : len < LIMIT_EVENT_JSON - 3 ? 6553
												: 1) {
		bool ok = len <= LIMIT_EVENT_JSON;

		at = text;
		for (int i = 0; i < 2; i++)
			at += sprintf(at, "\x1e%s%0*d%s", head, (int)(len - frame), 0, tail);
		CHECK_STATUS(walk_all(&walk_systemd, text_slice(text), &n), ok ? ATTEST_OK : ATTEST_E_LIMIT);
		CHECK(n == (ok ? 2 : 0));
	}
	free(text);
}
