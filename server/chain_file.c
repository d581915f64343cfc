/* SPDX-License-Identifier: Apache-2.0 */
#include "chain_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdlib.h>

#include "files.h"
#include "report.h"

struct chain_file {
	const struct identity *identity;
	const char *path;
	pthread_mutex_t mutex;
	SSL_CTX *loaded; /* holds leaf, chain and key; NULL: the self-signed certificate is served */
};

/* Before each handshake: the context's own certificate may not be changed while threads use it. */
static int choose(SSL *ssl, void *arg)
{
	struct chain_file *chain = arg;
	STACK_OF(X509) *others = NULL;
	int ok = 1;

	(void)pthread_mutex_lock(&chain->mutex);
	if (chain->loaded != NULL) {
		X509 *leaf = SSL_CTX_get0_certificate(chain->loaded);

		(void)SSL_CTX_get0_chain_certs(chain->loaded, &others);
		ok = SSL_use_cert_and_key(ssl, leaf, chain->identity->key, others, 1);
	}
	(void)pthread_mutex_unlock(&chain->mutex);
	return ok;
}

void chain_file_reload(struct chain_file *chain)
{
	struct attest_error error = {0};
	SSL_CTX *loaded = NULL;
	SSL_CTX *old;

	if (identity_context(chain->identity, chain->path, &loaded, &error) != ATTEST_OK) {
		report_error("--certificate", &error);
		report("the certificate that was served before is served further");
		return;
	}
	(void)pthread_mutex_lock(&chain->mutex);
	old = chain->loaded;
	chain->loaded = loaded;
	(void)pthread_mutex_unlock(&chain->mutex);
	SSL_CTX_free(old);
	report("%s: this certificate is served from now on", chain->path);
}

attest_status chain_file_new(SSL_CTX *context, const struct identity *identity, const char *path,
			     struct chain_file **ret_chain, struct attest_error *error)
{
	struct chain_file *chain = calloc(1, sizeof(*chain));

	if (chain == NULL)
		return fail_memory(error);
	chain->identity = identity;
	chain->path = path;
	(void)pthread_mutex_init(&chain->mutex, NULL);
	SSL_CTX_set_cert_cb(context, choose, chain);
	chain_file_reload(chain);
	*ret_chain = chain;
	return ATTEST_OK;
}

void chain_file_free(struct chain_file *chain)
{
	if (chain == NULL)
		return;
	SSL_CTX_free(chain->loaded);
	(void)pthread_mutex_destroy(&chain->mutex);
	free(chain);
}
