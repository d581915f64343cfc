/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest-verify: decide proofs from the shell. Reads files, the clock and the environment, and hands bytes to
 * libattest.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "attest-net.h"
#include "common.h"
#include "input.h"
#include "verify.h"

const char program[] = "attest-verify";

static const char usage[] =
	"Usage: attest-verify [OPTION]... PROOF...\n"
	"  or:  attest-verify [OPTION]... https://HOST[:PORT][/PATH]...\n"
	"  or:  attest-verify [OPTION]... --quote MSG --signature SIG --pcrs PCRS [--ak KEY | --ak-cert CHAIN] [--log "
	"FILE]\n"
	"Decide whether a machine really runs what its proof file says. PROOF may be - for standard input.\n"
	"\n"
	"What to compare with\n"
	"  -p, --policy FILE       golden values; may be given several times, and all must hold. Without it: "
	"$ATTEST_POLICY,\n"
	"                          ~/.config/attest/policy.json, /etc/attest/policy.json, whichever comes first\n"
	"      --policy-key FILE   the public key that must have signed every policy (attest-policy sign); one of "
	"several "
	"may\n"
	"      --reference FILE    a proof or event log of a machine you know: mismatches are explained by it; it "
	"decides\n"
	"                          nothing. May be given several times\n"
	"  -t, --at TIME           verification time: RFC 3339, a date, or seconds since 1970; default: now\n"
	"  -n, --nonce HEX         the nonce that the proof was asked with\n"
	"      --pin sha256//...   the attested TLS key must have this pin\n"
	"      --tls-cert FILE     the attested TLS key must be the one in this certificate or public key\n"
	"\n"
	"Whom to trust\n"
	"  -r, --root FILE|DIR     trust these root certificates too; other certificates in it complete chains\n"
	"      --root-purpose P    what AK certificates under the roots that follow must hold as extended key usage:\n"
	"                          any (default), none, or an OID such as 2.23.133.8.3\n"
	"      --no-default-roots  trust none of the built-in roots\n"
	"      --certificates FILE certificates that may complete the chain, PEM or one DER; none becomes a root\n"
	"      --crl FILE          a CRL, PEM or DER: what it lists is refused. May be given several times, like "
	"--certificates\n"
	"      --require-crls      every certificate that names a CRL must be covered by a valid one\n"
	"\n"
	"Loose files, as tpm2-tools write them\n"
	"      --quote MSG         TPMS_ATTEST (tpm2_quote -m)\n"
	"      --signature SIG     TPMT_SIGNATURE (tpm2_quote -s)\n"
	"      --pcrs PCRS         tpm2_quote -o, serialized or values form\n"
	"      --ak KEY            AK public key: PEM, TPMT_PUBLIC or TPM2B_PUBLIC; alone never enough for "
	"\"verified\"\n"
	"      --ak-cert CHAIN     AK certificate first: PEM, or one DER certificate\n"
	"      --log FILE          event log: TCG (binary_bios_measurements), IMA, systemd or CEL as it lies, or JSON "
	"as\n"
	"                          in a proof; may be given several times, in the order of measuring\n"
	"\n"
	"Downloads, which nothing needs unless asked for\n"
	"      --aia               issuers that a chain lacks, from where its certificates say\n"
	"      --crls              the CRLs of a chain; one that cannot be had refuses the proof\n"
	"      --cache DIR         where they are kept; default: $XDG_CACHE_HOME/attest, or ~/.cache/attest\n"
	"\n"
	"Servers: a URL is asked with a fresh nonce, and must then show the attested key itself\n"
	"      --bind-session      the proof must bind the very TLS session that it is asked for in\n"
	"      --blindllama        the proof is /attestation.json, and attests a CA for the server's certificate\n"
	"      --timeout SECONDS   that asking may take, and all downloads of a proof together; default: 60\n"
	"      --save FILE         write the proof that was fetched, believed or not\n"
	"\n"
	"Output\n"
	"  -j, --json              one JSON object a line for each proof\n"
	"  -q, --quiet             no output, only the exit code\n"
	"  -v, --verbose           PCRs, events and facts too\n"
	"      --print pin|ca      only the attested TLS pin (as curl --pinnedpubkey takes it), or the attested CA as "
	"PEM\n"
	"      --jobs N            verify N proofs at once; default: one for each processor\n"
	"      --color WHEN        auto (default), always or never\n"
	"  -h, --help              this text\n"
	"  -V, --version           the version\n"
	"\n"
	"Exit codes: 0 verified, 1 refused, 2 usage or input/output error, 3 inconclusive (genuine, but no policy). "
	"With\n"
	"several proofs the worst counts. The manual page attest-verify(1) has examples.\n";

/* Options. Each handler returns 0 or the exit code. */

/* What is done with the bytes of a file that an option names. */
typedef attest_status (*use_fn)(struct settings *s, const struct input *in, const char *path,
				struct attest_error *error);

static int use_file(struct settings *s, const char *path, use_fn use)
{
	struct attest_error error = {0};
	struct input in;
	int rc = input_read(path, &in);
	attest_status status;

	if (rc != 0)
		return unreadable(path, rc);
	status = use(s, &in, path, &error);
	input_free(&in);
	return status == ATTEST_OK ? 0 : failed(path, &error);
}

static attest_status use_policy(struct settings *s, const struct input *in, const char *path,
				struct attest_error *error)
{
	s->has_policy = true;
	return attest_verifier_add_policy(s->verifier, in->data, in->len, path, error);
}

static attest_status use_policy_key(struct settings *s, const struct input *in, const char *path,
				    struct attest_error *error)
{
	(void)path;
	return attest_verifier_demand_signed(s->verifier, in->data, in->len, error);
}

static attest_status use_reference(struct settings *s, const struct input *in, const char *path,
				   struct attest_error *error)
{
	return attest_verifier_add_reference(s->verifier, in->data, in->len, path, error);
}

static attest_status use_roots(struct settings *s, const struct input *in, const char *path, struct attest_error *error)
{
	(void)path;
	s->purpose_is_idle = false;
	return attest_verifier_add_roots(s->verifier, in->data, in->len, s->root_purpose, error);
}

static attest_status use_tls_cert(struct settings *s, const struct input *in, const char *path,
				  struct attest_error *error)
{
	(void)path;
	s->options.tls_pin = s->pin;
	return attest_pin_of(in->data, in->len, s->pin, error);
}

static int take_root_file(const char *path, void *settings)
{
	return use_file(settings, path, use_roots);
}

static int take_root(struct settings *s, const char *path)
{
	int rc = input_is_directory(path) ? input_each(path, take_root_file, s) : take_root_file(path, s);

	return rc < 0 ? unreadable(path, -rc) : rc;
}

static int take_given(struct given *g, const char *option, const char *path)
{
	struct input *in = &g->files[g->n];
	int rc;

	if (g->n == MOST_GIVEN)
		return wrong(option, path, "at most 16 files");
	rc = input_read(path, in);
	if (rc != 0)
		return unreadable(path, rc);
	g->bytes[g->n++] = (struct attest_bytes){in->data, in->len};
	return 0;
}

static void free_settings(struct settings *s)
{
	for (size_t i = 0; i < s->certificates.n; i++)
		input_free(&s->certificates.files[i]);
	for (size_t i = 0; i < s->crls.n; i++)
		input_free(&s->crls.files[i]);
	attest_verifier_free(s->verifier);
}

static int take_time(struct settings *s, const char *text)
{
	if (attest_time_parse(text, &s->options.time) == ATTEST_OK)
		return 0;
	return wrong("--at", text, "RFC 3339 such as 2026-11-20T10:15:00Z, a date, or seconds since 1970");
}

static int take_pin(struct settings *s, const char *pin)
{
	if (s->options.tls_pin != NULL)
		return wrong("--pin", pin, "one --pin or --tls-cert");
	if (strlen(pin) != ATTEST_PIN_SIZE - 1 || strncmp(pin, "sha256//", 8) != 0)
		return wrong("--pin", pin, "sha256// and 44 characters of base64");
	s->options.tls_pin = pin;
	return 0;
}

static int take_print(struct settings *s, const char *what)
{
	if (strcmp(what, "pin") != 0 && strcmp(what, "ca") != 0)
		return wrong("--print", what, "pin or ca");
	s->print = what[0] == 'p' ? PRINT_PIN : PRINT_CA;
	return 0;
}

static int take_jobs(struct settings *s, const char *text)
{
	char *end;

	s->jobs = strtol(text, &end, 10);
	return *text != '\0' && *end == '\0' && s->jobs >= 1 && s->jobs <= 1024 ? 0
										: wrong("--jobs", text, "1 to 1024");
}

static int take_color(struct settings *s, const char *when)
{
	s->color = when;
	return is_color_word(when) ? 0 : wrong("--color", when, "auto, always or never");
}

enum long_only {
	OPT_PIN = 256,
	OPT_TLS_CERT,
	OPT_ROOT_PURPOSE,
	OPT_NO_DEFAULT_ROOTS,
	OPT_PRINT,
	OPT_JOBS,
	OPT_COLOR,
	OPT_REFERENCE,
	OPT_LOG,
	OPT_CERTIFICATES,
	OPT_CRL,
	OPT_REQUIRE_CRLS,
	OPT_POLICY_KEY,
	OPT_BIND_SESSION, /* from here on, options of take_net_option() */
	OPT_BLINDLLAMA,
	OPT_TIMEOUT,
	OPT_SAVE,
	OPT_AIA,
	OPT_CRLS,
	OPT_CACHE,
	OPT_PARTS /* and the four after it */
};

static const struct option options[] = {
	{"policy",           required_argument, NULL, 'p'                 },
	{"policy-key",       required_argument, NULL, OPT_POLICY_KEY      },
	{"at",	       required_argument, NULL, 't'                 },
	{"nonce",            required_argument, NULL, 'n'                 },
	{"pin",              required_argument, NULL, OPT_PIN             },
	{"tls-cert",         required_argument, NULL, OPT_TLS_CERT        },
	{"root",             required_argument, NULL, 'r'                 },
	{"root-purpose",     required_argument, NULL, OPT_ROOT_PURPOSE    },
	{"no-default-roots", no_argument,       NULL, OPT_NO_DEFAULT_ROOTS},
	{"certificates",     required_argument, NULL, OPT_CERTIFICATES    },
	{"crl",              required_argument, NULL, OPT_CRL             },
	{"require-crls",     no_argument,       NULL, OPT_REQUIRE_CRLS    },
	{"quote",            required_argument, NULL, OPT_PARTS           },
	{"signature",        required_argument, NULL, OPT_PARTS + 1       },
	{"pcrs",             required_argument, NULL, OPT_PARTS + 2       },
	{"ak",	       required_argument, NULL, OPT_PARTS + 3       },
	{"ak-cert",          required_argument, NULL, OPT_PARTS + 4       },
	{"log",              required_argument, NULL, OPT_LOG             },
	{"reference",        required_argument, NULL, OPT_REFERENCE       },
	{"bind-session",     no_argument,       NULL, OPT_BIND_SESSION    },
	{"blindllama",       no_argument,       NULL, OPT_BLINDLLAMA      },
	{"timeout",          required_argument, NULL, OPT_TIMEOUT         },
	{"save",             required_argument, NULL, OPT_SAVE            },
	{"aia",              no_argument,       NULL, OPT_AIA             },
	{"crls",             no_argument,       NULL, OPT_CRLS            },
	{"cache",            required_argument, NULL, OPT_CACHE           },
	{"json",             no_argument,       NULL, 'j'                 },
	{"quiet",            no_argument,       NULL, 'q'                 },
	{"verbose",          no_argument,       NULL, 'v'                 },
	{"print",            required_argument, NULL, OPT_PRINT           },
	{"jobs",             required_argument, NULL, OPT_JOBS            },
	{"color",            required_argument, NULL, OPT_COLOR           },
	{"help",             no_argument,       NULL, 'h'                 },
	{"version",          no_argument,       NULL, 'V'                 },
	{NULL,	       0,                 NULL, 0                   },
};

static int take_log(struct settings *s, const char *path)
{
	if (s->n_logs == MOST_LOGS)
		return wrong("--log", path, "at most 8 logs");
	s->logs[s->n_logs++] = path;
	s->has_parts = true;
	return 0;
}

static int take_timeout(struct settings *s, const char *text)
{
	char *end;
	long seconds = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || seconds < 1 || seconds > 86400)
		return wrong("--timeout", text, "1 to 86400 seconds");
	s->timeout = (uint32_t)seconds;
	return 0;
}

/* How servers are asked. */
static int take_net_option(struct settings *s, int option)
{
	switch (option) {
	case OPT_BIND_SESSION:
		s->net_flags |= ATTEST_NET_BIND_SESSION;
		return 0;
	case OPT_BLINDLLAMA:
		s->net_flags |= ATTEST_NET_CA;
		return 0;
	case OPT_AIA:
		s->net_flags |= ATTEST_NET_AIA;
		return 0;
	case OPT_CRLS:
		s->net_flags |= ATTEST_NET_CRLS;
		return 0;
	case OPT_CACHE:
		s->cache = optarg;
		return 0;
	case OPT_TIMEOUT:
		return take_timeout(s, optarg);
	default:
		s->save = optarg;
		return 0;
	}
}

static int take_option(struct settings *s, int option)
{
	if (option >= OPT_BIND_SESSION && option < OPT_PARTS)
		return take_net_option(s, option);
	if (option >= OPT_PARTS) {
		s->parts[option - OPT_PARTS] = optarg;
		s->has_parts = true;
		return 0;
	}
	switch (option) {
	case 'p':
		return use_file(s, optarg, use_policy);
	case 't':
		return take_time(s, optarg);
	case 'n':
		return take_nonce(optarg, s->nonce, &s->options);
	case OPT_PIN:
		return take_pin(s, optarg);
	case OPT_TLS_CERT:
		return s->options.tls_pin != NULL ? wrong("--tls-cert", optarg, "one --pin or --tls-cert")
						  : use_file(s, optarg, use_tls_cert);
	case OPT_POLICY_KEY:
		return 0; /* take_policy_keys() */
	case OPT_REFERENCE:
		return use_file(s, optarg, use_reference);
	case OPT_LOG:
		return take_log(s, optarg);
	case 'r':
		return take_root(s, optarg);
	case OPT_ROOT_PURPOSE:
		s->root_purpose = optarg;
		s->purpose_is_idle = true;
		return 0;
	case OPT_CERTIFICATES:
		return take_given(&s->certificates, "--certificates", optarg);
	case OPT_CRL:
		return take_given(&s->crls, "--crl", optarg);
	case OPT_REQUIRE_CRLS:
		s->options.require_crls = 1;
		return 0;
	case OPT_NO_DEFAULT_ROOTS:
		(void)attest_verifier_use_default_roots(s->verifier, 0);
		return 0;
	case 'j':
		s->print = PRINT_JSON;
		return 0;
	case 'q':
		s->print = PRINT_NOTHING;
		return 0;
	case 'v':
		s->verbose = true;
		return 0;
	case OPT_PRINT:
		return take_print(s, optarg);
	case OPT_JOBS:
		return take_jobs(s, optarg);
	default:
		return take_color(s, optarg);
	}
}

/* Without --policy: the first of the usual places that exists. A place that exists and cannot be read is an error. */
static int default_policy(struct settings *s)
{
	const char *env = getenv("ATTEST_POLICY"), *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");
	char path[4096];
	struct stat st;

	if (s->has_policy)
		return 0;
	if (env != NULL && env[0] != '\0')
		return use_file(s, env, use_policy);
	if (config != NULL && config[0] != '\0')
		(void)snprintf(path, sizeof(path), "%s/attest/policy.json", config);
	else
		(void)snprintf(path, sizeof(path), "%s/.config/attest/policy.json", home == NULL ? "" : home);
	if (lstat(path, &st) == 0) /* a link that leads nowhere is an error too */
		return use_file(s, path, use_policy);
	return lstat("/etc/attest/policy.json", &st) == 0 ? use_file(s, "/etc/attest/policy.json", use_policy) : 0;
}

static int run(struct settings *s, char **names, int n)
{
	int rc = default_policy(s);

	if (rc != 0)
		return rc;
	if (s->purpose_is_idle)
		return wrong("--root-purpose", s->root_purpose, "a --root after it");
	if (s->has_parts ? n != 0 : n == 0)
		return wrong("PROOF", n == 0 ? "" : names[0], "either proof files or loose files (--quote ...)");
	rc = prepare_net(s, names, (size_t)n);
	if (rc != 0)
		return rc;
	s->options.certificates = s->certificates.bytes;
	s->options.n_certificates = s->certificates.n;
	s->options.crls = s->crls.bytes;
	s->options.n_crls = s->crls.n;
	rc = s->has_parts ? verify_parts(s) : verify_files(s, names, (size_t)n);
	return finish_output() == 0 ? rc : EXIT_USAGE;
}

static const char letters[] = "p:t:n:r:jqvhV";

/* Before any policy, wherever they stand. */
static int take_policy_keys(struct settings *s, int argc, char **argv)
{
	int option, rc = 0;

	opterr = 0;
	while (rc == 0 && (option = getopt_long(argc, argv, letters, options, NULL)) != -1 && option != 'h')
		if (option == OPT_POLICY_KEY)
			rc = use_file(s, optarg, use_policy_key);
	opterr = 1;
	optind = 0;
	return rc;
}

int main(int argc, char **argv)
{
	struct settings s = {.options = ATTEST_OPTIONS_INIT, .color = "auto", .jobs = sysconf(_SC_NPROCESSORS_ONLN)};
	int option = 0, rc;

	common_start();
	s.options.time = (int64_t)time(NULL);
	if (s.jobs < 1)
		s.jobs = 1;
	if (attest_verifier_new(&s.verifier) != ATTEST_OK) {
		(void)fputs("attest-verify: out of memory\n", stderr);
		return EXIT_USAGE;
	}
	rc = take_policy_keys(&s, argc, argv);
	while (rc == 0 && (option = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (option == 'h' || option == 'V') {
			(void)printf(option == 'h' ? "%s" : "attest-verify (libattest) %s\n",
				     option == 'h' ? usage : attest_version());
			free_settings(&s);
			return fflush(stdout) == 0 ? 0 : EXIT_USAGE;
		}
		rc = option == '?' ? EXIT_USAGE : take_option(&s, option);
	}
	if (rc == 0)
		rc = run(&s, argv + optind, argc - optind);
	else if (option == '?')
		(void)fputs("Try 'attest-verify --help'.\n", stderr);
	free_settings(&s);
	return rc;
}
