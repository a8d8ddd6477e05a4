/* Requirements against a .config. */
#include "kconfig/requirement.h"

#include "base/json.h"

const char *requirement_kind_text(enum requirement_kind kind)
{
	static const char *const texts[] = {
		[REQUIRE] = "require", [PREFER] = "prefer", [REQUIRE_ROOTFS] = "rootfs", [REQUIRE_SUITE] = "suite"
	};

	return texts[kind];
}

static bool number_holds(const struct alternative *alt, const struct kconfig_value *value)
{
	struct number have;
	int cmp;

	if (!value || value->type != KCONFIG_NUMBER || number_parse(value->text, &have) < 0)
		return alt->op == OP_NE;
	cmp = number_cmp(have, alt->number);
	return alt->op == OP_EQ   ? cmp == 0
	       : alt->op == OP_NE ? cmp != 0
	       : alt->op == OP_LT ? cmp < 0
	       : alt->op == OP_LE ? cmp <= 0
	       : alt->op == OP_GT ? cmp > 0
				  : cmp >= 0;
}

static bool text_is(const struct alternative *alt, const struct kconfig_value *value)
{
	if (!value || value->type == KCONFIG_EMPTY)
		return alt->text.n == 0;
	return value->type == KCONFIG_STRING && view_eq(value->text, alt->text);
}

static bool alternative_holds(const struct alternative *alt, const struct kconfig_value *value)
{
	switch (alt->op) {
	case OP_SET:
		return value && value->type <= KCONFIG_MODULE;
	case OP_UNSET:
		return !value;
	case OP_STATE:
		return value &&
		       ((alt->yes && value->type == KCONFIG_YES) || (alt->module && value->type == KCONFIG_MODULE));
	case OP_TEXT:
		return text_is(alt, value);
	case OP_NOT_TEXT:
		return !text_is(alt, value);
	case OP_EQ:
	case OP_NE:
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
		break;
	}
	return number_holds(alt, value);
}

static bool alternative_applies(const struct alternative *alt, struct kversion kernel)
{
	return alt->any_kernel || kversion_in(kernel, &alt->kernel);
}

/* The first alternative that applies and does not hold, with its value; NULL when the requirement is met. */
static const struct alternative *unmet(const struct requirement *r, const struct kconfig *config,
				       struct kversion kernel, const struct kconfig_value **have)
{
	const struct alternative *first = NULL;

	for (size_t i = 0; i < r->n; i++) {
		const struct alternative *alt = &r->alternatives[i];
		const struct kconfig_value *value;

		if (!alternative_applies(alt, kernel))
			continue;
		value = config_find(config, alt->symbol, alt->hash);
		if (alternative_holds(alt, value))
			return NULL;
		if (!first) {
			first = alt;
			*have = value;
		}
	}
	return first;
}

bool requirement_met(const struct requirement *r, const struct kconfig *config, struct kversion kernel)
{
	const struct kconfig_value *have;

	return !unmet(r, config, kernel, &have);
}

const char *want_text(const struct requirement *r, const struct alternative *first, struct kversion kernel,
		      struct arena *a)
{
	const char *text = NULL;

	for (size_t i = (size_t)(first - r->alternatives) + 1; i < r->n; i++) {
		const struct alternative *alt = &r->alternatives[i];

		if (alternative_applies(alt, kernel))
			text = arena_printf(a, "%s or %s", text ? text : first->want, alt->whole);
	}
	if (!text)
		return first->want;
	return arena_printf(a, "%s (%s)", first->want, text + strlen(first->want) + 1);
}

/* vec_push() without the call and the clearing, for the millions of reasons of a large plan. */
static inline struct reason *reason_add(reason_vec *reasons)
{
	return reasons->n < reasons->cap ? &reasons->data[reasons->n++] : vec_push(reasons);
}

size_t requirements_match(const struct requirement *const *reqs, size_t n, const struct kconfig *config,
			  struct kversion kernel, struct arena *a, reason_vec *reasons)
{
	size_t before = reasons->n;

	/* They lie all over the catalogue: fetched at once, they are waited for once. */
	for (size_t i = 0; i < n; i++) {
		__builtin_prefetch(reqs[i]);
		__builtin_prefetch((const char *)reqs[i] + 64);
	}
	for (size_t i = 0; i < n; i++) {
		const struct kconfig_value *have;
		const struct alternative *first = unmet(reqs[i], config, kernel, &have);

		if (!first)
			continue;
		*reason_add(reasons) = (struct reason){
			.symbol = first->symbol.p,
			.want = reqs[i]->want ? reqs[i]->want : want_text(reqs[i], first, kernel, a),
			.have = value_text(have, a),
			.kind = reqs[i]->kind,
			.hint = reqs[i]->hint,
		};
	}
	return reasons->n - before;
}

/* symbols: of one reason, or of several that say the same. */
static void print_for(const struct reason *reason, const char *symbols, bool several, struct buf *out)
{
	static const char *const verbs[] = { [REQUIRE] = "required",
					     [PREFER] = "preferred",
					     [REQUIRE_ROOTFS] = "required by the rootfs",
					     [REQUIRE_SUITE] = "required by the suite" };

	/* No symbol: what the file as a whole was made for. */
	if (strcmp(reason->symbol, "ARCH") == 0) {
		buf_adds(out, "the config is for ");
		buf_add_printable(out, view_of(reason->have));
		buf_printf(out, ", not %s", reason->want);
		return;
	}
	buf_printf(out, "%s %s ", symbols, several ? "are" : "is");
	buf_add_printable(out, view_of(reason->have));
	buf_adds(out, ", ");
	buf_add_printable(out, view_of(reason->want));
	buf_printf(out, " is %s", verbs[reason->kind]);
	if (reason->hint)
		buf_printf(out, "; %s", reason->hint);
}

void reason_print(const struct reason *reason, struct buf *out)
{
	print_for(reason, reason->symbol, false, out);
}

static bool says_the_same(const struct reason *a, const struct reason *b)
{
	bool hints = a->hint && b->hint ? strcmp(a->hint, b->hint) == 0 : !a->hint && !b->hint;

	return a->kind == b->kind && hints && strcmp(a->want, b->want) == 0 && strcmp(a->have, b->have) == 0;
}

/* The reasons from i on that say what the i-th says, in one; none when an earlier one said it. */
static void print_alike(const reason_vec *reasons, size_t i, struct buf *out)
{
	const struct reason *reason = &reasons->data[i];
	autobuf struct buf symbols = { 0 };
	size_t left = 0, n = 0;

	for (size_t k = 0; k < i; k++)
		if (says_the_same(&reasons->data[k], reason))
			return;
	for (size_t k = i; k < reasons->n; k++)
		left += says_the_same(&reasons->data[k], reason);
	for (size_t k = i; k < reasons->n; k++)
		if (says_the_same(&reasons->data[k], reason))
			buf_printf(&symbols, "%s%s", !n++ ? "" : n == left ? " and " : ", ", reasons->data[k].symbol);
	if (out->n)
		buf_adds(out, "; ");
	print_for(reason, symbols.data, left > 1, out);
}

void reasons_print(const reason_vec *reasons, struct buf *out)
{
	for (size_t i = 0; i < reasons->n; i++)
		if (reasons->data[i].kind != PREFER)
			print_alike(reasons, i, out);
}

json_t *reason_json(const struct reason *reason)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:s?}", "symbol", reason->symbol, "want",
			 json_text(view_of(reason->want)), "have", json_text(view_of(reason->have)), "kind",
			 requirement_kind_text(reason->kind), "hint", reason->hint);
}
