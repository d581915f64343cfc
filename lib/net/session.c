/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session: one server, what was attested of it, and until when.
 */
#include "session.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static bool copy_text(struct arena *arena, const char **text)
{
	if (*text != NULL)
		*text = arena_string(arena, slice_of_string(*text));
	return *text != NULL;
}

static attest_status copy_options(attest_net_session *session, const struct attest_net_options *options,
				  struct attest_error *error)
{
	static const struct attest_options plainly = ATTEST_OPTIONS_INIT;
	const char **texts[] = {&session->verify.tls_pin, &session->options.proxy, &session->options.path,
				&session->options.server_name, &session->options.cache};
	bool ok = true;

	session->options = *options;
	session->verify = options->verify == NULL ? plainly : *options->verify;
	session->options.verify = NULL;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ok = (*texts[i] == NULL || copy_text(&session->arena, texts[i])) && ok;
	return ok ? ATTEST_OK : fail_memory(error);
}

/* The name as a certificate has it: an IPv6 address without its brackets. */
static char *bare_host(struct arena *arena, CURLU *url)
{
	DEFER(curl_free_deferred) char *host = NULL;
	struct slice name;

	if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return NULL;
	name = slice_of_string(host);
	if (host[0] == '[')
		name = slice_sub(name, 1, name.len - 2);
	return arena_string(arena, name);
}

static attest_status open_connections(attest_net_session *session, struct attest_error *error)
{
	session->connections = curl_share_init();
	if (session->connections == NULL)
		return fail_memory(error);
	if (curl_share_setopt(session->connections, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT) != CURLSHE_OK)
		return fail(error, ATTEST_E_INTERNAL, NULL, "this libcurl cannot share connections");
	return ATTEST_OK;
}

static attest_status fill(attest_net_session *session, const char *url, const struct attest_net_options *options,
			  struct attest_error *error)
{
	DEFER(curl_url_cleanup_deferred) CURLU *parsed = NULL;
	attest_status status = url_parse(url, &parsed, error);

	if (status == ATTEST_OK)
		status = copy_options(session, options, error);
	if (status != ATTEST_OK)
		return status;
	session->origin = url_origin(parsed);
	session->host = bare_host(&session->arena, parsed);
	if (session->origin == NULL || session->host == NULL)
		return fail_memory(error);
	session->url =
		arena_printf(&session->arena, "%s%s", session->origin, options->path == NULL ? "" : options->path);
	if (session->url == NULL)
		return fail_memory(error);
	return (options->flags & ATTEST_NET_BIND_SESSION) != 0 ? open_connections(session, error) : ATTEST_OK;
}

attest_status attest_net_session_new(attest_verifier *verifier, const char *url,
				     const struct attest_net_options *options, attest_net_session **ret_session,
				     struct attest_error *error)
{
	struct attest_error e = {0};
	attest_net_session *session = NULL;
	const struct attest_net_options *to = net_options_or_default(options);
	attest_status status = net_check_options(to, &e);

	if (status == ATTEST_OK)
		status = net_begin(&e);
	if (status == ATTEST_OK)
		session = calloc(1, sizeof(*session));
	if (status == ATTEST_OK && session == NULL)
		status = fail_memory(&e);
	if (session == NULL)
		return net_given(status, &e, error);
	session->verifier = verifier;
	(void)pthread_mutex_init(&session->attesting, NULL); /* on Linux these two cannot fail */
	(void)pthread_mutex_init(&session->lock, NULL);
	status = fill(session, url, to, &e);
	if (status == ATTEST_OK)
		*ret_session = session;
	else
		attest_net_session_free(session);
	return net_given(status, &e, error);
}

void attested_free(struct attested *attested)
{
	X509_STORE_free(attested->ca);
	free(attested->ca_pem);
	*attested = (struct attested){0};
}

void attest_net_session_free(attest_net_session *session)
{
	if (session == NULL)
		return;
	while (session->guards != NULL) {
		struct guard *next = session->guards->next;

		free(session->guards);
		session->guards = next;
	}
	if (session->connections != NULL)
		(void)curl_share_cleanup(session->connections);
	attested_free(&session->attested);
	free(session->proof.data);
	free(session->origin);
	(void)pthread_mutex_destroy(&session->attesting);
	(void)pthread_mutex_destroy(&session->lock);
	arena_free(&session->arena);
	free(session);
}

static attest_status copy_attested(const struct attested *from, struct attested *ret_to, struct attest_error *error)
{
	struct attested copy = *from;

	if (from->ca_pem != NULL) {
		copy.ca_pem = strdup(from->ca_pem);
		if (copy.ca_pem == NULL)
			return fail_memory(error);
		if (X509_STORE_up_ref(from->ca) != 1) {
			free(copy.ca_pem);
			return fail(error, ATTEST_E_INTERNAL, NULL, "the attested CA cannot be held");
		}
	}
	*ret_to = copy;
	return ATTEST_OK;
}

attest_status session_attested(attest_net_session *session, struct attested *ret_attested, struct attest_error *error)
{
	attest_status status;

	(void)pthread_mutex_lock(&session->lock);
	if (!session->attested.valid)
		status = fail(error, ATTEST_E_STATE, NULL, "nothing of the server is attested: attest_net_attest()");
	else if (net_clock() >= session->attested.until)
		status = fail(error, ATTEST_E_STATE, NULL,
			      "the time of the attested key has passed: attest_net_refresh() asks again");
	else
		status = copy_attested(&session->attested, ret_attested, error);
	(void)pthread_mutex_unlock(&session->lock);
	return status;
}

void session_set_attested(attest_net_session *session, struct attested *attested)
{
	(void)pthread_mutex_lock(&session->lock);
	attested_free(&session->attested);
	session->attested = *attested;
	(void)pthread_mutex_unlock(&session->lock);
	*attested = (struct attested){0};
}

struct channel_options session_channel(const attest_net_session *session, const struct attested *attested)
{
	return (struct channel_options){.trust = attested->ca != NULL ? TRUST_CA : TRUST_PIN,
					.pin = attested->pin,
					.ca_pem = attested->ca_pem,
					.own_name = session->options.server_name != NULL,
					.http1 = session->connections != NULL || session->options.server_name != NULL,
					.tls12 = attested->ca != NULL,
					.proxy = session->options.proxy,
					.connections = session->connections};
}

const char *session_name(const attest_net_session *session)
{
	return session->options.server_name != NULL ? session->options.server_name : session->host;
}

attest_status attest_net_pin(attest_net_session *session, char ret_pin[ATTEST_PIN_SIZE], struct attest_error *error)
{
	struct attest_error e = {0};
	struct attested attested = {0};
	attest_status status = session_attested(session, &attested, &e);

	if (status == ATTEST_OK && attested.ca != NULL)
		status = fail(&e, ATTEST_E_STATE, NULL, "a CA was attested, not a key");
	if (status == ATTEST_OK)
		memcpy(ret_pin, attested.pin, ATTEST_PIN_SIZE);
	attested_free(&attested);
	return net_given(status, &e, error);
}

const uint8_t *attest_net_proof(const attest_net_session *session, size_t *ret_len)
{
	if (session->proof.data != NULL)
		*ret_len = session->proof.len;
	return session->proof.data;
}
