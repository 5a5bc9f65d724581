/*
 * parcel -- databases on their way from the walk to the worker that owns
 * them: groups of names, each with its directory, packed into one message.
 *
 * Wire (little endian, within one host):
 *     group:  u16 path bytes, u16 real bytes (65535: as path), u16 names,
 *             path, real
 *     name:   u8 flags (enum walk_flag), u8 length, name
 */
#ifndef FLEET_PARCEL_H
#define FLEET_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	PARCEL_MAX = 60 * 1024	/* a packet is at most 64 KiB */
};

/* A parcel being packed.  Zero it before use; buf_fini(&p->b) after. */
struct parcel {
	struct buf b;
	size_t group;		/* offset of the open group */
	bool open;
};

/*
 * Add a name (1 to 255 bytes) of directory "path" (really "real"; both less
 * than PATH_MAX bytes).  "newdir": the directory differs from that of the name
 * before, or the parcel is empty.  False, and nothing added, if the parcel is
 * full: send it, parcel_reset(), and add again with newdir.
 */
bool parcel_add(struct parcel *p, const char *path, const char *real,
    bool newdir, const char *name, uint8_t flags);
void parcel_reset(struct parcel *p);

/*
 * Unpacking: point at the message, then call parcel_next() until it is false.
 * A malformed message ends early (never reads beyond it): also where a name
 * is empty, ".", ".." or holds a '/', or anything holds a NUL.
 */
struct parcel_reader {
	const uint8_t *p;
	size_t left;
	unsigned names_left;
	bool newdir;		/* the name just read begins a group */
	char path[4097];
	char real[4097];
	char name[256];
	uint8_t flags;
};
void parcel_reader_init(struct parcel_reader *r, const void *p, size_t n);
bool parcel_next(struct parcel_reader *r);

#endif
