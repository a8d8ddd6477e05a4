/* Division where many small processors have no instruction for it, and no libgcc is at hand. */
#ifndef LIB_DIVIDE_H
#define LIB_DIVIDE_H

#include <stdint.h>

/* value / by, and what is left. */
uint32_t divide(uint32_t value, uint32_t by, uint32_t *rest);

#endif
