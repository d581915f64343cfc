/* SPDX-License-Identifier: Apache-2.0 */
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/json_write.h"
#include "chain_file.h"
#include "files.h"
#include "identity.h"
#include "listener.h"
#include "log.h"
#include "machine.h"
#include "notify.h"
#include "privileges.h"
#include "report.h"
#include "signals.h"

static const uint32_t pcrs_of_server = 1u << PCR_SERVED | 1u << PCR_KEY;

DEFINE_DEFER(json_t, json_decref);

struct server {
	const struct options *options;
	struct arena arena;
	struct machine machine;
	struct identity identity;
	bool key_was_kept;
	char *config;
	SSL_CTX *context;
	struct chain_file *chain;
	struct prover *prover;
	struct quoter *quoter;
	struct listener *listener;
};

static json_t *measured_json(const struct options *options, bool *ok)
{
	json_t *all = json_array();

	for (size_t i = 0; i < options->n_subjects; i++) {
		json_t *one = json_object();

		json_put_text(one, "type", options->subjects[i].type, ok);
		json_put_text(one, "name", options->subjects[i].name, ok);
		json_add(all, one, ok);
	}
	return all;
}

/* The configuration that decides what this server does, as one text: its digest is the first event. */
static attest_status make_config(struct server *server, struct attest_error *error)
{
	const struct options *options = server->options;
	DEFER(json_decref_deferred) json_t *config = json_object();
	json_t *names = json_array();
	bool ok = true;

	for (size_t i = 0; i < options->n_names; i++)
		json_add(names, json_string(options->names[i]), &ok);
	json_put_text(config, "version", ATTEST_VERSION, &ok);
	if (options->demo)
		json_put(config, "demo", json_true(), &ok);
	json_put_text(config, "listen", options->listen, &ok);
	json_put_text(config, "upstream", options->upstream, &ok);
	json_put(config, "names", names, &ok);
	json_put_text(config, "pcrs", options->pcrs, &ok);
	json_put(config, "keep_key", json_boolean(options->keep_key), &ok);
	json_put(config, "measured", measured_json(options, &ok), &ok);
	server->config = ok ? json_line(config) : NULL;
	return server->config == NULL ? fail(error, ATTEST_E_USAGE, NULL,
					     "the options must be UTF-8 to be measured, and there must be "
					     "memory for them")
				      : ATTEST_OK;
}

/* After a restart only the key that PCR 15 names will do. */
static attest_status find_identity(struct server *server, struct attest_error *error)
{
	const struct options *options = server->options;
	bool restart = state_is_restart(server->machine.state);
	attest_status status = kept_identity(&server->identity, &server->key_was_kept, error);

	if (status != ATTEST_OK)
		return status;
	if (server->key_was_kept && !restart) { /* a new boot: that key's day is over */
		identity_clear(&server->identity);
		server->key_was_kept = false;
	}
	if (server->key_was_kept)
		return ATTEST_OK;
	forget_identity();
	if (state_has_key(server->machine.state))
		return state_refuse(server->machine.state, error);
	return identity_new(options->names, options->n_names, &server->identity, error);
}

static attest_status write_request(const struct server *server, struct attest_error *error)
{
	const struct options *options = server->options;
	char *pem = NULL;
	attest_status status = identity_request(&server->identity, options->names, options->n_names, &pem, error);

	if (status == ATTEST_OK)
		status = file_write(options->csr, slice_of_string(pem), 0644, error);
	free(pem);
	return status;
}

static attest_status prepare_tls(struct server *server, struct attest_error *error)
{
	const struct options *options = server->options;
	attest_status status = find_identity(server, error);

	if (status == ATTEST_OK)
		status = identity_context(&server->identity, NULL, &server->context, error);
	if (status == ATTEST_OK && options->csr != NULL)
		status = write_request(server, error);
	if (status == ATTEST_OK && options->certificate != NULL)
		status =
			chain_file_new(server->context, &server->identity, options->certificate, &server->chain, error);
	return status;
}

static attest_status prepare_proofs(struct server *server, struct attest_error *error)
{
	struct prover_setup setup = machine_setup(&server->machine, pcrs_of_server);

	setup.tls_pem = server->identity.public_pem;
	setup.tls_spki = server->identity.spki_sha256;
	setup.config = server->config;
	return prover_new(&setup, &server->prover, error);
}

static attest_status bind_listener(struct server *server, struct attest_error *error)
{
	const struct options *options = server->options;
	struct listener_options listener = {
		.address = options->listen,
		.upstream = options->upstream,
		.threads = options->threads,
		.context = server->context,
	};
	attest_status status = quoter_start(server->prover, options->queue, &server->quoter, error);

	listener.quoter = server->quoter;
	return status == ATTEST_OK ? listener_open(&listener, &server->listener, error) : status;
}

static attest_status make_plan(const struct server *server, struct measurements *plan, struct attest_error *error)
{
	const struct options *options = server->options;
	uint8_t digest[32];
	attest_status status = digest_sha256(slice_of_string(server->config), digest, error);

	if (status == ATTEST_OK)
		status = measure_event(plan, PCR_SERVED, "config",
				       options->demo ? "DEMO-software-TPM/attest-server" : "attest-server", digest,
				       error);
	if (status == ATTEST_OK)
		status = subjects_measure(plan, PCR_SERVED, options->subjects, options->n_subjects,
					  options->manifest_out, error);
	if (status == ATTEST_OK)
		status = measure_event(plan, PCR_KEY, "separator", NULL, NULL, error);
	if (status == ATTEST_OK)
		status =
			measure_event(plan, PCR_KEY, "tls-key", options->names[0], server->identity.spki_sha256, error);
	return status;
}

/* What is in the PCRs stays there: all that can fail has been tried before. */
static attest_status measure(struct server *server, const struct measurements *plan, struct attest_error *error)
{
	attest_status status = prover_check(server->prover, false, error);

	/* Before PCR 15 names the key, or a death in between would lose it. */
	if (status == ATTEST_OK && server->options->keep_key && !server->key_was_kept)
		status = keep_identity(&server->identity, error);
	if (status == ATTEST_OK)
		status = state_measure(server->machine.state, server->machine.tpm, plan, error);
	return status == ATTEST_OK ? prover_check(server->prover, true, error) : status;
}

/* A file that cannot be written is no reason to throw a measured start away. */
static void write_proof(const struct server *server)
{
	const struct prover_ask standing = {
		.nonce = {NULL, 0}
        };
	struct attest_error error = {0};
	char *json = NULL;
	size_t len;

	if (prover_prove(server->prover, &standing, &json, &len, &error) != ATTEST_OK ||
	    file_write(server->options->proof, slice_of(json, len), 0644, &error) != ATTEST_OK)
		report_error("--proof", &error);
	free(json);
}

static attest_status prepare(struct server *server, struct measurements *plan, struct attest_error *error)
{
	const struct options *options = server->options;
	attest_status status = make_config(server, error);

	if (status == ATTEST_OK)
		status = machine_open(options, pcrs_of_server, &server->machine, error);
	if (status == ATTEST_OK)
		status = signals_begin(error);
	if (status == ATTEST_OK)
		status = prepare_tls(server, error);
	if (status == ATTEST_OK)
		status = prepare_proofs(server, error);
	if (status == ATTEST_OK)
		status = bind_listener(server, error);
	return status == ATTEST_OK ? make_plan(server, plan, error) : status;
}

static attest_status start(struct server *server, struct attest_error *error)
{
	const struct options *options = server->options;
	struct measurements plan = {.arena = &server->arena};
	attest_status status = prepare(server, &plan, error);

	if (status == ATTEST_OK && options->user != NULL)
		status = privileges_drop(options->user, error);
	if (status == ATTEST_OK)
		status = measure(server, &plan, error);
	if (status == ATTEST_OK && options->proof != NULL)
		write_proof(server);
	return status;
}

static attest_status serve(struct server *server, struct attest_error *error)
{
	char pin[ATTEST_PIN_SIZE];
	attest_status status =
		attest_pin_of(server->identity.public_pem, strlen(server->identity.public_pem), pin, error);

	if (status != ATTEST_OK)
		return status;
	signals_serve(server->listener, server->chain);
	report("listening on https://%s, pin %s", listener_address(server->listener), pin);
	notify("READY=1");
	status = listener_run(server->listener, server->options->grace, error);
	notify("STOPPING=1");
	signals_end();
	return status;
}

static void clear(struct server *server)
{
	quoter_stop(server->quoter); /* answers what the listener still waits for */
	listener_free(server->listener);
	prover_free(server->prover);
	SSL_CTX_free(server->context);
	chain_file_free(server->chain);
	identity_clear(&server->identity);
	machine_close(&server->machine);
	free(server->config);
	arena_free(&server->arena);
}

static attest_status print_config(struct server *server, struct attest_error *error)
{
	attest_status status = make_config(server, error);

	if (status != ATTEST_OK)
		return status;
	if (puts(server->config) == EOF || fflush(stdout) != 0)
		return fail(error, ATTEST_E_IO, NULL, "standard output cannot be written to");
	return ATTEST_OK;
}

int serve_run(const struct options *options)
{
	struct server server = {.options = options};
	struct attest_error error = {0};
	attest_status status;

	machine_init(&server.machine);
	log_level = options->access_log ? LOG_LEVEL_ACCESS : LOG_LEVEL_NOTICE;
	status = options->print_config ? print_config(&server, &error) : start(&server, &error);
	if (status == ATTEST_OK && !options->print_config)
		status = serve(&server, &error);
	clear(&server);
	if (status == ATTEST_OK)
		return EXIT_SUCCESS;
	report_error(NULL, &error);
	return EXIT_FAILURE;
}
