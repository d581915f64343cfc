/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A live TLS connection, as OpenSSL knows it: whose key the other side has, and whether it is the attested one.
 * libcurl's options are not asked: whatever they were set to, this is what the next byte would be sent to.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/text.h"
#include "net.h"

int64_t net_clock(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

attest_status channel_of(CURL *curl, SSL **ret_ssl, struct attest_error *error)
{
	struct curl_tlssessioninfo *info = NULL;

	if (curl_easy_getinfo(curl, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || info == NULL)
		return fail(error, ATTEST_E_TLS_BINDING, NULL, "the connection has no TLS that could be looked at");
	if (info->backend != CURLSSLBACKEND_OPENSSL)
		return fail(error, ATTEST_E_INTERNAL, NULL, "libcurl's TLS is not OpenSSL: use its OpenSSL variant");
	if (info->internals == NULL)
		return fail(error, ATTEST_E_TLS_BINDING, NULL, "the connection has no TLS that could be looked at");
	*ret_ssl = info->internals;
	return ATTEST_OK;
}

DEFINE_DEFER(X509, X509_free);
DEFINE_DEFER(X509_STORE_CTX, X509_STORE_CTX_free);

static void der_free(unsigned char **der)
{
	OPENSSL_free(*der);
}

/* Of the key that OpenSSL has the handshake signed with, not of bytes that are read anew. */
static attest_status pin_of(X509 *leaf, char ret_pin[ATTEST_PIN_SIZE], struct attest_error *error)
{
	static const char prefix[] = "sha256//";
	DEFER(der_free) unsigned char *der = NULL;
	uint8_t digest[32];
	int len = leaf == NULL ? -1 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
	attest_status status;

	if (leaf == NULL)
		return fail(error, ATTEST_E_TLS_PIN, NULL, "the server has shown no certificate");
	if (len < 0)
		return fail_openssl(error, ATTEST_E_INTERNAL, NULL, "the server's key cannot be encoded");
	status = digest_sha256(slice_of(der, (size_t)len), digest, error);
	if (status != ATTEST_OK)
		return status;
	memcpy(ret_pin, prefix, sizeof(prefix));
	base64_encode(slice_of(digest, sizeof(digest)), ret_pin + sizeof(prefix) - 1);
	return ATTEST_OK;
}

attest_status channel_pin(SSL *ssl, char ret_pin[ATTEST_PIN_SIZE], struct attest_error *error)
{
	DEFER(X509_free_deferred) X509 *leaf = SSL_get1_peer_certificate(ssl);

	return pin_of(leaf, ret_pin, error);
}

attest_status channel_exporter(SSL *ssl, uint8_t ret_exporter[EXPORTER_SIZE], struct attest_error *error)
{
	static const char label[] = "EXPORTER-Channel-Binding"; /* RFC 9266, 2 */

	if (SSL_export_keying_material(ssl, ret_exporter, EXPORTER_SIZE, label, sizeof(label) - 1, NULL, 0, 1) != 1)
		return fail_openssl(error, ATTEST_E_INTERNAL, "RFC 8446, 7.5",
				    "OpenSSL exports nothing of the session");
	return ATTEST_OK;
}

/* An old handshake's key could be anybody's by now, and early data would go before any look at the connection. */
static attest_status check_handshake(SSL *ssl, bool tls12, struct attest_error *error)
{
	const unsigned char *protocol = NULL;
	unsigned int len = 0;

	if (SSL_version(ssl) != TLS1_3_VERSION && (!tls12 || SSL_version(ssl) != TLS1_2_VERSION)) {
		error_expected(error, "%s", tls12 ? "TLSv1.2 or TLSv1.3" : "TLSv1.3");
		error_found(error, "%s", SSL_get_version(ssl));
		return fail(error, ATTEST_E_TLS_BINDING, NULL, "the server speaks an old TLS");
	}
	if (SSL_is_init_finished(ssl) == 0)
		return fail(error, ATTEST_E_TLS_BINDING, NULL, "the TLS handshake has not ended");
	if (SSL_session_reused(ssl) != 0)
		return fail(error, ATTEST_E_TLS_BINDING, NULL, "the TLS session was resumed, its key not shown again");
	SSL_get0_alpn_selected(ssl, &protocol, &len);
	if (len != 0 && !slice_equal(slice_of(protocol, len), slice_of_string("http/1.1")) &&
	    !slice_equal(slice_of(protocol, len), slice_of_string("h2")))
		return fail(error, ATTEST_E_TLS_BINDING, NULL, "neither HTTP/1.1 nor HTTP/2 was agreed on");
	return ATTEST_OK;
}

attest_status channel_check_key(X509 *leaf, const char *pin, struct attest_error *error)
{
	char found[ATTEST_PIN_SIZE] = "";
	attest_status status = pin_of(leaf, found, error);

	if (status != ATTEST_OK || strcmp(found, pin) == 0)
		return status;
	error_expected(error, "%s", pin);
	error_found(error, "%s", found);
	return fail(error, ATTEST_E_TLS_PIN, NULL, "the server does not have the attested TLS key");
}

static attest_status check_pin(SSL *ssl, const struct attested *attested, struct attest_error *error)
{
	DEFER(X509_free_deferred) X509 *leaf = SSL_get1_peer_certificate(ssl);

	return channel_check_key(leaf, attested->pin, error);
}

void channel_prepare(SSL_CTX *context, channel_verify *verify, void *arg)
{
	SSL_CTX_set_keylog_callback(context, NULL); /* libcurl has set its own where the environment asks for it */
	if (verify == NULL)
		return;
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(context, verify, arg);
}

int channel_verified(X509_STORE_CTX *store, attest_status status)
{
	X509_STORE_CTX_set_error(store, status == ATTEST_OK ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
	return status == ATTEST_OK;
}

static bool set_name(X509_STORE_CTX *context, const char *name)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);

	return X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1 || X509_VERIFY_PARAM_set1_host(param, name, 0) == 1;
}

static attest_status check_ca(SSL *ssl, X509_STORE *ca, const char *name, struct attest_error *error)
{
	DEFER(X509_free_deferred) X509 *leaf = SSL_get1_peer_certificate(ssl);
	DEFER(X509_STORE_CTX_free_deferred) X509_STORE_CTX *context = X509_STORE_CTX_new();

	if (context == NULL)
		return fail_memory(error);
	if (leaf == NULL)
		return fail(error, ATTEST_E_TLS_PIN, NULL, "the server has shown no certificate");
	if (X509_STORE_CTX_init(context, ca, leaf, SSL_get_peer_cert_chain(ssl)) != 1 ||
	    X509_STORE_CTX_set_default(context, "ssl_server") != 1 || !set_name(context, name))
		return fail_openssl(error, ATTEST_E_INTERNAL, NULL, "OpenSSL cannot check the server's certificate");
	if (X509_verify_cert(context) == 1)
		return ATTEST_OK;
	error_found(error, "%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	return fail_openssl(error, ATTEST_E_TLS_PIN, "RFC 5280, 6",
			    "the server's certificate does not stand under the attested CA, or not for this name");
}

attest_status channel_check(SSL *ssl, const struct attested *attested, const char *name, struct attest_error *error)
{
	uint8_t exporter[EXPORTER_SIZE];
	attest_status status = check_handshake(ssl, attested->ca != NULL, error);

	if (status == ATTEST_OK)
		status = attested->ca != NULL ? check_ca(ssl, attested->ca, name, error)
					      : check_pin(ssl, attested, error);
	if (status != ATTEST_OK || !attested->bound)
		return status;
	status = channel_exporter(ssl, exporter, error);
	if (status != ATTEST_OK || memcmp(exporter, attested->exporter, EXPORTER_SIZE) == 0)
		return status;
	return fail(error, ATTEST_E_TLS_BINDING, NULL, "this is not the TLS session that the proof binds");
}
