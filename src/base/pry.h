/*
 * pry -- what a process that has been taken over would try first: read, write,
 * run, trace, open sockets.  A hook does it (base/hook.h, action "pry"), in
 * the test build only, so that a test can see what comes of it.
 *
 * Each try is a line (log_info): "pry: NAME: WHAT: yes", or "no" and errno's
 * text.  Only the first pry of a process tries.  $LITEFLEET_PRY_READ and
 * $LITEFLEET_PRY_WRITE are paths, with colons between them: to be opened for
 * reading (a directory is listed), or made (and left there).
 */
#ifndef BASE_PRY_H
#define BASE_PRY_H

void pry(const char *name);

#endif
