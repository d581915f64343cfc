/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library's own requests: a bounded GET, or only a handshake.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "net.h"

#define USER_AGENT         "libattest/" ATTEST_VERSION
#define LIMIT_CONNECT      15L         /* seconds until the handshake is done, of the timeout */
#define LIMIT_ERROR_ANSWER (64u << 10) /* bytes of an answer that is an HTTP error: a JSON message is short */

/* A transfer while it runs. */
struct running {
	struct transfer *transfer;
	CURL *curl;
	struct body body;
	size_t room;
	struct attest_error *error;
	char detail[CURL_ERROR_SIZE];
};

static size_t most(const struct running *running)
{
	long status = 0;

	(void)curl_easy_getinfo(running->curl, CURLINFO_RESPONSE_CODE, &status);
	return status == 200 ? running->transfer->limit : LIMIT_ERROR_ANSWER;
}

static bool make_room(struct running *running, size_t n)
{
	size_t room = running->room == 0 ? 16384 : running->room;
	uint8_t *grown;

	while (room - running->body.len < n)
		room *= 2;
	if (room == running->room)
		return true;
	grown = realloc(running->body.data, room);
	if (grown == NULL)
		return false;
	running->body.data = grown;
	running->room = room;
	return true;
}

static attest_status too_long(struct running *running, size_t limit)
{
	return fail(running->error, ATTEST_E_LIMIT, NULL, "the answer has more than %zu bytes (%s)", limit,
		    limit == running->transfer->limit ? running->transfer->limit_name : "LIMIT_ERROR_ANSWER");
}

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	struct running *running = arg;
	size_t limit = most(running);

	n *= size; /* size is 1 */
	if (running->body.len >= limit || n > limit - running->body.len) {
		(void)too_long(running, limit);
		return 0;
	}
	if (!make_room(running, n)) {
		(void)fail_memory(running->error);
		return 0;
	}
	memcpy(running->body.data + running->body.len, data, n);
	running->body.len += n;
	return n;
}

/* After the handshake, before the request. */
static int before_request(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct running *running = arg;
	struct transfer *transfer = running->transfer;
	SSL *ssl = NULL;
	attest_status status = ATTEST_OK;

	(void)remote, (void)local, (void)remote_port, (void)local_port;
	if (transfer->look != NULL)
		status = channel_of(running->curl, &ssl, running->error);
	if (status == ATTEST_OK && transfer->look != NULL)
		status = transfer->look(ssl, transfer->look_arg, running->error);
	return status == ATTEST_OK ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static int verify(X509_STORE_CTX *store, void *arg)
{
	struct running *running = arg;
	X509 *leaf = X509_STORE_CTX_get0_cert(store);

	return channel_verified(store, channel_check_key(leaf, running->transfer->channel.pin, running->error));
}

static CURLcode prepare(CURL *curl, void *context, void *arg)
{
	const struct running *running = arg;

	(void)curl;
	channel_prepare(context, running->transfer->channel.trust == TRUST_PIN ? verify : NULL, arg);
	return CURLE_OK;
}

static CURLcode set_up(struct running *running, struct curl_slist *headers)
{
	CURL *curl = running->curl;
	long timeout = running->transfer->timeout;
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_HTTP_VERSION,          CURL_HTTP_VERSION_1_1                            }, /* a handshake alone shall be one */
		{CURLOPT_NOSIGNAL,              1						},
		{CURLOPT_CONNECTTIMEOUT,        timeout < LIMIT_CONNECT ? timeout : LIMIT_CONNECT},
		{CURLOPT_TIMEOUT,               timeout					  },
		{CURLOPT_CONNECT_ONLY,          running->transfer->handshake_only                },
		{CURLOPT_HTTP_CONTENT_DECODING, 0                                                },
	};
	const struct {
		CURLoption option;
		void *value;
	} pointers[] = {
		{CURLOPT_PREREQDATA,  running                                  },
		{CURLOPT_WRITEDATA,   running                                  },
		{CURLOPT_ERRORBUFFER, running->detail                          },
		{CURLOPT_HTTPHEADER,  headers                                  },
		{CURLOPT_URL,         (void *)(uintptr_t)running->transfer->url},
	};
	CURLcode code = curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, before_request);

	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_USERAGENT, USER_AGENT);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)running->transfer->limit);
	for (size_t i = 0; code == CURLE_OK && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
	for (size_t i = 0; code == CURLE_OK && i < sizeof(pointers) / sizeof(pointers[0]); i++)
		code = curl_easy_setopt(curl, pointers[i].option, pointers[i].value);
	return code;
}

attest_status transfer_error(CURLcode code, const char *detail, struct attest_error *error)
{
	char text[160];

	if (detail[0] == '\0')
		detail = curl_easy_strerror(code);
	(void)printable_to(slice_of_string(detail), text, sizeof(text));
	switch (code) {
	case CURLE_OUT_OF_MEMORY:
		return fail_memory(error);
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		return fail(error, ATTEST_E_TLS_PIN, NULL, "the server does not have the attested TLS key");
	case CURLE_PEER_FAILED_VERIFICATION:
		return fail(error, ATTEST_E_TLS_PIN, NULL,
			    "the server's certificate does not stand under the attested CA, or not for this name: %s",
			    text);
	default:
		return fail(error, ATTEST_E_IO, NULL, "the server cannot be asked: %s", text);
	}
}

/* {"error": {"message": …}}, as attest-server answers. */
static bool find_message(const struct json_doc *doc, struct slice *ret_text)
{
	struct attest_error ignored = {0};
	struct json_node root = json_doc_root(doc), member;

	if (json_node_object(&root, &ignored) != ATTEST_OK)
		return false;
	member = json_node_member(&root, "error");
	if (json_node_object(&member, &ignored) != ATTEST_OK)
		return false;
	member = json_node_member(&member, "message");
	return json_node_string(&member, ret_text, &ignored) == ATTEST_OK;
}

static bool error_message(struct body body, char *ret_text, size_t size)
{
	struct arena arena = {NULL};
	struct attest_error ignored = {0};
	struct json_doc doc = {0};
	struct slice text;
	bool found = json_doc_parse(&doc, &arena, slice_of(body.data, body.len), &ignored) == ATTEST_OK &&
		     find_message(&doc, &text);

	if (found)
		(void)printable_to(text, ret_text, size);
	json_doc_free(&doc);
	arena_free(&arena);
	return found;
}

static attest_status refused_by_server(struct running *running, long status)
{
	char text[160];
	curl_off_t seconds = 0;

	(void)curl_easy_getinfo(running->curl, CURLINFO_RETRY_AFTER, &seconds);
	error_expected(running->error, "HTTP 200");
	if (seconds > 0)
		error_found(running->error, "HTTP %ld, Retry-After: %lld seconds", status, (long long)seconds);
	else
		error_found(running->error, "HTTP %ld", status);
	if (status >= 300 && status < 400)
		return fail(running->error, ATTEST_E_IO, NULL,
			    "the server answered HTTP %ld, and no redirect is followed: give the URL that it leads to",
			    status);
	if (!error_message(running->body, text, sizeof(text)))
		return fail(running->error, ATTEST_E_IO, NULL, "the server answered HTTP %ld", status);
	return fail(running->error, ATTEST_E_IO, NULL, "the server answered HTTP %ld: %s", status, text);
}

static attest_status check_answer(struct running *running)
{
	struct curl_header *encoding = NULL;
	char text[64];
	long status = 0;

	if (running->transfer->handshake_only)
		return ATTEST_OK;
	(void)curl_easy_getinfo(running->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return refused_by_server(running, status);
	if (curl_easy_header(running->curl, "Content-Encoding", 0, CURLH_HEADER, -1, &encoding) != CURLHE_OK ||
	    strcasecmp(encoding->value, "identity") == 0)
		return ATTEST_OK;
	error_found(running->error, "%s", printable_to(slice_of_string(encoding->value), text, sizeof(text)));
	return fail(running->error, ATTEST_E_ENCODING, NULL, "the answer is compressed, which was not asked for");
}

static attest_status run(struct running *running, struct curl_slist *headers)
{
	struct transfer *transfer = running->transfer;
	attest_status status;

	transfer->channel.prepare = prepare;
	transfer->channel.prepare_arg = running;
	status = options_apply(running->curl, &transfer->channel, running->error);
	if (status == ATTEST_OK)
		status = options_result(set_up(running, headers), running->error);
	if (status != ATTEST_OK)
		return status;
	transfer->code = curl_easy_perform(running->curl);
	if (transfer->code == CURLE_OK)
		return check_answer(running);
	if (running->error->status != ATTEST_OK) /* what stopped it is known better */
		return running->error->status;
	if (transfer->code == CURLE_FILESIZE_EXCEEDED)
		return too_long(running, transfer->limit);
	return transfer_error(transfer->code, running->detail, running->error);
}

DEFINE_DEFER(struct curl_slist, curl_slist_free_all);

attest_status transfer_run(struct transfer *transfer, struct body *ret_body, struct attest_error *error)
{
	DEFER(curl_easy_cleanup_deferred) CURL *curl = curl_easy_init();
	DEFER(curl_slist_free_all_deferred)
	struct curl_slist *headers = curl_slist_append(NULL, "Accept-Encoding: identity");
	struct running running = {.transfer = transfer, .curl = curl, .error = error};
	char shown[160];
	attest_status status = curl == NULL || headers == NULL ? fail_memory(error) : run(&running, headers);

	if (status == ATTEST_OK && ret_body != NULL && !make_room(&running, 1)) /* an empty answer has data too */
		status = fail_memory(error);
	if (status == ATTEST_OK && ret_body != NULL) {
		*ret_body = running.body;
		return ATTEST_OK;
	}
	free(running.body.data);
	if (status != ATTEST_OK)
		error_where(error, "%s", printable_to(slice_of_string(transfer->url), shown, sizeof(shown)));
	return status;
}
