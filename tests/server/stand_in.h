/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STAND_IN_H
#define SERVER_STAND_IN_H

/*
 * Serve until SIGTERM: --listen ADDRESS and pairs of an option and its value; see the table in stand_in.c. Prints
 * "listening on ADDRESS". Proofs are small JSON objects that hold what they were asked with.
 */
int stand_in(int argc, char **argv);

#endif
