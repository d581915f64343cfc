/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRLs. What libcrypto's own reader finds in one is found, and a path whose certificates name CRLs is never covered by
 * what somebody made up: the keys of its issuers are gone, so that nothing but the seeds counts.
 *
 * The first byte chooses what is required and which certificate is looked up.
 */
#include <openssl/x509v3.h>

#include "base/text.h"
#include "evidence/crl.h"
#include "evidence/key.h"
#include "fuzz.h"
#include "trust/revocation.h"

static struct trust_store store;
static struct slice leaf;
static struct slice intermediate;

static struct arena kept;

static struct slice load_der(const char *path)
{
	struct attest_error e = {0};
	size_t len;
	uint8_t *pem = fuzz_file(path, &len);
	struct slice text = slice_of(pem, len), der;

	REQUIRE(pem_next(&kept, &text, "CERTIFICATE", &der, &e) == ATTEST_OK);
	free(pem);
	return der;
}

/* The leaf of a case, whose CRLs are seeds. */
static struct slice load_leaf(const char *path)
{
	size_t len;
	uint8_t *text = fuzz_file(path, &len);
	json_t *proof = json_loadb((const char *)text, len, 0, NULL);
	json_t *certificates = json_object_get(json_object_get(proof, "ak"), "certificates");
	struct attest_error e = {0};
	struct slice pem = slice_of_string(json_string_value(json_array_get(certificates, 0))), der;
	struct slice issuer_pem = slice_of_string(json_string_value(json_array_get(certificates, 1)));

	REQUIRE(pem_next(&kept, &pem, "CERTIFICATE", &der, &e) == ATTEST_OK);
	REQUIRE(pem_next(&kept, &issuer_pem, "CERTIFICATE", &intermediate, &e) == ATTEST_OK);
	json_decref(proof);
	free(text);
	return der;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct attest_error e = {0};

	(void)argc;
	(void)argv;
	leaf = load_leaf("tests/cases/good-crls/proof.json");
	REQUIRE(trust_store_init(&store) == ATTEST_OK);
	REQUIRE(trust_store_add(&store, load_der("testdata/ca/azure-like-root.pem"), NULL, &e) == ATTEST_OK);
	return 0;
}

/* libcrypto's reader, or NULL where it does not take the input whole. */
static X509_CRL *read_whole(struct slice der)
{
	const unsigned char *end = der.data;
	X509_CRL *crl = d2i_X509_CRL(NULL, &end, (long)der.len);

	if (crl != NULL && end == der.data + der.len)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}

/* What libcrypto finds is found, and what counts as signed is so to libcrypto. */
static void compare(const struct crl *crl, const struct certificate *c, EVP_PKEY *key, struct slice der)
{
	struct attest_error e = {0};
	struct crl_entry entry = {.listed = false};
	attest_status status = crl_find(crl, c, &entry, &e);
	X509_CRL *theirs = read_whole(der);
	X509_REVOKED *revoked = NULL;
	int found;

	REQUIRE(status == ATTEST_OK || status == ATTEST_E_CRL);
	fuzz_check_error(status, &e);
	if (theirs == NULL)
		return;
	REQUIRE(ASN1_TIME_cmp_time_t(X509_CRL_get0_lastUpdate(theirs), (time_t)crl->this_update) == 0);
	REQUIRE((X509_CRL_get0_nextUpdate(theirs) != NULL) == crl->has_next_update);
	REQUIRE(!crl_is_signed_by(crl, key) || X509_CRL_verify(theirs, key) == 1);
	found = X509_CRL_get0_by_serial(theirs, &revoked, (ASN1_INTEGER *)(uintptr_t)certificate_serial(c));
	if (status == ATTEST_OK && found != 0) /* 2: removeFromCRL */
		REQUIRE(entry.listed);
	X509_CRL_free(theirs);
}

/* With this CRL, which may be anything: a certificate is revoked only by its issuer. */
static void check_path(struct slice given, bool required, const struct certificate *issuer)
{
	struct attest_bytes bytes = {given.data, given.len};
	struct slice ders[2] = {leaf, intermediate};
	struct arena arena = {NULL};
	struct findings findings = {.arena = &arena};
	struct chain chain = {.n_path = 0};
	struct revocation revocation = {.n = 0};
	bool stands;

	chain_read(&chain, &store, ders, 2, &findings);
	revocation_read(&revocation, &bytes, 1, &findings);
	stands = chain_validate(&chain, &store, FUZZ_TIME, &findings) &&
		 revocation_check(&revocation, &chain, required, FUZZ_TIME, &findings);
	REQUIRE(findings.internal == ATTEST_OK);
	REQUIRE(stands != findings.step_failed[ATTEST_STEP_CHAIN]);
	REQUIRE(!(stands && required)); /* both certificates name CRLs, and this is one at most */
	for (size_t i = 0; i < findings.n; i++) {
		bool by_issuer = false;

		fuzz_check_printable(findings.items[i].message, false);
		fuzz_check_printable(findings.items[i].where, false);
		fuzz_check_printable(findings.items[i].found, false);
		for (size_t k = 0; k < revocation.n; k++)
			by_issuer = by_issuer || crl_is_signed_by(revocation.crls[k], issuer->key) ||
				    crl_is_signed_by(revocation.crls[k], store.added[0].certificate->key);
		REQUIRE(findings.items[i].status != ATTEST_E_REVOKED || by_issuer);
	}
	revocation_clear(&revocation);
	chain_clear(&chain);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_error e = {0};
	struct certificate *c = NULL, *issuer = NULL;
	struct crl *crl = NULL;
	struct slice der;
	attest_status status;

	if (size == 0)
		return 0;
	der = slice_of(data + 1, size - 1);
	REQUIRE(certificate_parse(leaf, false, &c, &e) == ATTEST_OK);
	REQUIRE(certificate_parse(intermediate, false, &issuer, &e) == ATTEST_OK);
	status = crl_parse(der, &crl, &e);
	fuzz_check_error(status, &e);
	REQUIRE((crl != NULL) == (status == ATTEST_OK));
	if (crl != NULL) {
		error_clear(&e);
		REQUIRE(crl->issuer_text != NULL);
		fuzz_check_error(crl_check_scope(crl, data[0] & 2 ? issuer : c, &e), &e);
		compare(crl, data[0] & 2 ? issuer : c, issuer->key, der);
	}
	check_path(der, (data[0] & 1) != 0, issuer);
	crl_free(crl);
	certificate_unref(c);
	certificate_unref(issuer);
	return 0;
}
