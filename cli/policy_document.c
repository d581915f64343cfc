/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_document.h"

#include <getopt.h>
#include <stdlib.h>

int document_read(const char *name, struct attest_document *ret_document)
{
	struct input input = {NULL, 0};
	int rc = input_read(name, &input);

	if (rc != 0)
		return unreadable(name, rc);
	*ret_document = (struct attest_document){input.data, input.len, name};
	return 0;
}

void document_free(struct attest_document *document)
{
	free((void *)document->data);
	document->data = NULL;
}

int expect_files(int argc, int n, const char *what)
{
	return argc - optind == n ? 0 : wrong("FILE", "", what);
}

int print_made(char *text)
{
	(void)fputs(text, stdout);
	attest_string_free(text);
	return finish_output();
}
