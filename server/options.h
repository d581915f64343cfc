/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - the command line: attest-server(8).
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "ak.h"
#include "logs.h"
#include "measure.h"

enum options_end { OPTIONS_GO, OPTIONS_DONE, OPTIONS_WRONG }; /* DONE: help or version was printed */

/* Texts are borrowed from argv, or live in the arena. */
struct options {
	struct arena arena;
	bool is_prove; /* `attest-server prove` */
	/* both */
	const char *tcti, *state, *pcrs, *proof, *demo_root;
	bool demo, adopt;
	struct ak_options ak;
	struct logs_options logs;
	struct subject *subjects; /* of --measure or --input, in the order in which they are measured */
	size_t n_subjects;
	/* the server */
	const char *listen, *upstream, *certificate, *csr, *user, *manifest_out;
	const char **names;
	size_t n_names, queue;
	unsigned threads, grace;
	bool keep_key, access_log, print_config;
	/* prove */
	struct subject *outputs;
	size_t n_outputs;
	struct slice nonce;
	char **command; /* ends with NULL */
};

/* Zeroed before; to be cleared after, whatever the end is. */
enum options_end options_parse(int argc, char **argv, struct options *options);
void options_clear(struct options *options);

#endif
