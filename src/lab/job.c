/* Job definitions: LAVA's schema of them is lava_common/schemas (2023.01). */
#include "lab/job.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

/* Seconds: of the download of all artefacts, and what LAVA itself takes around a boot. */
enum { DEPLOY_S = 600, AROUND_S = 120 };

struct job {
	const json_t *spec, *lava, *board, *artefacts;
};

static json_t *seconds(int64_t n)
{
	return json_pack("{s:I}", "seconds", (json_int_t)n);
}

static int64_t boot_seconds(const struct job *job)
{
	return (json_int_or(job->board, "limit_ms", 120000) + 999) / 1000;
}

/* Where an artefact is, and what it must be; NULL when the job has none of that name. */
static json_t *artefact(const struct job *job, const char *name)
{
	const json_t *a = json_object_get(job->artefacts, name);

	return a ? json_pack("{s:s, s:s}", "url", json_str_or(a, "url", ""), "sha256sum", json_str_or(a, "sha256", ""))
		 : NULL;
}

static void set_artefact(const struct job *job, json_t *into, const char *name, const char *key, const char *value)
{
	json_t *a = artefact(job, name);

	if (a && key)
		json_object_set_new(a, key, json_string(value));
	if (a)
		json_object_set_new(into, name, a);
}

/* QEMU starts with files on the worker's disk: each says which of its options names it. */
static json_t *qemu_deploy(const struct job *job)
{
	autofree char *kernel = mem_printf("-kernel {kernel} -append \"%s\"", json_str_or(job->board, "cmdline", ""));
	json_t *images = json_object();

	set_artefact(job, images, "kernel", "image_arg", kernel);
	set_artefact(job, images, "ramdisk", "image_arg", "-initrd {ramdisk}");
	set_artefact(job, images, "dtb", "image_arg", "-dtb {dtb}");
	return json_pack("{s:s, s:o, s:o}", "to", "tmpfs", "timeout", seconds(DEPLOY_S), "images", images);
}

static json_t *qemu_boot(const struct job *job)
{
	return json_pack("{s:s, s:s}", "method", "qemu", "media", "tmpfs");
}

/* What U-Boot's command takes; LAVA makes for bootm what its device needs (utils/strings.py, map_kernel_uboot). */
static const char *kernel_type(const char *command)
{
	return strcmp(command, "bootz") == 0 ? "zimage" : "image";
}

/* A bootloader fetches them over TFTP. LAVA adds nothing to the ramdisk, but may pack it anew: with a header. */
static json_t *tftp_deploy(const struct job *job)
{
	json_t *deploy = json_pack("{s:s, s:o}", "to", "tftp", "timeout", seconds(DEPLOY_S)), *ramdisk;
	const char *command = json_str_or(job->lava, "command", NULL);

	set_artefact(job, deploy, "kernel", command ? "type" : NULL, command ? kernel_type(command) : NULL);
	set_artefact(job, deploy, "ramdisk", NULL, NULL);
	ramdisk = json_object_get(deploy, "ramdisk");
	if (ramdisk)
		json_object_set_new(ramdisk, "install_overlay", json_false());
	set_artefact(job, deploy, "dtb", NULL, NULL);
	return deploy;
}

/* A bootloader that knows no header: LAVA leaves the ramdisk as it is. */
static json_t *plain_deploy(const struct job *job)
{
	json_t *deploy = tftp_deploy(job), *ramdisk = json_object_get(deploy, "ramdisk");

	if (ramdisk)
		json_object_set_new(ramdisk, "install_modules", json_false());
	return deploy;
}

/* The template of the device's type knows the commands. */
static json_t *loader_boot(const struct job *job)
{
	return json_pack("{s:s, s:s}", "method", json_str_or(job->lava, "method", ""), "commands", "ramdisk");
}

static const struct method {
	const char *name;
	json_t *(*deploy)(const struct job *job);
	json_t *(*boot)(const struct job *job);
} methods[] = {
	{ "qemu", qemu_deploy, qemu_boot },          { "u-boot", tftp_deploy, loader_boot },
	{ "depthcharge", tftp_deploy, loader_boot }, { "grub", plain_deploy, loader_boot },
	{ "ipxe", plain_deploy, loader_boot },
};

static const struct method *method_find(const char *name)
{
	for (size_t i = 0; i < countof(methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

/* KEY=VALUE; of a key that comes twice the values are a list. A bootloader's own command line is added to by
 * extra_kernel_args. */
static json_t *context_of(const struct job *job)
{
	const char *cmdline = json_str_or(job->board, "cmdline", "");
	json_t *context = json_object(), *word;
	size_t i;

	json_array_foreach (json_object_get(job->lava, "context"), i, word) {
		const char *text = json_string_value(word), *equal = text ? strchr(text, '=') : NULL;
		autofree char *key = equal ? mem_strndup(text, (size_t)(equal - text)) : NULL;
		json_t *before = key ? json_object_get(context, key) : NULL;

		if (json_is_array(before))
			json_array_append_new(before, json_string(equal + 1));
		else if (key && strcmp(key, "extra_options") == 0)
			json_object_set_new(context, key, json_pack("[s]", equal + 1));
		else if (key)
			json_object_set_new(context, key, json_string(equal + 1));
	}
	if (strcmp(json_str_or(job->lava, "method", ""), "qemu") != 0 && *cmdline)
		json_object_set_new(context, "extra_kernel_args", json_string(cmdline));
	return context;
}

/* The boot ends with the last marker: what the console said until then is judged by Kiln. */
static json_t *boot_of(const struct job *job, const struct method *method)
{
	json_t *boot = method->boot(job);

	json_object_set_new(boot, "timeout", seconds(boot_seconds(job)));
	json_object_set_new(boot, "prompts", json_pack("[s]", json_str_or(job->spec, "marker", "")));
	return boot;
}

static int64_t job_seconds(const struct job *job)
{
	return DEPLOY_S + boot_seconds(job) + AROUND_S;
}

int64_t lab_job_seconds(const json_t *spec)
{
	return job_seconds(&(struct job){ .spec = spec, .board = json_object_get(spec, "board") });
}

static json_t *document(const struct job *job, const struct method *method, const char *name)
{
	const json_t *tags = json_object_get(job->lava, "tags");
	json_t *context = context_of(job);
	json_t *d =
		json_pack("{s:s, s:s, s:s, s:s, s:{s:o, s:o, s:o}, s:[{s:o}, {s:o}]}", "job_name", name, "device_type",
			  json_str_or(job->lava, "type", ""), "priority", "medium", "visibility", "public", "timeouts",
			  "job", seconds(job_seconds(job)), "action", seconds(DEPLOY_S), "connection",
			  seconds(AROUND_S), "actions", "deploy", method->deploy(job), "boot", boot_of(job, method));

	if (json_object_size(context))
		json_object_set(d, "context", context);
	json_decref(context);
	if (json_array_size(tags))
		json_object_set(d, "tags", (json_t *)tags);
	return d;
}

/* JSON is YAML already; people are to read it. */
static int yaml_of(const json_t *document, char **yaml, struct err *err)
{
	autofree char *json = json_dumps(document, 0);
	struct fy_document *fyd = fy_document_build_from_string(NULL, json, FY_NT);

	*yaml = fyd ? fy_emit_document_to_string(fyd, FYECF_MODE_BLOCK | FYECF_WIDTH_INF | FYECF_INDENT_2) : NULL;
	fy_document_destroy(fyd);
	return *yaml ? 0 : err_infra(err, 0, "libfyaml cannot write the definition of a job");
}

int lab_job_definition(const json_t *spec, const char *name, const json_t *artefacts, char **yaml, struct err *err)
{
	struct job job = { spec, json_object_get(spec, "lava"), json_object_get(spec, "board"), artefacts };
	const struct method *method = method_find(json_str_or(job.lava, "method", ""));
	autojson json_t *d = NULL;
	const char *cmdline = json_str_or(job.board, "cmdline", "");

	if (!method)
		return err_user(err, "board %s: no job is known for the method %s", json_str_or(job.board, "name", ""),
				json_str_or(job.lava, "method", ""));
	/* LAVA's shell and its templates would read these as their own. */
	if (strpbrk(cmdline, "\"{}$`\\\n"))
		return err_user(err,
				"board %s: no lab can be given the command line %s: quotes, braces, $, ` and \\ have "
				"meanings there",
				json_str_or(job.board, "name", ""), cmdline);
	d = document(&job, method, name);
	return yaml_of(d, yaml, err);
}
