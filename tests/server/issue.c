/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include <openssl/x509v3.h>

#include "issue.h"

static bool has_text(X509 *certificate, const char *text)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL;
	bool found;

	(void)X509_print(bio, certificate);
	(void)BIO_write(bio, "", 1);
	(void)BIO_get_mem_data(bio, &data);
	found = strstr(data, text) != NULL;
	BIO_free(bio);
	return found;
}

void issue_leaf_is_for_attestation(void)
{
	struct attest_error e = {0};
	struct issuer root = {0};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *leaf = NULL;
	int days = 0, seconds = 0;

	CHECK_STATUS(issue_root("a root", 30, &root, &e), ATTEST_OK);
	CHECK_STATUS(issue_leaf(&root, key, "a leaf", &leaf, &e), ATTEST_OK);
	if (leaf != NULL) {
		CHECK(X509_verify(leaf, root.key) == 1);
		CHECK(X509_check_issued(root.certificate, leaf) == X509_V_OK);
		CHECK(X509_check_ca(leaf) == 0);
		CHECK(X509_get_key_usage(leaf) == KU_DIGITAL_SIGNATURE);
		CHECK(has_text(leaf, "2.23.133.8.3"));
		CHECK(X509_get0_subject_key_id(leaf) != NULL && X509_get0_authority_key_id(leaf) != NULL);
		CHECK(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(leaf), X509_get0_notAfter(leaf)) == 1);
		CHECK(days == 397);
	}
	X509_free(leaf);
	EVP_PKEY_free(key);
	X509_free(root.certificate);
	EVP_PKEY_free(root.key);
}

void issue_refuses_no_ca(void)
{
	struct attest_error e = {0};
	struct issuer root = {0}, other = {0}, end = {0}, mixed;
	X509 *leaf = NULL, *none = NULL;

	CHECK_STATUS(issue_root("a root", 30, &root, &e), ATTEST_OK);
	CHECK_STATUS(issue_root("another", 30, &other, &e), ATTEST_OK);
	end.key = EVP_EC_gen("P-256");
	CHECK_STATUS(issue_leaf(&root, end.key, "a leaf", &leaf, &e), ATTEST_OK);
	end.certificate = leaf;
	mixed = (struct issuer){root.certificate, other.key};
	CHECK_STATUS(issue_leaf(&mixed, end.key, "below it", &none, &e), ATTEST_E_KEY_MISMATCH);
	error_clear(&e);
	CHECK_STATUS(issue_leaf(&end, end.key, "below it", &none, &e), ATTEST_E_CONSTRAINT);
	CHECK(none == NULL);
	X509_free(leaf);
	EVP_PKEY_free(end.key);
	X509_free(root.certificate);
	EVP_PKEY_free(root.key);
	X509_free(other.certificate);
	EVP_PKEY_free(other.key);
}
