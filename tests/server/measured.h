/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measured.h - a server on a software TPM that has measured, but serves nobody.
 */
#ifndef TESTS_SERVER_MEASURED_H
#define TESTS_SERVER_MEASURED_H

#include "demo.h"
#include "folder.h"
#include "identity.h"
#include "prover_setup.h"
#include "state.h"

struct bench {
	struct test_folder folder;
	struct demo demo;
	struct tpm *tpm;
	struct ak ak;
	struct logs logs;
	struct state *state;
	struct identity identity;
	struct measurements plan;
	struct prover *prover;
	struct arena arena;
};

extern const char *bench_tcti_prefix; /* "pcap:", to have what the TPM is told in a file */
extern const char *bench_algorithm;   /* of the attestation key */

/* All is ready to be measured. False, with a failed check, where it is not; to be closed either way. */
bool bench_open(struct bench *b);
/* It is measured. */
bool bench_measured(struct bench *b);
void bench_close(struct bench *b);

#endif
