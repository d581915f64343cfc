/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest-verify: decide proofs from the shell. Reads files, the clock and the environment, and hands bytes to
 * libattest.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "attest.h"
#include "common.h"
#include "input.h"

const char program[] = "attest-verify";

enum { EXIT_REFUSED = 1, EXIT_INCONCLUSIVE = 3 }; /* and EXIT_USAGE */

static const char usage[] =
	"Usage: attest-verify [OPTION]... PROOF...\n"
	"  or:  attest-verify [OPTION]... --quote MSG --signature SIG --pcrs PCRS [--ak KEY | --ak-cert CHAIN] [--log "
	"FILE]\n"
	"Decide whether a machine really runs what its proof file says. PROOF may be - for standard input.\n"
	"\n"
	"What to compare with\n"
	"  -p, --policy FILE       golden values; may be given several times, and all must hold. Without it: "
	"$ATTEST_POLICY,\n"
	"                          ~/.config/attest/policy.json, /etc/attest/policy.json, whichever comes first\n"
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

enum print { PRINT_REPORT, PRINT_JSON, PRINT_NOTHING, PRINT_PIN, PRINT_CA };

enum { N_PARTS = 5, MOST_LOGS = 8 };

struct settings {
	attest_verifier *verifier;
	struct attest_options options;
	uint8_t nonce[64];
	char pin[ATTEST_PIN_SIZE];
	const char *root_purpose;
	bool has_policy, verbose, has_parts;
	bool purpose_is_idle; /* a --root-purpose that no --root has followed */
	enum print print;
	const char *color, *parts[N_PARTS], *logs[MOST_LOGS];
	size_t n_logs;
	long jobs;
};

/* One proof's way through: its output waits until those before it have been printed. */
struct job {
	const char *name;
	char *text;
	int exit_code;
	atomic_bool done;
};

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

static int take_nonce(struct settings *s, const char *hex)
{
	size_t len = strlen(hex);

	if (s->options.nonce != NULL)
		return wrong("--nonce", hex, "one nonce");
	if (len == 0 || len % 2 != 0 || len / 2 > sizeof(s->nonce) || strspn(hex, "0123456789abcdefABCDEF") != len)
		return wrong("--nonce", hex, "1 to 64 bytes of hex");
	for (size_t i = 0; i < len / 2; i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		s->nonce[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	s->options.nonce = s->nonce;
	s->options.nonce_len = len / 2;
	return 0;
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
	OPT_PARTS /* and the four after it */
};

static const struct option options[] = {
	{"policy",           required_argument, NULL, 'p'                 },
	{"at",	       required_argument, NULL, 't'                 },
	{"nonce",            required_argument, NULL, 'n'                 },
	{"pin",              required_argument, NULL, OPT_PIN             },
	{"tls-cert",         required_argument, NULL, OPT_TLS_CERT        },
	{"root",             required_argument, NULL, 'r'                 },
	{"root-purpose",     required_argument, NULL, OPT_ROOT_PURPOSE    },
	{"no-default-roots", no_argument,       NULL, OPT_NO_DEFAULT_ROOTS},
	{"quote",            required_argument, NULL, OPT_PARTS           },
	{"signature",        required_argument, NULL, OPT_PARTS + 1       },
	{"pcrs",             required_argument, NULL, OPT_PARTS + 2       },
	{"ak",	       required_argument, NULL, OPT_PARTS + 3       },
	{"ak-cert",          required_argument, NULL, OPT_PARTS + 4       },
	{"log",              required_argument, NULL, OPT_LOG             },
	{"reference",        required_argument, NULL, OPT_REFERENCE       },
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

static int take_option(struct settings *s, int option)
{
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
		return take_nonce(s, optarg);
	case OPT_PIN:
		return take_pin(s, optarg);
	case OPT_TLS_CERT:
		return s->options.tls_pin != NULL ? wrong("--tls-cert", optarg, "one --pin or --tls-cert")
						  : use_file(s, optarg, use_tls_cert);
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

/* Output */

static int exit_code(attest_status status)
{
	switch (attest_status_category(status)) {
	case ATTEST_CATEGORY_NONE:
		return 0;
	case ATTEST_CATEGORY_USAGE:
	case ATTEST_CATEGORY_INTERNAL:
		return EXIT_USAGE;
	default:
		return status == ATTEST_E_INCONCLUSIVE ? EXIT_INCONCLUSIVE : EXIT_REFUSED;
	}
}

/* What --print shows of a verified proof; NULL with the exit code raised where there is no such thing. */
static char *printed(const struct settings *s, const attest_result *result, struct job *job)
{
	const struct attest_facts *facts = attest_result_facts(result);
	const char *pin = attest_result_pin(result);
	char *text = NULL;

	if (attest_result_verdict(result) != ATTEST_VERIFIED) {
		print_name(job->name);
		(void)fputs("not verified, so nothing is printed\n", stderr);
		return NULL;
	}
	if (s->print == PRINT_PIN && pin != NULL && asprintf(&text, "%s\n", pin) >= 0)
		return text;
	if (s->print == PRINT_CA && facts->tls_kind != NULL && strcmp(facts->tls_kind, "ca") == 0)
		return strdup(facts->tls_pem);
	print_name(job->name);
	(void)fprintf(stderr, "the proof attests %s\n",
		      facts->tls_kind == NULL ? "no TLS key"
		      : pin != NULL           ? "a key, not a CA: use --print pin"
					      : "a CA, not the server's own key: use --print ca, and curl --cacert");
	job->exit_code = EXIT_USAGE;
	return NULL;
}

static void render(const struct settings *s, const attest_result *result, struct job *job)
{
	unsigned flags = (want_color(s->color) ? ATTEST_TEXT_COLOR : 0) | (s->verbose ? ATTEST_TEXT_VERBOSE : 0);
	attest_status status = ATTEST_OK;

	if (s->print == PRINT_REPORT)
		status = attest_result_text(result, job->name, flags, &job->text);
	else if (s->print == PRINT_JSON)
		status = attest_result_json(result, job->name, &job->text);
	else if (s->print != PRINT_NOTHING)
		job->text = printed(s, result, job);
	if (status != ATTEST_OK) {
		print_name(job->name);
		(void)fputs("out of memory\n", stderr);
		job->exit_code = EXIT_USAGE;
	}
}

static void finish_job(const struct settings *s, struct job *job, attest_status status, attest_result *result,
		       const struct attest_error *error)
{
	job->exit_code = exit_code(status);
	if (result != NULL)
		render(s, result, job);
	else
		job->exit_code = failed(job->name, error);
	attest_result_free(result);
	atomic_store(&job->done, true);
}

static void verify_file(const struct settings *s, struct job *job)
{
	struct attest_error error = {0};
	attest_result *result = NULL;
	attest_status status;
	struct input in;
	int rc = input_read(job->name, &in);

	if (rc != 0) {
		job->exit_code = unreadable(job->name, rc);
		atomic_store(&job->done, true);
		return;
	}
	status = attest_verify(s->verifier, &s->options, in.data, in.len, &result, &error);
	input_free(&in);
	finish_job(s, job, status, result, &error);
}

/* The files of loose evidence while they are used. */
struct loose {
	struct input parts[N_PARTS], logs[MOST_LOGS];
	struct attest_bytes log_bytes[MOST_LOGS];
	struct attest_parts to;
};

static int read_loose(const char *path, struct input *in, struct attest_bytes *to)
{
	int rc = path == NULL ? 0 : input_read(path, in);

	if (rc != 0)
		return unreadable(path, rc);
	if (path != NULL)
		*to = (struct attest_bytes){in->data, in->len};
	return 0;
}

static int read_parts(const struct settings *s, struct loose *loose)
{
	struct attest_parts *to = &loose->to;
	struct attest_bytes *const bytes[N_PARTS] = {&to->quote, &to->signature, &to->pcrs, &to->ak, &to->ak_chain};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < N_PARTS; i++)
		rc = read_loose(s->parts[i], &loose->parts[i], bytes[i]);
	for (size_t i = 0; rc == 0 && i < s->n_logs; i++)
		rc = read_loose(s->logs[i], &loose->logs[i], &loose->log_bytes[i]);
	to->logs = loose->log_bytes;
	to->n_logs = s->n_logs;
	return rc;
}

static void free_parts(struct loose *loose)
{
	for (size_t i = 0; i < N_PARTS; i++)
		input_free(&loose->parts[i]);
	for (size_t i = 0; i < MOST_LOGS; i++)
		input_free(&loose->logs[i]);
}

static int verify_parts(const struct settings *s)
{
	struct loose loose = {.to = ATTEST_PARTS_INIT};
	struct job job = {.name = s->parts[0]};
	struct attest_error error = {0};
	attest_result *result = NULL;
	int rc = 0;

	if (s->parts[0] == NULL || s->parts[1] == NULL || s->parts[2] == NULL)
		return wrong("--quote", "...", "--quote, --signature and --pcrs together");
	rc = read_parts(s, &loose);
	if (rc == 0) {
		attest_status status = attest_verify_parts(s->verifier, &s->options, &loose.to, &result, &error);

		finish_job(s, &job, status, result, &error);
		rc = job.exit_code;
		if (job.text != NULL)
			(void)printf("%s%s", job.text, s->print == PRINT_JSON ? "\n" : "");
		attest_string_free(job.text);
	}
	free_parts(&loose);
	return rc;
}

/* Many proofs: workers take the next, this thread prints in order. */

struct queue {
	const struct settings *settings;
	struct job *jobs;
	size_t n;
	atomic_size_t next, n_done;
};

static void *work(void *arg)
{
	struct queue *queue = arg;
	size_t i;

	while ((i = atomic_fetch_add(&queue->next, 1)) < queue->n) {
		verify_file(queue->settings, &queue->jobs[i]);
		atomic_fetch_add(&queue->n_done, 1);
	}
	return NULL;
}

static int worse(int a, int b)
{
	static const int rank[] = {[0] = 0, [EXIT_INCONCLUSIVE] = 1, [EXIT_REFUSED] = 2, [EXIT_USAGE] = 3};

	return rank[b] > rank[a] ? b : a;
}

static int print_job(const struct settings *s, struct job *job, bool first)
{
	if (job->text != NULL) {
		(void)printf("%s%s%s", !first && s->print == PRINT_REPORT ? "\n" : "", job->text,
			     s->print == PRINT_JSON ? "\n" : "");
		(void)fflush(stdout);
	}
	attest_string_free(job->text);
	job->text = NULL;
	return job->exit_code;
}

static void show_progress(const struct queue *queue, time_t begin)
{
	size_t done = atomic_load(&queue->n_done);

	if (isatty(STDERR_FILENO) == 1 && time(NULL) > begin)
		(void)fprintf(stderr, "\r%zu of %zu proofs (%.0f/s) ", done, queue->n,
			      (double)done / (double)(time(NULL) - begin));
}

static int print_in_order(struct queue *queue)
{
	const struct timespec pause = {0, 20000000};
	time_t begin = time(NULL);
	int code = 0;

	for (size_t i = 0; i < queue->n; i++) {
		while (!atomic_load(&queue->jobs[i].done)) {
			show_progress(queue, begin);
			(void)nanosleep(&pause, NULL);
		}
		code = worse(code, print_job(queue->settings, &queue->jobs[i], i == 0));
	}
	if (isatty(STDERR_FILENO) == 1 && time(NULL) > begin)
		(void)fputs("\r\033[K", stderr);
	return code;
}

static size_t start_workers(struct queue *queue, pthread_t *threads, size_t most)
{
	size_t n = 0;

	while (n < most && pthread_create(&threads[n], NULL, work, queue) == 0)
		n++;
	return n;
}

static int verify_files(const struct settings *s, char **names, size_t n)
{
	struct queue queue = {.settings = s, .jobs = calloc(n, sizeof(*queue.jobs)), .n = n};
	size_t most = (size_t)s->jobs < n ? (size_t)s->jobs : n, started = 0;
	pthread_t *threads = calloc(most, sizeof(*threads));
	int code = EXIT_USAGE;

	if (queue.jobs == NULL || threads == NULL) {
		(void)fputs("attest-verify: out of memory\n", stderr);
	} else {
		for (size_t i = 0; i < n; i++)
			queue.jobs[i].name = names[i];
		started = n == 1 ? 0 : start_workers(&queue, threads, most);
		if (started == 0)
			(void)work(&queue);
		code = print_in_order(&queue);
	}
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	free(threads);
	free(queue.jobs);
	return code;
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
	rc = s->has_parts ? verify_parts(s) : verify_files(s, names, (size_t)n);
	return finish_output() == 0 ? rc : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct settings s = {.options = ATTEST_OPTIONS_INIT, .color = "auto", .jobs = sysconf(_SC_NPROCESSORS_ONLN)};
	int option, rc = 0;

	common_start();
	s.options.time = (int64_t)time(NULL);
	if (s.jobs < 1)
		s.jobs = 1;
	if (attest_verifier_new(&s.verifier) != ATTEST_OK) {
		(void)fputs("attest-verify: out of memory\n", stderr);
		return EXIT_USAGE;
	}
	while (rc == 0 && (option = getopt_long(argc, argv, "p:t:n:r:jqvhV", options, NULL)) != -1) {
		if (option == 'h' || option == 'V') {
			(void)printf(option == 'h' ? "%s" : "attest-verify (libattest) %s\n",
				     option == 'h' ? usage : attest_version());
			attest_verifier_free(s.verifier);
			return fflush(stdout) == 0 ? 0 : EXIT_USAGE;
		}
		rc = option == '?' ? EXIT_USAGE : take_option(&s, option);
	}
	if (rc == 0)
		rc = run(&s, argv + optind, argc - optind);
	else if (option == '?')
		(void)fputs("Try 'attest-verify --help'.\n", stderr);
	attest_verifier_free(s.verifier);
	return rc;
}
