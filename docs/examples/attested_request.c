/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attested request: no byte of it leaves before the server has proven which software it runs, and has shown the TLS
 * key that this software holds. The answer is printed as it comes.
 *
 * Usage: attested_request URL POLICY ROOT BODY
 *   ROOT: a file of certificates to trust beside the built-in ones, or -; BODY: a JSON text
 */
#include <attest-net.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static attest_status add(attest_verifier *verifier, const char *path, int is_policy, struct attest_error *error)
{
	static char data[1 << 20];
	FILE *file = fopen(path, "rb");
	size_t len = file == NULL ? 0 : fread(data, 1, sizeof(data), file);
	if (file != NULL)
		fclose(file);
	return is_policy ? attest_verifier_add_policy(verifier, data, len, path, error)
			 : attest_verifier_add_roots(verifier, data, len, NULL, error);
}

int main(int argc, char **argv)
{
	struct attest_error error = {.message = "usage: attested_request URL POLICY ROOT BODY"};
	attest_verifier *verifier = NULL;
	attest_net_session *session = NULL;
	void *curl = NULL;
	attest_status status = argc == 5 ? attest_verifier_new(&verifier) : ATTEST_E_USAGE;

	if (status == ATTEST_OK)
		status = add(verifier, argv[2], 1, &error);
	if (status == ATTEST_OK && strcmp(argv[3], "-") != 0)
		status = add(verifier, argv[3], 0, &error);
	if (status == ATTEST_OK)
		status = attest_net_session_new(verifier, argv[1], NULL, &session, &error);
	if (status == ATTEST_OK)
		status = attest_net_attest(session, NULL, &error);
	if (status == ATTEST_OK)
		status = attest_net_handle(session, NULL, &curl, &error);
	if (status == ATTEST_OK) { /* from here on it is libcurl as always */
		struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
		curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, argv[4]);
		curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
		status = attest_net_perform(session, curl, NULL, &error);
		curl_easy_cleanup(curl);
		curl_slist_free_all(headers);
	}
	if (status != ATTEST_OK)
		fprintf(stderr, "%s: %s\n", attest_status_name(status), error.message);
	attest_net_session_free(session);
	attest_verifier_free(verifier);
	return status == ATTEST_OK ? 0 : 1;
}
