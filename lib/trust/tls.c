/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "evidence/spki.h"

attest_status tls_quote_binding(struct slice nonce, struct slice spki_sha256, struct slice exporter,
				struct digest *ret_binding, struct attest_error *error)
{
	static const char domain[] = "libattest quote v1"; /* its NUL is part of what is hashed */
	uint8_t length[2] = {(uint8_t)(nonce.len >> 8), (uint8_t)nonce.len};
	struct slice parts[] = {slice_of(domain, sizeof(domain)), slice_of(length, sizeof(length)), nonce, spki_sha256,
				exporter};

	return digest_compute(ALG_SHA256, parts, sizeof(parts) / sizeof(parts[0]), ret_binding, error);
}

attest_status tls_key(const struct proof *proof, struct slice *ret_spki, struct digest *ret_digest,
		      struct attest_error *error)
{
	struct slice spki = proof->tls_der;
	attest_status status =
		proof->tls_is_certificate ? spki_of_certificate(proof->tls_der, &spki, error) : spki_check(spki, error);

	if (status == ATTEST_OK)
		status = digest_compute(ALG_SHA256, &spki, 1, ret_digest, error);
	if (status == ATTEST_OK)
		*ret_spki = spki;
	return status;
}

static attest_status binding_fail(const char *message, struct attest_error *error)
{
	return fail(error, ATTEST_E_TLS_BINDING, NULL, "%s", message);
}

/* The events of PCR 15: how many of a type there are, and how they end. */
struct ending {
	size_t n_events, n_keys, n_separators, n_unreadable;
	bool is_key, was_separator, is_separator; /* the last event; the one before it; the last */
	char digest[80];                          /* what the last says, as far as it fits */
};

static attest_status look_at(const struct event *event, const struct replay *replay, struct ending *ending,
			     struct attest_error *error)
{
	DEFER(json_decref_deferred) json_t *object = NULL;
	attest_status status = event_object(event, &object, error);
	const char *type = status == ATTEST_OK && object != NULL ? event_type(event, object) : NULL;
	const char *digest = json_string_value(json_object_get(object, "digest"));

	ending->was_separator = ending->is_separator;
	ending->is_key = type != NULL && strcmp(type, "tls-key") == 0;
	ending->is_separator = type != NULL && strcmp(type, "separator") == 0;
	ending->n_events++;
	ending->n_unreadable += object == NULL && !replay_is_plain_text(replay, event);
	ending->n_keys += ending->is_key;
	ending->n_separators += ending->is_separator;
	(void)snprintf(ending->digest, sizeof(ending->digest), "%s", digest == NULL ? "no digest" : digest);
	return status;
}

/* The key event names the digest as "sha256:" and lower-case hex. */
static attest_status names_key(const struct ending *ending, struct slice spki_sha256, struct attest_error *error)
{
	char want[8 + HEX_SIZE(32)] = "sha256:", found[160];

	hex_encode(spki_sha256, want + 7);
	if (strcmp(ending->digest, want) == 0)
		return ATTEST_OK;
	error_expected(error, "%s", want);
	error_found(error, "%s", printable_to(slice_of_string(ending->digest), found, sizeof(found)));
	return binding_fail("the tls-key event of PCR 15 names another key", error);
}

static attest_status look_at_log(const struct log *log, const struct replay *replay, struct ending *ending,
				 struct attest_error *error)
{
	struct log_cursor cursor;
	struct event event;
	bool more = true;
	attest_status status = log_begin(&cursor, log, error);

	while (status == ATTEST_OK) {
		status = log_next(&cursor, &event, &more, error);
		if (status != ATTEST_OK || !more)
			break;
		if (event.pcr == PCR_TLS && event.measured)
			status = look_at(&event, replay, ending, error);
	}
	log_end(&cursor);
	return status;
}

static attest_status check_event(const struct proof *proof, const struct replay *replay, struct slice spki_sha256,
				 struct attest_error *error)
{
	struct ending ending = {0};
	attest_status status = ATTEST_OK;

	for (size_t i = 0; status == ATTEST_OK && i < proof->n_logs; i++)
		if ((replay->logs[i].pcrs >> PCR_TLS & 1) != 0)
			status = look_at_log(&proof->logs[i], replay, &ending, error);
	if (status != ATTEST_OK)
		return status;
	if (ending.n_unreadable > 0) { /* to a reader who is less strict it might be a key or a separator */
		error_expected(error, "JSON objects, each member once");
		error_found(error, "%zu other events", ending.n_unreadable);
		return binding_fail("an event of PCR 15 cannot be read, and could hide a TLS key", error);
	}
	if (ending.n_keys != 1 || ending.n_separators != 1 || !ending.is_key || !ending.was_separator) {
		error_expected(error, "the last two events: one separator, one tls-key; no other of either type");
		error_found(error, "%zu events, %zu separator, %zu tls-key", ending.n_events, ending.n_separators,
			    ending.n_keys);
		return binding_fail("the log of PCR 15 does not end with a separator and one tls-key event", error);
	}
	return names_key(&ending, spki_sha256, error);
}

static attest_status check_quote(const struct quote *quote, const struct tls_freshness *fresh, struct slice spki_sha256,
				 struct attest_error *error)
{
	struct digest binding;
	attest_status status = tls_quote_binding(fresh->nonce, spki_sha256, fresh->exporter, &binding, error);

	if (status != ATTEST_OK || slice_equal(digest_slice(&binding), slice_of(quote->extra, quote->extra_len)))
		return status;
	return binding_fail(fresh->exporter.len == 0
				    ? "extraData of the quote does not bind this nonce and TLS key"
				    : "extraData of the quote does not bind this nonce, TLS key and TLS session",
			    error);
}

/*
 * Whoever quotes nonces as they come can be made to quote any extraData, this binding's too. So a machine that has
 * measured a TLS key must mean the same one: PCR 15 is quoted, and is untouched or names this key.
 */
static attest_status check_not_contradicted(const struct proof *proof, const struct pcr_values *pcrs,
					    const struct replay *replay, struct slice spki_sha256,
					    struct attest_error *error)
{
	bool quoted = false, touched = false;
	uint8_t missing = replay->banks;

	for (size_t i = 0; i < pcrs->n; i++) {
		if (pcrs->values[i].index != PCR_TLS)
			continue;
		quoted = true;
		missing &= (uint8_t) ~(1u << digest_index(pcrs->values[i].value.alg));
		touched = touched || replay_state(replay, &pcrs->values[i]) != PCR_INITIAL;
	}
	if (!quoted || missing != 0) /* a bank that the machine does not measure into is untouched whatever it serves */
		return binding_fail(
			"the quote does not cover PCR 15 in the bank of the policy (SHA-256 without one), which "
			"would tell of another TLS key",
			error);
	if (!touched)
		return ATTEST_OK;
	if (!replay->proven[PCR_TLS])
		return binding_fail("PCR 15 was extended, and no log that replays says with which TLS key", error);
	return check_event(proof, replay, spki_sha256, error);
}

attest_status tls_check_binding(const struct proof *proof, const struct quote *quote, const struct pcr_values *pcrs,
				const struct replay *replay, const struct tls_freshness *fresh,
				struct slice spki_sha256, struct attest_error *error)
{
	attest_status status;

	if (proof->tls_binding == TLS_IN_QUOTE) {
		status = check_quote(quote, fresh, spki_sha256, error);
		return status == ATTEST_OK ? check_not_contradicted(proof, pcrs, replay, spki_sha256, error) : status;
	}
	if (fresh->exporter.len != 0) /* a PCR holds the key, and nothing of a session */
		return binding_fail("the proof binds its TLS key in a PCR, which cannot bind a TLS session", error);
	if (!replay->proven[PCR_TLS])
		return binding_fail(
			"PCR 15 is not quoted in the bank of the policy (SHA-256 without one), has no log, or its log "
			"does not replay: it binds no TLS key",
			error);
	/* For BlindLlama and AICert the CA's text is itself the last event, and replay has just proven that. */
	return proof->tls_binding == TLS_CA_IN_PCR ? ATTEST_OK : check_event(proof, replay, spki_sha256, error);
}
