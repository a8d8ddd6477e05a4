/* Console scan: GB/s on one core with 1,000 patterns, and what opening the compiled patterns costs. */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/mem.h"
#include "catalog/catalog.h"
#include "judge/judge.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATTERNS = 1000, CONSOLE = 256 << 20, PIECE = 64 << 10 };

/* Processor time: what else the machine does at the time does not count. */
static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The catalogue's own, and as many invented ones of the same kind as make a thousand. */
static struct judge_pattern *patterns_make(const struct catalog *c, struct arena *a)
{
	static const char *const forms[] = {
		"^%s_%zu: BUG: unable to (handle|recover) .{1,40} at 0x[0-9a-f]{1,16}",
		"^ERROR: driver %s%zu (timed out|failed|is stuck) in [a-z_]{1,40}",
		"^INFO: %s%zu detected stalls? on [0-9]{1,4}",
		"^%s-%zu [0-9a-f:.]{4,16}: Unrecoverable (fatal|hardware) error",
	};
	static const char *const words[] = { "mtdblk", "pciehp", "xfsaild", "nvmetcp", "ksmbd" };
	struct judge_pattern *all = arena_alloc(a, PATTERNS * sizeof(*all));

	for (size_t i = 0; i < PATTERNS; i++) {
		if (i < c->n_patterns) {
			all[i] = c->patterns[i];
			continue;
		}
		all[i].name = arena_printf(a, "invented-%zu", i);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		all[i].regex = arena_printf(a, forms[i % countof(forms)], words[i % countof(words)], i);
#pragma GCC diagnostic pop
		all[i].verdict = VERDICT_WARN;
	}
	return all;
}

/* Lines as a booting kernel prints them, with \r\n as a serial line has them; none alike. */
static void console_make(struct buf *out)
{
	static const char *const lines[] = {
		"pci 0000:%02x:1f.2: [8086:2922] type 00 class 0x010601",
		"pci 0000:%02x:02.0: reg 0x10: [mem 0xfd000000-0xfdffffff pref]",
		"ACPI: PCI: Interrupt link LNK%c configured for IRQ 10",
		"tcp_listen_portaddr_hash hash table entries: %d (order: 2, 16384 bytes, linear)",
		"usb usb%d: New USB device found, idVendor=1d6b, idProduct=0002, bcdDevice= 6.01",
		"e1000 0000:00:03.0 eth%d: (PCI:33MHz:32-bit) 52:54:00:12:34:56",
		"EXT4-fs (vda%d): mounted filesystem with ordered data mode. Quota mode: none.",
		"random: crng init done after %d ms",
		"clocksource: tsc: mask: 0xffffffffffffffff max_cycles: 0x233d, max_idle_ns: %d ns",
		"systemd[1]: Started Journal Service, attempt %d.",
	};

	for (unsigned i = 0; out->n < CONSOLE; i++) {
		buf_printf(out, "[%5u.%06u] ", i / 1000, i * 37 % 1000000);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_printf(out, lines[i % countof(lines)], 'A' + (int)(i % 26));
#pragma GCC diagnostic pop
		buf_adds(out, "\r\n");
	}
}

static void scan(const struct judge_rules *rules, const struct buf *console, const char *what)
{
	const struct judge_options options = { 0 };
	struct judge *j = judge_new(rules, &options);
	double start = seconds(), took;

	for (size_t at = 0; at < console->n; at += PIECE)
		judge_feed(j, console->data + at, console->n - at < PIECE ? console->n - at : PIECE, 0);
	judge_end(j, JUDGE_END_LOG);
	took = seconds() - start;
	printf("console scan, %s: %.2f GB/s (verdict %s)\n", what, (double)console->n / took / 1e9,
	       verdict_text(judge_result(j)->verdict));
	judge_free(j);
}

static struct judge_rules *rules_open(const struct judge_pattern *p, size_t n, const char *cache, const char *what)
{
	struct judge_rules *rules = NULL;
	struct err err;
	double start = seconds();

	if (judge_rules_new(p, n, cache, &rules, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
	printf("patterns, %zu, %s: %.1f ms\n", n, what, (seconds() - start) * 1e3);
	return rules;
}

int main(int argc, char **argv)
{
	const char *dirs[] = { argc > 1 ? argv[1] : "catalog" };
	autofree char *cache = mem_printf("/tmp/kiln-bench-judge-%d", (int)getpid());
	const struct catalog *c = NULL;
	autobuf struct buf faults = { 0 }, console = { 0 }, crlf_free = { 0 };
	struct arena a = { 0 };
	struct err err;
	struct judge_pattern *p;

	if (catalog_load(dirs, 1, &c, &faults, &err) < 0) {
		fprintf(stderr, "%s\n%s", err.msg, faults.data ? faults.data : "");
		return 1;
	}
	p = patterns_make(c, &a);
	judge_rules_free(rules_open(c->patterns, c->n_patterns, cache, "compiled anew"));
	judge_rules_free(rules_open(c->patterns, c->n_patterns, cache, "from the cache"));
	judge_rules_free(rules_open(p, PATTERNS, cache, "compiled anew"));
	struct judge_rules *all = rules_open(p, PATTERNS, cache, "from the cache");

	console_make(&console);
	for (size_t i = 0; i < console.n; i++)
		if (console.data[i] != '\r')
			buf_addc(&crlf_free, console.data[i]);
	scan(all, &console, "1,000 patterns, \\r\\n");
	scan(all, &crlf_free, "1,000 patterns, \\n");
	judge_rules_free(all);
	all = rules_open(c->patterns, c->n_patterns, cache, "from the cache");
	scan(all, &console, "the catalogue's patterns, \\r\\n");
	judge_rules_free(all);
	fs_remove(AT_FDCWD, cache, &err);
	arena_free(&a);
	catalog_free(c);
	return 0;
}
