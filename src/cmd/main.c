/*
 * main -- find the command and run it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"

extern const struct cmd cmd_backup, cmd_upload, cmd_list, cmd_restore,
    cmd_help_cmd, cmd_version;

const struct cmd *const cmd_table[] = {
	&cmd_backup,
	&cmd_upload,
	&cmd_list,
	&cmd_restore,
	&cmd_help_cmd,
	&cmd_version,
	NULL
};

/*
 * What is opened later must not land where others write messages and data.
 */
static int
open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd == -1)
		return (-1);
	(void)close(fd);
	return (0);
}

int
main(int argc, char **argv)
{
	const struct cmd *cmd;
	const char *name;
	int status;

	/* A reader that has gone is an error of write(2), as a full disk. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (open_standard() == -1)
		return (3);
	if (argc < 2) {
		log_error("no command given; \"litefleet help\" lists them");
		return (2);
	}
	name = argv[1];
	if (strcmp(name, "--help") == 0 || strcmp(name, "-help") == 0 ||
	    strcmp(name, "-h") == 0)
		name = "help";
	else if (strcmp(name, "--version") == 0 ||
	    strcmp(name, "-version") == 0 || strcmp(name, "-V") == 0)
		name = "version";
	if ((cmd = cmd_find(name)) == NULL) {
		log_error("there is no command \"%s\"; \"litefleet help\" "
		    "lists them", name);
		return (2);
	}
	status = cmd->run(cmd, argc - 1, argv + 1);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) {
		log_error("write standard output: %s", strerror(errno));
		status = 3;
	}
	return (status);
}
