#include "plan/known.h"

#include "base/cleanup.h"
#include "judge/judge.h"

#include <fnmatch.h>
#include <regex.h>
#include <string.h>

void plan_signature(const json_t *record, struct buf *out)
{
	const char *own = json_str_or(record, "signature", NULL);

	if (own)
		buf_adds(out, own);
	else
		judge_normalise(view_of(json_str_or(record, "reason", "")), out);
}

/* The regex must hold for the whole signature. */
static bool regex_fits(const char *regex, const char *signature)
{
	autofree char *whole = mem_printf("^(%s)$", regex);
	regex_t compiled;
	bool fits;

	if (regcomp(&compiled, whole, REG_EXTENDED | REG_NOSUB))
		return false;
	fits = regexec(&compiled, signature, 0, NULL, 0) == 0;
	regfree(&compiled);
	return fits;
}

static bool signature_fits(const struct catalog_known *known, const char *signature)
{
	return known->regex ? regex_fits(known->regex, signature) : strcmp(known->signature, signature) == 0;
}

static bool cell_fits(const struct catalog_known *known, const char *build, const char *board, struct kversion kernel)
{
	if (board ? !names_fit(&known->boards, board, FNM_PATHNAME) : known->boards.n > 0)
		return false;
	return names_fit(&known->builds, build, FNM_PATHNAME) && kversion_in(kernel, &known->kernel);
}

static bool has_expired(const struct catalog_known *known, const struct plan_facts *facts)
{
	return facts->today && strcmp(facts->today, known->expires) > 0;
}

static const char *why(const struct plan_verdict *verdict)
{
	return verdict->reason ? verdict->reason : "no reason was given";
}

void known_apply(const struct plan *plan, size_t cell, const char *board, const struct plan_facts *facts,
		 const struct plan_state *state, const json_t *record, struct plan_verdict *verdict, struct arena *a)
{
	const struct catalog *c = plan->catalog;
	const struct catalog_known *other = NULL, *expired = NULL;
	autofree char *name = NULL;
	autobuf struct buf signature = { 0 };
	struct kversion kernel = { 0 };

	if (!verdict->known || verdict->verdict != VERDICT_FAIL || !c->n_knowns)
		return;
	name = plan_build_name(plan, cell, facts);
	kversion_parse(view_of(json_str_or(state->configure, "release", "")), &kernel);
	plan_signature(record, &signature);
	for (size_t i = 0; i < c->n_knowns; i++) {
		const struct catalog_known *known = &c->knowns[i];

		if (!cell_fits(known, strchr(name, '/') + 1, board, kernel))
			continue;
		if (!signature_fits(known, signature.data ? signature.data : "")) {
			other = known;
		} else if (has_expired(known, facts)) {
			expired = known;
		} else {
			verdict->verdict = VERDICT_KNOWN;
			verdict->reason = arena_printf(a, "%s; known until %s as %s: %s (%s)", why(verdict),
						       known->expires, known->name, known->reason, known->link);
			return;
		}
	}
	if (expired)
		verdict->reason = arena_printf(a, "%s; known as %s until %s, which is past: see %s", why(verdict),
					       expired->name, expired->expires, expired->link);
	else if (other)
		verdict->reason = arena_printf(a, "%s; not as the known failure %s", why(verdict), other->name);
}
