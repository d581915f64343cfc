/* SPDX-License-Identifier: Apache-2.0 */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

/* Of clients with questions. */
struct group {
	struct group *next;
	char name[QUOTE_CLIENT_SIZE];
	size_t n; /* questions */
};

/* Clients with questions stand in a ring of turns: the first is next. */
struct client {
	struct client *next;
	char name[QUOTE_CLIENT_SIZE];
	struct group *group;
	struct line line;
};

void line_init(struct line *line)
{
	line->first = NULL;
	line->last = &line->first;
	line->n = 0;
}

void line_push(struct line *line, struct waiting *waiting)
{
	waiting->next = NULL;
	*line->last = waiting;
	line->last = &waiting->next;
	line->n++;
}

struct waiting *line_pop(struct line *line)
{
	struct waiting *waiting = line->first;

	if (waiting == NULL)
		return NULL;
	line->first = waiting->next;
	if (line->first == NULL)
		line->last = &line->first;
	line->n--;
	return waiting;
}

/* The newest. */
static struct waiting *line_pop_last(struct line *line)
{
	struct waiting **at = &line->first, *waiting;

	while ((*at)->next != NULL)
		at = &(*at)->next;
	waiting = *at;
	*at = NULL;
	line->last = at;
	line->n--;
	return waiting;
}

static struct client *find_client(struct queue *queue, const char *name)
{
	for (struct client *client = queue->first_client; client != NULL; client = client->next) {
		if (strcmp(client->name, name) == 0)
			return client;
	}
	return NULL;
}

static struct group *find_group(struct queue *queue, const char *name)
{
	struct group *group = queue->groups;

	while (group != NULL && strcmp(group->name, name) != 0)
		group = group->next;
	return group;
}

static struct group *largest_group(struct queue *queue)
{
	struct group *largest = queue->groups;

	for (struct group *group = largest; group != NULL; group = group->next) {
		if (group->n > largest->n)
			largest = group;
	}
	return largest;
}

/* Of several the one whose turn is the last. */
static struct client *longest_line(struct queue *queue, const struct group *group)
{
	struct client *longest = NULL;

	for (struct client *client = queue->first_client; client != NULL; client = client->next) {
		if (client->group == group && (longest == NULL || client->line.n >= longest->line.n))
			longest = client;
	}
	return longest;
}

static struct group *find_or_add_group(struct queue *queue, const char *name)
{
	struct group *group = find_group(queue, name);

	if (group != NULL)
		return group;
	group = calloc(1, sizeof(*group));
	if (group == NULL)
		return NULL;
	memcpy(group->name, name, strnlen(name, sizeof(group->name) - 1));
	group->next = queue->groups;
	queue->groups = group;
	return group;
}

static void drop_empty_group(struct queue *queue, struct group *group)
{
	struct group **at = &queue->groups;

	if (group->n > 0)
		return;
	while (*at != group)
		at = &(*at)->next;
	*at = group->next;
	free(group);
}

static struct client *add_client(struct queue *queue, const struct quote_question *question)
{
	struct group *group = find_or_add_group(queue, question->group);
	struct client *client, **at = &queue->first_client;

	if (group == NULL)
		return NULL;
	client = calloc(1, sizeof(*client));
	if (client == NULL) {
		drop_empty_group(queue, group);
		return NULL;
	}
	memcpy(client->name, question->client, strnlen(question->client, sizeof(client->name) - 1));
	client->group = group;
	line_init(&client->line);
	while (*at != NULL)
		at = &(*at)->next;
	*at = client;
	queue->n_clients++;
	return client;
}

/* A question has been taken out of its line. Who has none any more has no turn. */
static void count_out(struct queue *queue, struct client *client)
{
	struct client **at = &queue->first_client;

	queue->n--;
	client->group->n--;
	drop_empty_group(queue, client->group);
	if (client->line.n > 0)
		return;
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	queue->n_clients--;
	free(client);
}

/* Who loses a question to one more of `asker`, which is NULL where it has none yet; NULL: nobody. Only a line, or a
 * group, that stays at least as long as the asker's becomes: else two would push each other out in turns. */
static struct client *loser(struct queue *queue, const struct quote_question *question, const struct client *asker)
{
	const struct group *largest = largest_group(queue), *own = find_group(queue, question->group);
	struct client *longest;

	if (largest != NULL && largest->n >= (own == NULL ? 0 : own->n) + 2)
		return longest_line(queue, largest);
	longest = own == NULL ? NULL : longest_line(queue, own);
	return longest != NULL && longest->line.n >= (asker == NULL ? 0 : asker->line.n) + 2 ? longest : NULL;
}

/* Whose place one more question takes in a full queue: *ret_pushed_out. */
static enum queue_result make_place(struct queue *queue, const struct quote_question *question,
				    const struct client *asker, struct waiting **ret_pushed_out)
{
	struct client *from = loser(queue, question, asker);
	size_t n_own = asker == NULL ? 0 : asker->line.n;

	if (from == NULL)
		return n_own * queue->n_clients > queue->n ? QUEUE_OVER_SHARE : QUEUE_FULL;
	*ret_pushed_out = line_pop_last(&from->line);
	count_out(queue, from);
	return QUEUE_WAITS;
}

enum queue_result queue_push(struct queue *queue, struct waiting *waiting, struct waiting **ret_pushed_out)
{
	struct client *client = find_client(queue, waiting->question.client);
	enum queue_result result = QUEUE_WAITS;

	if (queue->n >= queue->depth)
		result = make_place(queue, &waiting->question, client, ret_pushed_out);
	if (result != QUEUE_WAITS)
		return result;
	if (client == NULL)
		client = add_client(queue, &waiting->question);
	if (client == NULL)
		return QUEUE_NO_MEMORY;
	line_push(&client->line, waiting);
	client->group->n++;
	queue->n++;
	return QUEUE_WAITS;
}

struct waiting *queue_next(struct queue *queue)
{
	struct client *client, **at = &queue->first_client;
	struct waiting *waiting;
	bool is_last;

	client = *at;
	if (client == NULL)
		return NULL;
	waiting = line_pop(&client->line);
	is_last = client->line.n == 0;
	count_out(queue, client);
	if (is_last)
		return waiting;
	*at = client->next;
	while (*at != NULL)
		at = &(*at)->next;
	client->next = NULL;
	*at = client;
	return waiting;
}
