#ifndef REPORT_PRIVATE_H
#define REPORT_PRIVATE_H

#include "base/verdict.h"
#include "report/report.h"

/* The escape sequence that begins the colour of a verdict's text, "" without colours. */
const char *colour_of(const char *verdict, bool colours);
const char *colour_end(bool colours);
const char *colour_dim(bool colours);

#endif
