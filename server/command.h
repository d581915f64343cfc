/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h - run a command in the foreground, as a shell does.
 */
#ifndef SERVER_COMMAND_H
#define SERVER_COMMAND_H

/* Remember which files are open, so that a command gets these and none that is opened later. */
void command_begin(void);
/* Runs it to its end, passing on the signals that somebody sends us. Returns its exit status; 128 + the number of the
 * signal that ended it; 126 or 127 where it cannot be run. */
int command_run(char *const *argv);

#endif
