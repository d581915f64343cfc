/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder.h - a folder for one test.
 */
#ifndef TESTS_SERVER_FOLDER_H
#define TESTS_SERVER_FOLDER_H

#include "base/memory.h"

struct test_folder {
	char path[32];
	struct arena arena; /* of the paths in it */
};

struct test_folder folder_make(void);
char *folder_path(struct test_folder *folder, const char *name);
/* Entries in it. */
int folder_count(const struct test_folder *folder);
void folder_remove(struct test_folder *folder);

#endif
