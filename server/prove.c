/* SPDX-License-Identifier: Apache-2.0 */
#include "prove.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base/json_write.h"
#include "command.h"
#include "files.h"
#include "machine.h"
#include "report.h"

static const uint32_t pcrs_of_prove = 1u << PCR_SERVED | 1u << PCR_OUTPUTS | 1u << PCR_KEY;

DEFINE_DEFER(json_t, json_decref);

/* Whoever has the command can make this text again. */
static attest_status command_text(const struct options *options, char **ret_text, struct attest_error *error)
{
	DEFER(json_decref_deferred) json_t *config = json_object();
	json_t *words = json_array();
	bool ok = true;

	json_put_text(config, "version", ATTEST_VERSION, &ok);
	if (options->demo)
		json_put(config, "demo", json_true(), &ok);
	for (char **word = options->command; *word != NULL; word++) {
		json_t *text = json_string(*word);

		if (text == NULL) {
			json_decref(words);
			return fail(error, ATTEST_E_USAGE, NULL, "the command must be UTF-8 to be measured");
		}
		json_add(words, text, &ok);
	}
	json_put(config, "command", words, &ok);
	*ret_text = ok ? json_line(config) : NULL;
	return *ret_text == NULL ? fail_memory(error) : ATTEST_OK;
}

/*
 * PCR 15 gets its separator and no key. The nonce is quoted as it comes, so that it may be the very hash that binds
 * somebody's TLS key: a PCR 15 that was begun and names no key makes verifiers refuse that.
 */
static attest_status measure_inputs(const struct options *options, struct machine *machine, struct measurements *plan,
				    const char *config, struct attest_error *error)
{
	uint8_t digest[32];
	attest_status status = digest_sha256(slice_of_string(config), digest, error);

	if (status == ATTEST_OK)
		status = measure_event(plan, PCR_SERVED, "config",
				       options->demo ? "DEMO-software-TPM/command" : "command", digest, error);
	if (status == ATTEST_OK)
		status = subjects_measure(plan, PCR_SERVED, options->subjects, options->n_subjects, NULL, error);
	if (status == ATTEST_OK)
		status = measure_event(plan, PCR_KEY, "separator", NULL, NULL, error);
	return status == ATTEST_OK ? state_measure(machine->state, machine->tpm, plan, error) : status;
}

static attest_status measure_outputs(const struct options *options, struct machine *machine, struct measurements *plan,
				     struct attest_error *error)
{
	attest_status status = subjects_measure(plan, PCR_OUTPUTS, options->outputs, options->n_outputs, NULL, error);

	return status == ATTEST_OK ? state_measure(machine->state, machine->tpm, plan, error) : status;
}

static attest_status write_proof(const struct options *options, struct prover *prover, struct attest_error *error)
{
	char *json = NULL;
	size_t len;
	attest_status status = prover_prove_raw(prover, options->nonce, &json, &len, error);

	if (status != ATTEST_OK)
		return status;
	status = file_write(options->proof, slice_of(json, len), 0644, error);
	free(json);
	return status;
}

/* Everything after the machine is open. *ret_command: the command's exit status. */
static attest_status work(const struct options *options, struct machine *machine, struct prover *prover,
			  const char *config, struct arena *arena, int *ret_command, struct attest_error *error)
{
	struct measurements plan = {.arena = arena};
	attest_status status = prover_check(prover, false, error);

	if (status == ATTEST_OK)
		status = measure_inputs(options, machine, &plan, config, error);
	if (status != ATTEST_OK)
		return status;
	*ret_command = command_run(options->command);
	if (*ret_command != 0) {
		report("the command ended with status %d: there is no proof", *ret_command);
		return ATTEST_OK;
	}
	status = measure_outputs(options, machine, &plan, error);
	return status == ATTEST_OK ? write_proof(options, prover, error) : status;
}

static attest_status run(const struct options *options, struct machine *machine, int *ret_command,
			 struct attest_error *error)
{
	struct arena arena = {NULL};
	struct prover_setup setup;
	struct prover *prover = NULL;
	char *config = NULL;
	attest_status status = machine_open(options, pcrs_of_prove, machine, error);

	if (status == ATTEST_OK)
		status = command_text(options, &config, error);
	if (status == ATTEST_OK) {
		setup = machine_setup(machine, pcrs_of_prove);
		setup.config = config;
		status = prover_new(&setup, &prover, error);
	}
	if (status == ATTEST_OK)
		status = work(options, machine, prover, config, &arena, ret_command, error);
	prover_free(prover);
	free(config);
	arena_free(&arena);
	return status;
}

int prove_run(const struct options *options)
{
	struct attest_error error = {0};
	struct machine machine;
	int command = 0;
	attest_status status;

	command_begin();
	status = run(options, &machine, &command, &error);
	machine_close(&machine);
	if (status != ATTEST_OK) {
		report_error(NULL, &error);
		return EXIT_PROVE_FAILED;
	}
	if (command == 0)
		report("%s: the proof of this run", options->proof);
	return command;
}
