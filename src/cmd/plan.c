#include "cmd/select.h"

int cmd_plan(int argc, char **argv)
{
	return selection_main(argc, argv, true);
}
