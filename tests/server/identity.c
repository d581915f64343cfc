/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/digest.h"
#include "list.h"

static const char *const names[] = {"example.org", "*.example.org", "192.0.2.1", "2001:db8::1"};

static void check_names(X509 *certificate)
{
	CHECK(X509_check_host(certificate, "example.org", 0, 0, NULL) == 1);
	CHECK(X509_check_host(certificate, "a.example.org", 0, 0, NULL) == 1);
	CHECK(X509_check_host(certificate, "example.com", 0, 0, NULL) == 0);
	CHECK(X509_check_ip_asc(certificate, "192.0.2.1", 0) == 1);
	CHECK(X509_check_ip_asc(certificate, "2001:db8::1", 0) == 1);
	CHECK(X509_check_ip_asc(certificate, "192.0.2.2", 0) == 0);
}

static void check_hash(const struct identity *identity)
{
	uint8_t hash[32];
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(identity->certificate), &der);
	struct attest_error error = {0};

	CHECK_STATUS(digest_sha256(slice_of(der, (size_t)len), hash, &error), ATTEST_OK);
	CHECK(memcmp(hash, identity->spki_sha256, 32) == 0);
	OPENSSL_free(der);
}

void identity_certificate(void)
{
	struct identity identity = {0}, other = {0};
	struct attest_error error = {0};

	CHECK_STATUS(identity_new(names, COUNT(names), &identity, &error), ATTEST_OK);
	CHECK_STATUS(identity_new(names, 1, &other, &error), ATTEST_OK);
	check_names(identity.certificate);
	check_hash(&identity);
	CHECK(X509_verify(identity.certificate, identity.key) == 1);
	CHECK(X509_get_key_usage(identity.certificate) == X509v3_KU_DIGITAL_SIGNATURE);
	CHECK(X509_get_extended_key_usage(identity.certificate) == XKU_SSL_SERVER);
	CHECK(X509_cmp_current_time(X509_get0_notBefore(identity.certificate)) < 0 &&
	      X509_cmp_current_time(X509_get0_notAfter(identity.certificate)) > 0);
	CHECK(memcmp(identity.spki_sha256, other.spki_sha256, 32) != 0);
	CHECK(ASN1_INTEGER_cmp(X509_get0_serialNumber(identity.certificate),
			       X509_get0_serialNumber(other.certificate)) != 0);
	CHECK(strncmp(identity.public_pem, "-----BEGIN PUBLIC KEY-----\n", 27) == 0);
	identity_clear(&identity);
	identity_clear(&other);
}

void identity_names(void)
{
	static const char *const bad[] = {"",   "a b", "a,DNS:b", "-a",    ".a",  "*",
					  "*.", "a.*", "a/b",     "1:2:3", "a\n", "a:80"};
	struct identity identity = {0};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct attest_error error = {0};

		CHECK_STATUS(identity_new(&bad[i], 1, &identity, &error), ATTEST_E_USAGE);
		CHECK(identity.key == NULL);
	}
}

void identity_no_names(void)
{
	struct identity identity = {0};
	struct attest_error error = {0};

	CHECK_STATUS(identity_new(names, 0, &identity, &error), ATTEST_E_USAGE);
}

void identity_requests(void)
{
	struct identity identity = {0};
	struct attest_error error = {0};
	char *pem = NULL;
	BIO *bio;
	X509_REQ *request;

	CHECK_STATUS(identity_new(names, 1, &identity, &error), ATTEST_OK);
	CHECK_STATUS(identity_request(&identity, names, COUNT(names), &pem, &error), ATTEST_OK);
	bio = BIO_new_mem_buf(pem, -1);
	request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	CHECK(request != NULL && X509_REQ_verify(request, identity.key) == 1);
	BIO_free(bio);
	X509_REQ_free(request);
	free(pem);
	identity_clear(&identity);
}

/* A file with this certificate in PEM. */
static void write_chain(const char *path, X509 *certificate)
{
	FILE *file = fopen(path, "w");

	CHECK(file != NULL && PEM_write_X509(file, certificate) == 1);
	if (file != NULL)
		(void)fclose(file);
}

void identity_chains(void)
{
	struct identity identity = {0}, other = {0};
	struct attest_error error = {0};
	char path[] = "/tmp/attest-chain-XXXXXX";
	int fd = mkstemp(path);
	SSL_CTX *context = NULL;

	CHECK(fd >= 0);
	CHECK_STATUS(identity_new(names, 1, &identity, &error), ATTEST_OK);
	CHECK_STATUS(identity_new(names, 1, &other, &error), ATTEST_OK);
	write_chain(path, identity.certificate);
	CHECK_STATUS(identity_context(&identity, path, &context, &error), ATTEST_OK);
	SSL_CTX_free(context);
	CHECK_STATUS(identity_context(&other, path, &context, &error), ATTEST_E_KEY_MISMATCH);
	error_clear(&error);
	CHECK_STATUS(identity_context(&other, "/nonexistent", &context, &error), ATTEST_E_IO);
	(void)close(fd);
	(void)unlink(path);
	identity_clear(&identity);
	identity_clear(&other);
}
