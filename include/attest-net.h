/* SPDX-License-Identifier: Apache-2.0 */
/**
 * attest-net.h - fetch a proof over the network, and speak only to the key that it attests.
 *
 * libattest decides; this library brings it what to decide on, and holds a libcurl handle to the outcome. A session
 * asks a server for a proof with a fresh nonce, has it verified, and keeps the attested TLS key. Its handles send no
 * byte of a request before the TLS 1.3 handshake has shown that the other side has this key: on every connection,
 * whatever CA the system trusts, whatever the environment says.
 *
 * What the attested key means: this software made it and measured it. Whoever can steal it from an accepted machine can
 * relay that machine's proofs; ATTEST_NET_BIND_SESSION closes that.
 *
 * Conventions are those of attest.h. A libcurl handle is `void *` here, as curl.h's CURL is void. Unlike libattest, the
 * library reads the clock, draws random numbers and opens sockets; the cache directory is the only thing that it
 * writes. It neither prints nor looks at environment variables, and libcurl's (https_proxy, NO_PROXY, SSL_CERT_FILE) do
 * not count: see struct attest_net_options. It needs a libcurl whose TLS is OpenSSL.
 *
 * All of this interface came with version 0.1.0.
 */
#ifndef ATTEST_NET_H
#define ATTEST_NET_H

#include "attest.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The proof must bind the very TLS session over which requests go (its exporter value, RFC 9266): a stolen key is not
 * enough to relay it. The session then is one connection: use its handles one after another, from one thread at a time.
 * A handle made from a template with TLS options of its own (client certificate, ciphers) gets a connection of its own,
 * and is refused.
 */
#define ATTEST_NET_BIND_SESSION 1u
/**
 * The proof attests a CA, not a key (BlindLlama, AICert). It is asked for without a nonce, at /attestation.json where
 * the URL has no path; TLS 1.2 and later is accepted from servers whose certificate stands under this CA alone. Not
 * with ATTEST_NET_BIND_SESSION.
 */
#define ATTEST_NET_CA 2u

/** Download issuers that the chain of a proof lacks, from where its certificates say (RFC 5280, 4.2.2.1). */
#define ATTEST_NET_AIA 4u
/**
 * Download the CRLs of the path, and refuse the proof unless they cover it: as require_crls of struct attest_options.
 * One that cannot be had is ATTEST_E_CRL, never a pass.
 */
#define ATTEST_NET_CRLS 8u
/*
 * Both ask, in plain HTTP and without following redirects, addresses that stand in certificates; those of issuers may
 * have been written by whoever wrote the proof, and may lie in a private network. What comes is only as good as its
 * signature. They are never needed unless asked for.
 */

#define ATTEST_NET_DEFAULT_TIMEOUT 60u   /**< seconds */
#define ATTEST_NET_DEFAULT_MAX_AGE 3600u /**< seconds */

/** Options of everything here. Set it up with ATTEST_NET_OPTIONS_INIT, then fill in. Strings are copied. */
struct attest_net_options {
	size_t size;      /**< sizeof(struct attest_net_options), set by the macro */
	unsigned flags;   /**< ATTEST_NET_… */
	uint32_t timeout; /**< seconds that one fetch may take in all, and all downloads for one proof; 1..86400 */
	uint32_t max_age; /**< of a session: seconds, 1..31536000, for which an attested key is used before the server
			     is asked again; never longer than its verdict is good */
	/**
	 * Of a session: how its proofs are verified; NULL: ATTEST_OPTIONS_INIT. An unset time means the clock. Nonce
	 * and tls_exporter must not be set. The struct and tls_pin are copied; certificates and crls must outlive the
	 * session.
	 */
	const struct attest_options *verify;
	/**
	 * NULL: none, whatever the environment says. Else "http://host:port" or "socks5h://host:port" (socks5, socks4a
	 * and socks4 too). Through it, requests are tunnelled (CONNECT) and remain unreadable to it, but for the name
	 * of the server and the caller's CURLOPT_USERAGENT; downloads are not.
	 */
	const char *proxy;
	const char *path; /**< of a session: where its server is asked for the proof; NULL: /.well-known/attestation,
			     or /attestation.json with ATTEST_NET_CA */
	const char *server_name; /**< with ATTEST_NET_CA: the name that the server's certificate must be for; NULL: the
				    URL's host */
	/**
	 * A directory for what is downloaded, made if it is not there; NULL: none. Only what a chain held with is
	 * written. What lies there is tried first, and if the chain does not hold with it, all is downloaded anew. One
	 * that cannot be read or written is done without.
	 */
	const char *cache;
};
#define ATTEST_NET_OPTIONS_INIT                                                                                        \
	{                                                                                                              \
		sizeof(struct attest_net_options), 0, ATTEST_NET_DEFAULT_TIMEOUT, ATTEST_NET_DEFAULT_MAX_AGE, NULL,    \
			NULL, NULL, NULL, NULL                                                                         \
	}

/**
 * attest_net_nonce() - 32 random bytes, the longest nonce that every cloud's TPM takes
 * Return: ATTEST_OK, ATTEST_E_INTERNAL (no randomness). Thread-safe.
 */
ATTEST_API attest_status attest_net_nonce(uint8_t ret_nonce[32], struct attest_error *error);

/**
 * attest_net_fetch() - ask a server for a proof
 * @url: "https://host[:port][/path]"; without a path, or with "/", /.well-known/attestation is asked for. Neither user
 *   name nor fragment.
 * @nonce: 8..64 bytes, or NULL: then the server's standing proof is asked for
 * @options: NULL: the defaults. Only `timeout`, `proxy` and ATTEST_NET_CA (no nonce, /attestation.json) count.
 * @ret_proof: at most 384 MiB; the caller frees it with attest_net_free()
 *
 * The channel is not trusted: any certificate will do, and the proof must be verified. TLS 1.3 (1.2 with
 * ATTEST_NET_CA), no redirect, no cookie, no compression.
 *
 * Return: ATTEST_OK, ATTEST_E_USAGE (URL, nonce or options), ATTEST_E_IO (network, or an HTTP status other than 200;
 * the message says which), ATTEST_E_LIMIT, ATTEST_E_ENCODING (it came compressed), ATTEST_E_NO_MEMORY,
 * ATTEST_E_INTERNAL. Thread-safe.
 */
ATTEST_API attest_status attest_net_fetch(const char *url, const uint8_t *nonce, size_t nonce_len,
					  const struct attest_net_options *options, uint8_t **ret_proof,
					  size_t *ret_len, struct attest_error *error);
ATTEST_API void attest_net_free(uint8_t *proof);

/**
 * attest_net_verify() - attest_verify(), with downloads
 * @net_options: NULL: no downloads. Only `timeout`, `proxy`, `cache`, ATTEST_NET_AIA and ATTEST_NET_CRLS count.
 *
 * At most 8 rounds of downloads, 16 certificates and 16 CRLs with those of the options. What cannot be downloaded is
 * done without, which can only refuse: if the chain then reaches no anchor, ATTEST_E_UNTRUSTED, if a CRL is missing,
 * ATTEST_E_CRL, and `error` says which download failed. All else as attest_verify(). Thread-safe.
 */
ATTEST_API attest_status attest_net_verify(attest_verifier *verifier, const struct attest_options *options,
					   const void *proof, size_t len, const struct attest_net_options *net_options,
					   attest_result **ret_result, struct attest_error *error);

typedef struct attest_net_session attest_net_session;

/**
 * attest_net_session_new() - prepare to speak to one server: scheme, host and port of a URL
 * @verifier: must outlive the session
 * @url: of the server, or of anything on it: its path does not count
 * @options: NULL: the defaults
 *
 * Nothing is sent. Threads may share a session, unless ATTEST_NET_BIND_SESSION says otherwise.
 *
 * Return: ATTEST_OK, ATTEST_E_USAGE (URL or options), ATTEST_E_NO_MEMORY, ATTEST_E_INTERNAL.
 */
ATTEST_API attest_status attest_net_session_new(attest_verifier *verifier, const char *url,
						const struct attest_net_options *options,
						attest_net_session **ret_session, struct attest_error *error);
/** Free a session. Its handles must have been freed with curl_easy_cleanup() before. */
ATTEST_API void attest_net_session_free(attest_net_session *session);

/**
 * attest_net_attest() - fetch a proof with a new nonce, verify it, and keep the attested key
 * @ret_result: may be NULL. The full account as of attest_verify(), set whenever a proof was decided, so also when it
 * is refused; the caller frees it. Its step `tls` has passed only if a live connection had the attested key: with every
 *   proof a handshake is made in which no byte of a request is sent.
 *
 * A refusal makes the session forget the key that it had; a failure to fetch does not.
 *
 * Return: ATTEST_OK if and only if the proof is VERIFIED and the server has the attested key; else as attest_verify()
 * or attest_net_fetch(); ATTEST_E_TLS_PIN: the server is not under the attested CA (then the result, which tells of the
 * proof, may say VERIFIED); ATTEST_E_TLS_REQUIRED: the proof attests a key, and the flags ask for a CA.
 */
ATTEST_API attest_status attest_net_attest(attest_net_session *session, attest_result **ret_result,
					   struct attest_error *error);
/** attest_net_refresh() - as attest_net_attest(), but only if there is no attested key or its time has passed. */
ATTEST_API attest_status attest_net_refresh(attest_net_session *session, struct attest_error *error);
/**
 * attest_net_pin() - the attested key's pin, as curl's --pinnedpubkey takes it
 * Return: ATTEST_OK, ATTEST_E_STATE (none, its time has passed, or a CA was attested).
 */
ATTEST_API attest_status attest_net_pin(attest_net_session *session, char ret_pin[ATTEST_PIN_SIZE],
					struct attest_error *error);
/**
 * The proof that was fetched last, whether believed or not; NULL if none. Valid until the session attests again, so not
 * to be called while another thread may attest (attest, refresh, perform).
 */
ATTEST_API const uint8_t *attest_net_proof(const attest_net_session *session, size_t *ret_len);

/**
 * attest_net_handle() - a libcurl handle that speaks only to the attested key
 * @template_curl: a CURL handle whose options it takes over (curl_easy_duphandle()), or NULL: libcurl's defaults. It is
 *   not changed, and must not be in use during the call.
 * @ret_curl: a CURL handle; the caller frees it with curl_easy_cleanup(), before the session
 *
 * Set on it: https only, TLS 1.3 only (with ATTEST_NET_CA 1.2 and later), the pin or the attested CA as the only trust,
 * no redirects, no resumption, no early data, no proxy but that of the options, no custom headers to proxies, no
 * CURLOPT_CURLU and CURLOPT_PORT (give the URL as CURLOPT_URL); TLS secrets go to no SSLKEYLOGFILE.
 * Within the handshake a callback of OpenSSL, set by libcurl's CURLOPT_SSL_CTX_FUNCTION, demands the attested key, so
 * that nobody else gets even a client certificate of the template. With ATTEST_NET_CA libcurl's own check does this.
 * Before each request, on new and kept connections alike, a callback of libcurl (CURLOPT_PREREQFUNCTION) looks at the
 * TLS connection itself and at the URL, and stops the transfer with CURLE_ABORTED_BY_CALLBACK before its first byte
 * unless the origin is the session's, the peer has the attested key, the handshake was a full one, and the key's time
 * has not passed.
 *
 * The caller may set any other option. The library's own are CURLOPT_PREREQFUNCTION, _PREREQDATA, _SSL_CTX_FUNCTION,
 * _SSL_CTX_DATA, _PINNEDPUBLICKEY, _PROTOCOLS(_STR) and _REDIR_PROTOCOLS(_STR): whoever sets them, or calls
 * curl_easy_reset(), has given up the promise; so has, towards a proxy, who sets CURLOPT_HEADEROPT or
 * CURLOPT_HAPROXYPROTOCOL. attest_net_perform() sets all of the above anew each time. CURLOPT_DOH_URL does not work:
 * that server does not have the key.
 *
 * A copy of the handle is made with attest_net_handle(session, handle). curl_easy_duphandle() of a session's handle
 * gives up the promise; the transfers of such a copy are refused where they can be told.
 *
 * Return: ATTEST_OK, ATTEST_E_STATE (no attested key, or its time has passed), ATTEST_E_NO_MEMORY, ATTEST_E_INTERNAL.
 */
ATTEST_API attest_status attest_net_handle(attest_net_session *session, void *template_curl, void **ret_curl,
					   struct attest_error *error);
/**
 * attest_net_perform() - curl_easy_perform() with the attested key, attesting again where that is due
 * @curl: of attest_net_handle() of this session
 * @ret_code: libcurl's CURLcode of the last transfer, set whenever there was one; may be NULL
 *
 * Attests again, with a new nonce and once, if the key's time has passed, or if the server shows another key (or, with
 * ATTEST_NET_BIND_SESSION, the connection is another) and no byte of a request has left; then the transfer is tried
 * again. Within callbacks of the transfer the session must not be used.
 *
 * Return: ATTEST_OK if libcurl did; HTTP statuses are the caller's to read. Else what attest_net_attest() returned;
 * ATTEST_E_TLS_PIN, ATTEST_E_TLS_BINDING (the connection is not the attested one); ATTEST_E_USAGE (not a handle of this
 * session, or its URL is of another origin); ATTEST_E_IO (any other failure of libcurl).
 */
ATTEST_API attest_status attest_net_perform(attest_net_session *session, void *curl, int *ret_code,
					    struct attest_error *error);

#ifdef __cplusplus
}
#endif
#endif
