/*
 * main -- find the command and run it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/output.h"

extern const struct cmd cmd_backup, cmd_upload, cmd_list, cmd_restore,
    cmd_restore_pattern, cmd_status, cmd_prune, cmd_completion, cmd_help_cmd,
    cmd_version;

const struct cmd *const cmd_table[] = {
	&cmd_backup,
	&cmd_upload,
	&cmd_list,
	&cmd_restore,
	&cmd_restore_pattern,
	&cmd_status,
	&cmd_prune,
	&cmd_completion,
	&cmd_help_cmd,
	&cmd_version,
	NULL
};

/*
 * What is opened later must not land where others write messages and data.  A
 * descriptor that was closed stays unusable: writing to it fails.
 */
static int
open_standard(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null",
		    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return (-1);
	return (0);
}

int
main(int argc, char **argv)
{
	const struct cmd *cmd;
	const char *name;

	/* A reader that has gone, and a file that reaches its limit, are errors
	 * of write(2), as a full disk. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (open_standard() == -1)
		return (3);
	log_setup(LOG_LVL_INFO, false);
	output_begin();
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
	return (output_end(cmd->run(cmd, argc - 1, argv + 1)));
}
