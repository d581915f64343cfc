/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof.h - what every proof format yields. A format is one file here and one line in format.c's table. Nothing in a
 * struct proof is believed: it only was readable.
 */
#ifndef FORMATS_PROOF_H
#define FORMATS_PROOF_H

#include "base/json.h"
#include "base/limits.h"
#include "evidence/pcrs.h"
#include "logs/log.h"

enum tls_binding {
	TLS_NONE,
	TLS_IN_EVENT, /* a tls-key event ends the log of PCR 15 */
	TLS_IN_QUOTE, /* extraData binds nonce and key */
	TLS_CA_IN_PCR /* the text of a CA certificate is the last event of PCR 15 (BlindLlama, AICert) */
};

enum { PCR_TLS = 15 };

struct proof {
	const char *format;
	struct json_doc doc;                  /* what the slices below borrow from; the input is the rest */
	struct json_doc log_docs[LIMIT_LOGS]; /* the same for logs in files of their own */
	size_t n_log_docs;
	struct slice attest;    /* TPMS_ATTEST */
	struct slice signature; /* TPMT_SIGNATURE */
	struct pcr_claim pcrs;
	struct slice certificates[LIMIT_CERTIFICATES]; /* DER, the AK's first */
	size_t n_certificates;
	struct slice ak_public; /* TPMT_PUBLIC, or empty */
	struct slice ak_spki;   /* DER SubjectPublicKeyInfo of an AK without certificate, or empty */
	struct log logs[LIMIT_LOGS];
	size_t n_logs;
	enum tls_binding tls_binding;
	struct slice tls_der; /* certificate or SubjectPublicKeyInfo */
	bool tls_is_certificate;
	bool has_nonce;
	struct slice nonce;            /* the prover's claim of what nonce it was asked with */
	struct slice application_disk; /* root hash, or empty */
};

/* Recognise by content and parse. The proof borrows from text and arena; call proof_free(). */
attest_status proof_parse(struct proof *proof, struct arena *arena, struct slice text, struct attest_error *error);
attest_status proof_parse_parts(struct proof *proof, struct arena *arena, const struct attest_parts *parts,
				struct attest_error *error);
/* A proof, or a log by itself: then `format` is the log's, and there is no quote. For those who only look. */
attest_status proof_parse_any(struct proof *proof, struct arena *arena, struct slice bytes, struct attest_error *error);
void proof_free(struct proof *proof);

/* The formats. */
attest_status libattest_v1_parse(struct proof *proof, const struct json_node *root, struct attest_error *error);
attest_status blindllama_v2_parse(struct proof *proof, const struct json_node *root, struct attest_error *error);
attest_status blindllama_v1_parse(struct proof *proof, const struct json_node *root, struct attest_error *error);

/* Shared by them. */
attest_status proof_add_certificate(struct proof *proof, struct slice der, struct attest_error *error);
attest_status proof_add_log(struct proof *proof, const struct log *log, struct attest_error *error);
/* A log in a file of its own: raw, or JSON as in a proof. */
attest_status proof_add_log_file(struct proof *proof, struct slice bytes, struct attest_error *error);
/* The member "quote" with tpm2_quote's three files as "message", "signature" and "pcr"; `bytes` reads one of them. */
attest_status proof_parse_quote_files(struct proof *proof, const struct json_node *parent,
				      attest_status (*bytes)(const struct json_node *, size_t, struct slice *,
							     struct attest_error *),
				      struct attest_error *error);
/* The PEM text of a CA certificate, measured as it is into PCR 15 after `before` (application disk, sentinel). */
attest_status proof_set_ca(struct proof *proof, const struct json_node *pem, const struct event *before,
			   size_t n_before, struct attest_error *error);

#endif
