#include "catalog/catalog.h"
#include "cmd/cmd.h"

#include <inttypes.h>
#include <string.h>

enum { CPUS_MAX = 4096, MEMORY_MIN_MB = 8, MEMORY_MAX_MB = 1 << 20 };

static int number_check(const char *option, const char *unit, int64_t *value, int64_t min, int64_t max, struct err *err)
{
	if (*value == -1)
		*value = 0;
	else if (*value < min || *value > max)
		return err_user(err, "--%s takes %" PRId64 " to %" PRId64 "%s, not %" PRId64, option, min, max, unit,
				*value);
	return 0;
}

int machine_check(struct catalog_machine *m, struct err *err)
{
	if (number_check("cpus", "", &m->cpus, 1, CPUS_MAX, err) < 0 ||
	    number_check("memory", " MB", &m->memory_mb, MEMORY_MIN_MB, MEMORY_MAX_MB, err) < 0)
		return -1;
	if (m->cpu && (!*m->cpu || strpbrk(m->cpu, " \t\n")))
		return err_user(err, "--cpu takes a CPU model of QEMU's, not \"%s\"", m->cpu);
	if (m->accel && strcmp(m->accel, "tcg") != 0 && strcmp(m->accel, "kvm") != 0 && strcmp(m->accel, "auto") != 0)
		return err_user(err, "--accel takes tcg, kvm or auto, not \"%s\"", m->accel);
	return 0;
}
