#include "doctor/private.h"

void doctor_examine(const struct catalog *catalog, const char *home, const char *matrix, check_vec *checks)
{
	struct doctor d = { .checks = checks, .catalog = catalog, .home = home, .matrix = matrix };

	check_host(&d);
	for (size_t i = 0; i < catalog->n_archs; i++)
		if (!catalog->archs[i].skip)
			check_arch(&d, &catalog->archs[i]);
}
