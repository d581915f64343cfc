/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain_file.h - the certificate that a public CA has issued for the server's key, in a file that may come later than
 * the server. Until it is there, and for this key, the self-signed one is served.
 */
#ifndef SERVER_CHAIN_FILE_H
#define SERVER_CHAIN_FILE_H

#include "identity.h"

struct chain_file;

/* `context` is the server's; `identity` and `path` are borrowed. */
attest_status chain_file_new(SSL_CTX *context, const struct identity *identity, const char *path,
			     struct chain_file **ret_chain, struct attest_error *error);
/* Read the file again, for connections from now on, and report what came of it. Thread-safe. */
void chain_file_reload(struct chain_file *chain);
/* After the last connection. */
void chain_file_free(struct chain_file *chain);

#endif
