#include "cmd/select.h"

int cmd_run(int argc, char **argv)
{
	return selection_main(argc, argv, false);
}
