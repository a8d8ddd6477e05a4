/* The modules of a finished build, as an initramfs of their own. */
#ifndef KERNEL_MODULES_H
#define KERNEL_MODULES_H

#include "base/err.h"
#include "step/step.h"

/* stage: where modules_install put them. Makes the artefact modules, an uncompressed newc archive of
 * lib/modules/RELEASE/ with a modules.dep of Kiln's own (each module behind those it needs), and notes in the record
 * how many there are. The bytes follow from the modules alone. */
int modules_collect(struct step *step, const char *stage, struct err *err);

/* The value of key in a module's .modinfo: "" when it has none; owned. NULL when the file is no module. */
char *module_info(const char *path, const char *key);

#endif
