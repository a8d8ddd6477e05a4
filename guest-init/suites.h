/* The test programs in /suite, run one after the other. */
#ifndef SUITES_H
#define SUITES_H

#include <stdint.h>

/* Runs each in the order of their names and reports as KTAP; limit: milliseconds for each.
 * The number of those that did not pass. */
int suites_run(uint32_t limit);

#endif
