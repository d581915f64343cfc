/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/proof-format.md. A TPM quotes some hundred times a second, so that what stays the same from proof to proof is
 * rendered once: PCR values, certificates, logs, the TLS key. Whether it still fits is seen from the quote itself,
 * without another command to the TPM.
 */
#include "prover.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json_write.h"
#include "base/text.h"
#include "prover_setup.h"
#include "report.h"
#include "self_check.h"
#include "text_buffer.h"

enum {
	TRIES = 8,               /* a log that grows all the time never fits */
	PAUSE = 5 * 1000 * 1000, /* nanoseconds; doubled with each try */
	SCRATCH = 12 << 10,      /* for what is new in a proof, beside the rest */
	CHECK_NONCE = 32,
};

struct prover {
	struct prover_setup setup;
	struct pcr_table pcrs; /* as they were when the parts were rendered */
	struct text_buffer constant, tls, metadata;
	bool is_stale;   /* the parts have to be rendered anew … */
	bool is_checked; /* … and libattest has to see a proof made of them */
	bool told;       /* that the chain has no known anchor */
};

/* How a proof is asked for. */
struct request {
	struct slice nonce, exporter;
	bool with_tls;
};

static json_t *pcrs_json(const struct pcr_table *table, bool *ok)
{
	json_t *banks = json_object();

	for (size_t i = 0; i < N_ALGORITHMS; i++) {
		json_t *bank = table->has.pcrs[i] == 0 ? NULL : json_object();
		char index[4];

		for (unsigned pcr = 0; bank != NULL && pcr < N_PCRS; pcr++) {
			if ((table->has.pcrs[i] >> pcr & 1) == 0)
				continue;
			(void)snprintf(index, sizeof(index), "%u", pcr);
			json_put_hex(bank, index, slice_of(table->values[i][pcr], digest_size(digest_at(i))), ok);
		}
		if (table->has.pcrs[i] != 0)
			json_put(banks, digest_name(digest_at(i)), bank, ok);
	}
	return banks;
}

static void add_certificates(struct text_buffer *text, const struct ak *ak)
{
	struct arena arena = {NULL};
	json_t *certificates = json_array();
	bool ok = true;

	for (size_t i = 0; i < ak->n_certificates; i++) {
		char *pem = pem_encode(&arena, "CERTIFICATE", ak->certificates[i]);

		json_add(certificates, pem == NULL ? NULL : json_string(pem), &ok);
	}
	arena_free(&arena);
	text->failed = text->failed || !ok;
	text_add(text, ",\"ak\":{\"certificates\":");
	text_add_json(text, certificates);
	text_add(text, ",\"public\":\"");
	text_add_base64(text, ak->public_bytes);
	text_add(text, "\"}");
}

/* The comma between two members of an array that has just begun or not. */
static void add_comma(struct text_buffer *text)
{
	if (text->len > 0 && text->data[text->len - 1] != '[')
		text_add(text, ",");
}

static attest_status add_system_log(struct prover *prover, size_t i, struct attest_error *error)
{
	const struct log_source *source = &prover->setup.logs->sources[i];
	struct text_buffer *text = &prover->constant;
	struct arena arena = {NULL};
	struct slice bytes = {NULL, 0};
	attest_status status = ATTEST_OK;

	if (logs_cover(source, &prover->setup.selection))
		status = logs_read(prover->setup.logs, i, &arena, &bytes, error);
	if (status == ATTEST_OK && bytes.len > 0) {
		add_comma(text);
		text_add(text, "{\"format\":\"");
		text_add(text, source->format);
		text_add(text, "\",\"data\":\"");
		text_add_base64(text, bytes);
		text_add(text, "\"}");
	}
	arena_free(&arena);
	return status;
}

static void add_text_log(struct prover *prover, unsigned pcr)
{
	const struct measurements *events = prover->setup.events;
	struct text_buffer *text = &prover->constant;
	char head[64];

	add_comma(text);
	(void)snprintf(head, sizeof(head), "{\"format\":\"text-events\",\"pcr\":%u,\"events\":[", pcr);
	text_add(text, head);
	for (size_t i = 0; i < events->n; i++) {
		if (events->events[i].pcr != pcr)
			continue;
		add_comma(text);
		text_add_json(text, json_string(events->events[i].text));
	}
	text_add(text, "]}");
}

static attest_status render_constant(struct prover *prover, struct attest_error *error)
{
	struct text_buffer *text = &prover->constant;
	attest_status status = ATTEST_OK;
	bool ok = true;

	text->len = 0;
	text_add(text, "\"pcrs\":");
	text_add_json(text, pcrs_json(&prover->pcrs, &ok));
	text_add(text, "}");
	add_certificates(text, prover->setup.ak);
	text_add(text, ",\"logs\":[");
	for (size_t i = 0; status == ATTEST_OK && i < N_LOGS; i++)
		status = add_system_log(prover, i, error);
	for (unsigned pcr = 0; pcr < N_PCRS; pcr++)
		if ((prover->setup.text_pcrs >> pcr & 1) != 0)
			add_text_log(prover, pcr);
	text_add(text, "]");
	if (status != ATTEST_OK)
		return status;
	return text->failed || !ok ? fail_memory(error) : ATTEST_OK;
}

static attest_status render_tls(struct prover *prover, struct attest_error *error)
{
	if (prover->setup.tls_pem == NULL)
		return ATTEST_OK;
	text_add(&prover->tls, ",\"tls\":{\"public_key\":");
	text_add_json(&prover->tls, json_string(prover->setup.tls_pem));
	text_add(&prover->tls, ",\"binding\":\"");
	return prover->tls.failed ? fail_memory(error) : ATTEST_OK;
}

static attest_status render_metadata(struct prover *prover, struct attest_error *error)
{
	json_t *metadata = json_object();
	bool ok = true;

	json_put_text(metadata, "generator", "attest-server " ATTEST_VERSION, &ok);
	json_put_text(metadata, "platform", prover->setup.ak->origin, &ok);
	json_put_text(metadata, "tpm", tpm_maker(prover->setup.tpm), &ok);
	json_put_text(metadata, "config", prover->setup.config, &ok);
	text_add(&prover->metadata, ",\"metadata\":");
	text_add_json(&prover->metadata, metadata);
	text_add(&prover->metadata, "}\n");
	return prover->metadata.failed || !ok ? fail_memory(error) : ATTEST_OK;
}

attest_status prover_new(const struct prover_setup *setup, struct prover **ret_prover, struct attest_error *error)
{
	struct prover *prover = calloc(1, sizeof(*prover));
	attest_status status;

	if (prover == NULL)
		return fail_memory(error);
	prover->setup = *setup;
	prover->is_stale = true;
	status = render_tls(prover, error);
	if (status == ATTEST_OK)
		status = render_metadata(prover, error);
	if (status != ATTEST_OK) {
		prover_free(prover);
		return status;
	}
	*ret_prover = prover;
	return ATTEST_OK;
}

void prover_free(struct prover *prover)
{
	if (prover == NULL)
		return;
	text_free(&prover->constant);
	text_free(&prover->tls);
	text_free(&prover->metadata);
	free(prover);
}

static attest_status refresh(struct prover *prover, struct attest_error *error)
{
	attest_status status = tpm_read(prover->setup.tpm, &prover->setup.selection, &prover->pcrs, error);

	if (status == ATTEST_OK)
		status = render_constant(prover, error);
	if (status != ATTEST_OK)
		return status;
	prover->is_stale = false;
	prover->is_checked = false;
	return ATTEST_OK;
}

/* docs/proof-format.md, "binding": "quote" */
static attest_status binding_of(const struct prover *prover, const struct request *request, struct digest *ret_digest,
				struct attest_error *error)
{
	static const char domain[] = "libattest quote v1"; /* with its NUL */
	const uint8_t length[2] = {(uint8_t)(request->nonce.len >> 8), (uint8_t)request->nonce.len};
	const struct slice parts[] = {slice_of(domain, sizeof(domain)), slice_of(length, sizeof(length)),
				      request->nonce, slice_of(prover->setup.tls_spki, 32), request->exporter};

	return digest_compute(ALG_SHA256, parts, sizeof(parts) / sizeof(parts[0]), ret_digest, error);
}

static attest_status take_quote(struct prover *prover, const struct request *request, struct tpm_quote *ret_quote,
				struct attest_error *error)
{
	struct slice extra = request->nonce;
	struct digest binding;

	if (request->with_tls && request->nonce.len > 0) {
		attest_status status = binding_of(prover, request, &binding, error);

		if (status != ATTEST_OK)
			return status;
		extra = digest_slice(&binding);
	}
	return tpm_quote(prover->setup.tpm, prover->setup.ak->key, &prover->setup.selection, extra, ret_quote, error);
}

/* The values that we have are those that were quoted. */
static attest_status fits(const struct prover *prover, const struct tpm_quote *quote, bool *ret_fits,
			  struct attest_error *error)
{
	struct digest digest;
	attest_status status;

	if (memcmp(&quote->selection, &prover->setup.selection, sizeof(quote->selection)) != 0)
		return fail(error, ATTEST_E_IO, NULL,
			    "the TPM quotes other PCRs than it was asked for; take out of --pcrs what it lacks");
	status = tpm_pcr_digest(&prover->pcrs, &quote->selection, quote->pcr_digest.alg, &digest, error);
	if (status == ATTEST_OK)
		*ret_fits = slice_equal(digest_slice(&digest), digest_slice(&quote->pcr_digest));
	return status;
}

static attest_status compose(const struct prover *prover, const struct request *request, const struct tpm_quote *quote,
			     struct text_buffer *text, struct attest_error *error)
{
	char created[TIME_SIZE];

	text->room =
		prover->constant.len + prover->tls.len + prover->metadata.len + SCRATCH; /* once, not by doubling */
	text->data = malloc(text->room);
	if (text->data == NULL)
		return fail_memory(error);
	text_add(text, "{\"format\":\"libattest-proof-v1\",\"quote\":{\"attest\":\"");
	text_add_base64(text, slice_of(quote->attest, quote->attest_len));
	text_add(text, "\",\"signature\":\"");
	text_add_base64(text, slice_of(quote->signature, quote->signature_len));
	text_add(text, "\",");
	text_add_slice(text, slice_of(prover->constant.data, prover->constant.len));
	if (request->with_tls) {
		text_add_slice(text, slice_of(prover->tls.data, prover->tls.len));
		text_add(text, request->nonce.len > 0 ? "quote\"}" : "pcr\"}");
	}
	if (request->nonce.len > 0) {
		text_add(text, ",\"nonce\":\"");
		text_add_hex(text, request->nonce);
		text_add(text, "\"");
	}
	text_add(text, ",\"created\":\"");
	text_add(text, time_text((int64_t)time(NULL), created));
	text_add(text, "\"");
	text_add_slice(text, slice_of(prover->metadata.data, prover->metadata.len));
	return text->failed ? fail_memory(error) : ATTEST_OK;
}

static attest_status check(struct prover *prover, const struct request *request, const struct text_buffer *text,
			   struct attest_error *error)
{
	const struct self_check expected = {request->nonce, request->exporter, request->with_tls};
	bool anchored = true;
	attest_status status =
		self_check(prover->setup.ak, &expected, slice_of(text->data, text->len), &anchored, error);

	if (status != ATTEST_OK)
		return status;
	prover->is_checked = true;
	if (!anchored && !prover->told)
		report("the attestation key's certificates lead to no anchor that libattest knows; verifiers need the "
		       "missing ones (--root), or add them with --ak-chain");
	prover->told = true;
	return ATTEST_OK;
}

/* One proof, as far as it goes. *ret_again: something was extended meanwhile. */
static attest_status attempt(struct prover *prover, const struct request *request, struct text_buffer *text,
			     bool *ret_again, struct attest_error *error)
{
	struct tpm_quote quote;
	bool fit = false;
	attest_status status = prover->is_stale ? refresh(prover, error) : ATTEST_OK;

	if (status == ATTEST_OK)
		status = take_quote(prover, request, &quote, error);
	if (status == ATTEST_OK)
		status = fits(prover, &quote, &fit, error);
	if (status == ATTEST_OK && !fit) {
		prover->is_stale = *ret_again = true;
		return fail(error, ATTEST_E_IO, NULL,
			    "the PCRs change faster than they can be quoted; take PCR 10 out of --pcrs where IMA "
			    "measures all the time");
	}
	if (status == ATTEST_OK)
		status = compose(prover, request, &quote, text, error);
	if (status == ATTEST_OK && !prover->is_checked) {
		status = check(prover, request, text, error);
		/* A log may be ahead of its PCR for a moment. */
		prover->is_stale = *ret_again = status == ATTEST_E_LOG_MISMATCH;
	}
	return status;
}

static attest_status prove(struct prover *prover, const struct request *request, char **ret_json, size_t *ret_len,
			   struct attest_error *error)
{
	struct timespec pause = {.tv_nsec = PAUSE};
	attest_status status = ATTEST_E_IO;
	bool again = true;

	for (int i = 0; i < TRIES && again; i++) {
		struct text_buffer text = {0};

		again = false;
		error_clear(error);
		if (i > 1)
			(void)nanosleep(&pause, NULL);
		pause.tv_nsec *= i > 1 ? 2 : 1;
		status = attempt(prover, request, &text, &again, error);
		if (status == ATTEST_OK) {
			*ret_json = text.data; /* transferred */
			*ret_len = text.len;
			return ATTEST_OK;
		}
		text_free(&text);
	}
	prover->is_stale = true;
	return status;
}

attest_status prover_prove(struct prover *prover, const struct prover_ask *ask, char **ret_json, size_t *ret_len,
			   struct attest_error *error)
{
	const struct request request = {ask->nonce, ask->exporter, true};

	return prove(prover, &request, ret_json, ret_len, error);
}

attest_status prover_prove_raw(struct prover *prover, struct slice nonce, char **ret_json, size_t *ret_len,
			       struct attest_error *error)
{
	const struct request request = {.nonce = nonce};

	return prove(prover, &request, ret_json, ret_len, error);
}

attest_status prover_check(struct prover *prover, bool with_tls, struct attest_error *error)
{
	uint8_t nonce[CHECK_NONCE] = {0};
	const struct request fresh = {.nonce = slice_of(nonce, sizeof(nonce)), .with_tls = with_tls};
	const struct request standing = {.with_tls = true};
	char *json = NULL;
	size_t len;
	attest_status status;

	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		return fail_openssl(error, ATTEST_E_INTERNAL, NULL, "libcrypto has no random numbers");
	prover->is_stale = true;
	status = prove(prover, &fresh, &json, &len, error);
	free(json);
	if (status != ATTEST_OK || !with_tls)
		return status;
	prover->is_checked = false;
	status = prove(prover, &standing, &json, &len, error);
	if (status == ATTEST_OK)
		free(json);
	return status;
}
