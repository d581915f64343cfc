/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include "measured.h"

enum { PCRS = 1u << PCR_SERVED | 1u << PCR_KEY };

const char *bench_tcti_prefix = "", *bench_algorithm = "ecc256";

static bool open_machine(struct bench *b, struct attest_error *e)
{
	struct ak_options ak = {.algorithm = bench_algorithm, .demo = &b->demo.ca};
	struct logs_options logs = {.no_defaults = true};
	struct pcr_table base = {0};
	int lock = -1;

	CHECK_STATUS(demo_start(NULL, &b->demo, e), ATTEST_OK);
	CHECK_STATUS(tpm_open(arena_printf(&b->arena, "%s%s", bench_tcti_prefix, b->demo.tcti), &b->tpm, e), ATTEST_OK);
	if (e->status != ATTEST_OK)
		return false;
	CHECK_STATUS(ak_open(b->tpm, &ak, &b->ak, e), ATTEST_OK);
	CHECK_STATUS(logs_open(&logs, &b->logs, e), ATTEST_OK);
	CHECK_STATUS(state_lock(b->folder.path, &lock, e), ATTEST_OK);
	CHECK_STATUS(state_open(b->folder.path, lock, b->tpm, PCRS, &base, &b->state, e), ATTEST_OK);
	return e->status == ATTEST_OK;
}

bool bench_open(struct bench *b)
{
	static const char *const names[] = {"localhost"};
	struct attest_error e = {0};
	struct prover_setup setup;

	*b = (struct bench){.demo.leash = -1, .folder = folder_make()};
	b->plan.arena = &b->arena;
	if (!open_machine(b, &e))
		return false;
	CHECK_STATUS(identity_new(names, 1, &b->identity, &e), ATTEST_OK);
	setup = (struct prover_setup){
		.tpm = b->tpm,
		.ak = &b->ak,
		.logs = &b->logs,
		.events = state_events(b->state),
		.text_pcrs = PCRS,
		.tls_pem = b->identity.public_pem,
		.tls_spki = b->identity.spki_sha256,
	};
	CHECK_STATUS(pcr_selection_parse("sha256:0-15+sha1:14", &setup.selection, &e), ATTEST_OK);
	CHECK_STATUS(prover_new(&setup, &b->prover, &e), ATTEST_OK);
	CHECK_STATUS(measure_event(&b->plan, PCR_SERVED, "config", "test", b->identity.spki_sha256, &e), ATTEST_OK);
	CHECK_STATUS(measure_event(&b->plan, PCR_KEY, "separator", NULL, NULL, &e), ATTEST_OK);
	CHECK_STATUS(measure_event(&b->plan, PCR_KEY, "tls-key", "test", b->identity.spki_sha256, &e), ATTEST_OK);
	return e.status == ATTEST_OK;
}

void bench_close(struct bench *b)
{
	prover_free(b->prover);
	identity_clear(&b->identity);
	state_close(b->state);
	if (b->tpm != NULL) {
		logs_close(&b->logs);
		ak_clear(b->tpm, &b->ak);
	}
	tpm_close(b->tpm);
	demo_stop(&b->demo);
	arena_free(&b->arena);
	folder_remove(&b->folder);
}

bool bench_measured(struct bench *b)
{
	struct attest_error e = {0};

	if (!bench_open(b))
		return false;
	CHECK_STATUS(prover_check(b->prover, false, &e), ATTEST_OK);
	CHECK_STATUS(state_measure(b->state, b->tpm, &b->plan, &e), ATTEST_OK);
	CHECK_STATUS(prover_check(b->prover, true, &e), ATTEST_OK);
	return e.status == ATTEST_OK;
}
