/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs: the one that a user gives, where it leads, and whether another one leads to the same server.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "net.h"

#define WELL_KNOWN   "/.well-known/attestation"
#define CA_PROOF     "/attestation.json" /* BlindLlama */
#define NONCE_LEAST  8
#define QUERY_PREFIX "nonce="

static attest_status url_fail(const char *url, const char *message, struct attest_error *error)
{
	char shown[128];

	error_where(error, "%s", printable_to(slice_of_string(url), shown, sizeof(shown)));
	return fail(error, ATTEST_E_USAGE, NULL, "%s", message);
}

static bool url_has(CURLU *url, CURLUPart part)
{
	DEFER(curl_free_deferred) char *text = NULL;

	return curl_url_get(url, part, &text, 0) == CURLUE_OK;
}

attest_status url_parse(const char *url, CURLU **ret_url, struct attest_error *error)
{
	DEFER(curl_url_cleanup_deferred) CURLU *parsed = curl_url();
	DEFER(curl_free_deferred) char *scheme = NULL;
	CURLUcode code = parsed == NULL ? CURLUE_OUT_OF_MEMORY
					: curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);

	if (code == CURLUE_OK)
		code = curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0);
	if (code == CURLUE_OUT_OF_MEMORY)
		return fail_memory(error);
	if (code != CURLUE_OK)
		return url_fail(url, "not a URL such as https://host, https://host:port or https://host/path", error);
	if (strcmp(scheme, "http") == 0)
		return url_fail(url, "http has no TLS key that could be attested: only https:// is spoken", error);
	if (strcmp(scheme, "https") != 0)
		return url_fail(url, "only https:// is spoken", error);
	if (url_has(parsed, CURLUPART_USER) || url_has(parsed, CURLUPART_PASSWORD))
		return url_fail(url, "a user name in the URL would be sent before anything is attested: remove it",
				error);
	if (url_has(parsed, CURLUPART_FRAGMENT))
		return url_fail(url, "a server never sees the part after #: remove it", error);
	*ret_url = TRANSFER(parsed);
	return ATTEST_OK;
}

char *url_origin(CURLU *url)
{
	DEFER(curl_free_deferred) char *host = NULL;
	DEFER(curl_free_deferred) char *port = NULL;
	struct arena arena = {NULL};
	char *origin = NULL, *text;

	if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return NULL;
	for (char *c = host; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	text = arena_printf(&arena, "https://%s:%s", host, port);
	if (text != NULL)
		origin = strdup(text);
	arena_free(&arena);
	return origin;
}

static attest_status default_path(CURLU *url, const char *path, struct attest_error *error)
{
	DEFER(curl_free_deferred) char *given = NULL;

	if (curl_url_get(url, CURLUPART_PATH, &given, 0) == CURLUE_OK && strcmp(given, "/") != 0)
		return ATTEST_OK;
	return curl_url_set(url, CURLUPART_PATH, path, 0) == CURLUE_OK ? ATTEST_OK : fail_memory(error);
}

static attest_status ask_fresh(CURLU *url, unsigned flags, struct slice nonce, struct attest_error *error)
{
	char query[sizeof(QUERY_PREFIX) + HEX_SIZE(LIMIT_NONCE_BYTES)] = QUERY_PREFIX;
	CURLUcode code;

	hex_encode(nonce, query + sizeof(QUERY_PREFIX) - 1);
	code = curl_url_set(url, CURLUPART_QUERY, query, CURLU_APPENDQUERY);
	if (code == CURLUE_OK && (flags & ATTEST_NET_BIND_SESSION) != 0)
		code = curl_url_set(url, CURLUPART_QUERY, "bind=session", CURLU_APPENDQUERY);
	return code == CURLUE_OK ? ATTEST_OK : fail_memory(error);
}

attest_status url_of_proof(const char *url, unsigned flags, struct slice nonce, char **ret_url,
			   struct attest_error *error)
{
	DEFER(curl_url_cleanup_deferred) CURLU *parsed = NULL;
	bool is_ca = (flags & ATTEST_NET_CA) != 0;
	attest_status status = url_parse(url, &parsed, error);

	if (status == ATTEST_OK && nonce.len != 0 && (nonce.len < NONCE_LEAST || nonce.len > LIMIT_NONCE_BYTES)) {
		error_expected(error, "%d to %u bytes", NONCE_LEAST, LIMIT_NONCE_BYTES);
		error_found(error, "%zu", nonce.len);
		status = fail(error, ATTEST_E_USAGE, NULL, "servers take no nonce of this length");
	}
	if (status == ATTEST_OK)
		status = default_path(parsed, is_ca ? CA_PROOF : WELL_KNOWN, error);
	if (status == ATTEST_OK && !is_ca && nonce.len != 0)
		status = ask_fresh(parsed, flags, nonce, error);
	if (status == ATTEST_OK && curl_url_get(parsed, CURLUPART_URL, ret_url, 0) != CURLUE_OK)
		status = fail_memory(error);
	return status;
}
