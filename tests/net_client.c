/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client for tests/net.py: does what it reads on standard input, a command a line, and answers each with a line.
 *
 * Usage: net_client URL ROOT POLICY [bind|ca] [aia] [crls] [cache=DIRECTORY] [pin=…] [proxy=…] [name=…]
 *   [cert=FILE] [age=SECONDS] [timeout=SECONDS]
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest-net.h"

#define SECRET        "{\"prompt\": \"the secret of the test\"}"
#define SECRET_HEADER "the-secret-token"

struct client {
	attest_verifier *verifier;
	attest_net_session *session;
	CURL *template_curl, *curl;
	const char *certificate; /* of the caller, with its key; or NULL */
	struct curl_slist *headers;
	CURLU *elsewhere;
	const char *url; /* of threads, and of a copy */
	int copy_code;
	size_t received;
};

static size_t count(char *data, size_t size, size_t n, void *arg)
{
	struct client *client = arg;

	(void)data;
	client->received += size * n;
	return size * n;
}

static size_t discard(char *data, size_t size, size_t n, void *arg)
{
	(void)data, (void)arg;
	return size * n;
}

static void answer(const char *command, attest_status status, const struct attest_error *error)
{
	(void)printf("%s %s | %s | %s | %s\n", command, attest_status_name(status), error->message, error->expected,
		     error->found);
	(void)fflush(stdout);
}

static void *read_file(const char *path, size_t *ret_len)
{
	static char buffer[1 << 20];
	FILE *file = fopen(path, "rb");

	if (file == NULL) {
		perror(path);
		exit(2);
	}
	*ret_len = fread(buffer, 1, sizeof(buffer), file);
	(void)fclose(file);
	return buffer;
}

static void take_word(struct client *client, struct attest_net_options *options, struct attest_options *verify,
		      char *word)
{
	char *value = strchr(word, '=');

	if (strcmp(word, "bind") == 0)
		options->flags |= ATTEST_NET_BIND_SESSION;
	else if (strcmp(word, "ca") == 0)
		options->flags |= ATTEST_NET_CA;
	else if (strcmp(word, "aia") == 0)
		options->flags |= ATTEST_NET_AIA;
	else if (strcmp(word, "crls") == 0)
		options->flags |= ATTEST_NET_CRLS;
	else if (value == NULL)
		exit(2);
	else if (strncmp(word, "pin=", 4) == 0)
		verify->tls_pin = value + 1;
	else if (strncmp(word, "cert=", 5) == 0)
		client->certificate = value + 1;
	else if (strncmp(word, "proxy=", 6) == 0)
		options->proxy = value + 1;
	else if (strncmp(word, "cache=", 6) == 0)
		options->cache = value + 1;
	else if (strncmp(word, "name=", 5) == 0)
		options->server_name = value + 1;
	else if (strncmp(word, "age=", 4) == 0)
		options->max_age = (uint32_t)atoi(value + 1);
	else if (strncmp(word, "timeout=", 8) == 0)
		options->timeout = (uint32_t)atoi(value + 1);
	else
		exit(2);
}

static void open_session(struct client *client, int argc, char **argv)
{
	struct attest_net_options options = ATTEST_NET_OPTIONS_INIT;
	struct attest_options verify = ATTEST_OPTIONS_INIT;
	struct attest_error error = {0};
	attest_status status;
	size_t len;
	void *data;

	for (int i = 4; i < argc; i++)
		take_word(client, &options, &verify, argv[i]);
	options.verify = &verify;
	status = attest_verifier_new(&client->verifier);
	data = read_file(argv[2], &len);
	if (status == ATTEST_OK)
		status = attest_verifier_add_roots(client->verifier, data, len, NULL, &error);
	data = read_file(argv[3], &len);
	if (status == ATTEST_OK)
		status = attest_verifier_add_policy(client->verifier, data, len, NULL, &error);
	if (status == ATTEST_OK)
		status = attest_net_session_new(client->verifier, argv[1], &options, &client->session, &error);
	answer("open", status, &error);
	if (status != ATTEST_OK)
		exit(1);
}

/* The caller's own handle, with all that could hurt. */
static void make_template(struct client *client)
{
	CURL *curl = client->template_curl = curl_easy_init();

	client->elsewhere = curl_url();
	(void)curl_url_set(client->elsewhere, CURLUPART_URL, "http://127.0.0.1:1/", 0);
	(void)curl_easy_setopt(curl, CURLOPT_CURLU, client->elsewhere);
	(void)curl_easy_setopt(curl, CURLOPT_PORT, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_PROXYTYPE, (long)CURLPROXY_SOCKS5);
	(void)curl_easy_setopt(curl, CURLOPT_SSLCERT, client->certificate);
	(void)curl_easy_setopt(curl, CURLOPT_SSLKEY, client->certificate);
	client->headers = curl_slist_append(NULL, "Authorization: Bearer " SECRET_HEADER);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
	(void)curl_easy_setopt(curl, CURLOPT_HAPROXYPROTOCOL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,file");
	(void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https,file");
	(void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2);
	(void)curl_easy_setopt(curl, CURLOPT_HEADEROPT, (long)CURLHEADER_UNIFIED);
	(void)curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	(void)curl_easy_setopt(curl, CURLOPT_POSTREDIR, CURL_REDIR_POST_ALL);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, SECRET);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
}

static void attest(struct client *client)
{
	struct attest_error error = {0};
	attest_result *result = NULL;
	attest_status status = attest_net_attest(client->session, &result, &error);

	/* A proof that was decided has an account, and its verdict is the status; but for a server under no attested
	 * CA. */
	if (result != NULL && attest_result_status(result) != status)
		(void)snprintf(error.expected, sizeof(error.expected), "the verdict %s",
			       attest_verdict_name(attest_result_verdict(result)));
	attest_result_free(result);
	answer("attest", status, &error);
}

static void pin(struct client *client)
{
	struct attest_error error = {0};
	char text[ATTEST_PIN_SIZE] = "";
	attest_status status = attest_net_pin(client->session, text, &error);

	(void)snprintf(error.found, sizeof(error.found), "%s", text);
	answer("pin", status, &error);
}

static void handle(struct client *client, const char *url)
{
	struct attest_error error = {0};
	void *curl = NULL;
	attest_status status = attest_net_handle(client->session, client->template_curl, &curl, &error);

	if (status == ATTEST_OK) {
		curl_easy_cleanup(client->curl);
		client->curl = curl;
		(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	}
	answer("handle", status, &error);
}

static void show_transfer(struct client *client, const char *command, attest_status status, int code,
			  struct attest_error *error)
{
	long http = 0;

	(void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &http);
	(void)snprintf(error->found + strlen(error->found), sizeof(error->found) - strlen(error->found),
		       " | curl %d, HTTP %ld, %zu bytes", code, http, client->received);
	answer(command, status, error);
}

static void perform(struct client *client)
{
	struct attest_error error = {0};
	int code = -1;
	attest_status status;

	client->received = 0;
	status = attest_net_perform(client->session, client->curl, &code, &error);
	show_transfer(client, "perform", status, code, &error);
}

/* Without the library's help. */
static void direct(struct client *client)
{
	struct attest_error error = {0};
	int code;

	client->received = 0;
	code = (int)curl_easy_perform(client->curl);
	show_transfer(client, "direct", code == 0 ? ATTEST_OK : ATTEST_E_IO, code, &error);
}

/* "LENGTH URL": a proof for a nonce of so many bytes; 0: none. */
static void fetch(char *argument)
{
	static const uint8_t nonce[65] = {1, 2, 3};
	struct attest_error error = {0};
	char *url = argument;
	size_t n = (size_t)strtoul(argument, &url, 10), len = 0;
	uint8_t *proof = NULL;
	attest_status status = attest_net_fetch(url + 1, n == 0 ? NULL : nonce, n, NULL, &proof, &len, &error);

	(void)snprintf(error.found, sizeof(error.found), "%zu bytes", len);
	answer("fetch", status, &error);
	attest_net_free(proof);
}

/* One of many that share the session, each with its own handle. */
static void *work(void *arg)
{
	struct client *client = arg;
	void *curl = NULL;
	bool ok = attest_net_handle(client->session, NULL, &curl, NULL) == ATTEST_OK;

	for (int i = 0; ok && i < 5; i++) {
		(void)curl_easy_setopt(curl, CURLOPT_URL, client->url);
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, SECRET);
		(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
		ok = attest_net_perform(client->session, curl, NULL, NULL) == ATTEST_OK;
	}
	curl_easy_cleanup(curl);
	return ok ? client : NULL;
}

static void threads(struct client *client, char *url)
{
	enum { N_THREADS = 8 };
	struct attest_error error = {0};
	pthread_t ids[N_THREADS];
	size_t n_started = 0, n_ok = 0;
	void *ok;

	client->url = url;
	while (n_started < N_THREADS && pthread_create(&ids[n_started], NULL, work, client) == 0)
		n_started++;
	(void)attest_net_attest(client->session, NULL, &error);
	for (size_t i = 0; i < n_started; i++) {
		(void)pthread_join(ids[i], &ok);
		n_ok += ok != NULL;
	}
	(void)snprintf(error.found, sizeof(error.found), "%zu of %d", n_ok, N_THREADS);
	answer("threads", error.status, &error);
}

/* A copy that the library does not know. */
static void copy(struct client *client)
{
	CURL *curl = curl_easy_duphandle(client->curl);

	curl_easy_cleanup(client->curl);
	client->curl = curl;
}

/* Within a transfer of a handle, one of its copy. */
static size_t perform_copy(char *data, size_t size, size_t n, void *arg)
{
	struct client *client = arg;
	CURL *curl = curl_easy_duphandle(client->curl);

	(void)data;
	(void)curl_easy_setopt(curl, CURLOPT_URL, client->url);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
	client->copy_code = (int)curl_easy_perform(curl);
	curl_easy_cleanup(curl);
	return size * n;
}

static void nested(struct client *client, const char *url)
{
	struct attest_error error = {0};
	CURLcode code;

	client->url = url;
	client->copy_code = -1;
	(void)curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, perform_copy);
	code = curl_easy_perform(client->curl);
	(void)snprintf(error.found, sizeof(error.found), "copy %d", client->copy_code);
	answer("nested", code == CURLE_OK ? ATTEST_OK : ATTEST_E_IO, &error);
}

/* What a careless caller might set on a handle. */
static void careless(struct client *client)
{
	(void)curl_easy_setopt(client->curl, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl_easy_setopt(client->curl, CURLOPT_PROTOCOLS_STR, "http,https,file,imaps");
	(void)curl_easy_setopt(client->curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https,file");
	(void)curl_easy_setopt(client->curl, CURLOPT_PINNEDPUBLICKEY, NULL);
	(void)curl_easy_setopt(client->curl, CURLOPT_SSL_VERIFYPEER, 0L);
	(void)curl_easy_setopt(client->curl, CURLOPT_SSL_VERIFYHOST, 0L);
	(void)curl_easy_setopt(client->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(client->curl, CURLOPT_SSL_SESSIONID_CACHE, 1L);
}

/* And what only somebody who wants to be deceived would. */
static void reckless(struct client *client)
{
	careless(client);
	(void)curl_easy_setopt(client->curl, CURLOPT_SSL_CTX_FUNCTION, NULL);
}

static void obey(struct client *client, char *line)
{
	char *argument = strchr(line, ' ');

	if (argument != NULL)
		*argument++ = '\0';
	if (strcmp(line, "attest") == 0)
		attest(client);
	else if (strcmp(line, "pin") == 0)
		pin(client);
	else if (strcmp(line, "handle") == 0)
		handle(client, argument);
	else if (strcmp(line, "url") == 0)
		(void)curl_easy_setopt(client->curl, CURLOPT_URL, argument);
	else if (strcmp(line, "fresh") == 0)
		(void)curl_easy_setopt(client->curl, CURLOPT_FRESH_CONNECT, 1L);
	else if (strcmp(line, "careless") == 0)
		careless(client);
	else if (strcmp(line, "reckless") == 0)
		reckless(client);
	else if (strcmp(line, "fetch") == 0)
		fetch(argument);
	else if (strcmp(line, "threads") == 0)
		threads(client, argument);
	else if (strcmp(line, "copy") == 0)
		copy(client);
	else if (strcmp(line, "nested") == 0)
		nested(client, argument);
	else if (strcmp(line, "perform") == 0)
		perform(client);
	else if (strcmp(line, "direct") == 0)
		direct(client);
	else
		(void)printf("unknown %s\n", line);
}

int main(int argc, char **argv)
{
	struct client client = {0};
	char line[1024];

	if (argc < 4)
		return 2;
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	open_session(&client, argc, argv);
	make_template(&client);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		obey(&client, line);
	}
	curl_easy_cleanup(client.curl);
	curl_easy_cleanup(client.template_curl);
	curl_slist_free_all(client.headers);
	curl_url_cleanup(client.elsewhere);
	attest_net_session_free(client.session);
	attest_verifier_free(client.verifier);
	return 0;
}
