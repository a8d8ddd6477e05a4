#include "cpus.h"

#include "sys.h"
#include "text.h"

/* A list of ranges as in 0-3,5. */
int cpus_in_sysfs(void)
{
	char list[512];
	const char *s = list;
	int n = 0;

	if (text_read_file("/sys/devices/system/cpu/online", list, sizeof(list)) <= 0)
		return 0;
	while (*s >= '0' && *s <= '9') {
		const uint32_t first = text_number(&s);
		uint32_t last = first;

		if (*s == '-') {
			s++;
			last = text_number(&s);
		}
		n += (int)(last - first + 1);
		if (*s == ',')
			s++;
	}
	return n;
}

/* One line "cpuN ..." for each CPU that is online, on every architecture; they come first. */
int cpus_in_proc(void)
{
	static char stat[65536]; /* about 60 bytes a CPU */
	int n = 0;

	if (text_read_file("/proc/stat", stat, sizeof(stat)) <= 0)
		return 0;
	for (const char *s = stat; *s; s++)
		if ((s == stat || s[-1] == '\n') && text_starts(s, "cpu") && s[3] >= '0' && s[3] <= '9')
			n++;
	return n;
}

int cpus_in_affinity(void)
{
	unsigned long mask[128] = { 0 };
	const long bytes = sys_getaffinity(0, mask, sizeof(mask));
	int n = 0;

	for (size_t i = 0; bytes > 0 && i < (size_t)bytes / sizeof(*mask); i++)
		for (unsigned long word = mask[i]; word; word &= word - 1)
			n++;
	return n;
}

int cpus_online(void)
{
	int n = cpus_in_sysfs();

	if (!n)
		n = cpus_in_proc();
	return n ? n : cpus_in_affinity();
}
