/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h - what the files of libattest-net share. A transfer knows nothing of sessions, a channel nothing of transfers;
 * session.c and perform.c put them together.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <pthread.h>

#include "attest-net.h"
#include "base/error.h"
#include "base/memory.h"

enum { EXPORTER_SIZE = 32 };

/* The caller's error is filled on failure and left alone otherwise; see lib/verifier.c. */
attest_status net_given(attest_status status, const struct attest_error *from, struct attest_error *error);
/* libcurl is set up once for the process. Every public function that uses it begins with this. */
attest_status net_begin(struct attest_error *error);
attest_status net_check_options(const struct attest_net_options *options, struct attest_error *error);
const struct attest_net_options *net_options_or_default(const struct attest_net_options *options);

/* url.c */

/* https, no user name, no fragment. */
attest_status url_parse(const char *url, CURLU **ret_url, struct attest_error *error);
/* "https://host:port", lower case; NULL without memory. The caller frees it. */
char *url_origin(CURLU *url);
/* Where the proof is asked for. nonce.len 0: none. */
attest_status url_of_proof(const char *url, unsigned flags, struct slice nonce, char **ret_url,
			   struct attest_error *error);

/* channel.c: what OpenSSL says of a live connection. */

/* What a connection is compared with. */
struct attested {
	bool valid;
	char pin[ATTEST_PIN_SIZE]; /* empty where a CA was attested */
	char *ca_pem;              /* else NULL */
	X509_STORE *ca;            /* with the same CA alone, else NULL */
	bool bound;
	uint8_t exporter[EXPORTER_SIZE];
	int64_t until; /* net_clock() */
};

/* Of the connection that the transfer has now; within CURLOPT_PREREQFUNCTION only. */
attest_status channel_of(CURL *curl, SSL **ret_ssl, struct attest_error *error);
attest_status channel_pin(SSL *ssl, char ret_pin[ATTEST_PIN_SIZE], struct attest_error *error);
attest_status channel_exporter(SSL *ssl, uint8_t ret_exporter[EXPORTER_SIZE], struct attest_error *error);
/* `name`: who the certificate of a server under an attested CA must be for. */
attest_status channel_check(SSL *ssl, const struct attested *attested, const char *name, struct attest_error *error);
/* ATTEST_E_TLS_PIN unless the certificate has the key with this pin. */
attest_status channel_check_key(X509 *leaf, const char *pin, struct attest_error *error);
/* Decides about the server's certificate within the handshake, in the place of OpenSSL. */
typedef int channel_verify(X509_STORE_CTX *store, void *arg);
/* Of a handshake to come: its secrets go nowhere. `verify` NULL: what libcurl has set stays. */
void channel_prepare(SSL_CTX *context, channel_verify *verify, void *arg);
/* What a channel_verify returns. */
int channel_verified(X509_STORE_CTX *store, attest_status status);
/* Milliseconds that go on while the machine sleeps. */
int64_t net_clock(void);

/* options.c: what every handle of this library has set, its own and its callers'. */

enum trust { TRUST_NOBODY, TRUST_PIN, TRUST_CA };

struct channel_options {
	enum trust trust; /* TRUST_NOBODY: whoever answers; nothing confidential may be sent */
	const char *pin, *ca_pem;
	bool own_name; /* the name is not the URL's host: libcurl leaves its check to channel_check() */
	bool http1;    /* libcurl sends HTTP/2's preface before it asks whether a request may go */
	bool tls12;
	bool plain;        /* http, for what needs no trust: then nothing else of this counts but the proxy */
	const char *proxy; /* or NULL */
	CURLSH *connections;
	curl_ssl_ctx_callback prepare; /* calls channel_prepare() */
	void *prepare_arg;
};

attest_status options_apply(CURL *curl, const struct channel_options *options, struct attest_error *error);
attest_status options_check_proxy(const char *proxy, struct attest_error *error);
/* `failed` if libcurl did not take an option. */
attest_status options_result(CURLcode code, struct attest_error *error);

/* transfer.c: requests of the library's own. */

/* Where and how; and what was seen of the connection. */
struct transfer {
	const char *url;
	struct channel_options channel;
	long timeout; /* seconds */
	size_t limit; /* bytes of the body */
	const char *limit_name;
	bool handshake_only;
	/* Looks at the connection before the request goes, and decides about it; or NULL. */
	attest_status (*look)(SSL *ssl, void *arg, struct attest_error *error);
	void *look_arg;
	CURLcode code; /* what libcurl made of it */
};

struct body {
	uint8_t *data;
	size_t len;
};

/* ret_body is malloc()ed; NULL with handshake_only. */
attest_status transfer_run(struct transfer *transfer, struct body *ret_body, struct attest_error *error);
/* What a failure of libcurl means; `detail` may be empty. */
attest_status transfer_error(CURLcode code, const char *detail, struct attest_error *error);

DEFINE_DEFER(CURL, curl_easy_cleanup);
DEFINE_DEFER(CURLU, curl_url_cleanup);
DEFINE_DEFER(char, curl_free);

#endif
