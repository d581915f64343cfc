/* SPDX-License-Identifier: Apache-2.0 */
#include "wellknown.h"

#include "list.h"

static struct http_refusal refusal;

static int route_of(const char *target)
{
	enum route route = wellknown_route(slice_of_string(target), &refusal);

	return route == ROUTE_REFUSED ? refusal.status : (int)route;
}

void wellknown_ours(void)
{
	CHECK(route_of("/.well-known/attestation") == ROUTE_PROOF);
	CHECK(route_of("/.well-known/attestation?") == ROUTE_PROOF);
	CHECK(route_of("/.well-known/attestation?x=/../%") == ROUTE_PROOF);
	CHECK(route_of("/.well-known/attestation/health") == ROUTE_HEALTH);
}

void wellknown_upstreams(void)
{
	static const char *const targets[] = {
		"/",
		"/v1/chat/completions",
		"/a.b",
		"/.well-known",
		"/.well-known/",
		"/.well-known/attestation.json",
		"/.well-known/attestationx",
		"/.well-known/attestatio",
		"/.well-known/x/attestation",
		"/well-known/attestation",
		"/a/.well-known/attestation",
		"/a%20b",
		"/%E2%82%AC",
		"/a;b/c",
		"/...",
		"/a/..b",
		"/?/../",
		"/.",
		"/./a",
		"/%25",
		"/%2525",
		"/%25252525",
		"/a%2fb",
	};

	for (size_t i = 0; i < COUNT(targets); i++)
		CHECK(route_of(targets[i]) == ROUTE_UPSTREAM);
}

void wellknown_disguised(void)
{
	static const char *const targets[] = {
		"/.well-known/attestation/",           "/.WELL-known/attestation",
		"//.well-known/attestation",           "/.well-known/.//attestation",
		"/%2Ewell-known/attestation",          "/.well-known%2Fattestation",
		"/.well-known/attestation%2fhealth",   "/%252ewell-known/attestation",
		"/%25252ewell-known/attestation",      "/.well-known;a/attestation",
		"/.well-known/attestation;a",          "/.well-known/attestation/x/y",
		"/.well-known/%41TTESTATION",          "/%2e/.well-known/attestation",
		"/;x/.well-known/attestation",         "/.well-known%3bx/attestation",
		"/.well-known/attestation%3fnonce=00",
	};

	/* The last one: "?" in a segment is no query, and no reading of ours. */
	for (size_t i = 0; i + 1 < COUNT(targets); i++)
		CHECK(route_of(targets[i]) == 404);
	CHECK(route_of(targets[COUNT(targets) - 1]) == ROUTE_UPSTREAM);
}

void wellknown_refused(void)
{
	static const char *const targets[] = {
		"/..",          "/a/../b",      "/%2e%2E/",  "/.%2e",   "/%252e%252e",
		"/..;x",        "/%2e%2e%3bx/", "/%2f..%2f", "/a\\b",   "/%5C",
		"/%255c",       "/%00",         "/%2500",    "/%0d%0a", "/%7f",
		"/%",           "/a%4",         "/%4g",      "/%%41",   "/a/..%2f.well-known/attestation",
		"/%2525252525",
	};

	for (size_t i = 0; i < COUNT(targets); i++)
		CHECK(route_of(targets[i]) == 400);
}

/* As long as a head may be, and each reading is only a little shorter than the one before. */
void wellknown_bounds_readings(void)
{
	char target[LIMIT_HEADER_BYTES] = "/%";

	for (size_t at = 2; at + 3 < sizeof(target); at += 2)
		memcpy(target + at, "25", 3);
	CHECK(route_of(target) == 400);
	CHECK_TEXT(refusal.reason, "the path is percent-encoded more than 4 times over");
}

void wellknown_asks(void)
{
	struct wellknown_ask ask;

	CHECK(wellknown_ask(slice_of_string(WELLKNOWN_PATH), &ask, &refusal) && ask.nonce_len == 0 &&
	      !ask.binds_session);
	CHECK(wellknown_ask(slice_of_string(WELLKNOWN_PATH "?nonce=0aF1020304050607"), &ask, &refusal));
	CHECK(ask.nonce_len == 8 && memcmp(ask.nonce, "\x0a\xf1\2\3\4\5\6\7", 8) == 0 && !ask.binds_session);
	CHECK(wellknown_ask(slice_of_string(WELLKNOWN_PATH "?bind=session&nonce=0001020304050607"), &ask, &refusal) &&
	      ask.binds_session);
	CHECK(!wellknown_ask(slice_of_string(WELLKNOWN_PATH "?bind=session"), &ask, &refusal) && refusal.status == 400);
	CHECK(!wellknown_ask(slice_of_string(WELLKNOWN_PATH "?nonce=000102030405060:"), &ask, &refusal));
	CHECK(!wellknown_ask(slice_of_string(WELLKNOWN_PATH "?nonce=000102030405060@"), &ask, &refusal));
	CHECK(!wellknown_ask(slice_of_string(WELLKNOWN_PATH "?nonce=000102030405060\x10"), &ask, &refusal));
}

static void check_text(struct buffer *out, const char *want)
{
	buffer_add(out, slice_of("", 1));
	CHECK_TEXT((const char *)buffer_slice(out).data, want);
	buffer_empty(out);
}

void wellknown_answers(void)
{
	struct quoter_health health = {.waiting = 1, .depth = 2, .n_made = 3, .n_failed = 4, .last_milliseconds = 5.25};
	struct buffer out = {0};

	refusal.status = 405;
	refusal.reason = "no";
	answer_error(&refusal, 7, true, false, &out);
	check_text(
		&out,
		"HTTP/1.1 405 Method Not Allowed\r\nContent-Type: application/json\r\nContent-Length: 44\r\n"
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nRetry-After: 7\r\n"
		"Allow: GET, HEAD\r\nConnection: close\r\n\r\n{\"error\": {\"status\": 405, \"message\": \"no\"}}\n");
	answer_health(&health, false, false, &out);
	check_text(&out, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 90\r\n"
			 "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n{\"status\": \"failing\", "
			 "\"waiting\": 1, \"depth\": 2, \"proofs\": 3, \"failures\": 4, \"last_ms\": 5}\n");
	health.is_well = true;
	answer_health(&health, false, true, &out);
	check_text(&out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 85\r\n"
			 "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n");
	buffer_free(&out);
}
