/* Where the boards of a build may boot: on this host, in labs. */
#include "plan/private.h"

#include <string.h>

/* In the order of preference. */
struct places {
	VEC(struct plan_place) found;
	bool real; /* boards that no QEMU has are shown on this host, too */
};

static void place_add(struct places *places, const struct catalog_board *board, const struct catalog_lab *lab,
		      bool once)
{
	if (!lab && !board->qemu_machine && !places->real)
		return;
	for (size_t i = 0; i < places->found.n; i++)
		if (places->found.data[i].board == board && places->found.data[i].lab == lab)
			return;
	*vec_push(&places->found) = (struct plan_place){ board, lab, once };
}

static void labs_add(const struct catalog *c, const struct catalog_board *board, struct places *places)
{
	for (size_t i = 0; board->lava.type && i < c->n_labs; i++)
		place_add(places, board, &c->labs[i], true);
}

/* The board's own choice: on this host, then in a lab, or the other way round. */
static void auto_add(const struct catalog *c, const struct catalog_board *board, struct places *places)
{
	bool lab_first = board->runner && strcmp(board->runner, "lava") == 0;

	if (lab_first)
		labs_add(c, board, places);
	place_add(places, board, NULL, true);
	if (!lab_first)
		labs_add(c, board, places);
}

static void runner_add(const struct catalog *c, const char *runner, const struct catalog_board *board,
		       struct places *places)
{
	if (strcmp(runner, "local") == 0)
		place_add(places, board, NULL, false);
	else if (strcmp(runner, "auto") == 0)
		auto_add(c, board, places);
	else if (strcmp(runner, "lava") == 0)
		labs_add(c, board, places);
	else if (board->lava.type)
		place_add(places, board, catalog_lab(c, runner + strlen("lava:")), false);
}

static void board_places(const struct catalog *c, const struct plan_request *r, const struct catalog_board *board,
			 struct places *places)
{
	for (size_t i = 0; i < r->runners.n; i++)
		runner_add(c, r->runners.data[i], board, places);
	if (!r->runners.n)
		runner_add(c, "local", board, places);
}

/* Whether a real board is a skip on this host: only where it is named and no lab is asked for. */
static bool real_shown(const struct plan_request *r, const struct catalog_row *row)
{
	for (size_t i = 0; i < r->runners.n; i++)
		if (strcmp(r->runners.data[i], "local") != 0)
			return false;
	return r->boards.n || row->boards.n;
}

void cell_places(struct plan *plan, const struct plan_request *request, struct plan_cell *cell)
{
	struct places places = { .real = real_shown(request, cell->row) };

	for (size_t i = 0; !request->builds_only && i < plan->catalog->n_boards; i++) {
		const struct catalog_board *b = &plan->catalog->boards[i];

		if (strcmp(b->arch, cell->arch->name) == 0 && names_select(&cell->row->boards, b->name) &&
		    names_select(&request->boards, b->name))
			board_places(plan->catalog, request, b, &places);
	}
	cell->n_places = places.found.n;
	cell->places = arena_memdup(&plan->arena, places.found.data, cell->n_places * sizeof(*cell->places));
	vec_free(&places.found);
}
