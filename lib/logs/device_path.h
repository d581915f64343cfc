/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_path.h - EFI device paths as text: UEFI 2.10, 10.3 (the nodes) and 10.6.1 (the text).
 */
#ifndef LOGS_DEVICE_PATH_H
#define LOGS_DEVICE_PATH_H

#include "line.h"

/* Adds the text. False where a node's length is not its own: *problem says so, and the line holds what came before. */
bool device_path_add(struct slice path, struct line *line, struct line *problem);

#endif
