/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"

#include <string.h>
#include <unistd.h>

#include "report.h"

static attest_status select_quoted(const struct options *options, uint32_t pcrs, struct machine *machine,
				   struct attest_error *error)
{
	const struct pcr_selection *banks = tpm_banks(machine->tpm);
	attest_status status = pcr_selection_parse(options->pcrs, &machine->selection, error);

	if (status != ATTEST_OK)
		return status;
	machine->selection.pcrs[digest_index(ALG_SHA256)] |= pcrs;
	for (size_t i = 0; i < N_ALGORITHMS; i++) {
		if ((machine->selection.pcrs[i] & ~banks->pcrs[i]) == 0)
			continue;
		error_where(error, "bank %s", digest_name(digest_at(i)));
		return fail(error, ATTEST_E_IO, NULL,
			    "the TPM has not all the PCRs of --pcrs in this bank; choose others, or allocate the bank "
			    "with tpm2_pcrallocate and reboot");
	}
	return ATTEST_OK;
}

static attest_status start_demo(const struct options *options, struct machine *machine, struct attest_error *error)
{
	attest_status status = demo_start(options->demo_root, &machine->demo, error);

	if (status == ATTEST_OK) {
		report("DEMO: this is a software TPM with a CA made just now. No hardware stands behind its proofs: "
		       "they prove nothing to anybody.");
	}
	return status;
}

static const char *state_folder(const struct options *options, const struct machine *machine)
{
	return options->state == NULL ? machine->demo.folder : options->state;
}

static attest_status open_state(const struct options *options, uint32_t pcrs, struct machine *machine,
				struct attest_error *error)
{
	struct pcr_table base;
	attest_status status = logs_replay(&machine->logs, pcrs, &base, error);

	if (status == ATTEST_OK) {
		status = state_open(state_folder(options, machine), machine->lock, machine->tpm, pcrs, &base,
				    &machine->state, error);
		machine->lock = -1; /* transferred */
	}
	if (status == ATTEST_OK && state_is_restart(machine->state) && !options->adopt)
		status = state_refuse(machine->state, error);
	return status;
}

void machine_init(struct machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	machine->demo.leash = machine->lock = -1;
	for (size_t i = 0; i < N_LOGS; i++)
		machine->logs.sources[i].fd = -1;
}

attest_status machine_open(const struct options *options, uint32_t pcrs, struct machine *machine,
			   struct attest_error *error)
{
	struct ak_options ak = options->ak;
	attest_status status = ATTEST_OK;

	machine_init(machine);
	if (options->demo)
		status = start_demo(options, machine, error);
	if (status == ATTEST_OK)
		status = state_lock(state_folder(options, machine), &machine->lock, error);
	if (status == ATTEST_OK)
		status = tpm_open(options->demo ? machine->demo.tcti : options->tcti, &machine->tpm, error);
	if (status == ATTEST_OK)
		status = select_quoted(options, pcrs, machine, error);
	if (status == ATTEST_OK)
		status = logs_open(&options->logs, &machine->logs, error);
	if (status == ATTEST_OK)
		status = open_state(options, pcrs, machine, error);
	ak.demo = options->demo ? &machine->demo.ca : NULL;
	return status == ATTEST_OK ? ak_open(machine->tpm, &ak, &machine->ak, error) : status;
}

void machine_close(struct machine *machine)
{
	state_close(machine->state);
	if (machine->lock >= 0)
		(void)close(machine->lock);
	ak_clear(machine->tpm, &machine->ak);
	logs_close(&machine->logs);
	tpm_close(machine->tpm);
	demo_stop(&machine->demo);
}

struct prover_setup machine_setup(const struct machine *machine, uint32_t pcrs)
{
	return (struct prover_setup){
		.tpm = machine->tpm,
		.ak = &machine->ak,
		.logs = &machine->logs,
		.events = state_events(machine->state),
		.text_pcrs = pcrs,
		.selection = machine->selection,
	};
}
