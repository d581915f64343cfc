/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSF Model Signing, signature v1.0, serialised by files: each file's SHA-256 under its path from the folder,
 * sorted part by part of the path; the subject's digest is SHA-256 over those digests in that order.
 */
#include "weights.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/json_write.h"
#include "base/text.h"
#include "files.h"
#include "hash_files.h"

enum { DEPTH_MOST = 64, FILES_MOST = 1 << 20 };

DEFINE_DEFER(json_t, json_decref);

struct list {
	struct arena *arena;
	struct hashed_file *files;
	size_t n, room;
};

static attest_status add_file(struct list *list, const char *path, const char *name, uint64_t size,
			      struct attest_error *error)
{
	if (list->n == FILES_MOST)
		return fail(error, ATTEST_E_LIMIT, NULL, "a folder to be measured has at most %d files", FILES_MOST);
	if (list->n == list->room) {
		size_t room = list->room == 0 ? 64 : 2 * list->room;
		struct hashed_file *more = realloc(list->files, room * sizeof(*more));

		if (more == NULL)
			return fail_memory(error);
		list->files = more;
		list->room = room;
	}
	list->files[list->n++] = (struct hashed_file){.path = path, .name = name, .size = size};
	return ATTEST_OK;
}

static attest_status list_folder(struct list *list, const char *path, const char *name, int depth,
				 struct attest_error *error);

static attest_status refuse(const char *path, const char *message, struct attest_error *error)
{
	error_where(error, "%s", path);
	return fail(error, ATTEST_E_IO, NULL, "%s", message);
}

static attest_status list_entry(struct list *list, int folder, const char *path, const char *name, const char *entry,
				int depth, struct attest_error *error)
{
	char *entry_path = arena_printf(list->arena, "%s/%s", path, entry);
	char *entry_name = arena_printf(list->arena, "%s%s%s", name, name[0] == '\0' ? "" : "/", entry);
	struct stat info;

	if (entry_path == NULL || entry_name == NULL)
		return fail_memory(error);
	if (fstatat(folder, entry, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return file_fail(error, entry_path, "cannot be read");
	if (S_ISREG(info.st_mode))
		return add_file(list, entry_path, entry_name, (uint64_t)info.st_size, error);
	if (S_ISDIR(info.st_mode))
		return list_folder(list, entry_path, entry_name, depth + 1, error);
	if (S_ISLNK(info.st_mode))
		return refuse(entry_path,
			      "a symbolic link is not measured: what it leads to can change; copy the folder with "
			      "cp -rL and serve the copy",
			      error);
	return refuse(entry_path, "a device, pipe or socket cannot be measured; take it out of the folder", error);
}

static attest_status list_folder(struct list *list, const char *path, const char *name, int depth,
				 struct attest_error *error)
{
	DIR *folder = NULL;
	struct dirent *entry;
	attest_status status = ATTEST_OK;
	int fd;

	if (depth > DEPTH_MOST)
		return refuse(path, "the folder is more than 64 folders deep", error);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth > 0 ? O_NOFOLLOW : 0));
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (folder == NULL) {
		status = file_fail(error, path, "cannot be opened");
		if (fd >= 0)
			(void)close(fd);
		return status;
	}
	errno = 0;
	while (status == ATTEST_OK && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			status = list_entry(list, fd, path, name, entry->d_name, depth, error);
		errno = 0;
	}
	if (status == ATTEST_OK && errno != 0)
		status = file_fail(error, path, "cannot be read");
	(void)closedir(folder);
	return status;
}

/* A path's parts in turn: the separator comes before every character of a name. */
static int by_parts(const void *a, const void *b)
{
	const unsigned char *x = (const unsigned char *)((const struct hashed_file *)a)->name;
	const unsigned char *y = (const unsigned char *)((const struct hashed_file *)b)->name;

	while (*x != '\0' && *x == *y) {
		x++;
		y++;
	}
	if (*x == *y)
		return 0;
	if (*x == '\0' || *y == '\0')
		return *x == '\0' ? -1 : 1;
	if (*x == '/' || *y == '/')
		return *x == '/' ? -1 : 1;
	return *x < *y ? -1 : 1;
}

static json_t *resource_of(const struct hashed_file *file, bool *ok)
{
	json_t *resource = json_object();

	if (resource == NULL) {
		*ok = false;
		return NULL;
	}
	json_put_text(resource, "name", file->name, ok);
	json_put_text(resource, "algorithm", "sha256", ok);
	json_put_hex(resource, "digest", slice_of(file->sha256, sizeof(file->sha256)), ok);
	return resource;
}

static json_t *subject_of(const char *name, const uint8_t *root, bool *ok)
{
	json_t *subjects = json_array(), *subject = json_object(), *digest = json_object();

	json_put_text(subject, "name", name, ok);
	json_put_hex(digest, "sha256", slice_of(root, 32), ok);
	json_put(subject, "digest", digest, ok);
	json_add(subjects, subject, ok);
	return subjects;
}

static json_t *predicate_of(const struct list *list, bool *ok)
{
	json_t *predicate = json_object(), *serialization = json_object(), *resources = json_array();

	json_put_text(serialization, "method", "files", ok);
	json_put_text(serialization, "hash_type", "sha256", ok);
	json_put(serialization, "allow_symlinks", json_false(), ok);
	json_put(serialization, "ignore_paths", json_array(), ok);
	for (size_t i = 0; i < list->n && *ok; i++)
		json_add(resources, resource_of(&list->files[i], ok), ok);
	json_put(predicate, "serialization", serialization, ok);
	json_put(predicate, "resources", resources, ok);
	return predicate;
}

static attest_status check_names(const struct list *list, struct attest_error *error)
{
	for (size_t i = 0; i < list->n; i++) {
		DEFER(json_decref_deferred) json_t *text = json_string(list->files[i].name);

		if (text == NULL) {
			char shown[160];

			error_where(error, "%s",
				    printable_to(slice_of_string(list->files[i].path), shown, sizeof(shown)));
			return fail(error, ATTEST_E_ENCODING, NULL, "the file's name is no UTF-8; rename it");
		}
	}
	return ATTEST_OK;
}

static attest_status write_manifest(const struct list *list, const char *name, const uint8_t *root,
				    struct weights *weights, struct attest_error *error)
{
	DEFER(json_decref_deferred) json_t *statement = json_object();
	bool ok = true;
	char *text;
	size_t len;

	json_put_text(statement, "_type", "https://in-toto.io/Statement/v1", &ok);
	json_put(statement, "subject", subject_of(name, root, &ok), &ok);
	json_put_text(statement, "predicateType", "https://model_signing/signature/v1.0", &ok);
	json_put(statement, "predicate", predicate_of(list, &ok), &ok);
	text = ok ? json_line(statement) : NULL;
	if (text == NULL)
		return fail_memory(error);
	len = strlen(text);
	weights->manifest = slice_of(arena_copy(list->arena, text, len), len);
	free(text);
	return weights->manifest.data == NULL ? fail_memory(error)
					      : digest_sha256(weights->manifest, weights->sha256, error);
}

static attest_status root_of(const struct list *list, uint8_t *root, struct attest_error *error)
{
	struct slice *parts = calloc(list->n + 1, sizeof(*parts));
	struct digest digest;
	attest_status status;

	if (parts == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < list->n; i++)
		parts[i] = slice_of(list->files[i].sha256, sizeof(list->files[i].sha256));
	status = digest_compute(ALG_SHA256, parts, list->n, &digest, error);
	if (status == ATTEST_OK)
		memcpy(root, digest.bytes, 32);
	free(parts);
	return status;
}

static void sort_files(struct list *list)
{
	if (list->files != NULL)
		qsort(list->files, list->n, sizeof(list->files[0]), by_parts);
}

/* What came or went while the files were hashed. */
static attest_status check_unchanged(const struct list *list, const char *path, struct attest_error *error)
{
	struct list again = {.arena = list->arena};
	attest_status status = list_folder(&again, path, "", 0, error);
	bool same = status == ATTEST_OK && again.n == list->n;

	sort_files(&again);
	for (size_t i = 0; same && i < list->n; i++)
		same = strcmp(again.files[i].name, list->files[i].name) == 0 &&
		       again.files[i].size == list->files[i].size;
	free(again.files);
	if (status == ATTEST_OK && !same)
		status =
			refuse(path, "the folder changed while it was measured; start again once it is at rest", error);
	return status;
}

static attest_status measure_folder(struct list *list, const char *path, const char *name, unsigned threads,
				    struct weights *weights, struct attest_error *error)
{
	uint8_t root[32];
	attest_status status = list_folder(list, path, "", 0, error);

	if (status == ATTEST_OK && list->n == 0)
		status = refuse(path, "the folder holds no file: there is nothing to measure", error);
	if (status == ATTEST_OK)
		status = check_names(list, error);
	if (status == ATTEST_OK)
		status = hash_files(list->files, list->n, threads, error);
	if (status != ATTEST_OK)
		return status;
	sort_files(list);
	status = check_unchanged(list, path, error);
	if (status == ATTEST_OK)
		status = root_of(list, root, error);
	return status == ATTEST_OK ? write_manifest(list, name, root, weights, error) : status;
}

static attest_status measure_file(const char *path, const struct stat *info, unsigned threads, struct weights *weights,
				  struct attest_error *error)
{
	char *real = realpath(path, NULL); /* the operator's own link may lead to the file */
	struct hashed_file file = {.path = real, .name = path, .size = (uint64_t)info->st_size};
	attest_status status =
		real == NULL ? file_fail(error, path, "cannot be opened") : hash_files(&file, 1, threads, error);

	memcpy(weights->sha256, file.sha256, sizeof(file.sha256));
	weights->n_bytes = file.size;
	weights->n_files = 1;
	free(real);
	return status;
}

attest_status weights_measure(struct arena *arena, const char *path, const char *name, unsigned threads,
			      struct weights *ret_weights, struct attest_error *error)
{
	struct list list = {.arena = arena};
	struct weights weights = {0};
	struct stat info;
	attest_status status;

	if (stat(path, &info) != 0)
		return file_fail(error, path, "cannot be measured");
	if (S_ISDIR(info.st_mode))
		status = measure_folder(&list, path, name, threads, &weights, error);
	else if (S_ISREG(info.st_mode))
		status = measure_file(path, &info, threads, &weights, error);
	else
		status = refuse(path, "only a file or a folder can be measured", error);
	for (size_t i = 0; i < list.n; i++)
		weights.n_bytes += list.files[i].size;
	weights.n_files += list.n;
	free(list.files);
	if (status == ATTEST_OK)
		*ret_weights = weights;
	return status;
}
