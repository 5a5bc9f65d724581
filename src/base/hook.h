/*
 * hook -- places where a test may make the program stop dead.  In the normal
 * build this is nothing at all; in the test build (-DLITEFLEET_HOOKS) the
 * environment variable LITEFLEET_HOOK holds "POINT=ACTION[:SUBSTRING]", more
 * of them separated by commas.  When POINT is reached with a name that holds
 * SUBSTRING, the action happens: "kill" (SIGKILL to oneself), "segv",
 * "stop" (SIGSTOP), "exit" (status 9), "nap" (some milliseconds at most),
 * "pry" (base/pry.h).
 */
#ifndef BASE_HOOK_H
#define BASE_HOOK_H

#ifdef LITEFLEET_HOOKS
void hook_reach(const char *point, const char *name);
#define HOOK(point, name)	hook_reach(point, name)
#else
#define HOOK(point, name)	((void)0)
#endif

#endif
