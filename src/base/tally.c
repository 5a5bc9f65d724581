#include "base/tally.h"

#include <bsd/string.h>

void
tally_take(struct tally *t, const char *path, enum tally_phase phase)
{
	(void)strlcpy(t->path, path, sizeof(t->path));
	tally_go(t, phase);
}

void
tally_drop(struct tally *t)
{
	tally_go(t, TALLY_IDLE);
	t->path[0] = '\0';
	tally_add(t, TALLY_DONE, 1);
}

const char *
tally_phase_name(enum tally_phase phase)
{
	static const char *const names[TALLY_NPHASE] = {
		[TALLY_IDLE] = "idle",
		[TALLY_STAT] = "looking at",
		[TALLY_IMAGE] = "reading",
		[TALLY_ENCODE] = "compressing",
		[TALLY_STORE] = "storing",
		[TALLY_RECORD] = "recording",
		[TALLY_CHECK] = "checking",
		[TALLY_FETCH] = "fetching",
		[TALLY_DECODE] = "decompressing",
		[TALLY_LAND] = "putting into place",
	};

	return (phase < TALLY_NPHASE ? names[phase] : "unknown");
}
