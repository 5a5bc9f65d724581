/*
 * fuzz_statedir -- a state whose id and lock have any bytes: refused in a
 * sentence, or the one that they speak of, or begun anew; and then it is there
 * again.
 *
 * Input: id, to which its checksum is added (not if there are 8 bytes, 16, 24,
 * ... in all), NUL, lock.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/log.h"
#include "fuzz/driver.h"
#include "state/statedir.h"

#define URL	"s3://b/p"

static char base[64];
static char ids[2][128];	/* id, lock */

static void
cleanup(void)
{
	struct err e;

	(void)io_remove_tree(AT_FDCWD, base, &e);
}

static void
start(void)
{
	struct statedir *sd;
	struct err e;

	log_setup(LOG_LVL_ERROR, false);
	(void)snprintf(base, sizeof(base), "%s/fuzz_statedir.XXXXXX",
	    fuzz_scratch());
	must(mkdtemp(base) != NULL);
	(void)atexit(cleanup);
	must((sd = statedir_open(base, URL, 0, &e)) != NULL);
	(void)snprintf(ids[0], sizeof(ids[0]), "%s/id", statedir_path(sd));
	(void)snprintf(ids[1], sizeof(ids[1]), "%s/lock", statedir_path(sd));
	statedir_close(sd);
}

static void
save(const char *path, const uint8_t *p, size_t n)
{
	struct err e;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd != -1 && io_write(fd, p, n, path, &e) == 0);
	(void)close(fd);
}

static void
use(void)
{
	struct hash128 store = { .hi = 7, .lo = 8 };
	struct statedir *sd;
	struct state_id id;
	struct err e = { 0 };

	if ((sd = statedir_peek(base, URL, &e)) == NULL)
		must(e.cls == ERR_STATE || e.cls == ERR_GONE);
	statedir_close(sd);
	if ((sd = statedir_open(base, URL, 0, &e)) == NULL) {
		must(e.cls == ERR_STATE && e.msg[0] != '\0');
		return;
	}
	must(statedir_set_store(sd, store, &e) == 0);
	id = statedir_id(sd);
	must(hash128_eq(id.store, store));
	statedir_close(sd);
	must((sd = statedir_peek(base, URL, &e)) != NULL);
	must(statedir_id(sd).seed == id.seed);
	must(hash128_eq(statedir_id(sd).store, store));
	must(statedir_marker_ms(sd) > 0);
	statedir_close(sd);
}

/* With a last line that is right. */
static void
use_summed(const uint8_t *p, size_t n)
{
	char line[32];
	int fd;

	save(ids[0], p, n);
	(void)snprintf(line, sizeof(line), "check %016llx\n",
	    (unsigned long long)hash64(p, n));
	must((fd = open(ids[0], O_WRONLY | O_APPEND)) != -1);
	must(write(fd, line, strlen(line)) == (ssize_t)strlen(line));
	(void)close(fd);
	use();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end;
	size_t n = size;

	if (base[0] == '\0')
		start();
	if (size > 0 && (end = memchr(data, '\0', size)) != NULL)
		n = (size_t)(end - data);
	if (n < size)
		save(ids[1], data + n + 1, size - n - 1);
	/* What is not summed up is damaged, and to begin anew takes long. */
	if (size % 8 == 0) {
		save(ids[0], data, n);
		use();
	} else
		use_summed(data, n);
	return (0);
}
