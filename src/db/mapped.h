/*
 * mapped -- what SQLite has mapped of files of others, which they may cut off
 * while it is read.
 *
 * A page that lies beyond the end of its file by then is SIGBUS to whoever
 * reads it.  Here it is zeros, and a mark that says so: a -shm of zeros has no
 * header, so SQLite gives up, and what was read is not to be believed.  Any
 * other SIGBUS is what it was before.
 *
 * The thread that mapped is the one that reads.
 */
#ifndef DB_MAPPED_H
#define DB_MAPPED_H

#include <stdbool.h>
#include <stddef.h>

enum {
	/* Each is a mapping of the kernel's, of which a process may have
	 * 65530.  A -shm of so many is that of 67 million frames. */
	MAPPED_MAX = 16384
};

/*
 * Catch SIGBUS from now on; called again, it sees to it that this is still so.
 * It is inherited over fork(2).
 */
void mapped_watch(void);

/*
 * The calling thread has mapped n bytes at p (prot: as mmap(2) has it), or has
 * unmapped them: all of a mapping, or its end.  What is written to zeros goes
 * nowhere.  False, with errno: there are too many.
 */
bool mapped_keep(const void *p, size_t n, int prot);
void mapped_drop(const void *p, size_t n);

/* Has this thread come upon such zeros since mapped_forget()? */
bool mapped_was_cut(void);
void mapped_forget(void);

#endif
