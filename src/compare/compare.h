/* Two builds held against each other: what differs, section by section and object by object, and by which cause. Pure:
 * what there is to read was read before. */
#ifndef COMPARE_COMPARE_H
#define COMPARE_COMPARE_H

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

/* One of the two. Borrowed. */
struct compare_side {
	const char *name;      /* as the person gave it */
	struct view vmlinux;   /* the bytes of the file */
	const char *build_id;  /* or NULL */
	const json_t *objects; /* the artefact objects of kernel/objects.h, or NULL: not known */
	const json_t *spec;    /* of the build step, or NULL */
	struct view config;    /* the final .config, or { NULL, 0 } */
};

/*
 * A new document:
 *	equal, build_id_equal, same_code (null: not to be told)
 *	first, second: {name, build_id, bits, machine, little}
 *	inputs: [{what, first, second}], by the specs: source, config, tools, options
 *	sections: [{name, result, size: [first, second], why: [cause...]}]; result: equal, differs, first (only there),
 *second objects: [{path, result, sections: [name...], symbols: [name...], why}], in the order of the paths
 *	objects_missing: ["first"|"second"...], those whose objects are not known
 *	counts: {sections, sections_equal, objects, objects_equal}
 *	why: [{cause, meaning, advice, count, examples: [{first, second}]}]
 * ERR_USER names the side whose file is no whole ELF.
 */
int compare(const struct compare_side *first, const struct compare_side *second, json_t **result, struct err *err);

/* That document for people. */
void compare_print(const json_t *result, struct buf *out);

#endif
