/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation made to fail, one at a time: from an empty verifier to the printed account, for proofs that are good
 * and proofs that are not; and in those calls that only look. Each call must say that nothing was decided
 * (ATTEST_E_NO_MEMORY, ATTEST_E_INTERNAL) or do what it does otherwise, and the same call made once more must then
 * succeed; nothing may be left behind.
 *
 * Let pass and counted: libjansson's parser and libcrypto take some failures for bad input, and then good input is
 * refused; and libjansson ends the program over a few (an assertion in load.c). No acceptance may come of any.
 *
 * Of scenarios with very many allocations those of the same calls, such as of each event of a log, fail only the first
 * few times.
 *
 * Each round runs in a thread of its own, so that what libcrypto keeps for a thread comes and goes with it.
 *
 * Usage: alloc [CASE [N [K]]]: only that case (with a colon before it: only the looks at it; with a plus sign: what is
 * derived of it; with an equals sign: at policies), only the failure of allocation number N; show where it was made,
 * and where allocation number K was.
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

#include "case.inc.c"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
int main(void)
{
	(void)puts("alloc: a sanitizer has its own malloc, which cannot be replaced\n0 passed, 0 failed, 1 skipped");
	return 0;
}
#else

/* The C library's own, under the names that it keeps for this. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

#define EXPORTED __attribute__((visibility("default"), noinline))
EXPORTED void *malloc(size_t size);
EXPORTED void *calloc(size_t n, size_t size);
EXPORTED void *realloc(void *p, size_t size);
EXPORTED void free(void *p);

enum { LIVE_SLOTS = 1 << 16, MAX_FILES = 8, PRINTED_FAILURES = 4, MAX_FRAMES = 32 };
/* From MANY allocations on, those whose calls have allocated ALIKE times before are left out. */
enum { MANY = 2500, ALIKE = 4, MOST_PATHS = 1 << 15 };

/* What is being counted; `armed` in one thread at a time. */
static _Thread_local bool armed;
static size_t n_allocations, fail_at, show_at;
static bool show_place;

/* Shared with the process that runs the rounds, which may not live to tell. */
struct outcome {
	/* of one round */
	size_t n;        /* which allocation is to fail */
	bool has_failed; /* it came, and was refused */
	bool in_json;    /* libjansson's parser had asked for it */
	bool in_parser;  /* libjansson's parser or libcrypto had */
	bool is_misread; /* and took it for bad JSON, or for a bad signature or key */
	char problem[240];
	/* of all */
	size_t n_failed, n_misread, n_aborted, n_bad;
};
static struct outcome *outcome;

/* Addresses that were allocated while armed and not freed since: open addressing, 1 marks a removed one. */
static uintptr_t live[LIVE_SLOTS];
static size_t number_of[LIVE_SLOTS]; /* which allocation it was */
static size_t n_live;

static size_t slot_of(uintptr_t p)
{
	return (size_t)((p >> 4) * 11400714819323198485u >> 48) % LIVE_SLOTS;
}

static void remember(void *p)
{
	size_t i = slot_of((uintptr_t)p);

	if (!armed || p == NULL)
		return;
	while (live[i] > 1)
		i = (i + 1) % LIVE_SLOTS;
	live[i] = (uintptr_t)p;
	number_of[i] = n_allocations;
	n_live++;
}

static void forget(void *p)
{
	if (p == NULL || n_live == 0)
		return;
	for (size_t i = slot_of((uintptr_t)p); live[i] != 0; i = (i + 1) % LIVE_SLOTS)
		if (live[i] == (uintptr_t)p) {
			live[i] = 1;
			n_live--;
			return;
		}
}

/* json_loadb() itself, and not this program's entry for it in its table of links. */
static void *json_loadb_begin;
/* Where libcrypto's code lies. dladdr() would look for each frame's symbol among all of its symbols. */
static uintptr_t libcrypto_begin, libcrypto_end;

static int find_libcrypto(struct dl_phdr_info *object, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (strstr(object->dlpi_name, "/libcrypto.so") == NULL)
		return 0;
	libcrypto_begin = object->dlpi_addr;
	for (size_t i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_LOAD)
			libcrypto_end = libcrypto_begin + object->dlpi_phdr[i].p_vaddr + object->dlpi_phdr[i].p_memsz;
	return 1;
}

/* libcrypto does not always say that it lacked memory: a signature, a key or a name that it then calls bad is refused.
 */
static bool is_in_libcrypto(void *const *frames, int n_frames)
{
	for (int i = 0; i < n_frames; i++)
		if ((uintptr_t)frames[i] >= libcrypto_begin && (uintptr_t)frames[i] < libcrypto_end)
			return true;
	return false;
}

static bool is_in_json_loadb(void *const *frames, int n_frames)
{
	for (int i = 0; i < n_frames; i++)
		if (_Unwind_FindEnclosingFunction(frames[i]) == json_loadb_begin)
			return true;
	return false;
}

/* Who asks for this allocation? */
static void note_place(void)
{
	void *frames[MAX_FRAMES];
	int n_frames;

	armed = false;
	n_frames = backtrace(frames, MAX_FRAMES);
	if (n_allocations == fail_at) {
		outcome->in_json = is_in_json_loadb(frames, n_frames);
		outcome->in_parser = outcome->in_json || is_in_libcrypto(frames, n_frames);
	}
	if (show_place)
		backtrace_symbols_fd(frames + 3, n_frames - 3, STDERR_FILENO);
	armed = true;
}

/* By which calls each allocation of the last round without a failure was made. */
static uint64_t path_of[MOST_PATHS];
static size_t n_paths;

static void note_path(void)
{
	void *frames[MAX_FRAMES];
	uint64_t path = 0;
	int n_frames;

	armed = false;
	n_frames = backtrace(frames, MAX_FRAMES);
	for (int i = 0; i < n_frames; i++)
		path = (path ^ (uintptr_t)frames[i]) * 0x100000001b3u;
	path_of[n_allocations] = path;
	n_paths = n_allocations;
	armed = true;
}

static bool is_one_more_alike(size_t n)
{
	size_t n_alike = 0;

	if (n_paths < MANY || n > n_paths)
		return false;
	for (size_t i = 1; i < n; i++)
		n_alike += path_of[i] == path_of[n];
	return n_alike >= ALIKE;
}

/* Is this the one to fail? */
static bool refused(void)
{
	if (!armed)
		return false;
	n_allocations++;
	if (fail_at == 0 && n_allocations < MOST_PATHS)
		note_path();
	if (n_allocations == fail_at || (show_place && n_allocations == show_at))
		note_place();
	outcome->has_failed = outcome->has_failed || n_allocations == fail_at;
	return n_allocations == fail_at;
}

void *malloc(size_t size)
{
	void *p = refused() ? NULL : __libc_malloc(size);

	remember(p);
	return p;
}

void *calloc(size_t n, size_t size)
{
	void *p = refused() ? NULL : __libc_calloc(n, size);

	remember(p);
	return p;
}

void *realloc(void *p, size_t size)
{
	void *grown = refused() ? NULL : __libc_realloc(p, size);

	if (grown != NULL || size == 0)
		forget(p);
	remember(grown);
	return grown;
}

void free(void *p)
{
	forget(p);
	__libc_free(p);
}

/* A verification from nothing to the printed account, or two looks at the proof, or at two policies. */
struct scenario {
	const char *name;
	bool looks;          /* its name begins with a colon */
	bool policies_alone; /* with an equals sign: those of tests/policies, with a case that is only loaded */
	bool derives;        /* with a plus sign: a policy of its proof, and why that is refused */
	struct test_case c;
	struct file roots[MAX_FILES], policies[MAX_FILES], references[MAX_FILES];
	size_t n_roots, n_policies, n_references;
	/* without any failure: */
	char *account; /* JSON and text */
	attest_status status;
	attest_verdict verdict;
};

static void load_list(struct scenario *s, const char *member, struct file *files, size_t *ret_n)
{
	const json_t *names = json_object_get(s->c.json, member);

	for (size_t i = 0; i < json_array_size(names) && i < MAX_FILES; i++)
		files[(*ret_n)++] = read_member(&s->c, json_string_value(json_array_get(names, i)));
}

static void scenario_load(struct scenario *s, const char *name)
{
	*s = (struct scenario){.name = name,
			       .looks = name[0] == ':' || name[0] == '=',
			       .policies_alone = name[0] == '=',
			       .derives = name[0] == '+'};
	case_load(&s->c, "tests/cases", s->looks || s->derives ? name + 1 : name);
	if (s->policies_alone) {
		s->policies[0] = file_read("tests/policies/old.json");
		s->policies[1] = file_read("tests/policies/new.json");
	}
	load_list(s, "roots", s->roots, &s->n_roots);
	if (!s->policies_alone)
		load_list(s, "policies", s->policies, &s->n_policies);
	load_list(s, "references", s->references, &s->n_references);
	if (s->looks && s->n_references == 0)
		s->references[0] = file_read("tests/cases/boot-good/proof.json"); /* to compare with */
	attest_verifier_free(s->c.verifier);
	s->c.verifier = NULL;
}

static void scenario_free(struct scenario *s)
{
	for (size_t i = 0; i < MAX_FILES; i++) {
		free(s->roots[i].data);
		free(s->policies[i].data);
		free(s->references[i].data);
	}
	free(s->account);
	case_free(&s->c);
}

/* The first counts. */
static bool problem(attest_status status, const char *what)
{
	if (outcome->problem[0] == '\0')
		(void)snprintf(outcome->problem, sizeof(outcome->problem), "%s: %.180s", attest_status_name(status),
			       what);
	return false;
}

/* Nothing was decided, and it is because of the failure. */
static bool is_undecided(attest_status status)
{
	return outcome->has_failed && (status == ATTEST_E_NO_MEMORY || status == ATTEST_E_INTERNAL);
}

/* libjansson's parser or libcrypto said that the input is bad; it is not. */
static bool is_misread(attest_status status)
{
	if (status == ATTEST_OK || outcome->is_misread || !outcome->has_failed || !outcome->in_parser)
		return false;
	outcome->is_misread = true;
	return true;
}

/* Try, and if memory failed try again. A setup call has no other way to fail here. */
#define SETUP(call)                                                                                                    \
	({                                                                                                             \
		attest_status status_ = (call);                                                                        \
		if (is_undecided(status_) || is_misread(status_))                                                      \
			status_ = (call);                                                                              \
		status_ == ATTEST_OK ? true : problem(status_, #call);                                                 \
	})

static bool set_up(struct scenario *s, attest_verifier **ret_verifier)
{
	const char *purpose = json_string_value(json_object_get(s->c.json, "root_purpose"));
	struct attest_error e = {0};
	bool ok = SETUP(attest_verifier_new(ret_verifier));

	for (size_t i = 0; ok && i < s->n_roots; i++)
		ok = SETUP(attest_verifier_add_roots(*ret_verifier, s->roots[i].data, s->roots[i].len, purpose, &e));
	for (size_t i = 0; ok && i < s->n_policies; i++)
		ok = SETUP(attest_verifier_add_policy(*ret_verifier, s->policies[i].data, s->policies[i].len, "policy",
						      &e));
	for (size_t i = 0; ok && i < s->n_references; i++)
		ok = SETUP(attest_verifier_add_reference(*ret_verifier, s->references[i].data, s->references[i].len,
							 "reference", &e));
	return ok;
}

static bool decide(struct scenario *s, attest_result **ret_result)
{
	struct attest_error e = {0};
	attest_status status = case_verify(&s->c, ret_result, &e);

	if (*ret_result == NULL && is_undecided(status) && e.status == status)
		status = case_verify(&s->c, ret_result, &e);
	if (*ret_result != NULL && attest_result_verdict(*ret_result) == ATTEST_REFUSED && status != s->status &&
	    is_misread(status)) {
		attest_result_free(*ret_result);
		*ret_result = NULL;
		status = case_verify(&s->c, ret_result, &e);
	}
	if (*ret_result == NULL)
		return problem(status, "attest_verify() gives no result");
	return status == attest_result_status(*ret_result) || problem(status, "attest_verify() and its result differ");
}

static bool report(struct scenario *s, const attest_result *r, char **ret_json, char **ret_text)
{
	return SETUP(attest_result_json(r, s->name, ret_json)) &&
	       SETUP(attest_result_text(r, s->name, ATTEST_TEXT_VERBOSE, ret_text));
}

static bool look(struct scenario *s, char **ret_inspection, char **ret_comparison)
{
	struct attest_inspect_options options = ATTEST_INSPECT_OPTIONS_INIT;
	const struct file *a = &s->c.proof, *b = &s->references[0];
	struct attest_error e = {0};

	options.max_events = 4; /* a few are enough, and one PCR that both have */
	options.pcr = strncmp(s->name, ":boot", 5) == 0 ? 7 : 15;
	return SETUP(attest_inspect(&options, a->data, a->len, ret_inspection, &e)) &&
	       SETUP(attest_compare(&options, b->data, b->len, a->data, a->len, ret_comparison, &e));
}

/* What show, lint, diff and merge make of two policies, in one text; convert is a part of merge. */
static bool read_policies(struct scenario *s, char **ret_first, char **ret_rest)
{
	struct attest_document a = {s->policies[0].data, s->policies[0].len, "old.json"};
	struct attest_document b = {s->policies[1].data, s->policies[1].len, "new.json"};
	char *lint = NULL, *diff = NULL, *merged = NULL;
	struct attest_error e = {0};
	bool ok = SETUP(attest_policy_show(&a, ret_first, &e)) && SETUP(attest_policy_lint(&a, 0, &lint, &e)) &&
		  SETUP(attest_policy_diff(&a, &b, &diff, &e)) && SETUP(attest_policy_merge(&a, &b, 0, &merged, &e));

	armed = false;
	if (ok && asprintf(ret_rest, "%s\n%s\n%s", lint, diff, merged) < 0)
		broken(s->name, "out of memory");
	armed = true;
	attest_string_free(lint);
	attest_string_free(diff);
	attest_string_free(merged);
	return ok;
}

/* Another verifier for each: one that has policies derives none. */
static bool derive(struct scenario *s, char **ret_policy, char **ret_explanation)
{
	struct attest_document proofs[2] = {
		{s->c.proof.data, s->c.proof.len, "first.json" },
                {s->c.proof.data, s->c.proof.len, "second.json"}
        };
	attest_verifier *bare = NULL;
	struct attest_error e = {0};
	size_t n_policies = s->n_policies;
	bool ok;

	s->n_policies = 0;
	ok = set_up(s, &bare) &&
	     SETUP(attest_policy_derive(bare, &s->c.options, proofs, 2, ATTEST_DERIVE_EVENTS, ret_policy, &e));
	s->n_policies = n_policies;
	attest_verifier_free(bare);
	return ok && set_up(s, &s->c.verifier) &&
	       SETUP(attest_policy_explain(s->c.verifier, &s->c.options, proofs, ret_explanation, &e));
}

/* `r` is NULL after looks, which decide nothing. */
static bool is_same(struct scenario *s, const attest_result *r, const char *json, const char *text)
{
	attest_status status = r == NULL ? ATTEST_OK : attest_result_status(r);
	size_t len = strlen(json);

	if (strncmp(s->account, json, len) == 0 && strcmp(s->account + len, text) == 0)
		return true;
	armed = false;
	if (show_place)
		(void)fprintf(stderr, "%s\n%s", json, text);
	if (r == NULL) {
		outcome->is_misread = outcome->is_misread || outcome->in_parser;
		return outcome->in_parser || problem(status, "the document is another than without a failure");
	}
	if (attest_result_verdict(r) != s->verdict && attest_result_verdict(r) != ATTEST_REFUSED)
		return problem(status, "a proof that is refused otherwise is ACCEPTED");
	/*
	 * Its verdict stands, but an event may have lost its type. Or libjansson, which drops a character of a string
	 * when its buffer cannot grow, made another policy of the one that was given; nothing but a refusal comes of
	 * that.
	 */
	if ((outcome->in_parser && attest_result_verdict(r) == s->verdict) ||
	    (outcome->in_json && attest_result_verdict(r) == ATTEST_REFUSED)) {
		outcome->is_misread = true;
		return true;
	}
	return problem(status, "the account is another than without a failure");
}

/* The first time nothing fails, and what comes out is kept. */
static void keep(struct scenario *s, const attest_result *r, const char *json, const char *text)
{
	s->status = r == NULL ? ATTEST_OK : attest_result_status(r);
	s->verdict = r == NULL ? ATTEST_REFUSED : attest_result_verdict(r);
	if (asprintf(&s->account, "%s%s", json, text) < 0)
		broken(s->name, "out of memory");
}

static void *run(void *arg)
{
	struct scenario *s = arg;
	attest_result *result = NULL;
	char *json = NULL, *text = NULL;
	bool ok;

	armed = true;
	if (s->policies_alone)
		ok = read_policies(s, &json, &text);
	else if (s->derives)
		ok = derive(s, &json, &text);
	else if (s->looks)
		ok = look(s, &json, &text);
	else
		ok = set_up(s, &s->c.verifier) && decide(s, &result) && report(s, result, &json, &text);
	if (ok && s->account != NULL)
		(void)is_same(s, result, json, text);
	armed = false;
	if (ok && s->account == NULL)
		keep(s, result, json, text);
	attest_string_free(json);
	attest_string_free(text);
	attest_result_free(result);
	attest_verifier_free(s->c.verifier);
	s->c.verifier = NULL;
	return NULL;
}

static void tell_leak(void)
{
	size_t i = 0;

	while (live[i] <= 1)
		i++;
	(void)snprintf(outcome->problem, sizeof(outcome->problem),
		       "%zu allocations are left behind, such as number %zu", n_live, number_of[i]);
}

static void round_of(struct scenario *s, size_t n)
{
	pthread_t thread;

	n_allocations = 0;
	fail_at = outcome->n = n;
	outcome->has_failed = outcome->in_json = outcome->in_parser = outcome->is_misread = false;
	outcome->problem[0] = '\0';
	if (pthread_create(&thread, NULL, run, s) != 0 || pthread_join(thread, NULL) != 0)
		broken(s->name, "no thread");
}

/* What stays once may be libcrypto's own cache; what stays once more with each round is lost. */
static void try_failure(struct scenario *s, size_t n)
{
	size_t before;

	memset(live, 0, sizeof(live));
	n_live = 0;
	round_of(s, n);
	if (n_live == 0 || outcome->problem[0] != '\0')
		return;
	round_of(s, n);
	before = n_live;
	round_of(s, n);
	if (n_live > before && outcome->problem[0] == '\0')
		tell_leak();
}

static void tell_problem(const struct scenario *s)
{
	if (outcome->problem[0] != '\0' && outcome->n_bad++ < PRINTED_FAILURES)
		(void)printf("FAIL %s: allocation %zu fails: %s\n", s->name, outcome->n, outcome->problem);
	(void)fflush(stdout); /* this process may not live long */
}

/* From failure number n on, until there is no such allocation any more (`only`: that one); never returns. */
__attribute__((noreturn)) static void run_rounds(struct scenario *s, size_t n, bool only)
{
	if (!show_place && freopen("/dev/null", "w", stderr) == NULL)
		_exit(2);
	do {
		while (!only && is_one_more_alike(n))
			n++;
		try_failure(s, n++);
		outcome->n_misread += outcome->is_misread;
		outcome->n_failed++;
		tell_problem(s);
	} while (outcome->has_failed && !only);
	(void)fflush(stdout);
	_exit(0);
}

/* The rounds, in a process that another takes over from where it ends before its time. */
static void run_apart(struct scenario *s, size_t only)
{
	int status = 1;

	for (size_t n = only == 0 ? 1 : only; status != 0; n = outcome->n + 1) {
		pid_t child;

		(void)fflush(stdout);
		child = fork();
		if (child == 0)
			run_rounds(s, n, only != 0);
		if (child < 0 || waitpid(child, &status, 0) != child)
			broken(s->name, "no process");
		if (status == 0 || outcome->in_json) {
			outcome->n_aborted += status != 0;
			continue;
		}
		(void)snprintf(outcome->problem, sizeof(outcome->problem), "the program ends with wait status 0x%x",
			       status);
		tell_problem(s);
	}
}

static bool warm_up(struct scenario *s)
{
	for (int i = 0; i < 3; i++)
		round_of(s, 0);
	if (outcome->problem[0] == '\0' && s->account != NULL)
		return true;
	(void)printf("FAIL %s: without any failure: %s\n", s->name, outcome->problem);
	return false;
}

static bool try_case(const char *name, size_t only)
{
	struct scenario s;
	bool ok;

	memset(outcome, 0, sizeof(*outcome));
	scenario_load(&s, name);
	ok = warm_up(&s);
	if (ok)
		run_apart(&s, only);
	if (outcome->n_bad > PRINTED_FAILURES)
		(void)printf("FAIL %s: and %zu more\n", name, outcome->n_bad - PRINTED_FAILURES);
	ok = ok && outcome->n_bad == 0;
	if (ok)
		(void)printf("ok   %s: %zu allocations, %zu failed (libjansson and libcrypto misread %zu, libjansson "
			     "aborted over %zu)\n",
			     name, outcome->n - 1, outcome->n_failed + outcome->n_aborted - 1, outcome->n_misread,
			     outcome->n_aborted);
	scenario_free(&s);
	return ok;
}

int main(int argc, char **argv)
{
	static const char *const cases[] = {
		/* good, of each format and kind of key */
		"good-azure-like-rsassa",
		"good-google-new-rsapss",
		"good-public-p384",
		"good-tls-pcr-certificate",
		"good-tls-quote",
		"good-blindllama-v2-golden",
		"good-aicert-build-ca",
		"good-containers-in-policy",
		"good-loose-log",
		"good-certificates",
		"good-crls-pem",
		"good-crls-point",
		/* refused, by one step each */
		"parse-duplicate-key",
		"chain-unknown-root",
		"chain-intermediate-missing",
		"crl-leaf-revoked",
		"crl-impostor",
		"crl-missing",
		"ak-public-of-another",
		"signature-flipped",
		"signature-ecdsa-flipped",
		"nonce-other",
		"pcrs-value-changed",
		"log-event-changed",
		"policy-pin-differs",
		"containers-unknown",
		"tls-key-replaced",
		"tls-two-keys-first",
		"tls-separator-twice",
		"loose-key-only",
		/* logs of machines that boot, and references to explain what does not fit */
		"boot-good",
		"boot-good-ima-ascii",
		"boot-good-raw-log",
		"boot-good-cel-tlv",
		"boot-event-dropped",
		"boot-truncated",
		"boot-other-reference",
		"boot-kernel",
		/* looks at proofs, and at how they differ from another */
		":boot-good-secure-boot",
		":boot-truncated",
		":good-tls-quote",
		":good-aicert-build-ca",
		"=good-tls-quote",
		/* rules, and what is made of proofs */
		"rules-good-json",
		"rules-good-release",
		"rules-releases-mixed",
		"rules-kernel",
		"+good-tls-pcr",
		"+boot-good-ima",
	};
	void *frames[2];
	size_t n_passed = 0, n_failed = 0;

	(void)setenv("TSS2_LOG", "all+NONE", 1);
	(void)backtrace(frames, 2); /* it allocates, the first time */
	(void)dl_iterate_phdr(find_libcrypto, NULL);
	json_loadb_begin = dlsym(RTLD_DEFAULT, "json_loadb");
	if (json_loadb_begin == NULL || libcrypto_end == 0)
		broken("alloc", "libjansson and libcrypto are not found");
	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcome == MAP_FAILED)
		broken("mmap", "no memory");
	show_place = argc > 2;
	show_at = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	if (argc > 1)
		return try_case(argv[1], argc > 2 ? strtoul(argv[2], NULL, 10) : 0) ? 0 : 1;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		(*(try_case(cases[i], 0) ? &n_passed : &n_failed))++;
	(void)printf("%zu passed, %zu failed\n", n_passed, n_failed);
	return n_failed == 0 ? 0 : 1;
}
#endif
