/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "bounds.h"
#include "report.h"

enum { HOST_NAME_SIZE = 256, QUEUE = 256, GRACE = 10, GRACE_MOST = 3600 };

static const char usage[] =
	"Usage: attest-server [option ...]\n"
	"       attest-server prove [option ...] --input NAME=PATH ... --output NAME=PATH ... -- COMMAND ...\n"
	"Serve HTTPS with a key that the TPM attests, pass requests on to a server on this machine, and prove what "
	"runs.\n"
	"\n"
	"Serving:\n"
	"  --listen HOST:PORT      where to listen (127.0.0.1:8443; port 0: any)\n"
	"  --upstream URL          http://127.0.0.1:PORT, where requests go\n"
	"  --name NAME             DNS name or IP address in the certificate; may be repeated\n"
	"  --certificate FILE      a chain that a CA has issued for --csr; SIGHUP reads it again\n"
	"  --csr FILE              write a certificate request\n"
	"  --threads N, --queue N  connections' threads; proofs that may wait (256)\n"
	"  --grace SECONDS         how long a stop waits for what is under way (10)\n"
	"  --user NAME             become this user once all is open\n"
	"  --keep-key              let systemd keep the TLS key for a restart with --adopt\n"
	"  --access-log            a line for each request, without user data\n"
	"What is measured:\n"
	"  --measure TYPE=PATH     a file or folder: config, image, weights, ...; may be repeated\n"
	"  --manifest-out FILE     write the manifest of the first folder\n"
	"  --print-config          print the configuration that would be measured, and do nothing\n"
	"Proving a job (prove):\n"
	"  --input, --output NAME=PATH  measured before and after COMMAND; may be repeated\n"
	"  --nonce HEX             1 to 64 bytes for the quote\n"
	"The TPM:\n"
	"  --tcti TCTI             as in tpm2-tools; else TPM2TOOLS_TCTI, TCTI, or the system's TPM\n"
	"  --ak KEY                auto, azure, google, create, or a persistent handle\n"
	"  --ak-cert nv:INDEX|FILE its certificate\n"
	"  --ak-chain FILE         more certificates for the proof\n"
	"  --ak-algorithm NAME     rsa2048 or ecc256, of a key that is created\n"
	"  --ca-cert FILE, --ca-key FILE  the CA that certifies it\n"
	"  --pcrs SELECTION        what is quoted (sha256:0-15)\n"
	"  --boot-log, --ima-log, --systemd-log FILE|none\n"
	"  --demo                  a software TPM and a CA of its own; proves nothing\n"
	"  --demo-root FILE        where that CA's certificate is written\n"
	"Both:\n"
	"  --state DIR             what this boot has measured (/run/attest-server)\n"
	"  --adopt                 go on after a restart where the log explains the PCRs\n"
	"  --proof FILE            write a proof (prove: proof.json)\n"
	"  --help, --version\n"
	"See attest-server(8).\n";

enum option_id {
	OPT_LISTEN = 256,
	OPT_UPSTREAM,
	OPT_NAME,
	OPT_CERTIFICATE,
	OPT_CSR,
	OPT_THREADS,
	OPT_QUEUE,
	OPT_GRACE,
	OPT_USER,
	OPT_KEEP_KEY,
	OPT_ACCESS_LOG,
	OPT_MEASURE,
	OPT_MANIFEST_OUT,
	OPT_PRINT_CONFIG,
	OPT_LAST_OF_SERVER, /* those before it are not for prove … */
	OPT_INPUT,
	OPT_OUTPUT,
	OPT_NONCE,
	OPT_LAST_OF_PROVE, /* … and these for prove alone */
	OPT_TCTI,
	OPT_AK,
	OPT_AK_CERT,
	OPT_AK_CHAIN,
	OPT_AK_ALGORITHM,
	OPT_CA_CERT,
	OPT_CA_KEY,
	OPT_PCRS,
	OPT_BOOT_LOG,
	OPT_IMA_LOG,
	OPT_SYSTEMD_LOG,
	OPT_DEMO,
	OPT_DEMO_ROOT,
	OPT_STATE,
	OPT_ADOPT,
	OPT_PROOF,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option known[] = {
	{"listen",       required_argument, NULL, OPT_LISTEN      },
	{"upstream",     required_argument, NULL, OPT_UPSTREAM    },
	{"name",         required_argument, NULL, OPT_NAME        },
	{"certificate",  required_argument, NULL, OPT_CERTIFICATE },
	{"csr",          required_argument, NULL, OPT_CSR         },
	{"threads",      required_argument, NULL, OPT_THREADS     },
	{"queue",        required_argument, NULL, OPT_QUEUE       },
	{"grace",        required_argument, NULL, OPT_GRACE       },
	{"user",         required_argument, NULL, OPT_USER        },
	{"keep-key",     no_argument,       NULL, OPT_KEEP_KEY    },
	{"access-log",   no_argument,       NULL, OPT_ACCESS_LOG  },
	{"measure",      required_argument, NULL, OPT_MEASURE     },
	{"manifest-out", required_argument, NULL, OPT_MANIFEST_OUT},
	{"print-config", no_argument,       NULL, OPT_PRINT_CONFIG},
	{"input",        required_argument, NULL, OPT_INPUT       },
	{"output",       required_argument, NULL, OPT_OUTPUT      },
	{"nonce",        required_argument, NULL, OPT_NONCE       },
	{"tcti",         required_argument, NULL, OPT_TCTI        },
	{"ak",           required_argument, NULL, OPT_AK          },
	{"ak-cert",      required_argument, NULL, OPT_AK_CERT     },
	{"ak-chain",     required_argument, NULL, OPT_AK_CHAIN    },
	{"ak-algorithm", required_argument, NULL, OPT_AK_ALGORITHM},
	{"ca-cert",      required_argument, NULL, OPT_CA_CERT     },
	{"ca-key",       required_argument, NULL, OPT_CA_KEY      },
	{"pcrs",         required_argument, NULL, OPT_PCRS        },
	{"boot-log",     required_argument, NULL, OPT_BOOT_LOG    },
	{"ima-log",      required_argument, NULL, OPT_IMA_LOG     },
	{"systemd-log",  required_argument, NULL, OPT_SYSTEMD_LOG },
	{"demo",         no_argument,       NULL, OPT_DEMO        },
	{"demo-root",    required_argument, NULL, OPT_DEMO_ROOT   },
	{"state",        required_argument, NULL, OPT_STATE       },
	{"adopt",        no_argument,       NULL, OPT_ADOPT       },
	{"proof",        required_argument, NULL, OPT_PROOF       },
	{"help",         no_argument,       NULL, OPT_HELP        },
	{"version",      no_argument,       NULL, OPT_VERSION     },
	{NULL,           0,                 NULL, 0               },
};

/* Where the text of an option goes. */
static const struct {
	int id;
	size_t offset;
} texts[] = {
	{OPT_LISTEN,       offsetof(struct options, listen)        },
	{OPT_UPSTREAM,     offsetof(struct options, upstream)      },
	{OPT_CERTIFICATE,  offsetof(struct options, certificate)   },
	{OPT_CSR,          offsetof(struct options, csr)           },
	{OPT_USER,         offsetof(struct options, user)          },
	{OPT_MANIFEST_OUT, offsetof(struct options, manifest_out)  },
	{OPT_TCTI,         offsetof(struct options, tcti)          },
	{OPT_AK,           offsetof(struct options, ak.key)        },
	{OPT_AK_CERT,      offsetof(struct options, ak.certificate)},
	{OPT_AK_CHAIN,     offsetof(struct options, ak.chain)      },
	{OPT_AK_ALGORITHM, offsetof(struct options, ak.algorithm)  },
	{OPT_CA_CERT,      offsetof(struct options, ak.ca_cert)    },
	{OPT_CA_KEY,       offsetof(struct options, ak.ca_key)     },
	{OPT_PCRS,         offsetof(struct options, pcrs)          },
	{OPT_BOOT_LOG,     offsetof(struct options, logs.boot)     },
	{OPT_IMA_LOG,      offsetof(struct options, logs.ima)      },
	{OPT_SYSTEMD_LOG,  offsetof(struct options, logs.systemd)  },
	{OPT_DEMO_ROOT,    offsetof(struct options, demo_root)     },
	{OPT_STATE,        offsetof(struct options, state)         },
	{OPT_PROOF,        offsetof(struct options, proof)         },
};

/* NULL for an option that is more than a text. */
static const char **text_of(struct options *options, int id)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].id == id)
			return (const char **)(void *)((char *)options + texts[i].offset);
	return NULL;
}

static bool *flag_of(struct options *options, int id)
{
	switch (id) {
	case OPT_KEEP_KEY:
		return &options->keep_key;
	case OPT_ACCESS_LOG:
		return &options->access_log;
	case OPT_PRINT_CONFIG:
		return &options->print_config;
	case OPT_DEMO:
		return &options->demo;
	case OPT_ADOPT:
		return &options->adopt;
	default:
		return NULL;
	}
}

static attest_status take_number(const char *text, unsigned long most, unsigned long *ret_number,
				 struct attest_error *error)
{
	char *end = NULL;
	unsigned long number = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || number > most) {
		error_expected(error, "a number up to %lu", most);
		error_found(error, "%s", text);
		return fail(error, ATTEST_E_USAGE, NULL, "this is no number for it");
	}
	*ret_number = number;
	return ATTEST_OK;
}

static attest_status take_numbers(struct options *options, int id, const char *text, struct attest_error *error)
{
	unsigned long number = 0;
	attest_status status = take_number(text,
					   id == OPT_QUEUE   ? LIMIT_QUEUE
					   : id == OPT_GRACE ? GRACE_MOST
							     : LIMIT_THREADS,
					   &number, error);

	if (status == ATTEST_OK && id == OPT_QUEUE)
		options->queue = number;
	else if (status == ATTEST_OK && id == OPT_GRACE)
		options->grace = (unsigned)number;
	else if (status == ATTEST_OK)
		options->threads = (unsigned)number;
	return status;
}

static attest_status take_list(struct options *options, int id, const char *text, struct attest_error *error)
{
	switch (id) {
	case OPT_NAME:
		options->names[options->n_names++] = text;
		return ATTEST_OK;
	case OPT_MEASURE:
		return subject_parse(&options->arena, text, &options->subjects[options->n_subjects++], error);
	case OPT_INPUT:
		return subject_parse_named(&options->arena, "input", text, &options->subjects[options->n_subjects++],
					   error);
	case OPT_OUTPUT:
		return subject_parse_named(&options->arena, "output", text, &options->outputs[options->n_outputs++],
					   error);
	case OPT_NONCE:
		if (hex_decode(&options->arena, slice_of_string(text), &options->nonce, error) == ATTEST_OK &&
		    options->nonce.len > 0 && options->nonce.len <= LIMIT_NONCE_BYTES)
			return ATTEST_OK;
		error_clear(error);
		error_found(error, "%s", text);
		return fail(error, ATTEST_E_USAGE, NULL, "a nonce is 1 to %u bytes of hex", LIMIT_NONCE_BYTES);
	default:
		return take_numbers(options, id, text, error);
	}
}

static attest_status take(struct options *options, int id, const char *text, struct attest_error *error)
{
	const char **place = text_of(options, id);
	bool *flag = flag_of(options, id);

	if (options->is_prove ? id < OPT_LAST_OF_SERVER : id > OPT_LAST_OF_SERVER && id < OPT_LAST_OF_PROVE)
		return fail(error, ATTEST_E_USAGE, NULL,
			    options->is_prove ? "this option is not for attest-server prove"
					      : "this option is for attest-server prove alone");
	if (flag != NULL)
		*flag = true;
	else if (place == NULL)
		return take_list(options, id, text, error);
	else if (*place != NULL)
		return fail(error, ATTEST_E_USAGE, NULL, "this option may be given once");
	else
		*place = text;
	return ATTEST_OK;
}

/* No list can have more than there are words. */
static bool make_lists(struct options *options, size_t n)
{
	options->names = arena_alloc(&options->arena, n + 2, sizeof(*options->names));
	options->subjects = arena_alloc(&options->arena, n, sizeof(*options->subjects));
	options->outputs = arena_alloc(&options->arena, n, sizeof(*options->outputs));
	return options->names != NULL && options->subjects != NULL && options->outputs != NULL;
}

static attest_status default_names(struct options *options, struct attest_error *error)
{
	char host[HOST_NAME_SIZE] = "";

	if (options->n_names > 0)
		return ATTEST_OK;
	options->names[options->n_names++] = "localhost";
	(void)gethostname(host, sizeof(host) - 1);
	if (host[0] == '\0' || strcmp(host, "localhost") == 0 ||
	    strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") != strlen(host))
		return ATTEST_OK; /* what is no name for a certificate is left out */
	options->names[options->n_names] = arena_string(&options->arena, slice_of_string(host));
	return options->names[options->n_names++] == NULL ? fail_memory(error) : ATTEST_OK;
}

static attest_status check_demo(const struct options *options, struct attest_error *error)
{
	if (options->demo && (options->tcti != NULL || options->ak.key != NULL || options->ak.certificate != NULL ||
			      options->ak.ca_cert != NULL))
		return fail(error, ATTEST_E_USAGE, NULL,
			    "--demo brings a TPM, a key and a CA of its own: leave out --tcti, --ak, --ak-cert and "
			    "--ca-cert");
	if (!options->demo && options->demo_root != NULL)
		return fail(error, ATTEST_E_USAGE, NULL, "--demo-root is for --demo");
	if ((options->ak.ca_cert == NULL) != (options->ak.ca_key == NULL))
		return fail(error, ATTEST_E_USAGE, NULL, "--ca-cert and --ca-key belong together");
	if (options->ak.algorithm != NULL && strcmp(options->ak.algorithm, "rsa2048") != 0 &&
	    strcmp(options->ak.algorithm, "ecc256") != 0)
		return fail(error, ATTEST_E_USAGE, NULL, "--ak-algorithm is rsa2048 or ecc256");
	return ATTEST_OK;
}

static attest_status finish(struct options *options, int argc, char **argv, struct attest_error *error)
{
	attest_status status = check_demo(options, error);

	if (status != ATTEST_OK)
		return status;
	options->command = &argv[optind];
	if (options->is_prove && optind == argc)
		return fail(error, ATTEST_E_USAGE, NULL, "prove needs a command after --");
	if (!options->is_prove && optind < argc) {
		error_found(error, "%s", argv[optind]);
		return fail(error, ATTEST_E_USAGE, NULL, "there is a word that is no option");
	}
	options->logs.no_defaults = options->demo;
	if (options->pcrs == NULL)
		options->pcrs = "sha256:0-15";
	if (options->listen == NULL)
		options->listen = "127.0.0.1:8443";
	if (options->state == NULL && !options->demo)
		options->state = "/run/attest-server";
	if (options->proof == NULL && options->is_prove)
		options->proof = "proof.json";
	if (!options->is_prove)
		subjects_sort(options->subjects, options->n_subjects);
	return options->is_prove ? ATTEST_OK : default_names(options, error);
}

static enum options_end wrong(const char *what, const struct attest_error *error)
{
	report_error(what, error);
	report("try 'attest-server --help'");
	return OPTIONS_WRONG;
}

static enum options_end say(const char *text)
{
	return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? OPTIONS_DONE : OPTIONS_WRONG;
}

enum options_end options_parse(int argc, char **argv, struct options *options)
{
	struct attest_error error = {0};
	int id, index = 0;

	options->queue = QUEUE;
	options->grace = GRACE;
	if (!make_lists(options, (size_t)argc)) {
		(void)fail_memory(&error);
		return wrong(NULL, &error);
	}
	options->is_prove = argc > 1 && strcmp(argv[1], "prove") == 0;
	if (options->is_prove)
		optind = 2;
	/* "+": the command's own options are not ours. */
	while ((id = getopt_long(argc, argv, "+", known, &index)) != -1) {
		if (id == OPT_HELP)
			return say(usage);
		if (id == OPT_VERSION)
			return say("attest-server (libattest) " ATTEST_VERSION "\n");
		if (id == '?') {
			report("try 'attest-server --help'");
			return OPTIONS_WRONG;
		}
		if (take(options, id, optarg, &error) != ATTEST_OK) {
			char name[32];

			(void)snprintf(name, sizeof(name), "--%s", known[index].name);
			return wrong(name, &error);
		}
	}
	return finish(options, argc, argv, &error) == ATTEST_OK ? OPTIONS_GO : wrong(NULL, &error);
}

void options_clear(struct options *options)
{
	arena_free(&options->arena);
}
