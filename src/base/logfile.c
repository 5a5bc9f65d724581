#include "base/logfile.h"

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"

static const char *name;

int
logfile_open(const char *path, struct err *e)
{
	int fd, ret = -1;

	if ((fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY, 0600)) == -1 || dup2(fd, STDERR_FILENO) == -1) {
		err_sys(e, ERR_CONFIG, "--log-file %s", path);
		goto out;
	}
	name = path;
	log_stamp(true);
	ret = 0;
out:
	io_close(&fd);
	return (ret);
}

int
logfile_reopen(struct err *e)
{
	return (name == NULL ? 0 : logfile_open(name, e));
}
