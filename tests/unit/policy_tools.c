/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "policy/words.h"
#include "unit.h"

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define OWN  "{\"format\":\"libattest-policy-v1\","

static struct attest_document document(const char *text)
{
	return (struct attest_document){text, strlen(text), NULL};
}

static void check_words(struct words *w, const char *want)
{
	char *text = words_take(w);

	CHECK_TEXT(text, want);
	free(text);
}

void words_lines(void)
{
	struct words w = {NULL, 0, 0, 0, false};

	check_words(&w, "");
	say_text(&w, "a\x1b\\\xc3\xa4z", 5);
	check_words(&w, "a\\x1b\\x5c\\xc3\\xa4...");
	say_quoted(&w, NULL);
	say_end(&w, 2);
	say_end(&w, 2);
	say(&w, "b");
	say_end(&w, 0);
	check_words(&w, "  \"\"\n\nb\n");
}

void words_break(void)
{
	struct words w = {NULL, 0, 0, 0, false};
	char want[400] = "", word[] = "1234567890123456789", big[151];

	for (int i = 0; i < 6; i++) /* five words of 19 and a blank are 100 columns, less the last blank */
		say(&w, "%s%s", i == 0 ? "" : " ", word);
	say_end(&w, 0);
	(void)snprintf(want, sizeof(want), "%s %s %s %s %s\n    %s\n", word, word, word, word, word, word);
	check_words(&w, want);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	say(&w, "%s %s y", word, big);
	say_end_hanging(&w, 1, 3);
	(void)snprintf(want, sizeof(want), " %s\n   %s\n   y\n", word, big);
	check_words(&w, want);
}

static void check_tools(const char *text)
{
	struct attest_document d = document(text);
	char *out[4] = {NULL};

	CHECK_STATUS(attest_policy_show(&d, &out[0], NULL), ATTEST_OK);
	CHECK_STATUS(attest_policy_lint(&d, INT64_MAX, &out[1], NULL), ATTEST_OK);
	CHECK_STATUS(attest_policy_diff(&d, &d, &out[2], NULL), ATTEST_OK);
	CHECK_TEXT(out[2], "{\"equal\":true,\"differences\":[]}");
	CHECK_STATUS(attest_policy_convert(&d, &out[3], NULL), ATTEST_OK);
	for (size_t i = 0; i < COUNT(out); i++)
		attest_string_free(out[i]);
}

/* Names that are empty, times at both ends, no error to fill. */
void policy_tools_odd(void)
{
	check_tools("{\"\":\"\"}");
	check_tools("{\"measurements\":{},\"application_disk_roothash\":\"" ONES "\"}");
	check_tools(OWN "\"name\":\"\",\"pcrs\":{\"0\":{\"\":\"" ONES "\"},\"31\":\"zero\"}}");
	check_tools(OWN "\"platforms\":[\"azure\",\"gcp\",\"aws\",\"vendor\",\"added\"]}");
}

void policy_tools_refused(void)
{
	struct attest_document good = document("{\"measurements\":{\"0\":\"" ONES "\"}}"), bad = document("{");
	struct attest_error e = {0};
	char *out = NULL;

	CHECK_STATUS(attest_policy_show(&bad, &out, &e), ATTEST_E_JSON);
	CHECK_STATUS(attest_policy_lint(&bad, 0, &out, &e), ATTEST_E_JSON);
	CHECK_STATUS(attest_policy_convert(&bad, &out, &e), ATTEST_E_JSON);
	CHECK_STATUS(attest_policy_diff(&good, &bad, &out, &e), ATTEST_E_JSON);
	CHECK_TEXT(e.message, "the second policy: not strict JSON");
	CHECK_STATUS(attest_policy_merge(&good, &good, 0, &out, &e), ATTEST_E_POLICY_INVALID);
	CHECK(out == NULL);
}

/* Neither has a name, nor a file one: they are the old and the new one. */
void policy_tools_merge(void)
{
	struct attest_document a = document("{\"measurements\":{\"0\":\"" ONES "\"}}"),
			       b = document("{\"image\":\"id\"}");
	char *out = NULL;

	CHECK_STATUS(attest_policy_merge(&a, &b, INT64_MAX, &out, NULL), ATTEST_E_USAGE);
	CHECK_STATUS(attest_policy_merge(&a, &b, 0, &out, NULL), ATTEST_OK);
	CHECK(out != NULL && strstr(out, "\"name\": \"old\"") != NULL && strstr(out, "\"name\": \"new\"") != NULL);
	CHECK(out != NULL && strstr(out, "\"until\": \"1970-01-01T00:00:00Z\"") != NULL);
	attest_string_free(out);
}
