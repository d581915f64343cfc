/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest-server: serve HTTPS with a key that the TPM attests, and prove what runs: attest-server(8).
 */
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>

#include "options.h"
#include "privileges.h"
#include "prove.h"
#include "serve.h"

enum { EXIT_WRONG_USAGE = 2 };

int main(int argc, char **argv)
{
	struct options options = {.is_prove = false};
	int code;

	/* Neither another's configuration of libcrypto nor of tpm2-tss decides what this server does. */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	(void)setenv("TSS2_LOG", "all+NONE", 0);
	(void)signal(SIGPIPE, SIG_IGN); /* a TPM or client that is gone is an error of write() */
	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_DONE:
		code = EXIT_SUCCESS;
		break;
	case OPTIONS_WRONG:
		code = options.is_prove ? EXIT_PROVE_FAILED : EXIT_WRONG_USAGE;
		break;
	default:
		if (!options.is_prove)
			privileges_begin();
		code = options.is_prove ? prove_run(&options) : serve_run(&options);
	}
	options_clear(&options);
	return code;
}
