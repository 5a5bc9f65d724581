/*
 * fuzz_ledger -- a restore's journal of any content.  What is taken is whole
 * lines that can be gone on with; what is refused stays as it is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "fuzz/driver.h"
#include "state/ledger.h"

static const char *const words[] = { "s3://b/p", "**" };
static char path[64];

static void
remove_file(void)
{
	(void)unlink(path);
}

static struct ledger *
try_open(struct err *e)
{
	struct ledger_cfg cfg = { .path = path, .asked = words, .nasked = 2,
	    .store = { .hi = 7, .lo = 8 }, .resume = true, .now_ms = 1000 };

	return (ledger_open(&cfg, e));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf after = { 0 };
	struct hash128 h = { 1, 2 };
	struct ledger *l;
	struct err e = { 0 };
	uint64_t n;
	int64_t late_ms;
	bool had;
	int fd;

	if (path[0] == '\0') {
		/* In memory: each case is synced. */
		(void)snprintf(path, sizeof(path), "%s/fuzz_ledger.%ld",
		    fuzz_scratch(), (long)getpid());
		(void)atexit(remove_file);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	must(fd != -1 && io_write(fd, data, size, path, &e) == 0);
	(void)close(fd);
	if ((l = try_open(&e)) == NULL) {
		must(e.cls == ERR_STATE || e.cls == ERR_USAGE);
		must(io_read_file(AT_FDCWD, path, 1 << 20, &after, &e) == 0);
		must(after.len == size && (size == 0 ||
		    memcmp(after.data, data, size) == 0));
	} else {
		n = ledger_count(l);
		had = ledger_has(l, "\t\n\\", 77);
		late_ms = ledger_youngest_ms(l);
		if (late_ms < ledger_began_ms(l))
			late_ms = ledger_began_ms(l);
		if (clock_can_stamp(late_ms + 1))
			late_ms++;
		must(ledger_reach(l, late_ms, &e) == 0);
		late_ms = ledger_youngest_ms(l);
		must(ledger_add(l, "\t\n\\", 77, 1, h, &e) == 0);
		ledger_close(l);
		must((l = try_open(&e)) != NULL);
		must(ledger_resumed(l));
		must(ledger_has(l, "\t\n\\", 77));
		must(ledger_count(l) == n + !had);
		must(ledger_youngest_ms(l) == (late_ms > 77 ? late_ms : 77));
		ledger_close(l);
	}
	buf_fini(&after);
	return (0);
}
