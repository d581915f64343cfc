/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/log.h"

#include <stdio.h>

#include "unit.h"

static attest_status parse(struct arena *arena, const char *text, struct log *ret_log)
{
	struct attest_error e = {0};
	struct json_doc doc;
	struct json_node root;
	attest_status status = json_doc_parse(&doc, arena, slice_of(text, strlen(text)), &e);

	if (status != ATTEST_OK)
		return status;
	root = json_doc_root(&doc);
	status = log_parse(&root, ret_log, &e);
	json_doc_free(&doc);
	return status;
}

void log_formats(void)
{
	static const char *const unreadable[] = {"tcg", "ima", "ima-ascii", "systemd", "cel-json"};
	struct arena arena = {NULL};
	struct log log;
	char text[80];

	CHECK_STATUS(parse(&arena, "{\"format\":\"text-events\",\"pcr\":14,\"events\":[\"a\",\"\",\"c\"]}", &log),
		     ATTEST_OK);
	CHECK(log.readable && log.pcr == 14 && log.only_bank == 0 && log.n_events == 3);
	CHECK(log.events[0].pcr == 14 && log.events[0].type == NULL && log.events[0].text.len == 1 &&
	      log.events[1].text.len == 0);
	CHECK_TEXT(log.format, "text-events");
	CHECK_STATUS(parse(&arena, "{\"format\":\"text-events\",\"pcr\":0,\"events\":[]}", &log), ATTEST_OK);
	CHECK(log.readable && log.pcr == 0 && log.n_events == 0);
	for (size_t i = 0; i < COUNT(unreadable); i++) {
		(void)snprintf(text, sizeof(text), "{\"format\":\"%s\",\"data\":\"AAAA\"}", unreadable[i]);
		CHECK_STATUS(parse(&arena, text, &log), ATTEST_OK);
		CHECK(!log.readable && log.pcr == -1 && log.n_events == 0);
		CHECK_TEXT(log.format, unreadable[i]);
	}
	arena_free(&arena);
}

void log_refused(void)
{
	static const struct {
		const char *text;
		attest_status want;
	} bad[] = {
		{"[]",								 ATTEST_E_STRUCTURE},
		{"{}",								 ATTEST_E_STRUCTURE},
		{"{\"format\":1}",						     ATTEST_E_STRUCTURE},
		{"{\"format\":\"text\"}",					      ATTEST_E_STRUCTURE},
		{"{\"format\":\"TEXT-EVENTS\",\"pcr\":1,\"events\":[]}",               ATTEST_E_STRUCTURE},
		{"{\"format\":\"text-events\",\"pcr\":1}",                             ATTEST_E_STRUCTURE},
		{"{\"format\":\"text-events\",\"events\":[]}",                         ATTEST_E_STRUCTURE},
		{"{\"format\":\"text-events\",\"pcr\":32,\"events\":[]}",              ATTEST_E_STRUCTURE},
		{"{\"format\":\"text-events\",\"pcr\":-1,\"events\":[]}",              ATTEST_E_STRUCTURE},
		{"{\"format\":\"text-events\",\"pcr\":1.0,\"events\":[]}",             ATTEST_E_STRUCTURE},
		{"{\"format\":\"text-events\",\"pcr\":\"1\",\"events\":[]}",           ATTEST_E_STRUCTURE},
		{"{\"format\":\"text-events\",\"pcr\":4294967297,\"events\":[]}",      ATTEST_E_STRUCTURE},
		{"{\"format\":\"text-events\",\"pcr\":1,\"events\":[1]}",              ATTEST_E_STRUCTURE},
		{"{\"format\":\"text-events\",\"pcr\":1,\"events\":[{}]}",             ATTEST_E_STRUCTURE},
		{"{\"format\":\"text-events\",\"pcr\":1,\"events\":{}}",               ATTEST_E_STRUCTURE},
		{"{\"format\":\"text-events\",\"pcr\":1,\"events\":[],\"data\":\"\"}", ATTEST_E_STRUCTURE},
		{"{\"format\":\"tcg\"}",					       ATTEST_E_STRUCTURE},
		{"{\"format\":\"tcg\",\"data\":\"AAA\"}",                              ATTEST_E_ENCODING },
		{"{\"format\":\"tcg\",\"data\":\"\"}",                                 ATTEST_E_ENCODING },
		{"{\"format\":\"tcg\",\"data\":\"AAAA\",\"pcr\":1}",                   ATTEST_E_STRUCTURE},
	};
	struct arena arena = {NULL};
	struct log log;

	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_STATUS(parse(&arena, bad[i].text, &log), bad[i].want);
	arena_free(&arena);
}

static bool is_object(const char *text)
{
	struct event event = {.text = slice_of(text, strlen(text))};
	struct attest_error e = {0};
	json_t *object = NULL;
	bool is;

	CHECK_STATUS(event_object(&event, &object, &e), ATTEST_OK);
	is = object != NULL;
	json_decref(object);
	return is;
}

static const char *type_of(const char *own, const char *text)
{
	static char copy[40];
	struct event event = {.type = own, .text = slice_of(text, strlen(text))};
	struct attest_error e = {0};
	json_t *object = NULL;
	const char *type;

	CHECK_STATUS(event_object(&event, &object, &e), ATTEST_OK);
	type = event_type(&event, object);
	(void)snprintf(copy, sizeof(copy), "%s", type == NULL ? "(none)" : type);
	json_decref(object);
	return copy;
}

void log_events(void)
{
	static const uint8_t bare[32] = {9};
	struct event event = {.digest = slice_of(bare, 32)};
	struct attest_error e = {0};
	struct digest d;

	CHECK(is_object("{}") && is_object("{\"a\": [1]}") && is_object("{} "));
	CHECK(!is_object("") && !is_object("[]") && !is_object(" {}") && !is_object("text") && !is_object("{"));
	CHECK(!is_object("{\"a\":1,\"a\":2}") && !is_object("{}x") && !is_object("{\"a\":\"\\u0000\"}"));
	CHECK_TEXT(type_of(NULL, "{\"type\":\"weights\"}"), "weights");
	CHECK_TEXT(type_of(NULL, "{\"event_type\":\"input_image\"}"), "input_image");
	CHECK_TEXT(type_of(NULL, "{\"type\":1}"), "(none)");
	CHECK_TEXT(type_of(NULL, "{\"type\":[\"tls-key\"]}"), "(none)");
	CHECK_TEXT(type_of(NULL, "tls-key"), "(none)");
	CHECK_TEXT(type_of("tls-ca", "{\"type\":\"tls-key\"}"), "tls-ca");
	CHECK_STATUS(event_digest(&event, ALG_SHA256, &d, &e), ATTEST_OK);
	CHECK(slice_equal(digest_slice(&d), event.digest) && d.alg == ALG_SHA256);
	CHECK_STATUS(event_digest(&event, ALG_SHA1, &d, &e), ATTEST_E_LOG_MISMATCH);
	event = (struct event){.text = slice_of_string("abc")};
	CHECK_STATUS(event_digest(&event, ALG_SHA1, &d, &e), ATTEST_OK);
	CHECK(d.size == 20 && d.bytes[0] == 0xa9 && d.bytes[1] == 0x99);
}
