/*
 * fuzz_journal -- the end of a journal of any bytes: it names a super-journal
 * or not, and what is left without the record is part of it.
 */
#include <sys/mman.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "db/journal.h"
#include "fuzz/driver.h"

static void
try(int fd, const uint8_t *p, size_t n)
{
	static struct journal_super js;
	struct err e;
	size_t len;

	must(ftruncate(fd, 0) == 0);
	must(io_pwrite(fd, p, n, 0, "journal", &e) == 0);
	must(journal_read_super(fd, n, &js, &e) == 0);
	if (js.name[0] == '\0') {
		must(js.body_bytes == n);
		return;
	}
	len = strnlen(js.name, sizeof(js.name));
	must(len < sizeof(js.name) && js.body_bytes + 20 + len <= n);
}

/* Make the sum right for the length that is there. */
static void
sign(uint8_t *p, size_t n)
{
	uint32_t len, sum = 0, i;
	int c;

	if (n < 16)
		return;
	memcpy(p + n - 8, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
	len = (uint32_t)p[n - 14] << 8 | p[n - 13];
	p[n - 16] = p[n - 15] = 0;
	if (len > n - 16)
		return;
	for (i = 0; i < len; i++) {
		c = (char)p[n - 16 - len + i];
		sum += (uint32_t)c;
	}
	p[n - 12] = (uint8_t)(sum >> 24);
	p[n - 11] = (uint8_t)(sum >> 16);
	p[n - 10] = (uint8_t)(sum >> 8);
	p[n - 9] = (uint8_t)sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	uint8_t *p = calloc(size > 0 ? size : 1, 1);

	if (fd == -1)
		must((fd = memfd_create("journal", MFD_CLOEXEC)) != -1);
	if (size > 0)
		memcpy(p, data, size);
	try(fd, p, size);
	sign(p, size);
	try(fd, p, size);
	free(p);
	return (0);
}
