/* A line that matched a pattern, and the trace behind it. */
#include "judge/state.h"

#include "base/mem.h"

void finding_clear(struct finding *f)
{
	buf_free(&f->text);
	buf_free(&f->message);
	buf_free(&f->excerpt);
	signature_free(&f->signature);
	*f = (struct finding){ 0 };
}

void finding_add(struct finding *f, struct view line)
{
	struct view rest = view_first(line, CLEAN_LINE);

	while (f->excerpt.n < EXCERPT_MAX && (rest.p || !f->excerpt.n)) {
		struct view piece = view_first(rest, 256);

		buf_add_printable(&f->excerpt, piece);
		rest.p += piece.n;
		rest.n -= piece.n;
		if (!rest.n)
			break;
	}
	if (f->excerpt.n < EXCERPT_MAX)
		buf_addc(&f->excerpt, '\n');
	if (f->excerpt.n > EXCERPT_MAX) {
		f->excerpt.n = EXCERPT_MAX;
		f->excerpt.data[f->excerpt.n] = '\0';
	}
}

void finding_start(struct finding *f, const struct judge_pattern *pattern, struct view line, struct view message,
		   int64_t number)
{
	finding_clear(f);
	f->pattern = pattern;
	f->line = number;
	buf_add_printable(&f->text, view_first(view_trim(message), TEXT_MAX));
	signature_message(message, &f->message);
	signature_add(&f->signature, message);
	finding_add(f, line);
}

void finding_signature(const struct finding *f, struct buf *out)
{
	buf_printf(out, "%s: %s", f->pattern->name, f->message.data ? f->message.data : "");
	if (f->signature.functions.n)
		buf_printf(out, " | %s", f->signature.functions.data);
}
