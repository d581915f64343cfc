/* SPDX-License-Identifier: Apache-2.0 */
#include "hash_files.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "files.h"

enum {
	BUFFER = 256 << 10, /* stays in the second level cache between read and hash */
	THREADS_MOST = 256,
	BAR = 30,
	TICK = 200 * 1000 * 1000, /* nanoseconds between two looks at the progress */
};

struct place {
	struct hashed_file *file;
};

struct job {
	struct place *queue; /* largest first */
	size_t n;
	atomic_size_t next;
	atomic_ullong n_done; /* bytes */
	atomic_bool failed;
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t changed;
	unsigned n_running;
	struct attest_error error;
};

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static attest_status changed(const struct hashed_file *file, struct attest_error *error)
{
	error_where(error, "%s", file->path);
	return fail(error, ATTEST_E_IO, NULL, "the file changed while it was measured; start again once it is at rest");
}

static attest_status hash_content(struct job *job, const struct hashed_file *file, int fd, EVP_MD_CTX *context,
				  uint8_t *buffer, uint64_t *ret_size, struct attest_error *error)
{
	uint64_t size = 0;
	ssize_t got;

	if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		return fail_openssl(error, ATTEST_E_INTERNAL, NULL, "libcrypto has no SHA-256");
	while ((got = read(fd, buffer, BUFFER)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return file_fail(error, file->path, "cannot be read");
		if (EVP_DigestUpdate(context, buffer, (size_t)got) != 1)
			return fail_openssl(error, ATTEST_E_INTERNAL, NULL, "libcrypto could not hash");
		size += (uint64_t)got;
		atomic_fetch_add_explicit(&job->n_done, (unsigned long long)got, memory_order_relaxed);
		if (atomic_load_explicit(&job->failed, memory_order_relaxed))
			return ATTEST_E_IO; /* another's error is told */
	}
	*ret_size = size;
	return ATTEST_OK;
}

static attest_status hash_open(struct job *job, struct hashed_file *file, int fd, EVP_MD_CTX *context, uint8_t *buffer,
			       struct attest_error *error)
{
	struct stat before, after;
	uint64_t size = 0;
	attest_status status;

	if (fstat(fd, &before) != 0)
		return file_fail(error, file->path, "cannot be read");
	if (!S_ISREG(before.st_mode) || (uint64_t)before.st_size != file->size)
		return changed(file, error);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	status = hash_content(job, file, fd, context, buffer, &size, error);
	if (status != ATTEST_OK)
		return status;
	if (fstat(fd, &after) != 0 || !is_same(&before, &after) || size != file->size)
		return changed(file, error);
	return EVP_DigestFinal_ex(context, file->sha256, NULL) == 1
		       ? ATTEST_OK
		       : fail_openssl(error, ATTEST_E_INTERNAL, NULL, "libcrypto could not hash");
}

static attest_status hash_one(struct job *job, struct hashed_file *file, EVP_MD_CTX *context, uint8_t *buffer,
			      struct attest_error *error)
{
	/* Nothing that was put in a file's place meanwhile may make us wait or lead us elsewhere. */
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	attest_status status;

	if (fd < 0)
		return errno == ELOOP ? changed(file, error) : file_fail(error, file->path, "cannot be opened");
	status = hash_open(job, file, fd, context, buffer, error);
	(void)close(fd);
	return status;
}

static void set_failed(struct job *job, const struct attest_error *error)
{
	(void)pthread_mutex_lock(&job->mutex);
	if (job->error.status == ATTEST_OK)
		job->error = *error;
	(void)pthread_mutex_unlock(&job->mutex);
	atomic_store(&job->failed, true);
}

static void *work(void *arg)
{
	struct job *job = arg;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t *buffer = malloc(BUFFER);
	struct attest_error error = {0};
	attest_status status = context == NULL || buffer == NULL ? fail_memory(&error) : ATTEST_OK;

	while (status == ATTEST_OK && !atomic_load(&job->failed)) {
		size_t i = atomic_fetch_add(&job->next, 1);

		if (i >= job->n)
			break;
		status = hash_one(job, job->queue[i].file, context, buffer, &error);
	}
	if (error.status != ATTEST_OK)
		set_failed(job, &error);
	EVP_MD_CTX_free(context);
	free(buffer);
	(void)pthread_mutex_lock(&job->mutex);
	job->n_running--;
	(void)pthread_cond_signal(&job->changed);
	(void)pthread_mutex_unlock(&job->mutex);
	return NULL;
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void draw(uint64_t done, uint64_t total, double seconds)
{
	char bar[BAR + 1];
	int full = total == 0 ? BAR : (int)((double)done / (double)total * BAR);

	for (int i = 0; i < BAR; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR] = '\0';
	(void)fprintf(stderr, "\rmeasuring [%s] %.1f of %.1f GiB, %.2f GiB/s \033[K", bar, (double)done / (1 << 30),
		      (double)total / (1 << 30), (double)done / (1 << 30) / seconds);
}

/* Until all threads are done. What takes no second is not worth a bar. */
static void watch(struct job *job, uint64_t total)
{
	bool shows = isatty(STDERR_FILENO) == 1, drawn = false;
	struct timespec start, until;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	(void)pthread_mutex_lock(&job->mutex);
	while (job->n_running > 0) {
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += TICK;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		(void)pthread_cond_timedwait(&job->changed, &job->mutex, &until);
		if (shows && seconds_since(&start) > 1) {
			draw(atomic_load(&job->n_done), total, seconds_since(&start));
			drawn = true;
		}
	}
	(void)pthread_mutex_unlock(&job->mutex);
	if (drawn)
		(void)fputc('\n', stderr);
}

static attest_status run(struct job *job, uint64_t total, unsigned threads, struct attest_error *error)
{
	pthread_t ids[THREADS_MOST];
	unsigned n = 0;

	job->n_running = threads;
	while (n < threads && pthread_create(&ids[n], NULL, work, job) == 0)
		n++;
	(void)pthread_mutex_lock(&job->mutex);
	job->n_running -= threads - n;
	(void)pthread_mutex_unlock(&job->mutex);
	if (n == 0)
		return fail(error, ATTEST_E_IO, NULL, "no thread could be started to hash files");
	watch(job, total);
	for (unsigned i = 0; i < n; i++)
		(void)pthread_join(ids[i], NULL);
	if (job->error.status != ATTEST_OK)
		*error = job->error;
	return job->error.status;
}

static int by_size(const void *a, const void *b)
{
	const struct hashed_file *x = ((const struct place *)a)->file, *y = ((const struct place *)b)->file;

	return x->size < y->size ? 1 : x->size > y->size ? -1 : 0;
}

attest_status hash_files(struct hashed_file *files, size_t n, unsigned threads, struct attest_error *error)
{
	struct job job = {.n = n, .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t total = 0;
	attest_status status;

	if (n == 0)
		return ATTEST_OK;
	job.queue = calloc(n, sizeof(*job.queue));
	if (job.queue == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < n; i++) {
		job.queue[i].file = &files[i];
		total += files[i].size;
	}
	qsort(job.queue, n, sizeof(job.queue[0]), by_size);
	if (threads == 0)
		threads = processors > 0 ? (unsigned)processors : 1;
	if (threads > n)
		threads = (unsigned)n;
	status = run(&job, total, threads > THREADS_MOST ? THREADS_MOST : threads, error);
	free(job.queue);
	return status;
}
