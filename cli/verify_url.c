/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest-verify: proofs that a server is asked for, and downloads for proofs. libattest-net, and libcurl with it, is
 * loaded only where they are asked for: files are decided without any of it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "attest-net.h"
#include "common.h"
#include "verify.h"

#define LIBRARY "libattest-net.so.0"

static struct {
	__typeof__(attest_net_session_new) *session_new;
	__typeof__(attest_net_session_free) *session_free;
	__typeof__(attest_net_attest) *attest;
	__typeof__(attest_net_proof) *proof;
	__typeof__(attest_net_verify) *verify;
} net;

bool is_url(const char *name)
{
	return strncasecmp(name, "https://", 8) == 0 || strncasecmp(name, "http://", 7) == 0;
}

/*
 * The one beside the libattest that is in use, else where the loader finds it. A sanitizer's dlopen() does not know the
 * tool's run path.
 */
static void *open_library(void)
{
	Dl_info libattest = {0};
	char path[4096];
	const char *name;
	void *library = NULL;

	if (dladdr((void *)(uintptr_t)attest_version, &libattest) != 0 && libattest.dli_fname != NULL &&
	    libattest.dli_fname[0] == '/') { /* never relative to the current directory */
		name = strrchr(libattest.dli_fname, '/') + 1;
		if (snprintf(path, sizeof(path), "%.*s" LIBRARY, (int)(name - libattest.dli_fname),
			     libattest.dli_fname) < (int)sizeof(path))
			library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	}
	return library != NULL ? library : dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
}

static int load(void)
{
	void *library = open_library();
	const struct {
		const char *name;
		void *to;
	} functions[] = {
		{"attest_net_session_new",  &net.session_new },
                {"attest_net_session_free", &net.session_free},
		{"attest_net_attest",       &net.attest      },
                {"attest_net_proof",        &net.proof       },
		{"attest_net_verify",       &net.verify      },
	};

	if (library == NULL) {
		(void)fprintf(stderr,
			      "attest-verify: URLs and downloads need " LIBRARY
			      " and libcurl, which cannot be loaded: %s\n"
			      "  next      install libattest-net where the loader finds it, or fetch with another "
			      "tool and give files\n",
			      dlerror());
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *function = dlsym(library, functions[i].name);

		if (function == NULL) {
			(void)fprintf(stderr, "attest-verify: " LIBRARY " is of another version: it has no %s\n",
				      functions[i].name);
			return EXIT_USAGE;
		}
		memcpy(functions[i].to, &function, sizeof(function));
	}
	return 0;
}

bool wants_downloads(const struct settings *s)
{
	return (s->net_flags & (ATTEST_NET_AIA | ATTEST_NET_CRLS)) != 0;
}

/* Without --cache: the user's own. */
static void default_cache(struct settings *s)
{
	const char *home = getenv("HOME"), *cache = getenv("XDG_CACHE_HOME");

	if (s->cache != NULL)
		return;
	if (cache != NULL && cache[0] == '/')
		(void)snprintf(s->cache_room, sizeof(s->cache_room), "%s/attest", cache);
	else if (home != NULL && home[0] == '/')
		(void)snprintf(s->cache_room, sizeof(s->cache_room), "%s/.cache/attest", home);
	s->cache = s->cache_room[0] == '\0' ? NULL : s->cache_room;
}

static int check_net(const struct settings *s, const char *first, size_t n_urls)
{
	const unsigned downloads = ATTEST_NET_AIA | ATTEST_NET_CRLS;

	if (n_urls != 1 && s->save != NULL)
		return wrong("--save", s->save, "one URL, whose proof is saved");
	if (n_urls == 0 && (s->net_flags & ~downloads) != 0)
		return wrong("PROOF", first, "a URL with --blindllama or --bind-session");
	if (n_urls == 0 && !wants_downloads(s) && (s->timeout != 0 || s->cache != NULL))
		return wrong("PROOF", first, "a URL, --aia or --crls with --timeout or --cache");
	if (s->has_parts && wants_downloads(s))
		return wrong("--quote", "...", "a proof, not loose files, with --aia or --crls");
	if (n_urls != 0 && s->options.nonce != NULL)
		return wrong("--nonce", "...", "no nonce with a URL: a fresh one is drawn for each");
	return 0;
}

int prepare_net(struct settings *s, char **names, size_t n)
{
	size_t n_urls = 0;
	int rc;

	for (size_t i = 0; i < n; i++)
		n_urls += is_url(names[i]);
	rc = check_net(s, n == 0 ? "" : names[0], n_urls);
	if (rc != 0 || (n_urls == 0 && !wants_downloads(s)))
		return rc;
	if (wants_downloads(s))
		default_cache(s);
	return load();
}

static struct attest_net_options options_of(const struct settings *s)
{
	struct attest_net_options options = ATTEST_NET_OPTIONS_INIT;

	options.flags = s->net_flags;
	options.timeout = s->timeout == 0 ? options.timeout : s->timeout;
	options.cache = s->cache;
	return options;
}

attest_status verify_with_downloads(const struct settings *s, const void *proof, size_t len, attest_result **ret_result,
				    struct attest_error *error)
{
	struct attest_net_options options = options_of(s);

	options.flags &= ATTEST_NET_AIA | ATTEST_NET_CRLS;
	return net.verify(s->verifier, &s->options, proof, len, &options, ret_result, error);
}

static attest_status save(const char *path, const uint8_t *proof, size_t len, struct attest_error *error)
{
	FILE *file = fopen(path, "wbe");
	bool written = file != NULL && fwrite(proof, 1, len, file) == len;
	int rc = errno;

	if (file != NULL && fclose(file) != 0 && written) {
		written = false;
		rc = errno;
	}
	if (written)
		return ATTEST_OK;
	error->status = ATTEST_E_IO;
	(void)snprintf(error->where, sizeof(error->where), "%.180s", path);
	(void)snprintf(error->message, sizeof(error->message), "the proof cannot be saved: %s", strerror(rc));
	return ATTEST_E_IO;
}

static void say_live(const struct settings *s, char **ret_live)
{
	const char *what = (s->net_flags & ATTEST_NET_CA) != 0 ? "the server stands under the attested CA"
			   : (s->net_flags & ATTEST_NET_BIND_SESSION) != 0
				   ? "the server has the attested key, in the TLS session that the proof binds"
				   : "the server has the attested key";

	if (asprintf(ret_live, "  Live connection   %s\n", what) < 0)
		*ret_live = NULL;
}

/* *ret_path NULL: the usual place. */
static attest_status path_of(const char *url, const char **ret_path, struct attest_error *error)
{
	const char *path = strstr(url, "://") + 3;

	path += strcspn(path, "/?#");
	if (path[0] == '?') {
		error->status = ATTEST_E_USAGE;
		(void)snprintf(error->where, sizeof(error->where), "%.180s", url);
		(void)snprintf(error->message, sizeof(error->message),
			       "a query stands after a path: write https://host/?...");
		return ATTEST_E_USAGE;
	}
	*ret_path = path[0] != '/' || path[1] == '\0' ? NULL : path;
	return ATTEST_OK;
}

attest_status verify_url(const struct settings *s, const char *url, attest_result **ret_result, char **ret_live,
			 struct attest_error *error)
{
	struct attest_net_options options = options_of(s);
	attest_net_session *session = NULL;
	const uint8_t *proof;
	size_t len = 0;
	attest_status status = path_of(url, &options.path, error), saved = ATTEST_OK;

	options.verify = &s->options;
	if (status == ATTEST_OK)
		status = net.session_new(s->verifier, url, &options, &session, error);
	if (status != ATTEST_OK)
		return status;
	status = net.attest(session, ret_result, error);
	proof = net.proof(session, &len);
	if (s->save != NULL && proof != NULL)
		saved = save(s->save, proof, len, error);
	if (status == ATTEST_OK)
		say_live(s, ret_live);
	net.session_free(session);
	return saved == ATTEST_OK ? status : saved;
}
