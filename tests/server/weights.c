/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "files.h"
#include "folder.h"
#include "hash_files.h"
#include "weights.h"

static void put(const char *path, const char *content)
{
	struct attest_error e = {0};

	CHECK_STATUS(file_write(path, slice_of_string(content), 0600, &e), ATTEST_OK);
}

void files_whole(void)
{
	struct test_folder f = folder_make();
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct slice read;
	char *path = folder_path(&f, "file");
	char *big = calloc(1, 200001);

	memset(big, 'x', 200000);
	put(path, big);
	CHECK_STATUS(file_read(&arena, path, 200000, &read, &e), ATTEST_OK);
	CHECK(slice_equal(read, slice_of_string(big)) && read.data[read.len] == '\0');
	CHECK_STATUS(file_read(&arena, path, 199999, &read, &e), ATTEST_E_LIMIT);
	error_clear(&e);
	put(path, "");
	CHECK_STATUS(file_read(&arena, path, 10, &read, &e), ATTEST_OK);
	CHECK(read.len == 0);
	CHECK_STATUS(file_read(&arena, folder_path(&f, "none"), 10, &read, &e), ATTEST_E_IO);
	CHECK(strstr(e.message, "No such file") != NULL && strstr(e.where, "none") != NULL);
	error_clear(&e);
	CHECK_STATUS(file_write(folder_path(&f, "no/such/folder"), read, 0600, &e), ATTEST_E_IO);
	CHECK(folder_count(&f) == 1); /* no temporary file is left */
	free(big);
	arena_free(&arena);
	folder_remove(&f);
}

void weights_of_a_file(void)
{
	struct test_folder f = folder_make();
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct weights w;
	uint8_t want[32];

	put(folder_path(&f, "file"), "content");
	CHECK_STATUS(weights_measure(&arena, folder_path(&f, "file"), "file", 0, &w, &e), ATTEST_OK);
	CHECK_STATUS(digest_sha256(slice_of_string("content"), want, &e), ATTEST_OK);
	CHECK(memcmp(w.sha256, want, 32) == 0 && w.manifest.len == 0 && w.n_files == 1 && w.n_bytes == 7);
	CHECK(symlink("file", folder_path(&f, "link")) == 0); /* the operator's own */
	CHECK_STATUS(weights_measure(&arena, folder_path(&f, "link"), "link", 0, &w, &e), ATTEST_OK);
	CHECK(memcmp(w.sha256, want, 32) == 0);
	CHECK_STATUS(weights_measure(&arena, "/dev/null", "null", 0, &w, &e), ATTEST_E_IO);
	arena_free(&arena);
	folder_remove(&f);
}

void weights_of_a_folder(void)
{
	static const char want[] =
		"{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"m\",\"digest\":{\"sha256\":"
		"\"6f1290896ee81a0349174d19f4473d267a10289c40480861d5c42affffbd79f9\"}}],\"predicateType\":"
		"\"https://model_signing/signature/v1.0\",\"predicate\":{\"serialization\":{\"method\":\"files\","
		"\"hash_type\":\"sha256\",\"allow_symlinks\":false,\"ignore_paths\":[]},\"resources\":[{\"name\":\"a\","
		"\"algorithm\":\"sha256\",\"digest\":"
		"\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"},"
		"{\"name\":\"b/c\",\"algorithm\":\"sha256\",\"digest\":"
		"\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}]}}";
	struct test_folder f = folder_make();
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct weights w = {0};
	uint8_t digest[32];

	put(folder_path(&f, "a"), "abc");
	CHECK(mkdir(folder_path(&f, "b"), 0700) == 0);
	put(folder_path(&f, "b/c"), "");
	CHECK_STATUS(weights_measure(&arena, f.path, "m", 0, &w, &e), ATTEST_OK);
	CHECK_TEXT((const char *)w.manifest.data, want);
	CHECK_STATUS(digest_sha256(slice_of_string(want), digest, &e), ATTEST_OK);
	CHECK(memcmp(digest, w.sha256, 32) == 0);
	CHECK(symlink("a", folder_path(&f, "b/link")) == 0);
	CHECK_STATUS(weights_measure(&arena, f.path, "m", 0, &w, &e), ATTEST_E_IO);
	CHECK(strstr(e.message, "symbolic link") != NULL && strstr(e.where, "b/link") != NULL);
	error_clear(&e);
	CHECK(unlink(folder_path(&f, "b/link")) == 0);
	put(folder_path(&f, "\xFF"), "");
	CHECK_STATUS(weights_measure(&arena, f.path, "m", 0, &w, &e), ATTEST_E_ENCODING);
	arena_free(&arena);
	folder_remove(&f);
}

/* As pathlib sorts: the parts of a path, not its characters. */
void weights_sorted_by_parts(void)
{
	static const char *const order[] = {"A", "a/b", "a/b-c", "a/b0", "a!", "a-", "ab"};
	struct test_folder f = folder_make();
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct weights w = {0};
	const char *at;

	CHECK(mkdir(folder_path(&f, "a"), 0700) == 0);
	for (size_t i = COUNT(order); i-- > 0;)
		put(folder_path(&f, order[i]), "");
	CHECK_STATUS(weights_measure(&arena, f.path, "m", 3, &w, &e), ATTEST_OK);
	at = (const char *)w.manifest.data;
	for (size_t i = 0; at != NULL && i < COUNT(order); i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "\"name\":\"%s\",\"alg", order[i]);
		at = strstr(at, name);
		CHECK(at != NULL);
	}
	arena_free(&arena);
	folder_remove(&f);
}

struct writer {
	const char *path;
	atomic_bool stop;
};

static void *keep_writing(void *arg)
{
	struct writer *writer = arg;
	FILE *file = fopen(writer->path, "r+");

	while (file != NULL && !atomic_load(&writer->stop)) {
		(void)fseek(file, 0, SEEK_SET);
		(void)fputc('x', file);
		(void)fflush(file);
	}
	if (file != NULL)
		(void)fclose(file);
	return NULL;
}

void weights_change(void)
{
	struct test_folder f = folder_make();
	struct attest_error e = {0};
	char *path = folder_path(&f, "file");
	struct hashed_file file = {.path = path, .name = "file", .size = 8 << 20};
	struct writer writer = {.path = path};
	pthread_t thread;

	put(path, "");
	CHECK(truncate(path, 8 << 20) == 0);
	CHECK_STATUS(hash_files(&file, 1, 1, &e), ATTEST_OK);
	file.size--; /* it has grown since it was listed */
	CHECK_STATUS(hash_files(&file, 1, 1, &e), ATTEST_E_IO);
	CHECK(strstr(e.message, "changed while") != NULL);
	file.size++;
	CHECK(pthread_create(&thread, NULL, keep_writing, &writer) == 0);
	(void)usleep(20 * 1000); /* the writer has begun, or will while 8 MiB are hashed again and again */
	for (int i = 0; i < 1000 && e.status != ATTEST_OK; i++) {
		error_clear(&e);
		if (hash_files(&file, 1, 1, &e) != ATTEST_OK)
			break;
		e.status = ATTEST_E_STATE; /* not seen yet */
	}
	atomic_store(&writer.stop, true);
	(void)pthread_join(thread, NULL);
	CHECK_STATUS(e.status, ATTEST_E_IO);
	CHECK(strstr(e.message, "changed while") != NULL);
	error_clear(&e);
	CHECK(unlink(path) == 0 && symlink("/etc/passwd", path) == 0); /* something else in its place */
	CHECK_STATUS(hash_files(&file, 1, 1, &e), ATTEST_E_IO);
	CHECK(strstr(e.message, "changed while") != NULL);
	folder_remove(&f);
}

struct adder {
	struct test_folder *folder;
	atomic_bool stop;
};

static void *keep_adding(void *arg)
{
	struct adder *adder = arg;
	char path[64];

	for (unsigned i = 0; !atomic_load(&adder->stop); i++) {
		int fd;

		(void)snprintf(path, sizeof(path), "%s/new%u", adder->folder->path, i);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		if (fd >= 0)
			(void)close(fd);
		(void)usleep(1000);
	}
	return NULL;
}

/* Files that are there only once the others have been listed. */
void weights_come(void)
{
	struct test_folder f = folder_make();
	struct adder adder = {.folder = &f};
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct weights w;
	pthread_t thread;

	put(folder_path(&f, "large"), "");
	CHECK(truncate(folder_path(&f, "large"), 64 << 20) == 0);
	CHECK_STATUS(weights_measure(&arena, f.path, "m", 1, &w, &e), ATTEST_OK);
	CHECK(pthread_create(&thread, NULL, keep_adding, &adder) == 0);
	CHECK_STATUS(weights_measure(&arena, f.path, "m", 1, &w, &e), ATTEST_E_IO);
	CHECK(strstr(e.message, "folder changed") != NULL);
	atomic_store(&adder.stop, true);
	(void)pthread_join(thread, NULL);
	arena_free(&arena);
	folder_remove(&f);
}

void hash_files_many(void)
{
	enum { N = 200 };
	struct test_folder f = folder_make();
	struct attest_error e = {0};
	struct hashed_file files[N];
	char content[N + 1] = "", name[16];
	uint8_t want[32];

	for (size_t i = 0; i < N; i++) {
		(void)snprintf(name, sizeof(name), "%zu", i);
		files[i] = (struct hashed_file){.path = folder_path(&f, name), .name = "", .size = i};
		put(files[i].path, content);
		content[i] = (char)('a' + i % 26);
	}
	CHECK_STATUS(hash_files(files, N, 16, &e), ATTEST_OK);
	for (size_t i = 0; i < N; i++) {
		CHECK_STATUS(digest_sha256(slice_of(content, i), want, &e), ATTEST_OK);
		CHECK(memcmp(files[i].sha256, want, 32) == 0);
	}
	CHECK_STATUS(hash_files(files, 0, 0, &e), ATTEST_OK);
	CHECK(unlink(files[77].path) == 0);
	CHECK_STATUS(hash_files(files, N, 16, &e), ATTEST_E_IO);
	CHECK(strstr(e.where, "/77") != NULL);
	folder_remove(&f);
}
