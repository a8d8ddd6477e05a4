/* What became of a build or a boot. A verdict is data: a kernel that fails is a call that succeeded. */
#ifndef BASE_VERDICT_H
#define BASE_VERDICT_H

#define VERDICTS(X)                                                  \
	X(PASS, "pass")                                              \
	X(WARN, "warn") /* passed, with a splat */                   \
	X(FAIL, "fail")                                              \
	X(KNOWN, "known") /* fails as a listed known failure says */ \
	X(FLAKY, "flaky")                                            \
	X(SKIP, "skip")   /* not applicable, with the reason */      \
	X(INFRA, "infra") /* the farm failed, not the kernel */

enum verdict {
#define X(name, text) VERDICT_##name,
	VERDICTS(X)
#undef X
		VERDICT_COUNT
};

const char *verdict_text(enum verdict v);
/* VERDICT_COUNT when the text names none. */
enum verdict verdict_from_text(const char *text);

#endif
