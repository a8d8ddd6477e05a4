/* Memory that cannot fail: running out aborts. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

void *mem_alloc(size_t n); /* zeroed */
void *mem_resize(void *p, size_t n);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/* An arena: what dies together is allocated together and freed at once. */
struct arena {
	struct arena_block *head;
};

void *arena_alloc(struct arena *a, size_t n); /* zeroed, aligned for any type */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Copies n bytes into the arena. */
void *arena_memdup(struct arena *a, const void *p, size_t n);
void arena_free(struct arena *a);

/*
 * A vector is any struct of { T *data; size_t n, cap; }. Zero-initialised is empty.
 *	VEC(struct thing) things = { 0 };
 *	*vec_push(&things) = thing;
 * vec_push returns a zeroed new last element; it may move the others.
 */
#define VEC(T)                 \
	struct {               \
		T *data;       \
		size_t n, cap; \
	}
void *vec_grow(void *data, size_t *n, size_t *cap, size_t size);
#define vec_push(v) ((v)->data = vec_grow((v)->data, &(v)->n, &(v)->cap, sizeof(*(v)->data)), &(v)->data[(v)->n - 1])
#define vec_free(v) (free((v)->data), (v)->data = NULL, (v)->n = (v)->cap = 0)

/* Owned strings. */
typedef VEC(char *) string_vec;
void string_vec_free(string_vec *v);
/* For qsort: of strings by their bytes. */
int string_cmp(const void *a, const void *b);

#endif
