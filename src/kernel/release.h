#ifndef KERNEL_RELEASE_H
#define KERNEL_RELEASE_H

#include "base/err.h"
#include "kconfig/kconfig.h"

/* What `make kernelrelease` would say of a source without version control: the version in the top Makefile,
 * the files localversion*, CONFIG_LOCALVERSION. Owned. A directory that is no kernel source is ERR_USER. */
int release_of(const char *srcdir, const struct kconfig *config, char **out, struct err *err);

#endif
