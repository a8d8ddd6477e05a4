/* Where a lab fetches artefacts from: Kiln's own server, or a store that rclone uploads to. */
#ifndef LAB_STORE_H
#define LAB_STORE_H

#include "base/err.h"
#include "catalog/catalog.h"

#include <stdbool.h>

struct store;

/* As the lab's entry says; entry must outlive it. */
int store_open(const struct catalog_lab *entry, struct store **out, struct err *err);
void store_free(struct store *s);

/* Makes a file readable under a URL whose path nobody can guess and which ends with name. *url is owned. */
int store_offer(struct store *s, const char *path, const char *name, char **url, struct err *err);
/* Takes it back; a store that does not answer keeps it. */
void store_withdraw(struct store *s, const char *url);
/* From any thread: an offer that is under way ends with ERR_INFRA, num ECANCELED, and so do those that follow. */
void store_stop(struct store *s);
/* Whether what it offers ends with this process. */
bool store_is_own(const struct store *s);

#endif
