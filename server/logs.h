/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logs.h - the event logs that the system keeps: of the firmware's boot, of IMA and of systemd. They are opened once,
 * while the server may, and read again when a PCR has changed.
 */
#ifndef SERVER_LOGS_H
#define SERVER_LOGS_H

#include "tpm.h"

enum { N_LOGS = 3 };

/* Paths, "none", or NULL: where the system has it, if it does. */
struct logs_options {
	const char *boot, *ima, *systemd;
	bool no_defaults; /* the TPM is not the system's */
};

struct log_source {
	const char *format; /* as in a proof */
	const char *path;
	int fd;                        /* -1: there is none */
	struct pcr_selection extended; /* the PCRs that it has events of */
};

struct logs {
	struct log_source sources[N_LOGS]; /* in the order in which they are measured */
};

/* ATTEST_E_IO where a log that was named cannot be opened; one that the system keeps to itself is reported. */
attest_status logs_open(const struct logs_options *options, struct logs *ret_logs, struct attest_error *error);
void logs_close(struct logs *logs);
/* The log's bytes now; empty where it is empty or not there. */
attest_status logs_read(const struct logs *logs, size_t i, struct arena *arena, struct slice *ret_bytes,
			struct attest_error *error);
/* What the logs say that the PCRs of the mask are; PCRs without an event are not in the table. */
attest_status logs_replay(const struct logs *logs, uint32_t pcrs, struct pcr_table *ret_table,
			  struct attest_error *error);
/* It has events of a PCR that is selected. */
bool logs_cover(const struct log_source *source, const struct pcr_selection *selection);

#endif
