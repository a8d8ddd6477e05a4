#include "kernel/spec.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

int spec_word(const char *what, const char *word, struct err *err)
{
	bool good = *word && *word != '.' && *word != '-';

	for (const char *p = word; *p; p++)
		good &= isalnum((unsigned char)*p) || strchr("-_.+", *p);
	return good ? 0 : err_user(err, "%s: \"%s\" must be letters, digits and -_.+", what, word);
}

int spec_arch(const json_t *spec, struct spec_arch *out, struct err *err)
{
	json_t *arch = NULL;
	struct spec_arch found = { 0 };

	if (json_field_obj(spec, "arch", &arch, err) < 0)
		return -1;
	if (json_field_str(arch, "kernel", &found.kernel, err) < 0 ||
	    json_field_str(arch, "srcarch", &found.srcarch, err) < 0 || spec_word("kernel", found.kernel, err) < 0 ||
	    spec_word("srcarch", found.srcarch, err) < 0)
		return err_wrap(err, "arch");
	*out = found;
	return 0;
}

int spec_source(const struct step *step, char **srcdir, struct err *err)
{
	json_t *source = NULL;
	const char *id = NULL;
	autofree char *dir = NULL;

	if (json_field_obj(step->spec, "source", &source, err) < 0)
		return -1;
	if (json_field_str(source, "id", &id, err) < 0 || spec_word("id", id, err) < 0)
		return err_wrap(err, "source");
	dir = mem_printf("%s/sources/%s/tree", step->home, id);
	if (!fs_exists(AT_FDCWD, dir))
		return err_infra(err, 0, "the source %s is not in this home (%s)", id, dir);
	*srcdir = steal(&dir);
	return 0;
}

int spec_digest(const json_t *j, const char *key, const char **out, struct err *err)
{
	const char *digest = NULL;

	if (json_field_str(j, key, &digest, err) < 0)
		return -1;
	if (strlen(digest) != HASH_HEX - 1 || strspn(digest, "0123456789abcdef") != HASH_HEX - 1)
		return err_user(err, "the field \"%s\" must be 64 hex digits", key);
	*out = digest;
	return 0;
}
