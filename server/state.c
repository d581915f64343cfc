/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "files.h"
#include "state_file.h"

enum { FILE_MOST = 4 << 20 };
static const char file_name[] = "events", old_name[] = "events.old";

struct state {
	struct arena arena;
	const char *folder;
	uint32_t pcrs;
	struct pcr_selection selection; /* those PCRs in every active bank */
	int folder_fd, fd;              /* the folder is locked by its own descriptor */
	struct measurements events;     /* that are in the PCRs */
};

/* Who can write there can put a log of his in the place of ours. */
static attest_status check_folder(const char *folder, int fd, struct attest_error *error)
{
	struct stat info;

	if (fstat(fd, &info) != 0)
		return file_fail(error, folder, "the folder of --state cannot be looked at");
	if ((info.st_uid == geteuid() || info.st_uid == 0) && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return ATTEST_OK;
	error_where(error, "%s", folder);
	error_expected(error, "owner %lu or 0, writable by nobody else", (unsigned long)geteuid());
	error_found(error, "owner %lu, mode %04o", (unsigned long)info.st_uid, (unsigned)info.st_mode & 07777);
	return fail(error, ATTEST_E_STATE, NULL,
		    "others can write the folder of --state, and so the log; chown it to the user of attest-server and "
		    "chmod it 0700, or name another");
}

static attest_status lock_folder(const char *folder, int fd, struct attest_error *error)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return ATTEST_OK;
	if (errno != EWOULDBLOCK)
		return file_fail(error, folder, "the folder of --state cannot be locked");
	error_where(error, "%s", folder);
	return fail(error, ATTEST_E_STATE, NULL,
		    "another attest-server runs with this folder; two cannot share PCR 14: stop that one");
}

attest_status state_lock(const char *folder, int *ret_lock, struct attest_error *error)
{
	attest_status status;
	int fd;

	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return file_fail(error, folder, "the folder of --state cannot be made");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return file_fail(error, folder, "the folder of --state cannot be opened");
	status = check_folder(folder, fd, error);
	if (status == ATTEST_OK)
		status = lock_folder(folder, fd, error);
	if (status != ATTEST_OK) {
		(void)close(fd);
		return status;
	}
	*ret_lock = fd;
	return ATTEST_OK;
}

static void select_pcrs(struct state *state, const struct tpm *tpm)
{
	for (size_t i = 0; i < N_ALGORITHMS; i++)
		state->selection.pcrs[i] = tpm_banks(tpm)->pcrs[i] & state->pcrs;
}

/* Every PCR must be there in SHA-256, which proofs rest on. */
static attest_status check_banks(const struct state *state, struct attest_error *error)
{
	if (state->selection.pcrs[digest_index(ALG_SHA256)] == state->pcrs)
		return ATTEST_OK;
	return fail(error, ATTEST_E_IO, NULL,
		    "the TPM's SHA-256 bank is not active; allocate it in the firmware's settings or with "
		    "tpm2_pcrallocate sha256:all, and reboot");
}

/* The values that `n` events give, from the base. */
static attest_status replay(const struct state *state, const struct pcr_table *base, const struct measurements *events,
			    size_t n, struct pcr_table *table, struct attest_error *error)
{
	struct hasher hasher = {0};
	attest_status status = ATTEST_OK;

	*table = *base;
	for (size_t i = 0; i < n && status == ATTEST_OK; i++)
		for (size_t bank = 0; bank < N_ALGORITHMS && status == ATTEST_OK; bank++) {
			unsigned pcr = events->events[i].pcr;
			struct slice text = slice_of_string(events->events[i].text);
			struct digest value = {.alg = digest_at(bank), .size = digest_size(digest_at(bank))}, event;

			if ((state->selection.pcrs[bank] >> pcr & 1) == 0)
				continue;
			memcpy(value.bytes, table->values[bank][pcr], value.size);
			status = hasher_compute(&hasher, value.alg, &text, 1, &event, error);
			if (status == ATTEST_OK)
				status = digest_extend(&hasher, &value, digest_slice(&event), error);
			memcpy(table->values[bank][pcr], value.bytes, value.size);
		}
	hasher_free(&hasher);
	return status;
}

/* The first PCR in which they differ, in any bank; N_PCRS where they do not. */
static unsigned differs(const struct state *state, const struct pcr_table *a, const struct pcr_table *b)
{
	for (unsigned pcr = 0; pcr < N_PCRS; pcr++)
		for (size_t bank = 0; bank < N_ALGORITHMS; bank++)
			if ((state->selection.pcrs[bank] >> pcr & 1) != 0 &&
			    memcmp(a->values[bank][pcr], b->values[bank][pcr], digest_size(digest_at(bank))) != 0)
				return pcr;
	return N_PCRS;
}

static attest_status sync_folder(const struct state *state, struct attest_error *error)
{
	if (fsync(state->folder_fd) == 0 || errno == EINVAL) /* some file systems need no such thing */
		return ATTEST_OK;
	return file_fail(error, state->folder, "the folder of --state cannot be written");
}

static attest_status begin_file(struct state *state, const struct pcr_table *base, struct attest_error *error)
{
	struct slice head;
	attest_status status = state_file_head(&state->arena, base, &head, error);

	if (status != ATTEST_OK)
		return status;
	if (renameat(state->folder_fd, file_name, state->folder_fd, old_name) != 0 && errno != ENOENT)
		return file_fail(error, state->folder, "the folder of --state cannot be written; nothing was extended");
	state->fd = openat(state->folder_fd, file_name, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (state->fd < 0)
		return file_fail(error, state->folder, "the folder of --state cannot be written; nothing was extended");
	if (!write_all(state->fd, head) || fsync(state->fd) != 0)
		return file_fail(error, state->folder, "the folder of --state cannot be written; nothing was extended");
	return sync_folder(state, error);
}

static attest_status unexplained(const struct state *state, unsigned pcr, const char *why, struct attest_error *error)
{
	error_where(error, "%s", state->folder);
	error_found(error, "%s", why);
	return fail(error, ATTEST_E_STATE, NULL,
		    "PCR %u was extended by something that left no log in this folder, so that no proof could explain "
		    "it; reboot, and start attest-server before anything else that uses the PCR",
		    pcr);
}

/* The file explains the PCRs, with or without its last event. */
static attest_status explain(struct state *state, const struct pcr_table *now, struct state_file *file,
			     struct attest_error *error)
{
	struct pcr_table table;
	size_t n = file->events.n;
	attest_status status = replay(state, &file->base, &file->events, n, &table, error);
	unsigned pcr = status == ATTEST_OK ? differs(state, &table, now) : N_PCRS;

	if (status == ATTEST_OK && pcr < N_PCRS && n > 0) {
		status = replay(state, &file->base, &file->events, n - 1, &table, error);
		if (status == ATTEST_OK && differs(state, &table, now) == N_PCRS) {
			pcr = N_PCRS;
			file->events.n--;
			file->length = file->without_last;
		}
	}
	if (status != ATTEST_OK || pcr == N_PCRS)
		return status;
	return unexplained(state, pcr, "a log that does not replay to the PCRs", error);
}

static attest_status resume(struct state *state, const struct pcr_table *now, struct attest_error *error)
{
	struct state_file file = {.events.arena = &state->arena};
	struct pcr_table zero = {0};
	struct slice text;
	attest_status status;

	state->fd = openat(state->folder_fd, file_name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (state->fd < 0 && errno == ENOENT)
		return unexplained(state, differs(state, now, &zero), "no log", error);
	if (state->fd < 0)
		return file_fail(error, state->folder, "the log in the folder of --state cannot be opened");
	status = file_read_fd(&state->arena, state->fd, state->folder, FILE_MOST, &text, error);
	if (status == ATTEST_OK)
		status = state_file_parse(text, &file, error);
	if (status == ATTEST_E_STRUCTURE) {
		error_clear(error);
		return unexplained(state, differs(state, now, &zero), "a log that cannot be read", error);
	}
	if (status == ATTEST_OK)
		status = explain(state, now, &file, error);
	if (status != ATTEST_OK)
		return status;
	state->events = file.events;
	if (ftruncate(state->fd, (off_t)file.length) != 0 || fsync(state->fd) != 0)
		return file_fail(error, state->folder, "the log in the folder of --state cannot be written");
	return ATTEST_OK;
}

attest_status state_open(const char *folder, int lock, struct tpm *tpm, uint32_t pcrs, const struct pcr_table *base,
			 struct state **ret_state, struct attest_error *error)
{
	struct state *state = calloc(1, sizeof(*state));
	struct pcr_table now;
	attest_status status;

	if (state == NULL) {
		(void)close(lock);
		return fail_memory(error);
	}
	state->events.arena = &state->arena;
	state->folder = folder;
	state->pcrs = pcrs;
	state->folder_fd = lock;
	state->fd = -1;
	select_pcrs(state, tpm);
	status = check_banks(state, error);
	if (status == ATTEST_OK)
		status = tpm_read(tpm, &state->selection, &now, error);
	if (status == ATTEST_OK)
		status = differs(state, &now, base) == N_PCRS ? begin_file(state, base, error)
							      : resume(state, &now, error);
	if (status != ATTEST_OK) {
		state_close(state);
		return status;
	}
	*ret_state = state;
	return ATTEST_OK;
}

void state_close(struct state *state)
{
	if (state == NULL)
		return;
	if (state->fd >= 0)
		(void)close(state->fd);
	(void)close(state->folder_fd);
	arena_free(&state->arena);
	free(state);
}

bool state_is_restart(const struct state *state)
{
	return state->events.n > 0;
}

const struct measurements *state_events(const struct state *state)
{
	return &state->events;
}

bool state_has_key(const struct state *state)
{
	static const char begin[] = "{\"type\":\"tls-key\"";

	for (size_t i = 0; i < state->events.n; i++)
		if (strncmp(state->events.events[i].text, begin, sizeof(begin) - 1) == 0)
			return true;
	return false;
}

attest_status state_refuse(const struct state *state, struct attest_error *error)
{
	const struct text_event *last = &state->events.events[state->events.n - 1];

	error_where(error, "%s", state->folder);
	error_found(error, "%zu events, the last in PCR %u: %s", state->events.n, last->pcr, last->text);
	if (state_has_key(state))
		return fail(error, ATTEST_E_STATE, NULL,
			    "this boot has measured a server already, and PCR 15 names the TLS key of its process, "
			    "which died with it; reboot, or keep the key with systemd's file descriptor store and give "
			    "--adopt");
	return fail(error, ATTEST_E_STATE, NULL,
		    "this boot has measured a server already; reboot, or give --adopt to go on where it stopped");
}

static attest_status check_prefix(const struct state *state, const struct measurements *plan,
				  struct attest_error *error)
{
	for (size_t i = 0; i < state->events.n; i++) {
		const struct text_event *was = &state->events.events[i];
		const struct text_event *now = i < plan->n ? &plan->events[i] : NULL;

		if (now != NULL && now->pcr == was->pcr && strcmp(now->text, was->text) == 0)
			continue;
		error_where(error, "%s, event %zu", state->folder, i);
		error_expected(error, "PCR %u: %s", was->pcr, was->text);
		if (now == NULL)
			error_found(error, "nothing more to measure");
		else
			error_found(error, "PCR %u: %s", now->pcr, now->text);
		return fail(error, ATTEST_E_STATE, NULL,
			    "--adopt needs what this boot has measured already; measure the same in the same order, or "
			    "reboot");
	}
	return ATTEST_OK;
}

/* Room for all that follows, so that a full disk is noticed before the first event is extended. */
static attest_status reserve(const struct state *state, const struct measurements *plan, struct attest_error *error)
{
	off_t at = lseek(state->fd, 0, SEEK_END), len = 0;

	for (size_t i = state->events.n; i < plan->n; i++)
		len += (off_t)strlen(plan->events[i].text) + 16;
	if (len == 0 || fallocate(state->fd, FALLOC_FL_KEEP_SIZE, at, len) == 0 || errno == EOPNOTSUPP ||
	    errno == ENOSYS)
		return ATTEST_OK;
	return file_fail(error, state->folder,
			 "there is no room for the log in the folder of --state; nothing was extended");
}

static attest_status measure_one(struct state *state, struct tpm *tpm, const struct text_event *event,
				 struct attest_error *error)
{
	char *line = arena_printf(&state->arena, "event %u %s\n", event->pcr, event->text);
	attest_status status;

	if (line == NULL)
		return fail_memory(error);
	if (!write_all(state->fd, slice_of_string(line)) || fdatasync(state->fd) != 0)
		return file_fail(error, state->folder, "the log in the folder of --state cannot be written");
	status = tpm_extend(tpm, event->pcr, slice_of_string(event->text), error);
	if (status == ATTEST_OK)
		status = measure_text(&state->events, event->pcr, slice_of_string(event->text), error);
	return status;
}

attest_status state_measure(struct state *state, struct tpm *tpm, const struct measurements *plan,
			    struct attest_error *error)
{
	attest_status status = check_prefix(state, plan, error);

	if (status == ATTEST_OK)
		status = reserve(state, plan, error);
	for (size_t i = state->events.n; status == ATTEST_OK && i < plan->n; i++)
		status = measure_one(state, tpm, &plan->events[i], error);
	return status;
}
