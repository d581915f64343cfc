/* SPDX-License-Identifier: Apache-2.0 */
#include "stand_in.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "identity.h"
#include "listener.h"
#include "log.h"

static unsigned prove_ms = 1, proof_bytes, fails, max_header, max_connections, max_body, depth = 64, grace = 5, verbose;
static unsigned patience;
static struct listener_options options;
static const char *chain;
static struct listener *listener;

static const struct {
	const char *name;
	unsigned *number;
	const char **text;
} table[] = {
	{"--listen",           NULL,                      &options.address },
	{"--upstream",         NULL,                      &options.upstream},
	{"--chain",            NULL,                      &chain           },
	{"--threads",          &options.threads,          NULL             },
	{"--idle-seconds",     &options.idle_seconds,     NULL             },
	{"--header-seconds",   &options.header_seconds,   NULL             },
	{"--stall-seconds",    &options.stall_seconds,    NULL             },
	{"--upstream-seconds", &options.upstream_seconds, NULL             },
	{"--max-connections",  &max_connections,          NULL             },
	{"--max-header",       &max_header,               NULL             },
	{"--max-body",         &max_body,                 NULL             },
	{"--prove-ms",         &prove_ms,                 NULL             }, /* how long the TPM takes */
	{"--proof-bytes",      &proof_bytes,              NULL             },
	{"--fail",             &fails,                    NULL             }, /* 1: the TPM makes no proof */
	{"--question-seconds", &patience,                 NULL             },
	{"--depth",            &depth,                    NULL             },
	{"--grace",            &grace,                    NULL             },
	{"--verbose",          &verbose,                  NULL             },
};

static attest_status prove(struct prover *prover, const struct prover_ask *ask, char **ret_json, size_t *ret_len,
			   struct attest_error *error)
{
	struct timespec pause = {prove_ms / 1000, (long)(prove_ms % 1000) * 1000000};
	char nonce[HEX_SIZE(64)] = "", exporter[HEX_SIZE(32)] = "";
	size_t size = 256 + proof_bytes;
	char *json = malloc(size);
	int len;

	(void)prover;
	if (json == NULL)
		return fail_memory(error);
	(void)nanosleep(&pause, NULL);
	if (fails != 0) {
		free(json);
		return fail(error, ATTEST_E_IO, NULL, "the TPM is not there, says its secret driver");
	}
	hex_encode(ask->nonce, nonce);
	hex_encode(ask->exporter, exporter);
	len = snprintf(json, size, "{\"nonce\": \"%s\", \"exporter\": \"%s\", \"padding\": \"%0*d\"}", nonce, exporter,
		       (int)proof_bytes, 0);
	*ret_json = json;
	*ret_len = (size_t)len;
	return ATTEST_OK;
}

static bool read_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		size_t at = 0;

		while (at < sizeof(table) / sizeof(table[0]) && strcmp(argv[i], table[at].name) != 0)
			at++;
		if (at == sizeof(table) / sizeof(table[0]) || i + 1 == argc)
			return false;
		if (table[at].text != NULL)
			*table[at].text = argv[i + 1];
		else
			*table[at].number = (unsigned)strtoul(argv[i + 1], NULL, 10);
	}
	return true;
}

static void on_signal(int number)
{
	(void)number;
	listener_stop(listener);
}

static attest_status serve(struct attest_error *error)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "::1"};
	struct identity identity = {0};
	attest_status status = identity_new(names, 3, &identity, error);

	if (status == ATTEST_OK)
		status = identity_context(&identity, chain, &options.context, error);
	if (status == ATTEST_OK)
		status = quoter_start_with(prove, NULL, depth, &options.quoter, error);
	if (status == ATTEST_OK)
		status = listener_open(&options, &listener, error);
	if (status == ATTEST_OK && patience > 0)
		quoter_set_patience(options.quoter, patience);
	if (status == ATTEST_OK) {
		(void)signal(SIGTERM, on_signal);
		(void)printf("listening on %s\n", listener_address(listener));
		(void)fflush(stdout);
		status = listener_run(listener, grace, error);
	}
	quoter_stop(options.quoter);
	(void)signal(SIGTERM, SIG_IGN); /* it is ending already */
	listener_free(listener);
	SSL_CTX_free(options.context);
	identity_clear(&identity);
	return status;
}

int stand_in(int argc, char **argv)
{
	struct attest_error error = {0};

	if (!read_options(argc, argv)) {
		(void)fprintf(stderr, "unknown option, or one without its value\n");
		return 2;
	}
	options.max_header = max_header;
	options.max_connections = max_connections;
	options.max_body = max_body;
	if (verbose != 0)
		log_level = LOG_LEVEL_ACCESS;
	if (serve(&error) == ATTEST_OK)
		return 0;
	(void)fprintf(stderr, "%s (%s%s)\n", error.message, error.found, error.where);
	return 1;
}
