/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache.h - a directory of downloads, by URL. What lies in it is believed no more than what comes over the network.
 */
#ifndef NET_CACHE_H
#define NET_CACHE_H

#include "net.h"

/* A file of at most `limit` bytes, malloc()ed; false where there is none, or no directory. */
bool cache_read(const char *directory, const char *url, size_t limit, struct body *ret_body);
/* Whole or not at all. Not being able to is no error. */
void cache_write(const char *directory, const char *url, struct slice data);

#endif
