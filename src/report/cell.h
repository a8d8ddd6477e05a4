/* A build or boot of a run's document or of a summary. */
#ifndef REPORT_CELL_H
#define REPORT_CELL_H

#include <jansson.h>
#include <stdbool.h>

const char *cell_str(const json_t *cell, const char *key); /* "" when absent */
bool cell_is(const json_t *cell, const char *verdict);

#endif
