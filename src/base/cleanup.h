/* Cleanup attributes: a resource is released where its variable goes out of scope. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void cleanup_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define autofree CLEANUP(cleanup_free)
#define autoclose CLEANUP(cleanup_close)
#define autofclose CLEANUP(cleanup_fclose)
#define autoclosedir CLEANUP(cleanup_closedir)

/* Hands a pointer over to another owner and clears the variable. */
#define steal(pp)                                  \
	({                                         \
		__typeof__(*(pp)) stolen_ = *(pp); \
		*(pp) = NULL;                      \
		stolen_;                           \
	})

static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#define countof(a) (sizeof(a) / sizeof((a)[0]))

#endif
