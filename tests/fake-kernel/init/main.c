#include "utsrelease.h"

const char linux_banner[] = "Linux version " UTS_RELEASE " (" COMPILE_BY ") " UTS_VERSION " " __FILE__;

void start_kernel(void);

void start_kernel(void)
{
	for (;;)
		__asm__ volatile("" : : "r"(linux_banner));
}
