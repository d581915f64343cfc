/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forge.h - a certificate authority and an AK of our own, so that tests can sign what no TPM would: quotes over any PCR
 * values and logs (TPM 2.0 Part 2, 10.12.8 and 11.3.4). Only libcrypto, jansson and the public header; a call that
 * fails ends the program.
 */
#ifndef TESTS_FORGE_H
#define TESTS_FORGE_H

#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORGE_PCRS = 24, FORGE_PCR_TLS = 15 };

struct forge {
	EVP_PKEY *ca_key, *ak_key;
	char *root, *leaf; /* PEM */
};

static inline void forge_need(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "forge.h: %s failed\n", what);
	abort();
}

static inline void forge_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	forge_need(extension != NULL && X509_add_ext(x509, extension, -1) == 1, value);
	X509_EXTENSION_free(extension);
}

/* PEM of a certificate for `key`, valid from 2020 to 2090; the caller frees it. */
static inline char *forge_certificate(EVP_PKEY *key, const char *name, bool is_ca, EVP_PKEY *issuer_key,
				      const char *issuer_name)
{
	X509 *x509 = X509_new();
	BIO *out = BIO_new(BIO_s_mem());
	char *pem, *data = NULL;
	long len;

	forge_need(x509 != NULL && out != NULL, "X509_new");
	(void)X509_set_version(x509, X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(x509), is_ca ? 1 : 2);
	(void)ASN1_TIME_set_string(X509_getm_notBefore(x509), "20200101000000Z");
	(void)ASN1_TIME_set_string(X509_getm_notAfter(x509), "20900101000000Z");
	(void)X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8, (const unsigned char *)name,
					 -1, -1, 0);
	(void)X509_NAME_add_entry_by_txt(X509_get_issuer_name(x509), "CN", MBSTRING_UTF8,
					 (const unsigned char *)issuer_name, -1, -1, 0);
	(void)X509_set_pubkey(x509, key);
	if (is_ca)
		forge_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
	forge_extension(x509, NID_key_usage, is_ca ? "critical,keyCertSign" : "critical,digitalSignature");
	forge_need(X509_sign(x509, issuer_key, EVP_sha256()) > 0, "X509_sign");
	forge_need(PEM_write_bio_X509(out, x509) == 1, "PEM_write_bio_X509");
	len = BIO_get_mem_data(out, &data);
	pem = strndup(data, (size_t)len);
	forge_need(pem != NULL, "strndup");
	BIO_free_all(out);
	X509_free(x509);
	return pem;
}

static inline void forge_init(struct forge *f)
{
	f->ca_key = EVP_EC_gen("P-256");
	f->ak_key = EVP_EC_gen("P-256");
	forge_need(f->ca_key != NULL && f->ak_key != NULL, "EVP_EC_gen");
	f->root = forge_certificate(f->ca_key, "forge root", true, f->ca_key, "forge root");
	f->leaf = forge_certificate(f->ak_key, "forge AK", false, f->ca_key, "forge root");
}

static inline void forge_clear(struct forge *f)
{
	EVP_PKEY_free(f->ca_key);
	EVP_PKEY_free(f->ak_key);
	free(f->root);
	free(f->leaf);
}

/* Bytes in the making, big-endian. */
struct forge_bytes {
	uint8_t data[1024];
	size_t len;
};

static inline void forge_put(struct forge_bytes *b, const void *data, size_t len)
{
	forge_need(len <= sizeof(b->data) - b->len, "forge_put");
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

static inline void forge_put_be(struct forge_bytes *b, uint64_t value, size_t size)
{
	for (size_t i = size; i > 0; i--) {
		uint8_t byte = (uint8_t)(value >> (8 * (i - 1)));

		forge_put(b, &byte, 1);
	}
}

static inline void forge_put_2b(struct forge_bytes *b, const void *data, size_t len)
{
	forge_put_be(b, len, 2);
	forge_put(b, data, len);
}

/* TPMS_ATTEST of a quote of the SHA-256 bank. */
static inline void forge_attest(struct forge_bytes *b, const void *extra, size_t extra_len, uint32_t pcrs,
				const uint8_t digest[32])
{
	static const uint8_t signer[34] = {0x00, 0x0b};

	b->len = 0;
	forge_put_be(b, 0xff544347, 4); /* TPM_GENERATED */
	forge_put_be(b, 0x8018, 2);     /* TPM_ST_ATTEST_QUOTE */
	forge_put_2b(b, signer, sizeof(signer));
	forge_put_2b(b, extra, extra_len);
	forge_put_be(b, 123456, 8); /* clock */
	forge_put_be(b, 2, 4);      /* resetCount */
	forge_put_be(b, 3, 4);      /* restartCount */
	forge_put_be(b, 1, 1);      /* safe */
	forge_put_be(b, 0x2026112000000000, 8);
	forge_put_be(b, 1, 4); /* one bank: SHA-256 */
	forge_put_be(b, 0x000b, 2);
	forge_put_be(b, 4, 1);
	for (size_t i = 0; i < 4; i++)
		forge_put_be(b, pcrs >> (8 * i) & 0xff, 1);
	forge_put_2b(b, digest, 32);
}

/* TPMT_SIGNATURE, ECDSA with SHA-256. */
static inline void forge_sign(const struct forge *f, const struct forge_bytes *message, struct forge_bytes *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[128], number[32];
	const uint8_t *at = der;
	size_t len = sizeof(der);
	ECDSA_SIG *sig;

	forge_need(ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, f->ak_key) == 1 &&
			   EVP_DigestSign(ctx, der, &len, message->data, message->len) == 1,
		   "EVP_DigestSign");
	sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
	forge_need(sig != NULL, "d2i_ECDSA_SIG");
	signature->len = 0;
	forge_put_be(signature, 0x0018, 2);
	forge_put_be(signature, 0x000b, 2);
	forge_need(BN_bn2binpad(ECDSA_SIG_get0_r(sig), number, 32) == 32, "r");
	forge_put_2b(signature, number, 32);
	forge_need(BN_bn2binpad(ECDSA_SIG_get0_s(sig), number, 32) == 32, "s");
	forge_put_2b(signature, number, 32);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
}

static inline json_t *forge_base64(const struct forge_bytes *b)
{
	unsigned char text[4 * sizeof(b->data) / 3 + 8];

	(void)EVP_EncodeBlock(text, b->data, (int)b->len);
	return json_string((const char *)text);
}

static inline json_t *forge_hex(const uint8_t *bytes, size_t len)
{
	char text[2 * 64 + 1] = "";

	for (size_t i = 0; i < len && i < 64; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return json_string(text);
}

static inline void forge_extend(uint8_t pcr[32], const void *text, size_t len)
{
	uint8_t both[64];

	memcpy(both, pcr, 32);
	(void)SHA256(text, len, both + 32);
	(void)SHA256(both, sizeof(both), pcr);
}

/* The PCRs as the text events in "logs" leave them. */
static inline void forge_measure(const json_t *proof, uint8_t pcrs[FORGE_PCRS][32])
{
	const json_t *logs = json_object_get(proof, "logs");

	memset(pcrs, 0, FORGE_PCRS * 32);
	for (size_t i = 17; i <= 22; i++)
		memset(pcrs[i], 0xff, 32);
	for (size_t i = 0; i < json_array_size(logs); i++) {
		const json_t *pcr = json_object_get(json_array_get(logs, i), "pcr");
		const json_t *events = json_object_get(json_array_get(logs, i), "events");
		json_int_t index = json_integer_value(pcr);

		if (!json_is_integer(pcr) || index < 0 || index >= FORGE_PCRS)
			continue;
		for (size_t k = 0; k < json_array_size(events); k++) {
			const json_t *event = json_array_get(events, k);

			if (json_is_string(event))
				forge_extend(pcrs[index], json_string_value(event), json_string_length(event));
		}
	}
}

/* "quote" and "ak" of a libattest proof: a quote of all PCRs, signed by the forge's AK. */
static inline void forge_quote(const struct forge *f, json_t *proof, uint8_t pcrs[FORGE_PCRS][32], const void *extra,
			       size_t extra_len)
{
	uint8_t digest[32];
	struct forge_bytes attest, signature;
	json_t *values = json_object();

	(void)SHA256(&pcrs[0][0], (size_t)FORGE_PCRS * 32, digest);
	forge_attest(&attest, extra, extra_len, (1u << FORGE_PCRS) - 1, digest);
	forge_sign(f, &attest, &signature);
	for (size_t i = 0; i < FORGE_PCRS; i++) {
		char index[4];

		(void)snprintf(index, sizeof(index), "%zu", i);
		(void)json_object_set_new(values, index, forge_hex(pcrs[i], 32));
	}
	(void)json_object_set_new(proof, "quote",
				  json_pack("{s:o, s:o, s:{s:o}}", "attest", forge_base64(&attest), "signature",
					    forge_base64(&signature), "pcrs", "sha256", values));
	(void)json_object_set_new(proof, "ak", json_pack("{s:[s]}", "certificates", f->leaf));
}

/* The same with the PCRs as "logs" leave them. */
static inline void forge_proof(const struct forge *f, json_t *proof, const void *extra, size_t extra_len)
{
	uint8_t pcrs[FORGE_PCRS][32];

	forge_measure(proof, pcrs);
	forge_quote(f, proof, pcrs, extra, extra_len);
}

#endif
