/*
 * record -- the log of all that was done to the files below one directory,
 * which t/torture/record.c writes and t/tool/replay.c reads.
 *
 * One entry after the other, in the order in which it happened, of whatever
 * process: a struct record, "nname" bytes of a name, "nother" of another, and
 * "ndata" bytes.  As of the machine; nobody keeps it.
 */
#ifndef TOOL_RECORD_H
#define TOOL_RECORD_H

#include <stdint.h>

enum record_op {
	RECORD_FILE = 1,	/* new file ino; as "name" in dir, or without */
	RECORD_DIR,		/* new directory ino, as "name" in dir */
	RECORD_WRITE,		/* data to ino at off */
	RECORD_SIZE,		/* ino is off bytes long now */
	RECORD_HOLE,		/* of ino off bytes, size of them: zeros */
	RECORD_LINK,		/* ino is "name" in dir, too */
	RECORD_MOVE,		/* "name" of dir is "other" of dir2 now: ino */
	RECORD_UNLINK,		/* "name" of dir, which was ino, is gone */
	RECORD_SYNC,		/* ino, a file or a directory, is on the disk */
	RECORD_SYNCFS,		/* all is */
	RECORD_MAPPED		/* ino can be written without our knowing */
};

struct record {
	uint32_t op;
	uint32_t pid;
	uint64_t ino, dir, dir2;
	uint64_t off, size;
	uint32_t nname, nother;
	uint64_t ndata;
};

#endif
