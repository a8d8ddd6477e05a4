#define _GNU_SOURCE
#include "stage3/signature.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/base64.h>
#include <string.h>

enum { KEYRING_MAX = 16 << 20, SIGNED_MAX = 1 << 20 };

void signer_free(struct signer *signer)
{
	free(signer->name);
	*signer = (struct signer){ 0 };
}

/* --- what gpgv says --- */

static struct view word_next(struct view *rest)
{
	struct view word = view_cut(rest, ' ');

	return word.p ? word : (struct view){ "", 0 };
}

static void signer_name(struct signer *signer, struct view name)
{
	autobuf struct buf shown = { 0 };

	buf_add_printable(&shown, name);
	free(signer->name);
	signer->name = buf_steal(&shown);
}

/* VALIDSIG FINGERPRINT DATE TIME EXPIRES VERSION RESERVED ALGORITHM HASH CLASS [PRIMARY] (gnupg/doc/DETAILS) */
static void signer_fingerprint(struct signer *signer, struct view rest)
{
	struct view own = word_next(&rest), word = own, primary = own;

	for (int i = 0; i < 9 && rest.p; i++)
		word = word_next(&rest);
	if (word.n >= 40 && word.n < sizeof(signer->fingerprint))
		primary = word;
	if (primary.n < sizeof(signer->fingerprint)) {
		memcpy(signer->fingerprint, primary.p, primary.n);
		signer->fingerprint[primary.n] = '\0';
	}
}

static int key_missing(struct view key, struct err *err)
{
	autobuf struct buf shown = { 0 };

	buf_add_printable(&shown, key);
	err_user(err, "is signed by the key %s, which is not in the keyring", shown.data ? shown.data : "?");
	err->num = ENOKEY;
	return -1;
}

/* A signature that is no longer worth anything, by the word that gpgv has for it. */
static const struct fault {
	const char *word, *says;
	int num;
} faults[] = {
	{ "EXPSIG", "its signature has expired", 0 },
	{ "EXPKEYSIG", "the key that signed it has expired by now", EKEYEXPIRED },
	{ "REVKEYSIG", "the key that signed it was revoked", EKEYREVOKED },
};

static const struct fault *key_fault(struct view word)
{
	for (size_t i = 0; i < countof(faults); i++)
		if (view_is(word, faults[i].word))
			return &faults[i];
	return NULL;
}

int signature_judge(struct view status, struct signer *signer, struct err *err)
{
	struct signer got = { 0 };
	bool good = false, valid = false;
	const struct fault *fault = NULL;
	struct view missing = { 0 };

	while (status.n) {
		struct view line = view_cut(&status, '\n'), mark = word_next(&line), word = word_next(&line);

		if (!view_is(mark, "[GNUPG:]"))
			continue;
		if (view_is(word, "BADSIG")) {
			signer_free(&got);
			return err_user(err, "its signature does not hold: it was changed since it was signed");
		}
		if (view_is(word, "NEWSIG") || key_fault(word))
			good = false;
		if (key_fault(word))
			fault = key_fault(word);
		if (view_is(word, "NO_PUBKEY"))
			missing = word_next(&line);
		if (view_is(word, "GOODSIG")) {
			good = true;
			word_next(&line);
			signer_name(&got, line);
		}
		if (view_is(word, "VALIDSIG") && good) {
			valid = true;
			signer_fingerprint(&got, line);
		}
	}
	if (valid) {
		*signer = got;
		return 0;
	}
	signer_free(&got);
	if (fault) {
		err_user(err, "%s", fault->says);
		err->num = fault->num;
		return -1;
	}
	return missing.p ? key_missing(missing, err) : err_user(err, "has no signature that can be read");
}

/* --- keyrings --- */

/* The base64 of one block, line by line; a line that begins with = is its checksum. */
static bool dearmor_block(struct view *text, struct buf *keys)
{
	struct base64_decode_ctx ctx;

	base64_decode_init(&ctx);
	while (text->p && view_trim(view_cut(text, '\n')).n) /* headers, up to the blank line */
		;
	while (text->p) {
		struct view line = view_trim(view_cut(text, '\n'));
		size_t n = BASE64_DECODE_LENGTH(line.n);

		if (view_starts(line, VIEW("=")) || view_starts(line, VIEW("-")))
			break;
		if (!base64_decode_update(&ctx, &n, (uint8_t *)buf_reserve(keys, n), line.n, line.p))
			return false;
		keys->n += n;
	}
	return base64_decode_final(&ctx);
}

bool keyring_dearmor(struct view text, struct buf *keys)
{
	bool found = false;

	while (text.p) {
		if (!view_is(view_trim(view_cut(&text, '\n')), "-----BEGIN PGP PUBLIC KEY BLOCK-----"))
			continue;
		if (!dearmor_block(&text, keys))
			return false;
		found = true;
	}
	return found && keys->n;
}

static const char *hint_of(const struct keyring *k)
{
	return k->hint ? k->hint : "it is published by whoever makes what is signed";
}

int keyring_check(const struct keyring *k, struct err *err)
{
	autofree char *gpgv = fs_which("gpgv");

	if (!gpgv)
		return err_user(err,
				"gpgv is not there, which checks signatures; install it with: apt-get install gpgv");
	if (access(k->file, R_OK) < 0)
		return err_user(err, "the keyring %s is not there, without which nothing is verified: %s", k->file,
				hint_of(k));
	return 0;
}

/* gpgv reads binary keyrings only. */
static int keyring_binary(const struct keyring *k, char **path, struct err *err)
{
	autobuf struct buf text = { 0 }, keys = { 0 };
	autofree char *binary = fs_join(k->work, "keyring.gpg");

	if (keyring_check(k, err) < 0 || fs_read(AT_FDCWD, k->file, KEYRING_MAX, &text, err) < 0)
		return -1;
	if (!text.n)
		return err_user(err, "the keyring %s is empty: %s", k->file, hint_of(k));
	if (text.data[0] == '-' && !keyring_dearmor((struct view){ text.data, text.n }, &keys))
		return err_user(err, "%s: is no keyring: %s", k->file, hint_of(k));
	*path = keys.n ? steal(&binary) : mem_strdup(k->file);
	return keys.n ? fs_write(AT_FDCWD, *path, keys.data, keys.n, 0600, err) : 0;
}

/* --- checks --- */

/* args follow the keyring. */
static int gpgv_run(const struct keyring *k, const char *const *args, bool strict, struct signer *signer,
		    struct err *err)
{
	autofree char *keyring = NULL;
	autobuf struct buf status = { 0 };
	const char *argv[16] = {
		"gpgv", "--homedir", k->work, "--weak-digest", "SHA1", "--status-fd", "1", "--keyring"
	};
	struct err inner = { 0 };
	int failed;
	size_t n = 8;

	if (keyring_binary(k, &keyring, err) < 0)
		return -1;
	argv[n++] = keyring;
	while (*args && n + 1 < countof(argv))
		argv[n++] = *args++;
	failed = proc_run(&(struct proc){ .argv = argv, .env = (const char *const[]){ "LC_ALL=C", NULL } }, &status,
			  &inner);
	if (signature_judge((struct view){ status.data ? status.data : "", status.n }, signer, err) < 0)
		return -1;
	if (failed < 0 && strict) { /* a second part that nobody vouches for */
		signer_free(signer);
		*err = inner;
		err->class = ERR_USER;
		return err_wrap(err, "is not signed as a whole");
	}
	return 0;
}

static int explain(const struct keyring *k, const char *what, struct err *err)
{
	int num = err->num;

	if (num == ENOKEY || num == EKEYEXPIRED) {
		autofree char *said = mem_strdup(err->msg);

		err_user(err, "%s; the keyring is %s: %s", said, k->file, hint_of(k));
	}
	return err_wrap(err, "%s: is refused", what);
}

int signature_check(const struct keyring *k, struct view signature, const char *file, const char *what,
		    struct signer *signer, struct err *err)
{
	autofree char *path = fs_join(k->work, "signature.asc");
	const char *args[] = { path, file, NULL };

	if (fs_write(AT_FDCWD, path, signature.p, signature.n, 0600, err) < 0)
		return -1;
	return gpgv_run(k, args, false, signer, err) < 0 ? explain(k, what, err) : 0;
}

bool signature_is_in(struct view text)
{
	return memmem(text.p, text.n, "-----BEGIN PGP", strlen("-----BEGIN PGP")) != NULL;
}

int signature_open(const struct keyring *k, struct view text, const char *what, struct buf *signed_text,
		   struct err *err)
{
	autofree char *path = fs_join(k->work, "signed.asc"), *out = fs_join(k->work, "signed");
	const char *args[] = { "--output", out, path, NULL };
	CLEANUP(signer_free) struct signer signer = { 0 };

	unlink(out); /* gpgv does not write over a file */
	if (fs_write(AT_FDCWD, path, text.p, text.n, 0600, err) < 0)
		return -1;
	if (gpgv_run(k, args, true, &signer, err) < 0)
		return explain(k, what, err);
	return fs_read(AT_FDCWD, out, SIGNED_MAX, signed_text, err);
}
