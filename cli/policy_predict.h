/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_predict.h - what a server will measure beside the image that it runs in.
 */
#ifndef CLI_POLICY_PREDICT_H
#define CLI_POLICY_PREDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "attest.h"

enum { SERVED_SUBJECTS = 64 };

struct served {
	const char *texts_path, *config_path, *certificate_path, *name;
	struct {
		const char *text; /* TYPE=PATH, or the path of weights */
		bool is_weights;
	} subjects[SERVED_SUBJECTS];
	size_t n_subjects;
	/* What they come to. */
	struct attest_text_event *events;
	size_t n;
};

/* An option of these: t, m, w, C, T, N. An exit code. */
int served_take(struct served *served, int option, const char *value);
/* Read all that was named, into events. An exit code, after a message. */
int served_read(struct served *served);
/* Its parts: takes the text over, NULL is one for which there was no memory; and what attest-server measures. */
int served_add(struct served *served, unsigned pcr, char *text);
int served_measure(struct served *served);
void served_free(struct served *served);

#endif
