/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking for a proof, and what every public function begins with.
 */
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "fetch.h"

attest_status net_given(attest_status status, const struct attest_error *from, struct attest_error *error)
{
	if (status != ATTEST_OK && error != NULL)
		*error = *from;
	return status;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode set_up_code = CURLE_FAILED_INIT;

/*
 * A process may have set OpenSSL up without the names of algorithms, as the command line tools do; without them it
 * takes every signature of a certificate for a weak one. These are the hashes that a chain may have.
 */
static bool name_digests(void)
{
	return EVP_add_digest(EVP_sha256()) == 1 && EVP_add_digest(EVP_sha384()) == 1 &&
	       EVP_add_digest(EVP_sha512()) == 1;
}

static void set_up(void)
{
	if (!name_digests())
		return;
	set_up_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

attest_status net_begin(struct attest_error *error)
{
	if (pthread_once(&once, set_up) != 0 || set_up_code != CURLE_OK)
		return fail(error, ATTEST_E_INTERNAL, NULL, "libcurl cannot be set up");
	return ATTEST_OK;
}

const struct attest_net_options *net_options_or_default(const struct attest_net_options *options)
{
	static const struct attest_net_options defaults = ATTEST_NET_OPTIONS_INIT;

	return options == NULL ? &defaults : options;
}

static attest_status check_verify(const struct attest_options *verify, struct attest_error *error)
{
	static const char prefix[] = "sha256//"; /* without it libcurl would take a pin for a file's name */
	const char *pin = verify->tls_pin;

	if (verify->size != sizeof(*verify))
		return fail(error, ATTEST_E_USAGE, NULL, "struct attest_options was not set up with its macro");
	if (verify->nonce != NULL || verify->tls_exporter != NULL)
		return fail(error, ATTEST_E_USAGE, NULL,
			    "a session draws its own nonces, and knows its own TLS session");
	if (pin != NULL && (strlen(pin) != ATTEST_PIN_SIZE - 1 || strncmp(pin, prefix, sizeof(prefix) - 1) != 0))
		return fail(error, ATTEST_E_USAGE, NULL, "a pin is sha256// and 44 characters of base64");
	return ATTEST_OK;
}

attest_status net_check_options(const struct attest_net_options *options, struct attest_error *error)
{
	const unsigned known = ATTEST_NET_BIND_SESSION | ATTEST_NET_CA | ATTEST_NET_AIA | ATTEST_NET_CRLS;
	bool is_ca = (options->flags & ATTEST_NET_CA) != 0;
	attest_status status;

	if (options->size != sizeof(*options))
		return fail(error, ATTEST_E_USAGE, NULL, "struct attest_net_options was not set up with its macro");
	if ((options->flags & ~known) != 0)
		return fail(error, ATTEST_E_USAGE, NULL, "unknown flags 0x%x", options->flags & ~known);
	if (options->timeout < 1 || options->timeout > 86400 || options->max_age < 1 || options->max_age > 31536000)
		return fail(error, ATTEST_E_USAGE, NULL, "timeout is 1..86400 seconds, max_age 1..31536000");
	if (is_ca && (options->flags & ATTEST_NET_BIND_SESSION) != 0)
		return fail(error, ATTEST_E_USAGE, NULL, "a proof that attests a CA binds no TLS session");
	if (!is_ca && options->server_name != NULL)
		return fail(error, ATTEST_E_USAGE, NULL, "a server's name counts only under an attested CA");
	if (options->path != NULL && options->path[0] != '/')
		return fail(error, ATTEST_E_USAGE, NULL, "a path begins with /");
	status = options_check_proxy(options->proxy, error);
	return status == ATTEST_OK && options->verify != NULL ? check_verify(options->verify, error) : status;
}

attest_status attest_net_nonce(uint8_t ret_nonce[32], struct attest_error *error)
{
	struct attest_error e = {0};
	uint8_t nonce[32];

	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		return net_given(fail_openssl(&e, ATTEST_E_INTERNAL, NULL, "OpenSSL has no random numbers"), &e, error);
	memcpy(ret_nonce, nonce, sizeof(nonce));
	return ATTEST_OK;
}

attest_status fetch_proof(const char *url, unsigned flags, struct slice nonce, struct transfer *transfer,
			  struct body *ret_proof, struct attest_error *error)
{
	DEFER(curl_free_deferred) char *asked = NULL;
	attest_status status = url_of_proof(url, flags, nonce, &asked, error);

	if (status != ATTEST_OK)
		return status;
	transfer->url = asked;
	transfer->limit = LIMIT_PROOF_BYTES;
	transfer->limit_name = "LIMIT_PROOF_BYTES";
	status = transfer_run(transfer, ret_proof, error);
	transfer->url = NULL;
	return status;
}

attest_status attest_net_fetch(const char *url, const uint8_t *nonce, size_t nonce_len,
			       const struct attest_net_options *options, uint8_t **ret_proof, size_t *ret_len,
			       struct attest_error *error)
{
	const struct attest_net_options *to = net_options_or_default(options);
	struct transfer transfer = {
		.timeout = to->timeout, .channel = {.proxy = to->proxy, .tls12 = (to->flags & ATTEST_NET_CA) != 0}
        };
	struct attest_error e = {0};
	struct body proof = {NULL, 0};
	attest_status status = net_check_options(to, &e);

	if (status == ATTEST_OK && (to->flags & ATTEST_NET_BIND_SESSION) != 0)
		status = fail(&e, ATTEST_E_USAGE, NULL,
			      "only a session can bind a proof to itself: attest_net_attest()");
	if (status == ATTEST_OK)
		status = net_begin(&e);
	if (status == ATTEST_OK)
		status = fetch_proof(url, to->flags, slice_of(nonce, nonce == NULL ? 0 : nonce_len), &transfer, &proof,
				     &e);
	if (status == ATTEST_OK) {
		*ret_proof = proof.data;
		*ret_len = proof.len;
	}
	return net_given(status, &e, error);
}

void attest_net_free(uint8_t *proof)
{
	free(proof);
}
