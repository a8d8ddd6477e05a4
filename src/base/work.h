/* Directories of work that may be killed: HOME/tmp/<attempt>/, and beside it a lock that tells the living from the
 * dead. */
#ifndef BASE_WORK_H
#define BASE_WORK_H

#include "base/err.h"

/* Makes HOME/tmp/<attempt>/work, empty, and takes its lock. work is owned, lock is a descriptor to be kept open. */
int work_make(const char *home, const char *attempt, char **work, int *lock, struct err *err);
/* Removes it with all that is in it. The lock's descriptor is the caller's to close. */
void work_remove(const char *home, const char *attempt);
/* Removes those that no living attempt holds. */
int work_sweep(const char *home, struct err *err);

#endif
