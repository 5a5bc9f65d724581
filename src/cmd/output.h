/*
 * output -- standard output, and whoever reads it.
 */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

enum {
	OUTPUT_STOP_MS = 2000
};

/*
 * Before anything is written to stdout.  From here on who reads it may take
 * as long as he likes, until this process is told to stop (proc/signals): if
 * he then takes nothing for OUTPUT_STOP_MS, all the rest is lost, as on a disk
 * that is full.
 */
void output_begin(void);

/*
 * At the end of what is done for its output alone (list, status, dry runs),
 * before anything is said of how it went.  A reader who has gone has seen
 * enough: then this process ends by SIGPIPE, as a filter does, and without a
 * word.  Otherwise it returns; that output was lost is said by output_end().
 */
void output_follow_reader(void);

/*
 * At the end of every command: write what is still held back.  Returns
 * "status", or, where output was lost, which is then said, 3 for one that is
 * smaller.
 */
int output_end(int status);

#endif
