/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest_inspect(): all that a proof or a log says, as one JSON document (docs/inspection.schema.json).
 */
#include "inspect.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "evidence/certificate.h"
#include "evidence/spki.h"
#include "policy/policy.h"
#include "trust/aggregate.h"
#include "trust/anchors.h"
#include "trust/tls.h"

static attest_status read_quote(struct look *look, struct attest_error *error)
{
	attest_status status = quote_parse(look->proof.attest, &look->quote, error);

	if (status == ATTEST_OK)
		status = tpm_signature_parse(look->proof.signature, &look->signature, error);
	if (status == ATTEST_OK)
		status = pcrs_select(&look->arena, &look->quote, &look->proof.pcrs, &look->values, error);
	return status;
}

/* Every event of every log, once more. */
static attest_status read_software(struct look *look, size_t i, struct attest_error *error)
{
	struct log_cursor cursor;
	struct event event;
	bool more = true;
	attest_status status = log_begin(&cursor, &look->proof.logs[i], error);

	while (status == ATTEST_OK) {
		status = log_next(&cursor, &event, &more, error);
		if (status != ATTEST_OK || !more)
			break;
		if (event.measured)
			status = software_read(&look->software, &event, look_bank(look, &event), i, cursor.number - 1,
					       error);
	}
	log_end(&cursor);
	return status;
}

attest_status look_open(struct look *look, struct slice bytes, struct attest_error *error)
{
	attest_status status;
	int differs;

	*look = (struct look){.software = {.arena = NULL}};
	look->software.arena = &look->arena;
	if (bytes.len > LIMIT_PROOF_BYTES)
		return fail(error, ATTEST_E_LIMIT, NULL, "more than %u bytes (LIMIT_PROOF_BYTES)", LIMIT_PROOF_BYTES);
	status = proof_parse_any(&look->proof, &look->arena, bytes, error);
	if (status != ATTEST_OK)
		return status;
	if (look->proof.attest.len > 0)
		look->has_quote = read_quote(look, &look->quote_error) == ATTEST_OK;
	status = replay_logs(&look->replay, look->has_quote ? &look->values : NULL, look->proof.logs,
			     look->proof.n_logs, NULL, error);
	for (size_t i = 0; status == ATTEST_OK && i < look->proof.n_logs; i++) {
		struct attest_error e = {0};

		(void)read_software(look, i, &e);
		if (status_is_internal(e.status))
			status = fail(error, e.status, e.clause, "%s", e.message);
	}
	if (status == ATTEST_OK)
		status = aggregate_check(&look->software, &look->replay, look->proof.logs, &differs, error);
	return status;
}

void look_close(struct look *look)
{
	proof_free(&look->proof);
	arena_free(&look->arena);
	ERR_clear_error();
}

uint16_t look_bank(const struct look *look, const struct event *event)
{
	return replay_bank(&look->replay, &look->values, event);
}

attest_status inspect_check_options(const struct attest_inspect_options *options, struct attest_error *error)
{
	if (options->size != sizeof(*options))
		return fail(error, ATTEST_E_USAGE, NULL,
			    "struct attest_inspect_options was not set up with ATTEST_INSPECT_OPTIONS_INIT");
	if (options->pcr < -1 || options->pcr >= (int)LIMIT_PCRS)
		return fail(error, ATTEST_E_USAGE, NULL, "a PCR is 0 to %u, or -1 for all", LIMIT_PCRS - 1);
	return ATTEST_OK;
}

attest_status inspect_finish(json_t *root, bool ok, char **ret_json, struct attest_error *error)
{
	char *text = ok && root != NULL ? json_line(root) : NULL;

	json_decref(root);
	if (text == NULL)
		return fail_memory(error);
	*ret_json = text;
	return ATTEST_OK;
}

const char *look_error_text(const struct attest_error *e, char text[LOOK_ERROR_SIZE])
{
	if (e->status == ATTEST_OK)
		return NULL;
	(void)snprintf(text, LOOK_ERROR_SIZE, "%s%s%s", e->where, e->where[0] == '\0' ? "" : ": ", e->message);
	return text;
}

static void put_error(json_t *object, const struct attest_error *e, bool *ok)
{
	char text[LOOK_ERROR_SIZE];

	json_put_text(object, "error", look_error_text(e, text), ok);
}

bool look_matches(const struct look *look, bool *ok)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct pcr_values values;
	attest_status status = pcrs_match(&arena, &look->quote, look->signature.hash, &look->proof.pcrs, &values, &e);

	arena_free(&arena);
	*ok = *ok && !status_is_internal(status);
	return status == ATTEST_OK;
}

static json_t *quote_json(const struct look *look, bool *ok)
{
	const struct quote *q = &look->quote;
	json_t *quote = json_object();
	char text[32];

	put_error(quote, &look->quote_error, ok);
	if (!look->has_quote)
		return quote;
	json_put_hex(quote, "extra_data", slice_of(q->extra, q->extra_len), ok);
	json_put(quote, "clock", json_integer((json_int_t)q->clock), ok);
	json_put(quote, "clock_safe", json_boolean(q->clock_safe), ok);
	json_put(quote, "reset_count", json_integer(q->reset_count), ok);
	json_put(quote, "restart_count", json_integer(q->restart_count), ok);
	(void)snprintf(text, sizeof(text), "0x%016llx", (unsigned long long)q->firmware_version);
	json_put_text(quote, "firmware_version", text, ok);
	json_put_hex(quote, "pcr_digest", slice_of(q->pcr_digest, q->pcr_digest_len), ok);
	json_put_text(quote, "signature_algorithm", signature_scheme_name(look->signature.scheme), ok);
	json_put_text(quote, "signature_hash", digest_name(look->signature.hash), ok);
	json_put(quote, "pcr_digest_matches", json_boolean(look_matches(look, ok)), ok);
	return quote;
}

static void describe_certificate(json_t *to, const struct certificate *c, struct arena *arena, bool *ok)
{
	const struct anchor *anchor = anchor_find(c->spki_sha256);
	char issuer[512] = "";
	struct attest_error e = {0};

	(void)certificate_issuer_text(c, issuer, sizeof(issuer), &e);
	*ok = *ok && !status_is_internal(e.status);
	json_put(to, "subject", json_string(printable(arena, slice_of_string(c->subject), 512)), ok);
	json_put(to, "issuer", json_string(printable(arena, slice_of_string(issuer), 512)), ok);
	json_put_time(to, "not_before", c->not_before, ok);
	json_put_time(to, "not_after", c->not_after, ok);
	json_put(to, "is_ca", json_boolean(c->is_ca), ok);
	json_put_hex(to, "spki_sha256", slice_of(c->spki_sha256, 32), ok);
	if (anchor != NULL)
		json_put_text(to, "anchor", anchor->name, ok);
}

static json_t *certificates_json(const struct look *look, bool *ok)
{
	json_t *certificates = json_array();
	struct arena arena = {NULL};

	for (size_t i = 0; i < look->proof.n_certificates; i++) {
		DEFER(certificate_unref_deferred) struct certificate *c = NULL;
		json_t *to = json_object();
		struct attest_error e = {0};

		if (certificate_parse(look->proof.certificates[i], i == 0, &c, &e) == ATTEST_OK)
			describe_certificate(to, c, &arena, ok);
		else
			put_error(to, &e, ok);
		*ok = *ok && !status_is_internal(e.status);
		json_add(certificates, to, ok);
	}
	arena_free(&arena);
	return certificates;
}

static json_t *tls_json(const struct look *look, bool *ok)
{
	json_t *tls = json_object();
	struct attest_error e = {0};
	struct slice spki;
	struct digest digest;
	char pin[ATTEST_PIN_SIZE];

	json_put_text(tls, "kind", look->proof.tls_binding == TLS_CA_IN_PCR ? "ca" : "key", ok);
	json_put_text(tls, "binding", look->proof.tls_binding == TLS_IN_QUOTE ? "quote" : "pcr", ok);
	if (tls_key(&look->proof, &spki, &digest, &e) == ATTEST_OK && spki_pin(spki, pin, &e) == ATTEST_OK)
		json_put_text(tls, "pin", pin, ok);
	put_error(tls, &e, ok);
	*ok = *ok && !status_is_internal(e.status);
	return tls;
}

static json_t *logs_json(const struct look *look, bool *ok)
{
	json_t *logs = json_array();

	for (size_t i = 0; i < look->proof.n_logs; i++) {
		json_t *log = json_object();

		json_put_text(log, "place", look->proof.logs[i].place, ok);
		json_put_text(log, "format", look->proof.logs[i].format, ok);
		json_put_size(log, "n_events", look->replay.logs[i].n_events, ok);
		put_error(log, &look->replay.logs[i].error, ok);
		json_add(logs, log, ok);
	}
	return logs;
}

static json_t *pcr_json(const struct track *track, uint8_t pcr, bool *ok)
{
	static const char *const states[] = {"unexplained", "initial", "explained", "contradicted"};
	json_t *to = json_object();
	char note[240];

	json_put_text(to, "bank", digest_name(track->now.alg), ok);
	json_put(to, "index", json_integer(pcr), ok);
	json_put_text(to, "meaning", pcr_meaning(pcr), ok);
	if (track->quoted != NULL)
		json_put_hex(to, "value", digest_slice(track->quoted), ok);
	if (track->n_events > 0)
		json_put_hex(to, "replayed", digest_slice(&track->now), ok);
	json_put_text(to, "state", track->quoted == NULL ? "replayed" : states[track->state], ok);
	json_put_size(to, "n_events", track->n_events, ok);
	if (track->state == PCR_CONTRADICTED) {
		replay_explain(track, note, sizeof(note));
		json_put_text(to, "note", note, ok);
	} else if (track->is_padded) {
		json_put_text(to, "note", "extended with SHA-1 digests padded with zeros", ok);
	}
	return to;
}

/* By bank, then by PCR. Of a log alone: what its events come to. */
static json_t *pcrs_json(const struct look *look, const struct attest_inspect_options *options, bool *ok)
{
	json_t *pcrs = json_array();

	for (size_t b = 0; b < N_ALGORITHMS; b++)
		for (uint8_t p = 0; p < LIMIT_PCRS; p++) {
			const struct track *track = &look->replay.tracks[p][b];

			if ((options->pcr >= 0 && options->pcr != p) || !look->replay.wanted[p][b] ||
			    (track->quoted == NULL && track->n_events == 0))
				continue;
			json_add(pcrs, pcr_json(track, p, ok), ok);
		}
	return pcrs;
}

static json_t *software_json(const struct look *look, const struct attest_inspect_options *options, bool *ok)
{
	json_t *list = json_array();

	for (size_t i = 0; i < look->software.n; i++) {
		const struct software *s = &look->software.items[i];
		json_t *to;

		if (options->pcr >= 0 && options->pcr != s->pcr)
			continue;
		to = json_object();
		json_put_text(to, "what", s->what, ok);
		json_put_text(to, "value", s->value, ok);
		json_put(to, "pcr", json_integer(s->pcr), ok);
		json_put_size(to, "log", s->log, ok);
		json_put_size(to, "event", s->number, ok);
		json_put(to, "proven", json_boolean(s->proven), ok);
		json_add(list, to, ok);
	}
	return list;
}

static json_t *digests_json(const struct look *look, const struct event *event, bool *ok)
{
	json_t *digests = json_object();

	for (size_t b = 0; event->measured && b < N_ALGORITHMS; b++) {
		struct attest_error e = {0};
		struct digest digest;
		bool shown = event_find_digest(event, digest_at(b)) != NULL ||
			     (look->has_quote ? look->replay.wanted[event->pcr][b] &&
							!look->replay.tracks[event->pcr][b].is_padded
					      : digest_at(b) == ALG_SHA256);

		if (!shown)
			continue;
		if (event_digest(event, digest_at(b), &digest, &e) != ATTEST_OK)
			*ok = false;
		else if (digest.size > 0)
			json_put_hex(digests, digest_name(digest_at(b)), digest_slice(&digest), ok);
	}
	return digests;
}

static json_t *fields_json(const struct description *d, bool *ok)
{
	json_t *fields = json_array();

	for (size_t i = 0; i < d->n_fields; i++) {
		json_t *field = json_object();

		json_put_text(field, "name", d->fields[i].name, ok);
		json_put_text(field, "value", d->fields[i].value, ok);
		json_put(field, "proven", json_boolean(d->fields[i].proven), ok);
		json_add(fields, field, ok);
	}
	return fields;
}

json_t *inspect_event(const struct look *look, size_t log, size_t number, const struct event *event, bool *ok)
{
	DEFER(json_decref_deferred) json_t *object = NULL;
	struct arena arena = {NULL};
	struct description description;
	struct attest_error e = {0};
	json_t *to = json_object();
	const char *type;

	if (event_object(event, &object, &e) != ATTEST_OK ||
	    event_describe(event, look_bank(look, event), &arena, &description, &e) != ATTEST_OK) {
		*ok = false;
		arena_free(&arena);
		return to;
	}
	type = event_type(event, object);
	json_put_size(to, "log", log, ok);
	json_put_size(to, "number", number, ok);
	json_put(to, "pcr", json_integer(event->pcr), ok);
	json_put(to, "type", json_string(printable(&arena, slice_of_string(type == NULL ? "text" : type), 128)), ok);
	json_put(to, "measured", json_boolean(event->measured), ok);
	json_put(to, "proven", json_boolean(description.proven), ok);
	json_put_text(to, "summary", description.summary, ok);
	json_put(to, "digests", digests_json(look, event, ok), ok);
	json_put_size(to, "size", event->data.len, ok);
	json_put(to, "fields", fields_json(&description, ok), ok);
	arena_free(&arena);
	return to;
}

static void add_events(const struct look *look, const struct attest_inspect_options *options, size_t i, json_t *events,
		       size_t *n_omitted, bool *ok)
{
	size_t most = options->max_events > 0 && options->max_events < LIMIT_EVENTS_SHOWN ? options->max_events
											  : LIMIT_EVENTS_SHOWN;
	struct attest_error e = {0};
	struct log_cursor cursor;
	struct event event;
	bool more = true;
	attest_status status = log_begin(&cursor, &look->proof.logs[i], &e);

	while (status == ATTEST_OK && *ok) {
		status = log_next(&cursor, &event, &more, &e);
		if (status != ATTEST_OK || !more)
			break;
		if (options->pcr >= 0 && options->pcr != event.pcr)
			continue;
		if (json_array_size(events) >= most)
			(*n_omitted)++;
		else
			json_add(events, inspect_event(look, i, cursor.number - 1, &event, ok), ok);
	}
	log_end(&cursor);
	*ok = *ok && !status_is_internal(status);
}

static json_t *look_json(const struct look *look, const struct attest_inspect_options *options, bool *ok)
{
	json_t *root = json_object(), *events = json_array();
	bool is_proof = look->proof.attest.len > 0;
	size_t n_omitted = 0;

	json_put_text(root, "format", "libattest-inspection-v1", ok);
	json_put_text(root, "kind", is_proof ? "proof" : "log", ok);
	json_put_text(root, "source", look->proof.format, ok);
	if (is_proof) {
		json_put(root, "quote", quote_json(look, ok), ok);
		json_put(root, "certificates", certificates_json(look, ok), ok);
	}
	if (look->proof.tls_binding != TLS_NONE)
		json_put(root, "tls", tls_json(look, ok), ok);
	json_put(root, "logs", logs_json(look, ok), ok);
	json_put(root, "pcrs", pcrs_json(look, options, ok), ok);
	json_put(root, "software", software_json(look, options, ok), ok);
	json_put_size(root, "software_omitted", look->software.n_dropped, ok);
	for (size_t i = 0; options->events && i < look->proof.n_logs; i++)
		add_events(look, options, i, events, &n_omitted, ok);
	json_put(root, "events", events, ok);
	json_put_size(root, "events_omitted", n_omitted, ok);
	return root;
}

attest_status attest_inspect(const struct attest_inspect_options *options, const void *data, size_t len,
			     char **ret_json, struct attest_error *error)
{
	struct attest_error e = {0};
	struct look look = {.has_quote = false};
	attest_status status = inspect_check_options(options, &e);
	bool ok = true;

	if (status == ATTEST_OK) {
		status = look_open(&look, slice_of(data, len), &e);
		if (status == ATTEST_OK) {
			json_t *root = look_json(&look, options, &ok);

			status = inspect_finish(root, ok, ret_json, &e);
		}
		look_close(&look);
	}
	if (status != ATTEST_OK && error != NULL)
		*error = e;
	return status;
}
