/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest-inspect: show what a proof or an event log says, without trusting it, or how two differ. Reads files and the
 * clock; libattest makes the document, inspect_text.c and inspect_html*.c write it.
 */
#include <errno.h>
#include <getopt.h>
#include <openssl/sha.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "input.h"
#include "inspect.h"

const char program[] = "attest-inspect";

/* How much is listed where nobody asked for all. */
enum { EXIT_DIFFER = 1, TEXT_EVENTS = 1000, TEXT_DIFFERENCES = 24, PAGE_EVENTS = 3000, PAGE_DIFFERENCES = 200 };

static const char usage[] =
	"Usage: attest-inspect [OPTION]... PROOF|LOG\n"
	"  or:  attest-inspect [OPTION]... A B\n"
	"Show everything that a proof or an event log says, WITHOUT trusting it; or how two of them differ. - is\n"
	"standard input. For a verdict, use attest-verify.\n"
	"\n"
	"What to show\n"
	"  -e, --events            the timeline of all events too; of a log, the first 1000 are always shown\n"
	"  -p, --pcr N             only this PCR, with its events\n"
	"  -v, --verbose           all events, with their decoded fields and digests\n"
	"\n"
	"Output\n"
	"  -j, --json              one JSON object: inspection.schema.json, comparison.schema.json\n"
	"      --html FILE         a page for auditors instead of text; - for standard output\n"
	"      --color WHEN        auto (default), always or never\n"
	"  -h, --help              this text\n"
	"  -V, --version           the version\n"
	"\n"
	"Exit codes: 0 shown, or the two are equal; 1 the two differ; 2 usage or input/output error, or unreadable "
	"input.\n"
	"The manual page attest-inspect(1) has examples.\n";

struct settings {
	struct attest_inspect_options options;
	bool events, verbose, json;
	const char *html, *color;
};

struct file {
	const char *path;
	struct input input;
};

/* Progress: after a second, a word on a terminal. */

static const char *volatile stage;
static volatile sig_atomic_t stage_was_shown;

static void show_stage(int signal_number)
{
	const char *text = stage;

	(void)signal_number;
	if (write(STDERR_FILENO, text, strlen(text)) > 0)
		stage_was_shown = 1;
}

static void begin_stage(const char *text)
{
	struct sigaction action = {.sa_handler = show_stage, .sa_flags = SA_RESTART};

	if (isatty(STDERR_FILENO) != 1)
		return;
	stage = text;
	if (stage_was_shown)
		show_stage(0);
	else if (sigaction(SIGALRM, &action, NULL) == 0)
		(void)alarm(1);
}

static void end_stage(void)
{
	(void)alarm(0);
	if (stage_was_shown)
		(void)fputs("\r\033[K", stderr);
	stage_was_shown = 0;
}

/* Options. Each handler returns 0 or the exit code. */

static int take_pcr(struct settings *s, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n > 31)
		return wrong("--pcr", text, "0 to 31");
	s->options.pcr = (int)n;
	return 0;
}

enum long_only { OPT_HTML = 256, OPT_COLOR };

static const struct option options[] = {
	{"events",  no_argument,       NULL, 'e'      },
	{"pcr",     required_argument, NULL, 'p'      },
	{"verbose", no_argument,       NULL, 'v'      },
	{"json",    no_argument,       NULL, 'j'      },
	{"html",    required_argument, NULL, OPT_HTML },
	{"color",   required_argument, NULL, OPT_COLOR},
	{"help",    no_argument,       NULL, 'h'      },
	{"version", no_argument,       NULL, 'V'      },
	{NULL,      0,                 NULL, 0        },
};

static int take_option(struct settings *s, int option)
{
	switch (option) {
	case 'e':
		s->events = true;
		return 0;
	case 'p':
		return take_pcr(s, optarg);
	case 'v':
		s->verbose = s->events = true;
		return 0;
	case 'j':
		s->json = true;
		return 0;
	case OPT_HTML:
		s->html = optarg;
		return 0;
	default:
		s->color = optarg;
		return is_color_word(optarg) ? 0 : wrong("--color", optarg, "auto, always or never");
	}
}

/* How many events, or differences, the document lists: all that were asked for, but never a page that no browser
 * shows. */
static size_t most_listed(const struct settings *s, bool compares)
{
	if (s->html != NULL)
		return compares ? PAGE_DIFFERENCES : PAGE_EVENTS;
	if (s->json || s->events || s->options.pcr >= 0)
		return 0;
	return compares ? TEXT_DIFFERENCES : TEXT_EVENTS;
}

/* The document. */

static int make_document(const struct settings *s, const struct file *files, int n, char **ret_json)
{
	const struct input *a = &files[0].input, *b = &files[1].input;
	struct attest_error error = {0};
	attest_status status;

	begin_stage("\rreading... ");
	status = n == 2 ? attest_compare(&s->options, a->data, a->len, b->data, b->len, ret_json, &error)
			: attest_inspect(&s->options, a->data, a->len, ret_json, &error);
	end_stage();
	if (status == ATTEST_OK)
		return 0;
	/* attest_compare() says whose error it is. */
	return failed(files[strncmp(error.where, "the second", 10) == 0 ? 1 : 0].path, &error);
}

/* Output */

static int unwritable(const char *path)
{
	int error = errno;

	print_name(path);
	(void)fprintf(stderr, "%s\n", strerror(error));
	return EXIT_USAGE;
}

/* Evidence is not to be overwritten by its own page. */
static bool is_an_input(const char *path, const struct file *files, int n)
{
	struct stat out, in;

	if (strcmp(path, "-") == 0 || stat(path, &out) != 0)
		return false;
	for (int i = 0; i < n; i++)
		if (strcmp(files[i].path, "-") != 0 && stat(files[i].path, &in) == 0 && in.st_dev == out.st_dev &&
		    in.st_ino == out.st_ino)
			return true;
	return false;
}

static int write_page(const char *path, const struct view *view, int n)
{
	FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	bool ok;

	if (out == NULL)
		return unwritable(path);
	begin_stage("\rrendering... ");
	if (n == 2)
		html_comparison(out, view);
	else
		html_inspection(out, view);
	end_stage();
	if (out == stdout)
		return finish_output();
	ok = ferror(out) == 0;
	ok = fclose(out) == 0 && ok;
	return ok ? 0 : unwritable(path);
}

static int write_document(const struct settings *s, const struct view *view, const char *json, int n)
{
	if (s->html != NULL)
		return write_page(s->html, view, n);
	if (s->json)
		(void)printf("%s\n", json);
	else if (n == 2)
		text_comparison(stdout, view);
	else
		text_inspection(stdout, view);
	return finish_output();
}

static char *printable_name(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool ok;

	if (out == NULL)
		return NULL;
	put_name(out, strcmp(path, "-") == 0 ? "standard input" : path);
	ok = ferror(out) == 0;
	ok = fclose(out) == 0 && ok;
	if (!ok) {
		free(text);
		return NULL;
	}
	return text;
}

static bool describe_subject(const struct file *file, struct subject *ret_subject)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	ret_subject->name = printable_name(file->path);
	ret_subject->size = file->input.len;
	if (ret_subject->name == NULL || SHA256(file->input.data, file->input.len, digest) == NULL)
		return false;
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(ret_subject->sha256 + 2 * i, 3, "%02x", digest[i]);
	return true;
}

static int show(const struct settings *s, const struct file *files, int n, const char *json)
{
	json_t *document = json_loads(json, 0, NULL);
	struct view view = {.document = document,
			    .pcr = s->options.pcr,
			    .contradicted = contradicted_pcrs(document),
			    .events = s->events || s->options.pcr >= 0,
			    .verbose = s->verbose,
			    .color = want_color(s->color),
			    .now = time(NULL)};
	bool ok = document != NULL;
	int rc = EXIT_USAGE;

	for (int i = 0; ok && i < n; i++)
		ok = describe_subject(&files[i], &view.subjects[i]);
	if (ok)
		rc = write_document(s, &view, json, n);
	else
		(void)fprintf(stderr, "%s: out of memory\n", program);
	if (rc == 0 && n == 2 && !truth_at(document, "equal"))
		rc = EXIT_DIFFER;
	free(view.subjects[0].name);
	free(view.subjects[1].name);
	json_decref(document);
	return rc;
}

static int run(struct settings *s, char **names, int n)
{
	struct file files[2] = {{0}};
	char *json = NULL;
	int rc = 0;

	if (n < 1 || n > 2)
		return wrong("PROOF|LOG", n == 0 ? "" : names[2], "one file to show, or two to compare");
	if (s->json && s->html != NULL)
		return wrong("--html", s->html, "either --html or --json");
	s->options.max_events = most_listed(s, n == 2);
	for (int i = 0; rc == 0 && i < n; i++) {
		files[i].path = names[i];
		rc = input_read(names[i], &files[i].input);
		rc = rc == 0 ? 0 : unreadable(names[i], rc);
	}
	if (rc == 0 && s->html != NULL && is_an_input(s->html, files, n))
		rc = wrong("--html", s->html, "another file than the one to show");
	if (rc == 0)
		rc = make_document(s, files, n, &json);
	if (rc == 0)
		rc = show(s, files, n, json);
	attest_string_free(json);
	input_free(&files[0].input);
	input_free(&files[1].input);
	return rc;
}

int main(int argc, char **argv)
{
	struct settings s = {.options = ATTEST_INSPECT_OPTIONS_INIT, .color = "auto"};
	int option, rc = 0;

	common_start();
	while (rc == 0 && (option = getopt_long(argc, argv, "ep:vjhV", options, NULL)) != -1) {
		if (option == 'h' || option == 'V') {
			(void)printf(option == 'h' ? "%s" : "attest-inspect (libattest) %s\n",
				     option == 'h' ? usage : attest_version());
			return finish_output();
		}
		rc = option == '?' ? EXIT_USAGE : take_option(&s, option);
	}
	if (rc == 0)
		return run(&s, argv + optind, argc - optind);
	if (option == '?')
		(void)fprintf(stderr, "Try '%s --help'.\n", program);
	return rc;
}
