/* SPDX-License-Identifier: Apache-2.0 */
#include "logs/log.h"

#include <stdio.h>

#include "unit.h"

/* A log of a proof, with the document that it lies in. */
struct fixture {
	struct arena arena;
	struct json_doc doc;
	struct log log;
};

static attest_status parse(struct fixture *f, const char *text)
{
	struct attest_error e = {0};
	struct json_node root;
	attest_status status;

	*f = (struct fixture){.log = {.pcr = 77}};
	status = json_doc_parse(&f->doc, &f->arena, slice_of(text, strlen(text)), &e);
	if (status != ATTEST_OK)
		return status;
	root = json_doc_root(&f->doc);
	return log_parse(&root, &f->log, &e);
}

static void clear(struct fixture *f)
{
	json_doc_free(&f->doc);
	arena_free(&f->arena);
}

static void check_text_log(const char *text, int pcr, const char *const *events, size_t n)
{
	struct attest_error e = {0};
	struct log_cursor cursor;
	struct event event;
	struct fixture f;
	bool more = true;

	CHECK_STATUS(parse(&f, text), ATTEST_OK);
	CHECK_TEXT(f.log.format, "text-events");
	CHECK_TEXT(f.log.place, "$");
	CHECK(f.log.walker == &walk_texts && f.log.pcr == pcr && f.log.only_bank == 0 && f.log.n_events == n);
	CHECK_STATUS(log_begin(&cursor, &f.log, &e), ATTEST_OK);
	for (size_t i = 0; i < n; i++) {
		CHECK_STATUS(log_next(&cursor, &event, &more, &e), ATTEST_OK);
		CHECK(more && event.kind == EVENT_TEXT && event.pcr == pcr && event.measured && event.type == NULL &&
		      event.n_digests == 0 && event.startup_locality == -1);
		CHECK(slice_equal(event.data, slice_of(events[i], strlen(events[i]))) &&
		      slice_equal(event.preimage, event.data) && event.preimage.data != NULL);
	}
	CHECK_STATUS(log_next(&cursor, &event, &more, &e), ATTEST_OK);
	CHECK(!more);
	log_end(&cursor);
	clear(&f);
}

void log_formats(void)
{
	static const char *const events[] = {"a", "", "c"};
	static const struct {
		const char *name;
		const struct log_walker *walker;
	} formats[] = {
		{"tcg",       &walk_tcg      },
                {"ima",       &walk_ima      },
                {"ima-ascii", &walk_ima_ascii},
		{"systemd",   &walk_systemd  },
                {"cel-json",  &walk_cel_json },
                {"cel-tlv",   &walk_cel_tlv  },
	};
	struct fixture f;
	char text[80];

	check_text_log("{\"format\":\"text-events\",\"pcr\":14,\"events\":[\"a\",\"\",\"c\"]}", 14, events, 3);
	check_text_log("{\"format\":\"text-events\",\"pcr\":0,\"events\":[]}", 0, NULL, 0);
	for (size_t i = 0; i < COUNT(formats); i++) {
		(void)snprintf(text, sizeof(text), "{\"format\":\"%s\",\"data\":\"AAAA\"}", formats[i].name);
		CHECK_STATUS(parse(&f, text), ATTEST_OK);
		CHECK(f.log.walker == formats[i].walker && f.log.pcr == -1 && f.log.only_bank == 0 &&
		      f.log.n_events == 0);
		CHECK(f.log.source.is_base64 && f.log.source.size == 3);
		CHECK_TEXT(f.log.format, formats[i].name);
		clear(&f);
	}
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
		{"{\"format\":\"tcg\",\"data\":1}",                                    ATTEST_E_STRUCTURE},
		{"{\"format\":\"tcg\",\"data\":\"AAA\"}",                              ATTEST_E_ENCODING },
		{"{\"format\":\"tcg\",\"data\":\"AAB=\"}",                             ATTEST_E_ENCODING },
		{"{\"format\":\"tcg\",\"data\":\"\"}",                                 ATTEST_E_ENCODING },
		{"{\"format\":\"tcg\",\"data\":\"AAAA\",\"pcr\":1}",                   ATTEST_E_STRUCTURE},
		{"{\"format\":\"tcg\",\"data\":\"AAAA\",\"events\":[]}",               ATTEST_E_STRUCTURE},
		{"{\"format\":\"measurements\",\"data\":\"AAAA\"}",                    ATTEST_E_STRUCTURE},
	};
	struct fixture f;

	for (size_t i = 0; i < COUNT(bad); i++) {
		CHECK_STATUS(parse(&f, bad[i].text), bad[i].want);
		CHECK(f.log.pcr == 77); /* untouched */
		clear(&f);
	}
}

static bool is_object(const char *text)
{
	struct event event = {.data = slice_of(text, strlen(text))};
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
	struct event event = {.type = own, .data = slice_of(text, strlen(text))};
	struct attest_error e = {0};
	json_t *object = NULL;
	const char *type;

	CHECK_STATUS(event_object(&event, &object, &e), ATTEST_OK);
	type = event_type(&event, object);
	(void)snprintf(copy, sizeof(copy), "%s", type == NULL ? "(none)" : type);
	json_decref(object);
	return copy;
}

/* Only of a text is the text what was measured; data of any other kind is not read as JSON. */
static void check_objects_of_kinds(void)
{
	struct event event = {.data = slice_of_string("{\"type\":\"tls-key\"}")};
	struct attest_error e = {0};
	json_t *object = NULL;

	for (int kind = EVENT_TEXT; kind <= EVENT_OTHER; kind++) {
		event.kind = (enum event_kind)kind;
		CHECK_STATUS(event_object(&event, &object, &e), ATTEST_OK);
		CHECK((object != NULL) == (kind == EVENT_TEXT));
		json_decref(object);
	}
}

void log_events(void)
{
	CHECK(is_object("{}") && is_object("{\"a\": [1]}") && is_object("{} "));
	CHECK(!is_object("") && !is_object("[]") && !is_object(" {}") && !is_object("text") && !is_object("{"));
	CHECK(!is_object("{\"a\":1,\"a\":2}") && !is_object("{}x") && !is_object("{\"a\":\"\\u0000\"}"));
	check_objects_of_kinds();
	CHECK_TEXT(type_of(NULL, "{\"type\":\"weights\"}"), "weights");
	CHECK_TEXT(type_of(NULL, "{\"event_type\":\"input_image\"}"), "input_image");
	CHECK_TEXT(type_of(NULL, "{\"type\":1}"), "(none)");
	CHECK_TEXT(type_of(NULL, "{\"type\":[\"tls-key\"]}"), "(none)");
	CHECK_TEXT(type_of(NULL, "tls-key"), "(none)");
	CHECK_TEXT(type_of("tls-ca", "{\"type\":\"tls-key\"}"), "tls-ca");
}

void log_event_digests(void)
{
	static const uint8_t bare[32] = {9};
	struct event event = {.kind = EVENT_BARE, .digests = {{ALG_SHA256, slice_of(bare, 32)}}, .n_digests = 1};
	struct slice abc = slice_of_string("abc");
	struct attest_error e = {0};
	struct digest d;

	CHECK_STATUS(event_digest(&event, ALG_SHA256, &d, &e), ATTEST_OK);
	CHECK(slice_equal(digest_slice(&d), slice_of(bare, 32)) && d.alg == ALG_SHA256);
	CHECK(event_find_digest(&event, ALG_SHA256) == &event.digests[0] &&
	      event_find_digest(&event, ALG_SHA1) == NULL);
	CHECK_STATUS(event_digest(&event, ALG_SHA1, &d, &e), ATTEST_OK); /* nothing is extended there */
	CHECK(d.size == 0 && d.alg == ALG_SHA1);
	CHECK(!event_is_hash_of(&event, ALG_SHA256, abc) && !event_is_hash_of(&event, ALG_SHA1, abc));
	CHECK(!event_is_hash_of(&event, ALG_SHA1, slice_of(NULL, 0)));
	event.preimage = abc; /* what `digests` has stands before it */
	CHECK_STATUS(event_digest(&event, ALG_SHA256, &d, &e), ATTEST_OK);
	CHECK(slice_equal(digest_slice(&d), slice_of(bare, 32)) && !event_is_hash_of(&event, ALG_SHA256, abc));
	CHECK(event_is_hash_of(&event, ALG_SHA1, abc));
	event = (struct event){.data = abc, .preimage = abc};
	CHECK_STATUS(event_digest(&event, ALG_SHA1, &d, &e), ATTEST_OK);
	CHECK(d.size == 20 && d.bytes[0] == 0xa9 && d.bytes[1] == 0x99);
	CHECK(event_is_hash_of(&event, ALG_SHA1, abc) && !event_is_hash_of(&event, ALG_SHA1, slice_sub(abc, 0, 2)));
	event.preimage = slice_of("", 0); /* there is one, and it is empty */
	CHECK_STATUS(event_digest(&event, ALG_SHA256, &d, &e), ATTEST_OK);
	CHECK(d.size == 32 && d.bytes[0] == 0xe3 && event_is_hash_of(&event, ALG_SHA256, slice_of("", 0)));
}

/* A walker that gives this many events, of which the last has the PCR 32. */
static const size_t never = (size_t)-1;
static size_t n_given, bad_at;

static attest_status give(struct log_cursor *cursor, struct event *ret_event, bool *ret_more,
			  struct attest_error *error)
{
	(void)error;
	*ret_more = cursor->number < n_given;
	ret_event->pcr = cursor->number == bad_at ? LIMIT_PCRS : 0;
	return ATTEST_OK;
}

static attest_status walk_given(size_t n, size_t bad, size_t *ret_n, struct attest_error *e)
{
	static const struct log_walker walker = {.next = give};
	struct log log = {.place = "$.logs[3]", .walker = &walker, .pcr = -1};
	struct log_cursor cursor;
	struct event event;
	bool more = true;
	attest_status status = log_begin(&cursor, &log, e);

	n_given = n;
	bad_at = bad;
	*ret_n = 0;
	while (status == ATTEST_OK) {
		status = log_next(&cursor, &event, &more, e);
		if (!more || status != ATTEST_OK)
			break;
		(*ret_n)++;
	}
	log_end(&cursor);
	return status;
}

void log_limits(void)
{
	struct attest_error e = {0};
	size_t n;

	CHECK_STATUS(walk_given(0, never, &n, &e), ATTEST_OK);
	CHECK(n == 0);
	CHECK_STATUS(walk_given(LIMIT_LOG_EVENTS, never, &n, &e), ATTEST_OK);
	CHECK(n == LIMIT_LOG_EVENTS);
	CHECK_STATUS(walk_given((size_t)LIMIT_LOG_EVENTS + 1, never, &n, &e), ATTEST_E_LIMIT);
	CHECK(n == LIMIT_LOG_EVENTS);
	error_clear(&e);
	CHECK_STATUS(walk_given(9, 7, &n, &e), ATTEST_E_LOG_STRUCTURE);
	CHECK(n == 7);
	CHECK_TEXT(e.where, "$.logs[3], event 7");
	CHECK_TEXT(e.found, "32");
}

void log_seeks(void)
{
	struct event events[3] = {{.pcr = 1}, {.pcr = 2}, {.pcr = 3}};
	struct log log = {.walker = &walk_events, .pcr = -1, .events = events, .n_events = 3};
	struct attest_error e = {0};
	struct log_cursor cursor;
	struct event event;

	for (size_t i = 0; i < 3; i++) {
		CHECK_STATUS(log_seek(&cursor, &log, i, &event, &e), ATTEST_OK);
		CHECK(event.pcr == i + 1);
		log_end(&cursor);
	}
}

#define ZEROS_40 "0000000000000000000000000000000000000000"

/* One of each format, no longer than need be, and the format that it shows. */
static const struct {
	const char *format, *bytes;
	size_t len;
} samples[] = {
#define SAMPLE(format, bytes)                                                                                          \
	{                                                                                                              \
		(format), (bytes), sizeof(bytes) - 1                                                                   \
	}
	SAMPLE("systemd", "\x1e{\"pcr\":11,\"digests\":[],\"content_type\":\"systemd\"}\n"),
	SAMPLE("cel-json", "[{\"recnum\":0,\"pcr\":0,\"digests\":[],\"content_type\":\"cel\",\"content\":{}}]"),
	SAMPLE("cel-json", " {\n\t\"records\": []}"),
	SAMPLE("cel-tlv", "\0\0\0\0\x08\0\0\0\0\0\0\0\0"
			  "\1\0\0\0\1\x0e"
			  "\3\0\0\0\0"
			  "\x09\0\0\0\1x"),
	SAMPLE("ima-ascii", "10 " ZEROS_40 " ima-ng sha1:" ZEROS_40 " /init\n"),
	SAMPLE("ima", "\x0a\0\0\0"
		      "01234567890123456789"
		      "\6\0\0\0ima-ng\0\0\0\0"),
	SAMPLE("tcg", "\0\0\0\0\x08\0\0\0"
		      "01234567890123456789"
		      "\4\0\0\0data"),
};

void log_recognised(void)
{
	struct attest_error e = {0};
	struct log log;

	for (size_t i = 0; i < COUNT(samples); i++) {
		struct slice sample = slice_of(samples[i].bytes, samples[i].len);
		uint8_t *copy = unit_exact(sample);

		CHECK_STATUS(log_recognise(slice_of(copy, sample.len), &log, &e), ATTEST_OK);
		CHECK_TEXT(log.format, samples[i].format);
		CHECK_TEXT(log.place, samples[i].format);
		CHECK(log.pcr == -1 && log.only_bank == 0 && !log.source.is_base64 && log.source.size == sample.len);
		free(copy);
		for (size_t len = 0; len < sample.len; len++) { /* whatever comes of it: nothing behind it is read */
			struct attest_error ignored = {0};

			copy = unit_exact(slice_sub(sample, 0, len));
			(void)log_recognise(slice_of(copy, len), &log, &ignored);
			free(copy);
		}
	}
}

void log_not_recognised(void)
{
	static const struct {
		const char *bytes;
		size_t len;
	} garbage[] = {
#define GARBAGE(bytes) {(bytes), sizeof(bytes) - 1}
		GARBAGE(""),
		GARBAGE("a"),
		GARBAGE("{}"),
		GARBAGE("[]"),
		GARBAGE("[1]"),
		GARBAGE("[[{}]]"),
		GARBAGE("\"records\""),
		GARBAGE("{\"format\":\"text-events\",\"pcr\":14,\"events\":[]}"),
		GARBAGE("{\"format\":\"tcg\",\"data\":\"AAAA\"}"),
		GARBAGE("[{\"format\":\"tcg\",\"data\":\"AAAA\"}]"), /* logs as in a proof, not CEL */
		GARBAGE("[ {\"events\": [], \"pcr\": 1, \"format\": \"text-events\"} ]"),
		GARBAGE("{\"format\":\"libattest-proof-v1\"}"),
		GARBAGE("\x1e"),
		GARBAGE("\x1e[]\n"),
		GARBAGE("-----BEGIN CERTIFICATE-----\n"),
		GARBAGE("10 " ZEROS_40 "\n"),
		GARBAGE("\xff"
			"TCG\x80\x18\0\x22\0\x0b"),
		GARBAGE("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), /* 31 zeros */
		GARBAGE("\x20\0\0\0\x08\0\0\0"
			"01234567890123456789\0\0\0\0"), /* PCR 32 */
		GARBAGE("\0\0\0\0\x14\0\0\0"
			"01234567890123456789\0\0\0\0"), /* no such type */
		GARBAGE("\0\0\0\0\x08\0\0\0"
			"01234567890123456789\1\0\0\0"), /* more than is there */
		GARBAGE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
			"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
	};
	struct attest_error e = {0};
	struct log log = {.pcr = 77};

	for (size_t i = 0; i < COUNT(garbage); i++) {
		void *copy = unit_exact(slice_of(garbage[i].bytes, garbage[i].len));

		CHECK_STATUS(log_recognise(slice_of(copy, garbage[i].len), &log, &e), ATTEST_E_FORMAT);
		if (log.pcr != 77)
			(void)printf("taken for %s: %s\n", log.format, garbage[i].bytes);
		log.pcr = 77;
		free(copy);
		error_clear(&e);
	}
	/* The length alone refuses it; the bytes are not looked at. */
	CHECK_STATUS(log_recognise(slice_of("", (size_t)LIMIT_LOG_BYTES + 1), &log, &e), ATTEST_E_LIMIT);
}
