/* SPDX-License-Identifier: Apache-2.0 */
/* X.509 as RFC 5280 has it; certificate requests as RFC 2986. */
#include "identity.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/digest.h"
#include "base/memory.h"

/*
 * Ten years. The key ends with the process, so that the end of its certificate protects nothing; clients compare the
 * attested key, and those that look at dates too must not stop working with a server that runs for long. It begins a
 * day early, for clients whose clock is behind.
 */
enum { DAYS = 3650, DAY = 24 * 60 * 60 };

DEFINE_DEFER(EVP_PKEY, EVP_PKEY_free);
DEFINE_DEFER(X509, X509_free);
DEFINE_DEFER(X509_REQ, X509_REQ_free);
DEFINE_DEFER(BIO, BIO_free);
DEFINE_DEFER(BIGNUM, BN_free);
DEFINE_DEFER(SSL_CTX, SSL_CTX_free);
DEFINE_DEFER(GENERAL_NAMES, GENERAL_NAMES_free);

static void extensions_free(STACK_OF(X509_EXTENSION) * *extensions)
{
	sk_X509_EXTENSION_pop_free(*extensions, X509_EXTENSION_free);
}

static attest_status refused(struct attest_error *error, const char *what)
{
	return fail_openssl(error, ATTEST_E_INTERNAL, NULL, "libcrypto cannot make %s", what);
}

/* A name of the letters that host names have, as RFC 5280 4.2.1.6 wants them; "*." may begin it. */
static bool is_dns_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
	size_t len = strlen(name);

	if (strncmp(name, "*.", 2) == 0)
		name += 2;
	return len > 0 && len <= 253 && name[0] != '\0' && name[0] != '.' && name[0] != '-' &&
	       strspn(name, letters) == strlen(name);
}

static GENERAL_NAME *general_name(int type, ASN1_STRING *value)
{
	GENERAL_NAME *name = value == NULL ? NULL : GENERAL_NAME_new();

	if (name == NULL) {
		ASN1_STRING_free(value);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, type, value);
	return name;
}

static GENERAL_NAME *read_name(const char *text)
{
	ASN1_IA5STRING *dns;

	if (strpbrk(text, ":") != NULL || strspn(text, "0123456789.") == strlen(text))
		return general_name(GEN_IPADD, a2i_IPADDRESS(text));
	dns = ASN1_IA5STRING_new();
	if (dns != NULL && ASN1_STRING_set(dns, text, -1) != 1) {
		ASN1_IA5STRING_free(dns);
		dns = NULL;
	}
	return general_name(GEN_DNS, dns);
}

static bool is_address(const char *text)
{
	uint8_t bytes[16];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static attest_status read_names(const char *const *names, size_t n_names, GENERAL_NAMES **ret_names,
				struct attest_error *error)
{
	DEFER(GENERAL_NAMES_free_deferred) GENERAL_NAMES *all = GENERAL_NAMES_new();

	if (n_names == 0)
		return fail(error, ATTEST_E_USAGE, NULL, "the certificate needs at least one name: --name HOST");
	for (size_t i = 0; i < n_names; i++) {
		GENERAL_NAME *name;

		if (!is_address(names[i]) && !is_dns_name(names[i])) {
			error_found(error, "%.100s", names[i]);
			return fail(error, ATTEST_E_USAGE, "RFC 5280, 4.2.1.6",
				    "a name of the server is neither a host name nor an IP address");
		}
		name = all == NULL ? NULL : read_name(names[i]);
		if (name == NULL || sk_GENERAL_NAME_push(all, name) == 0) {
			GENERAL_NAME_free(name);
			return refused(error, "the names of the certificate");
		}
	}
	*ret_names = TRANSFER(all);
	return ATTEST_OK;
}

static bool push_extension(STACK_OF(X509_EXTENSION) * extensions, X509_EXTENSION *extension)
{
	if (extension != NULL && sk_X509_EXTENSION_push(extensions, extension) > 0)
		return true;
	X509_EXTENSION_free(extension);
	return false;
}

static bool push_text(STACK_OF(X509_EXTENSION) * extensions, int nid, const char *value)
{
	return push_extension(extensions, X509V3_EXT_conf_nid(NULL, NULL, nid, value));
}

/* What certificate and request have in common. */
static attest_status make_extensions(const char *const *names, size_t n_names,
				     STACK_OF(X509_EXTENSION) * *ret_extensions, struct attest_error *error)
{
	DEFER(GENERAL_NAMES_free_deferred) GENERAL_NAMES *all = NULL;
	DEFER(extensions_free) STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	attest_status status = read_names(names, n_names, &all, error);

	if (status != ATTEST_OK)
		return status;
	if (extensions == NULL || !push_text(extensions, NID_key_usage, "critical,digitalSignature") ||
	    !push_text(extensions, NID_ext_key_usage, "serverAuth") ||
	    !push_extension(extensions, X509V3_EXT_i2d(NID_subject_alt_name, 0, all)))
		return refused(error, "the extensions of a certificate");
	*ret_extensions = TRANSFER(extensions);
	return ATTEST_OK;
}

/* A common name has at most 64 characters (RFC 5280, appendix A.1: ub-common-name); clients look at the others. */
static bool set_subject(X509_NAME *subject, const char *name)
{
	return strlen(name) > 64 || X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC,
							       (const unsigned char *)name, -1, -1, 0) == 1;
}

static bool set_serial(X509 *certificate)
{
	DEFER(BN_free_deferred) BIGNUM *serial = BN_new();

	return serial != NULL && BN_rand(serial, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
	       BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) != NULL;
}

static bool fill(X509 *certificate, EVP_PKEY *key, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);

	return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
	       set_subject(subject, name) && X509_set_issuer_name(certificate, subject) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), (long)DAYS * DAY) != NULL &&
	       X509_set_pubkey(certificate, key) == 1;
}

static attest_status make_certificate(EVP_PKEY *key, const char *const *names, size_t n_names, X509 **ret_certificate,
				      struct attest_error *error)
{
	DEFER(extensions_free) STACK_OF(X509_EXTENSION) *extensions = NULL;
	DEFER(X509_free_deferred) X509 *certificate = X509_new();
	attest_status status = make_extensions(names, n_names, &extensions, error);
	bool good;

	if (status != ATTEST_OK)
		return status;
	good = certificate != NULL && fill(certificate, key, names[0]);
	for (int i = 0; good && i < sk_X509_EXTENSION_num(extensions); i++)
		good = X509_add_ext(certificate, sk_X509_EXTENSION_value(extensions, i), -1) == 1;
	if (!good || X509_sign(certificate, key, EVP_sha256()) == 0)
		return refused(error, "a certificate");
	*ret_certificate = TRANSFER(certificate);
	return ATTEST_OK;
}

/* The bytes in a memory BIO, with a NUL behind them. */
static char *bio_text(BIO *bio)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);

	return len <= 0 ? NULL : strndup(data, (size_t)len);
}

static char *public_pem(EVP_PKEY *key)
{
	DEFER(BIO_free_deferred) BIO *bio = BIO_new(BIO_s_mem());

	return bio != NULL && PEM_write_bio_PUBKEY(bio, key) == 1 ? bio_text(bio) : NULL;
}

static attest_status hash_public(EVP_PKEY *key, uint8_t ret_sha256[32], struct attest_error *error)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	attest_status status;

	if (len <= 0)
		return refused(error, "the public key's DER");
	status = digest_sha256(slice_of(der, (size_t)len), ret_sha256, error);
	OPENSSL_free(der);
	return status;
}

attest_status identity_new(const char *const *names, size_t n_names, struct identity *ret_identity,
			   struct attest_error *error)
{
	DEFER(EVP_PKEY_free_deferred) EVP_PKEY *key = EVP_EC_gen("P-256");
	struct identity identity = {0};
	attest_status status;

	if (key == NULL)
		return refused(error, "a P-256 key");
	status = make_certificate(key, names, n_names, &identity.certificate, error);
	if (status == ATTEST_OK)
		status = hash_public(key, identity.spki_sha256, error);
	if (status == ATTEST_OK) {
		identity.public_pem = public_pem(key);
		if (identity.public_pem == NULL)
			status = refused(error, "the public key's PEM");
	}
	if (status != ATTEST_OK) {
		identity_clear(&identity);
		return status;
	}
	identity.key = TRANSFER(key);
	*ret_identity = identity;
	return ATTEST_OK;
}

void identity_clear(struct identity *identity)
{
	EVP_PKEY_free(identity->key);
	X509_free(identity->certificate);
	free(identity->public_pem);
	memset(identity, 0, sizeof(*identity));
}

attest_status identity_request(const struct identity *identity, const char *const *names, size_t n_names,
			       char **ret_pem, struct attest_error *error)
{
	DEFER(extensions_free) STACK_OF(X509_EXTENSION) *extensions = NULL;
	DEFER(X509_REQ_free_deferred) X509_REQ *request = X509_REQ_new();
	DEFER(BIO_free_deferred) BIO *bio = BIO_new(BIO_s_mem());
	attest_status status = make_extensions(names, n_names, &extensions, error);
	char *pem = NULL;

	if (status != ATTEST_OK)
		return status;
	if (request != NULL && bio != NULL && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
	    set_subject(X509_REQ_get_subject_name(request), names[0]) &&
	    X509_REQ_set_pubkey(request, identity->key) == 1 && X509_REQ_add_extensions(request, extensions) == 1 &&
	    X509_REQ_sign(request, identity->key, EVP_sha256()) > 0 && PEM_write_bio_X509_REQ(bio, request) == 1)
		pem = bio_text(bio);
	if (pem == NULL)
		return refused(error, "a certificate request");
	*ret_pem = pem;
	return ATTEST_OK;
}

/* RFC 7301, 3.2: a client that offers protocols, but not ours, is told so in the handshake. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
			   unsigned int in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen = NULL;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static attest_status use_chain(SSL_CTX *context, const struct identity *identity, const char *chain_path,
			       struct attest_error *error)
{
	const X509 *leaf;

	if (SSL_CTX_use_certificate_chain_file(context, chain_path) != 1) {
		error_where(error, "%.200s", chain_path);
		return fail_openssl(
			error, ATTEST_E_IO, NULL,
			"the certificate chain is no readable file of PEM certificates, the server's first");
	}
	leaf = SSL_CTX_get0_certificate(context);
	if (EVP_PKEY_eq(X509_get0_pubkey(leaf), identity->key) == 1)
		return ATTEST_OK;
	ERR_clear_error();
	error_where(error, "%.200s", chain_path);
	return fail(
		error, ATTEST_E_KEY_MISMATCH, NULL,
		"the first certificate of the chain is not for this server's key, which is made anew at each start: "
		"have the request of this very start certified");
}

static bool configure(SSL_CTX *context)
{
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
	return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_num_tickets(context, 0) == 1 && SSL_CTX_set_max_early_data(context, 0) == 1 &&
	       SSL_CTX_set_recv_max_early_data(context, 0) == 1;
}

attest_status identity_context(const struct identity *identity, const char *chain_path, SSL_CTX **ret_context,
			       struct attest_error *error)
{
	DEFER(SSL_CTX_free_deferred) SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	attest_status status = ATTEST_OK;

	if (context == NULL || !configure(context))
		return refused(error, "a TLS 1.3 context");
	if (chain_path != NULL)
		status = use_chain(context, identity, chain_path, error);
	else if (SSL_CTX_use_certificate(context, identity->certificate) != 1)
		status = refused(error, "a TLS context with this certificate");
	if (status != ATTEST_OK)
		return status;
	if (SSL_CTX_use_PrivateKey(context, identity->key) != 1 || SSL_CTX_check_private_key(context) != 1)
		return refused(error, "a TLS context with this key");
	*ret_context = TRANSFER(context);
	return ATTEST_OK;
}
