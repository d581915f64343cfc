/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest-policy predict: a policy for an image that has never booted.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy.h"
#include "policy_predict.h"

enum { PHASES_MOST = 64 };

static const char usage[] =
	"Usage: attest-policy predict [OPTION]... --uki FILE\n"
	"  or:  attest-policy predict [OPTION]... --text-events FILE\n"
	"Compute what a machine will measure that boots this unified kernel image (systemd-stub 252 or later), and "
	"write\n"
	"the policy for it to standard output: PCR 4, 9, 11, 12 and 13, and those of what is served.\n"
	"\n"
	"What boots\n"
	"  -u, --uki FILE          the image, as the firmware starts it; - for standard input\n"
	"  -P, --platform WHAT     whose firmware measures: ovmf (default) or azure\n"
	"  -p, --phase PATH        phases that have passed when a proof is made, such as enter-initrd:leave-initrd;\n"
	"                          none for none. Several: each is allowed. Default: all four up to ready\n"
	"  -c, --cmdline TEXT      a kernel command line that the boot loader gives the image\n"
	"  -s, --secure-boot       Secure Boot must be enabled (PCR 7)\n"
	"\n"
	"What is served, into PCR 14 and 15\n"
	"  -t, --text-events FILE  texts that are measured into PCR 14: a JSON array of texts, or one on each line\n"
	"  -w, --weights PATH      a file or folder, as attest-server --measure weights=PATH measures it\n"
	"  -m, --measure TYPE=PATH the same of another type: image=/srv/server.tar\n"
	"      --config FILE       the configuration that attest-server measures first, as its --print-config shows "
	"it\n"
	"      --tls-cert FILE     the certificate (or its public key) whose key PCR 15 will name\n"
	"      --name NAME         the server's first name, which PCR 15 holds beside the key; default: localhost\n"
	"\n"
	"Output\n"
	"  -b, --bank BANK         sha256 (default), sha1, sha384 or sha512\n"
	"  -h, --help              this text\n"
	"\n"
	"Exit codes: 0 done; 2 usage or input/output error, or an image whose boot cannot be predicted.\n";

static const struct option options[] = {
	{"uki",         required_argument, NULL, 'u'},
        {"platform",    required_argument, NULL, 'P'},
	{"phase",       required_argument, NULL, 'p'},
        {"cmdline",     required_argument, NULL, 'c'},
	{"secure-boot", no_argument,       NULL, 's'},
        {"text-events", required_argument, NULL, 't'},
	{"weights",     required_argument, NULL, 'w'},
        {"measure",     required_argument, NULL, 'm'},
	{"config",      required_argument, NULL, 'C'},
        {"tls-cert",    required_argument, NULL, 'T'},
	{"name",        required_argument, NULL, 'N'},
        {"bank",        required_argument, NULL, 'b'},
	{"help",        no_argument,       NULL, 'h'},
        {NULL,          0,                 NULL, 0  },
};

struct settings {
	struct attest_predict_options predict;
	const char *phases[PHASES_MOST];
	const char *uki;
	struct served served;
};

/* A file that is mapped, or standard input that is read. */
struct image {
	void *data;
	size_t len;
	bool is_mapped;
};

static int map_image(const char *path, struct image *image)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return errno;
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) {
		rc = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
	} else {
		image->len = (size_t)info.st_size;
		image->data = mmap(NULL, image->len, PROT_READ, MAP_PRIVATE, fd, 0);
		image->is_mapped = image->data != MAP_FAILED;
		rc = image->is_mapped ? 0 : errno;
	}
	(void)close(fd);
	return rc;
}

static int open_image(const char *path, struct image *image)
{
	struct input input;
	int rc;

	if (strcmp(path, "-") != 0)
		return map_image(path, image);
	rc = input_read(path, &input);
	if (rc == 0)
		*image = (struct image){input.data, input.len, false};
	return rc;
}

static void close_image(struct image *image)
{
	if (image->is_mapped)
		(void)munmap(image->data, image->len);
	else
		free(image->data);
}

static volatile sig_atomic_t word_was_shown;

static void show_word(int number)
{
	static const char word[] = "computing digests ...";

	(void)number;
	word_was_shown = write(STDERR_FILENO, word, sizeof(word) - 1) > 0;
}

/* A word on a terminal after a second. */
static void watch_time(bool begin)
{
	if (isatty(STDERR_FILENO) != 1)
		return;
	(void)signal(SIGALRM, begin ? show_word : SIG_IGN);
	(void)alarm(begin ? 1 : 0);
	if (!begin && word_was_shown != 0)
		(void)fputs("\r                     \r", stderr);
}

static int predict(struct settings *s, const struct image *image)
{
	struct attest_error error = {0};
	char *json = NULL;
	int rc = 0;

	s->predict.uki = s->uki == NULL ? NULL : image->data;
	s->predict.uki_len = image->len;
	/* Where it lies here says nothing to those who read the policy. */
	s->predict.name = s->uki == NULL || strrchr(s->uki, '/') == NULL ? s->uki : strrchr(s->uki, '/') + 1;
	s->predict.texts = s->served.events;
	s->predict.n_texts = s->served.n;
	watch_time(true);
	if (attest_policy_predict(&s->predict, &json, &error) != ATTEST_OK)
		rc = failed(s->uki == NULL ? "text events" : s->uki, &error);
	watch_time(false);
	if (rc == 0)
		(void)fputs(json, stdout);
	attest_string_free(json);
	return rc == 0 ? finish_output() : rc;
}

static int run(struct settings *s)
{
	struct image image = {NULL, 0, false};
	int rc = served_read(&s->served);

	if (rc == 0 && s->uki != NULL) {
		rc = open_image(s->uki, &image);
		if (rc != 0)
			rc = unreadable(s->uki, rc);
	}
	if (rc == 0)
		rc = predict(s, &image);
	close_image(&image);
	return rc;
}

static int take_phase(struct settings *s, const char *path)
{
	if (s->predict.n_phases == PHASES_MOST)
		return wrong("--phase", path, "at most 64 of them");
	s->phases[s->predict.n_phases++] = strcmp(path, "none") == 0 ? "" : path;
	s->predict.phases = s->phases;
	return 0;
}

static int take_option(struct settings *s, int option)
{
	switch (option) {
	case 'u':
		s->uki = optarg;
		return 0;
	case 'P':
		s->predict.platform = optarg;
		return 0;
	case 'p':
		return take_phase(s, optarg);
	case 'c':
		s->predict.cmdline = optarg;
		return 0;
	case 's':
		s->predict.secure_boot = 1;
		return 0;
	case 'b':
		s->predict.bank = optarg;
		return 0;
	default:
		return served_take(&s->served, option, optarg);
	}
}

int policy_predict(int argc, char **argv)
{
	struct settings s = {.predict = ATTEST_PREDICT_OPTIONS_INIT, .served = {.name = "localhost"}};
	int option, rc = 0;

	while (rc == 0 && (option = getopt_long(argc, argv, "u:P:p:c:st:w:m:b:h", options, NULL)) != -1) {
		if (option == 'h') {
			(void)fputs(usage, stdout);
			return finish_output();
		}
		if (option == '?') {
			(void)fprintf(stderr, "Try '%s predict --help'.\n", program);
			return EXIT_USAGE;
		}
		rc = take_option(&s, option);
	}
	if (rc == 0 && optind < argc)
		rc = wrong("predict", argv[optind], "options only; the image is given with --uki");
	if (rc == 0)
		rc = run(&s);
	served_free(&s.served);
	return rc;
}
