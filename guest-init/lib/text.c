#include "text.h"

#include "divide.h"
#include "sys.h"

void text_add_bytes(struct text *t, const char *p, size_t n)
{
	/* One byte stays free for the newline. */
	while (n-- && t->n < sizeof(t->data) - 1)
		t->data[t->n++] = *p++;
}

void text_add(struct text *t, const char *s)
{
	text_add_bytes(t, s, text_length(s));
}

void text_add_number(struct text *t, long value)
{
	uint32_t rest, left = value < 0 ? -(uint32_t)value : (uint32_t)value;
	char digits[12];
	size_t n = sizeof(digits);

	do {
		left = divide(left, 10, &rest);
		digits[--n] = (char)('0' + rest);
	} while (left);
	if (value < 0)
		digits[--n] = '-';
	text_add_bytes(t, digits + n, sizeof(digits) - n);
}

void text_write(struct text *t, int fd)
{
	size_t done = 0;
	long n;

	t->data[t->n++] = '\n';
	do {
		n = sys_write(fd, t->data + done, t->n - done);
		if (n > 0)
			done += (size_t)n;
	} while (done < t->n && (n > 0 || n == -SYS_EINTR || n == -SYS_EAGAIN));
	t->n = 0;
}

uint32_t text_number(const char **s)
{
	uint32_t n = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++)
		n = n * 10 + (uint32_t)(**s - '0');
	return n;
}

size_t text_length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int text_compare(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

bool text_is(const char *a, const char *b)
{
	return text_compare(a, b) == 0;
}

bool text_starts(const char *s, const char *prefix)
{
	while (*prefix && *s == *prefix)
		s++, prefix++;
	return !*prefix;
}

long text_read_file(const char *path, char *out, size_t size)
{
	const long fd = sys_open(path, SYS_RDONLY);
	size_t n = 0;
	long got;

	if (fd < 0)
		return fd;
	do {
		got = sys_read((int)fd, out + n, size - 1 - n);
		if (got > 0)
			n += (size_t)got;
	} while (got > 0 && n < size - 1);
	sys_close((int)fd);
	out[n] = '\0';
	return got < 0 ? got : (long)n;
}
