/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The harness of tests/unit with the list of the server. With --listen as its first argument it is a server instead,
 * with the real HTTP half and a stand-in for the TPM: tests/httpd.py and the benchmarks talk to it. With --quotes it
 * says how many proofs a second the prover makes, beside what the TPM quotes.
 */
#include "list.h"
#include "quotes.h"
#include "stand_in.h"

int unit_main(int argc, char **argv);
#define main unit_main
#include "../unit/main.c"
#undef main

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--quotes") == 0)
		return quotes_bench();
	return argc > 1 && strcmp(argv[1], "--listen") == 0 ? stand_in(argc, argv) : unit_main(argc, argv);
}
