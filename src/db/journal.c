#include "db/journal.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/io.h"
#include "db/guard.h"

enum {
	HOT_LOOKS = 4,		/* the first, and three more */
	HOT_PAUSE_NS = 50000,

	/* [lock page's number: 4] [name] [length: 4] [sum: 4] [magic: 8] */
	SUPER_TAIL_BYTES = 16,
	SUPER_PAGE_BYTES = 4
};

static const uint8_t magic[8] = {
	0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7
};

/* A finished journal is empty, or begins with a zero (PERSIST). */
static int
begun(struct pin *p, struct err *e)
{
	const char *name = p->names[PIN_JOURNAL];
	uint8_t first = 0;
	ssize_t n;
	int fd;

	if ((fd = guard_open(name)) == -1) {
		if (errno == ENOENT)
			return (0);
		guard_explain(e, errno, name);
		return (-1);
	}
	n = io_pread(fd, &first, 1, 0, name, e);
	io_close(&fd);
	return (n == -1 ? -1 : n == 1 && first != 0);
}

int
journal_hot(struct pin *p, struct err *e)
{
	struct timespec pause = { 0, HOT_PAUSE_NS };
	int found, i, rc, reserved;

	for (i = 0; i < HOT_LOOKS; i++) {
		if ((found = pin_exists(p, PIN_JOURNAL, e)) != 1)
			return (found);
		rc = p->file->pMethods->xCheckReservedLock(p->file,
		    &reserved);
		if (rc != SQLITE_OK) {
			err_set(e, ERR_IO, "locks of %s: %s",
			    p->names[PIN_DB], sqlite3_errstr(rc));
			return (-1);
		}
		if (reserved)
			return (0);
		if ((rc = begun(p, e)) != 1)
			return (rc);
		/* A writer may be between two of these steps. */
		if (i + 1 < HOT_LOOKS)
			(void)nanosleep(&pause, NULL);
	}
	return (1);
}

/* SQLite sums the name's bytes as it sees them: as char. */
static uint32_t
sum_name(const char *name, size_t n)
{
	uint32_t sum = 0;
	size_t i;
	int c;

	for (i = 0; i < n; i++) {
		/* NOLINTNEXTLINE(bugprone-signed-char-misuse): as SQLite */
		c = name[i];
		sum += (uint32_t)c;
	}
	return (sum);
}

int
journal_read_super(int fd, uint64_t size, struct journal_super *js,
    struct err *e)
{
	/* What is longer SQLite does not take for a name. */
	size_t max = (size_t)sqlite3_vfs_find(NULL)->mxPathname;
	uint8_t tail[SUPER_TAIL_BYTES];
	uint32_t len;
	ssize_t n;

	js->body_bytes = size;
	js->name[0] = '\0';
	if (size < SUPER_TAIL_BYTES)
		return (0);
	if ((n = io_pread(fd, tail, sizeof(tail), size - sizeof(tail),
	    "journal", e)) == -1)
		return (-1);
	len = be32_get(tail);
	if (n != sizeof(tail) || memcmp(tail + 8, magic, sizeof(magic)) != 0 ||
	    len == 0 || len > max || len >= sizeof(js->name) ||
	    len + SUPER_PAGE_BYTES > size - SUPER_TAIL_BYTES)
		return (0);
	if ((n = io_pread(fd, js->name, len, size - SUPER_TAIL_BYTES - len,
	    "journal", e)) == -1)
		return (-1);
	js->name[len] = '\0';
	if (n != (ssize_t)len || js->name[0] == '\0' ||
	    sum_name(js->name, len) != be32_get(tail + 4)) {
		js->name[0] = '\0';
		return (0);
	}
	js->body_bytes = size - SUPER_TAIL_BYTES - SUPER_PAGE_BYTES - len;
	return (0);
}
