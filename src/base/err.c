#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void err_format(struct err *err, const char *fmt, va_list ap)
{
	int n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);

	if (n >= (int)sizeof(err->msg))
		memcpy(err->msg + sizeof(err->msg) - 4, "...", 4);
}

int err_user(struct err *err, const char *fmt, ...)
{
	va_list ap;

	err->class = ERR_USER;
	err->num = 0;
	va_start(ap, fmt);
	err_format(err, fmt, ap);
	va_end(ap);
	return -1;
}

int err_infra(struct err *err, int num, const char *fmt, ...)
{
	va_list ap;
	size_t used;

	err->class = ERR_INFRA;
	err->num = num;
	va_start(ap, fmt);
	err_format(err, fmt, ap);
	va_end(ap);
	used = strlen(err->msg);
	if (num)
		snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", strerror(num));
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list ap;
	size_t used;

	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	err_format(err, fmt, ap);
	va_end(ap);
	used = strlen(err->msg);
	snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", inner);
	return -1;
}

int err_exit_status(const struct err *err)
{
	return err->class == ERR_USER ? 2 : 3;
}
