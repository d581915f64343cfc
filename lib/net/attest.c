/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attesting: a new nonce, a proof for it, the verdict, and a live connection with the attested key.
 *
 * Whose key the live connection has is asked before the verdict, and told to the verifier as the pin that it must find:
 * so the account says in its step `tls` what holds between the proof and this server.
 */
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fetch.h"
#include "links.h"
#include "session.h"

/* One round of asking. */
struct round {
	attest_net_session *session;
	uint8_t nonce[32];
	struct body proof;
	char live_pin[ATTEST_PIN_SIZE]; /* of whoever answers */
	uint8_t exporter[EXPORTER_SIZE];
	attest_result *result;
	struct attested attested;
};

static bool has(const attest_net_session *session, unsigned flag)
{
	return (session->options.flags & flag) != 0;
}

static attest_status note_pin(SSL *ssl, void *arg, struct attest_error *error)
{
	struct round *round = arg;

	return channel_pin(ssl, round->live_pin, error);
}

static attest_status note_session(SSL *ssl, void *arg, struct attest_error *error)
{
	struct round *round = arg;

	return channel_exporter(ssl, round->exporter, error);
}

/* Learn whose key the server has: a handshake, and nothing more. */
static attest_status find_live_pin(struct round *round, struct attest_error *error)
{
	struct transfer transfer = {.url = round->session->origin,
				    .channel = {.proxy = round->session->options.proxy},
				    .timeout = (long)round->session->options.timeout,
				    .handshake_only = true,
				    .look = note_pin,
				    .look_arg = round};

	return transfer_run(&transfer, NULL, error);
}

static attest_status ask(struct round *round, struct transfer *transfer, struct attest_error *error)
{
	const attest_net_session *session = round->session;
	struct slice nonce = slice_of(round->nonce, has(session, ATTEST_NET_CA) ? 0 : sizeof(round->nonce));

	transfer->timeout = (long)session->options.timeout;
	transfer->channel.proxy = session->options.proxy;
	return fetch_proof(session->url, session->options.flags, nonce, transfer, &round->proof, error);
}

static attest_status ask_anyone(struct round *round, struct attest_error *error)
{
	struct transfer transfer = {.channel = {.tls12 = has(round->session, ATTEST_NET_CA)}};

	return ask(round, &transfer, error);
}

/*
 * Over the connection that requests will take. It comes from the session's own connections, into which none enters
 * but with a pin: that of a key which is not believed yet, only held on to.
 */
static attest_status ask_within_session(struct round *round, struct attest_error *error)
{
	struct transfer transfer = {
		.channel = {.trust = TRUST_PIN, .pin = round->live_pin, .connections = round->session->connections},
		.look = note_session,
		.look_arg = round,
	};

	return ask(round, &transfer, error);
}

static attest_status ask_bound(struct round *round, struct attest_error *error)
{
	struct attested before = {0};
	struct attest_error ignored = {0};
	attest_status status = session_attested(round->session, &before, &ignored);

	if (status == ATTEST_OK) { /* the connection may still be there */
		memcpy(round->live_pin, before.pin, sizeof(round->live_pin));
		attested_free(&before);
		status = ask_within_session(round, error);
		if (status != ATTEST_E_TLS_PIN)
			return status;
		error_clear(error);
	}
	status = find_live_pin(round, error);
	return status == ATTEST_OK ? ask_within_session(round, error) : status;
}

/* A proof, and whose key the server has, as far as that can be known before the verdict. */
static attest_status ask_server(struct round *round, struct attest_error *error)
{
	attest_status status = attest_net_nonce(round->nonce, error);

	if (status != ATTEST_OK)
		return status;
	if (has(round->session, ATTEST_NET_BIND_SESSION))
		return ask_bound(round, error);
	status = ask_anyone(round, error);
	return status == ATTEST_OK && !has(round->session, ATTEST_NET_CA) ? find_live_pin(round, error) : status;
}

static attest_status verify(struct round *round, const char *pin, int64_t at, struct attest_error *error)
{
	const attest_net_session *session = round->session;
	struct attest_options options = session->verify;

	attest_result_free(TRANSFER(round->result));
	options.time = at;
	options.tls_pin = pin;
	if (!has(session, ATTEST_NET_CA)) {
		options.nonce = round->nonce;
		options.nonce_len = sizeof(round->nonce);
	}
	if (has(session, ATTEST_NET_BIND_SESSION))
		options.tls_exporter = round->exporter;
	return verify_with_downloads(session->verifier, &options, slice_of(round->proof.data, round->proof.len),
				     &session->options, &round->result, error);
}

/* The attested key must be the live one, and the one that the caller expects. */
static attest_status verify_pins(struct round *round, int64_t at, struct attest_error *error)
{
	const char *expected = round->session->verify.tls_pin;
	attest_status status;

	if (has(round->session, ATTEST_NET_CA))
		return verify(round, expected, at, error);
	if (expected == NULL || strcmp(expected, round->live_pin) == 0)
		return verify(round, round->live_pin, at, error);
	status = verify(round, expected, at, error);
	return status == ATTEST_OK ? verify(round, round->live_pin, at, error) : status;
}

DEFINE_DEFER(BIO, BIO_free_all);
DEFINE_DEFER(X509, X509_free);

static attest_status hold_ca(const char *pem, struct attested *attested, struct attest_error *error)
{
	DEFER(BIO_free_all_deferred) BIO *text = BIO_new_mem_buf(pem, -1);
	DEFER(X509_free_deferred) X509 *ca = text == NULL ? NULL : PEM_read_bio_X509(text, NULL, NULL, NULL);

	attested->ca = X509_STORE_new();
	attested->ca_pem = strdup(pem);
	if (attested->ca_pem == NULL)
		return fail_memory(error);
	/* The attested certificate is the trust, whoever has signed it. */
	if (ca == NULL || attested->ca == NULL || X509_STORE_add_cert(attested->ca, ca) != 1 ||
	    X509_STORE_set_flags(attested->ca, X509_V_FLAG_PARTIAL_CHAIN) != 1)
		return fail_openssl(error, ATTEST_E_CERTIFICATE, NULL, "the attested CA is no certificate");
	return ATTEST_OK;
}

static attest_status look_at_server(SSL *ssl, void *arg, struct attest_error *error)
{
	const struct round *round = arg;

	return channel_check(ssl, &round->attested, session_name(round->session), error);
}

/* The live connection under an attested CA. */
static attest_status meet_server(struct round *round, struct attest_error *error)
{
	struct transfer transfer = {.url = round->session->origin,
				    .channel = session_channel(round->session, &round->attested),
				    .timeout = (long)round->session->options.timeout,
				    .handshake_only = true,
				    .look = look_at_server,
				    .look_arg = round};

	return transfer_run(&transfer, NULL, error);
}

static attest_status hold_key(struct round *round, struct attest_error *error)
{
	const struct attest_facts *facts = attest_result_facts(round->result);
	const char *pin = attest_result_pin(round->result);
	attest_status status;

	if (!has(round->session, ATTEST_NET_CA)) {
		if (pin == NULL)
			return fail(error, ATTEST_E_TLS_REQUIRED, NULL, "the proof attests no TLS key");
		memcpy(round->attested.pin, pin, sizeof(round->attested.pin));
		return ATTEST_OK;
	}
	if (facts->tls_kind == NULL || strcmp(facts->tls_kind, "ca") != 0)
		return fail(error, ATTEST_E_TLS_REQUIRED, NULL, "the proof attests no CA: ask without ATTEST_NET_CA");
	status = hold_ca(facts->tls_pem, &round->attested, error);
	return status == ATTEST_OK ? meet_server(round, error) : status;
}

/* After a verdict: what the session holds on to. */
static attest_status conclude(struct round *round, int64_t at, struct attest_error *error)
{
	int64_t left = attest_result_facts(round->result)->valid_until - at;
	int64_t age = (int64_t)round->session->options.max_age;
	attest_status status = hold_key(round, error);

	if (status != ATTEST_OK)
		return status;
	round->attested.valid = true;
	round->attested.until = net_clock() + 1000 * (left < age ? left : age);
	round->attested.bound = has(round->session, ATTEST_NET_BIND_SESSION);
	memcpy(round->attested.exporter, round->exporter, EXPORTER_SIZE);
	session_set_attested(round->session, &round->attested);
	return ATTEST_OK;
}

static attest_status attest(struct round *round, struct attest_error *error)
{
	attest_net_session *session = round->session;
	int64_t at = session->verify.time == ATTEST_TIME_UNSET ? (int64_t)time(NULL) : session->verify.time;
	struct attested nothing = {0};
	attest_status status = ask_server(round, error);

	if (status != ATTEST_OK)
		return status;
	status = verify_pins(round, at, error);
	if (status == ATTEST_OK)
		status = conclude(round, at, error);
	if (status != ATTEST_OK)
		session_set_attested(session, &nothing);
	return status;
}

/* With `attesting` held. */
static attest_status attest_now(attest_net_session *session, attest_result **ret_result, struct attest_error *error)
{
	struct round round = {.session = session};
	attest_status status = attest(&round, error);

	attested_free(&round.attested);
	if (round.proof.data != NULL) {
		free(session->proof.data);
		session->proof = round.proof;
	}
	if (ret_result != NULL && round.result != NULL)
		*ret_result = round.result;
	else
		attest_result_free(round.result);
	return status;
}

attest_status attest_net_attest(attest_net_session *session, attest_result **ret_result, struct attest_error *error)
{
	struct attest_error e = {0};
	attest_status status;

	(void)pthread_mutex_lock(&session->attesting);
	status = attest_now(session, ret_result, &e);
	(void)pthread_mutex_unlock(&session->attesting);
	return net_given(status, &e, error);
}

attest_status attest_net_refresh(attest_net_session *session, struct attest_error *error)
{
	struct attest_error e = {0};
	struct attested now = {0};
	attest_status status;

	(void)pthread_mutex_lock(&session->attesting); /* so that of many threads one asks */
	status = session_attested(session, &now, &e);
	attested_free(&now);
	if (status == ATTEST_E_STATE) {
		error_clear(&e);
		status = attest_now(session, NULL, &e);
	}
	(void)pthread_mutex_unlock(&session->attesting);
	return net_given(status, &e, error);
}
