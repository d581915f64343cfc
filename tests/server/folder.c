/* SPDX-License-Identifier: Apache-2.0 */
#include "folder.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

struct test_folder folder_make(void)
{
	struct test_folder folder = {.path = "/tmp/attest-test-XXXXXX"};

	if (mkdtemp(folder.path) == NULL)
		exit(2);
	return folder;
}

char *folder_path(struct test_folder *folder, const char *name)
{
	char *path = arena_printf(&folder->arena, "%s/%s", folder->path, name);

	if (path == NULL)
		exit(2);
	return path;
}

int folder_count(const struct test_folder *folder)
{
	DIR *dir = opendir(folder->path);
	int n = -2; /* itself and the one above */

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
	(void)info;
	(void)kind;
	(void)place;
	return remove(path);
}

void folder_remove(struct test_folder *folder)
{
	(void)nftw(folder->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	arena_free(&folder->arena);
}
