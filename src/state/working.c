#include "state/working.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hook.h"
#include "base/io.h"

#define NAME	"working"
#define BOOT_ID	"/proc/sys/kernel/random/boot_id"

enum {
	BOOT_MAX_BYTES = 256
};

int
working_boot(struct buf *boot, struct err *e)
{
	uint64_t any = 0;

	if (io_read_file(AT_FDCWD, BOOT_ID, BOOT_MAX_BYTES, boot, e) == 0) {
		if (boot->len > 0)
			return (0);
		err_set(e, ERR_IO, BOOT_ID " is empty");
	}
	if (getentropy(&any, sizeof(any)) == -1)
		any = (uint64_t)getpid();
	buf_reset(boot);
	buf_printf(boot, "unknown %016" PRIx64 "\n", any);
	return (-1);
}

int
working_begin(int dirfd, const char *dir, const struct buf *boot,
    struct err *e)
{
	struct stat sb;
	int fd, ret = -1;

	if ((fd = openat(dirfd, NAME, O_WRONLY | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600)) == -1 || fstat(fd, &sb) == -1) {
		err_sys(e, ERR_STATE, "create %s/" NAME, dir);
		goto out;
	}
	if (sb.st_size == 0 && io_pwrite(fd, boot->data, boot->len, 0, NAME,
	    e) == -1)
		goto out;
	if (fsync(fd) == -1 || fsync(dirfd) == -1) {
		err_sys(e, ERR_STATE, "fsync %s/" NAME, dir);
		goto out;
	}
	ret = 0;
out:
	io_close(&fd);
	return (ret);
}

bool
working_was_cut(int dirfd, const struct buf *boot)
{
	struct buf then = { 0 };
	struct err why = { .cls = ERR_NONE };
	bool ret = false;

	if (io_read_file(dirfd, NAME, BOOT_MAX_BYTES, &then, &why) == 0 ||
	    why.cls != ERR_GONE)
		ret = then.len != boot->len ||
		    memcmp(then.data, boot->data, then.len) != 0;
	buf_fini(&then);
	return (ret);
}

bool
working_is(int dirfd)
{
	return (faccessat(dirfd, NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
}

int
working_sync(int fd, const char *dir, struct err *e)
{
	HOOK("state-sync", dir);
	if (syncfs(fd) == 0)
		return (0);
	err_io(e, "sync the file system of %s", dir);
	return (-1);
}

void
working_end(int dirfd)
{
	/* If it stays, a run counts as cut that was not. */
	(void)unlinkat(dirfd, NAME, 0);
}
