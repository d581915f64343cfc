/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles that speak only to what was attested, and performing with them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "session.h"

static attest_status check_origin(const struct guard *guard, struct attest_error *error)
{
	DEFER(curl_url_cleanup_deferred) CURLU *parsed = curl_url();
	char *url = NULL, *origin = NULL, shown[128];
	bool same = false;

	if (curl_easy_getinfo(guard->curl, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url != NULL && parsed != NULL &&
	    curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_DEFAULT_SCHEME) == CURLUE_OK)
		origin = url_origin(parsed);
	same = origin != NULL && strcmp(origin, guard->session->origin) == 0;
	free(origin);
	if (same)
		return ATTEST_OK;
	error_expected(error, "%s", printable_to(slice_of_string(guard->session->origin), shown, sizeof(shown)));
	error_found(error, "%s", printable_to(slice_of_string(url == NULL ? "" : url), shown, sizeof(shown)));
	return fail(error, ATTEST_E_USAGE, NULL, "the request is for another server than the attested one");
}

static attest_status check_connection(const struct guard *guard, struct attest_error *error)
{
	struct attested attested = {0};
	SSL *ssl = NULL;
	attest_status status = check_origin(guard, error);

	if (status == ATTEST_OK)
		status = session_attested(guard->session, &attested, error);
	if (status == ATTEST_OK)
		status = channel_of(guard->curl, &ssl, error);
	if (status == ATTEST_OK)
		status = channel_check(ssl, &attested, session_name(guard->session), error);
	attested_free(&attested);
	return status;
}

/* The transfer is the guarded handle's, not one of a copy that libcurl tells nobody about. */
static attest_status check_handle(const struct guard *guard, const char *remote, int remote_port, int local_port,
				  struct attest_error *error)
{
	const char *own = NULL;
	long own_port = -1, own_local = -1;

	if (curl_easy_getinfo(guard->curl, CURLINFO_PRIMARY_IP, &own) == CURLE_OK && own != NULL &&
	    curl_easy_getinfo(guard->curl, CURLINFO_PRIMARY_PORT, &own_port) == CURLE_OK &&
	    curl_easy_getinfo(guard->curl, CURLINFO_LOCAL_PORT, &own_local) == CURLE_OK && strcmp(own, remote) == 0 &&
	    own_port == remote_port && own_local == local_port)
		return ATTEST_OK;
	return fail(error, ATTEST_E_USAGE, NULL, "a copy of a handle is no handle of the session");
}

/* libcurl calls it for each request, on new and kept connections, when nothing of the request has been sent. */
static int before_request(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct guard *guard = arg;

	(void)local;
	error_clear(&guard->error);
	if (check_handle(guard, remote, remote_port, local_port, &guard->error) != ATTEST_OK ||
	    check_connection(guard, &guard->error) != ATTEST_OK)
		return CURL_PREREQFUNC_ABORT;
	guard->n_allowed++;
	return CURL_PREREQFUNC_OK;
}

/* In the handshake: nobody without the key gets even a client certificate or the preface of HTTP/2. */
static int verify(X509_STORE_CTX *store, void *arg)
{
	struct guard *guard = arg;
	struct attested attested = {0};
	attest_status status;

	error_clear(&guard->error);
	status = session_attested(guard->session, &attested, &guard->error);
	if (status == ATTEST_OK)
		status = channel_check_key(X509_STORE_CTX_get0_cert(store), attested.pin, &guard->error);
	attested_free(&attested);
	return channel_verified(store, status);
}

/* libcurl calls it for each new connection; under a CA its own check stays. */
static CURLcode prepare(CURL *curl, void *context, void *arg)
{
	const struct guard *guard = arg;

	if (curl != guard->curl) /* a copy's connection, or one to a server of DNS over HTTPS */
		return CURLE_ABORTED_BY_CALLBACK;
	channel_prepare(context, (guard->session->options.flags & ATTEST_NET_CA) == 0 ? verify : NULL, arg);
	return CURLE_OK;
}

attest_status handle_prepare(struct guard *guard, struct attest_error *error)
{
	struct attested attested = {0};
	struct channel_options channel;
	CURLcode code = CURLE_OK;
	attest_status status = session_attested(guard->session, &attested, error);

	if (status != ATTEST_OK)
		return status;
	channel = session_channel(guard->session, &attested);
	channel.prepare = prepare;
	channel.prepare_arg = guard;
	status = options_apply(guard->curl, &channel, error);
	attested_free(&attested);
	if (status != ATTEST_OK)
		return status;
	if (guard->session->connections != NULL) /* the one connection is kept as long as its key counts */
		code = curl_easy_setopt(guard->curl, CURLOPT_MAXAGE_CONN, (long)guard->session->options.max_age);
	if (code == CURLE_OK)
		code = curl_easy_setopt(guard->curl, CURLOPT_PREREQFUNCTION, before_request);
	if (code == CURLE_OK)
		code = curl_easy_setopt(guard->curl, CURLOPT_PREREQDATA, guard);
	guard->n_allowed = 0;
	error_clear(&guard->error);
	return options_result(code, error);
}

struct guard *handle_guard(attest_net_session *session, const CURL *curl)
{
	struct guard *guard;

	(void)pthread_mutex_lock(&session->lock);
	for (guard = session->guards; guard != NULL && guard->curl != curl; guard = guard->next)
		;
	(void)pthread_mutex_unlock(&session->lock);
	return guard;
}

/*
 * Guards live as long as the session, since libcurl does not tell when a handle is freed. A new handle at the address
 * of a freed one gets its guard; there can be as many as handles were ever made.
 */
static attest_status guard_for(attest_net_session *session, CURL *curl, struct guard **ret_guard,
			       struct attest_error *error)
{
	struct guard *guard = handle_guard(session, curl);

	if (guard == NULL) {
		guard = calloc(1, sizeof(*guard));
		if (guard == NULL)
			return fail_memory(error);
		guard->session = session;
		guard->curl = curl;
		(void)pthread_mutex_lock(&session->lock);
		guard->next = session->guards;
		session->guards = guard;
		(void)pthread_mutex_unlock(&session->lock);
	}
	*ret_guard = guard;
	return ATTEST_OK;
}

attest_status attest_net_handle(attest_net_session *session, void *template_curl, void **ret_curl,
				struct attest_error *error)
{
	DEFER(curl_easy_cleanup_deferred) CURL *curl = NULL;
	struct attest_error e = {0};
	struct guard *guard = NULL;
	attest_status status;

	curl = template_curl == NULL ? curl_easy_init() : curl_easy_duphandle(template_curl);
	if (curl == NULL)
		return net_given(fail_memory(&e), &e, error);
	status = guard_for(session, curl, &guard, &e);
	if (guard != NULL)
		status = handle_prepare(guard, &e);
	if (status == ATTEST_OK)
		*ret_curl = TRANSFER(curl);
	return net_given(status, &e, error);
}

/* The connection was not the attested one, and nothing of the request has left: asking anew may help. */
static bool may_ask_again(const struct guard *guard, CURLcode code)
{
	if (guard->n_allowed != 0)
		return false;
	if (guard->error.status != ATTEST_OK)
		return guard->error.status != ATTEST_E_USAGE;
	return code == CURLE_SSL_PINNEDPUBKEYNOTMATCH || code == CURLE_PEER_FAILED_VERIFICATION;
}

static attest_status perform_once(struct guard *guard, int *ret_code, bool *ret_again, struct attest_error *error)
{
	attest_status status = handle_prepare(guard, error);
	CURLcode code;

	*ret_again = false;
	if (status != ATTEST_OK)
		return status;
	code = curl_easy_perform(guard->curl);
	if (ret_code != NULL)
		*ret_code = (int)code;
	if (code == CURLE_OK)
		return ATTEST_OK;
	*ret_again = may_ask_again(guard, code);
	if (guard->error.status != ATTEST_OK) {
		*error = guard->error;
		return error->status;
	}
	return transfer_error(code, "", error);
}

attest_status attest_net_perform(attest_net_session *session, void *curl, int *ret_code, struct attest_error *error)
{
	struct attest_error e = {0};
	struct guard *guard = handle_guard(session, curl);
	attest_status status;
	bool again = false;

	if (guard == NULL) {
		status = fail(&e, ATTEST_E_USAGE, NULL, "not a handle that attest_net_handle() made for this session");
		return net_given(status, &e, error);
	}
	status = attest_net_refresh(session, &e);
	if (status == ATTEST_OK)
		status = perform_once(guard, ret_code, &again, &e);
	if (again) {
		error_clear(&e);
		status = attest_net_attest(session, NULL, &e);
		if (status == ATTEST_OK)
			status = perform_once(guard, ret_code, &again, &e);
	}
	return net_given(status, &e, error);
}
