/* What went wrong, by value on the caller's stack; the last parameter of whatever can fail. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_class {
	ERR_NONE,
	ERR_USER,  /* the request is wrong: exit status 2 */
	ERR_INFRA, /* the machine or the farm failed: exit status 3 */
};

struct err {
	enum err_class class;
	int num; /* errno, or 0 where there is none */
	char msg[1024];
};

/* Each sets *err and returns -1, so that a failure is one line: return err_user(err, "..."). */
int err_user(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* num is an errno whose text is appended; 0 appends nothing. */
int err_infra(struct err *err, int num, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Puts what the caller knows in front of the message: "board x: ...". */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The process's exit status for an error of this class: 2 or 3. */
int err_exit_status(const struct err *err);

#endif
