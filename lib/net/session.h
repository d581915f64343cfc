/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - sessions, and the handles that are held to what was attested.
 */
#ifndef NET_SESSION_H
#define NET_SESSION_H

#include "net.h"

/* What the callback before a request knows of the handle that it is for. */
struct guard {
	attest_net_session *session;
	CURL *curl;
	struct guard *next;
	unsigned n_allowed;        /* requests that may have begun since it was cleared */
	struct attest_error error; /* why the last one was stopped */
};

struct attest_net_session {
	attest_verifier *verifier;
	struct attest_net_options options; /* strings in the arena, `verify` beside it */
	struct attest_options verify;
	struct arena arena;
	char *url, *origin, *host;
	CURLSH *connections;       /* ATTEST_NET_BIND_SESSION */
	pthread_mutex_t attesting; /* held while the server is asked, for what follows */
	struct body proof;
	pthread_mutex_t lock; /* for what follows */
	struct attested attested;
	struct guard *guards;
};

/* What a connection is compared with now. ATTEST_E_STATE if there is nothing; else free it. */
attest_status session_attested(attest_net_session *session, struct attested *ret_attested, struct attest_error *error);
/* Takes it over. */
void session_set_attested(attest_net_session *session, struct attested *attested);
void attested_free(struct attested *attested);
struct channel_options session_channel(const attest_net_session *session, const struct attested *attested);
/* Whom a certificate under an attested CA must be for. */
const char *session_name(const attest_net_session *session);

/* Set what the library sets, and clear the guard. */
attest_status handle_prepare(struct guard *guard, struct attest_error *error);
/* NULL: not a handle of this session. */
struct guard *handle_guard(attest_net_session *session, const CURL *curl);

#endif
