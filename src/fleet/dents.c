#include "fleet/dents.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

/* What a single huge directory took is given back after it. */
enum { BLOCKS_KEPT = 2 };

void
dents_start(struct dents *d, int fd, const struct stat *st)
{
	while (d->nblocks > BLOCKS_KEPT)
		free(d->blocks[--d->nblocks]);
	d->cur = 0;
	d->off = d->len = 0;
	d->fd = fd;
	if (d->recall == NULL)
		return;
	d->st = *st;
	d->now_ms = clock_real_ms();
	d->known = recall_get(d->recall, st);
	buf_reset(&d->seen);
}

/*
 * Read on behind what the block holds, so that a block of names serves many
 * reads; a new block once the rest of it might not take a single entry.
 */
static int
fill(struct dents *d)
{
	ssize_t n;

	for (;;) {
		if (d->cur == d->nblocks) {
			d->blocks = mem_resize(d->blocks, d->nblocks + 1,
			    sizeof(*d->blocks));
			d->blocks[d->nblocks++] = mem_resize(NULL,
			    DENTS_BLOCK_BYTES, 1);
		}
		n = getdents64(d->fd, d->blocks[d->cur] + d->len,
		    DENTS_BLOCK_BYTES - d->len);
		if (n >= 0) {
			d->off = d->len;
			d->len += (size_t)n;
			return (n > 0);
		}
		if (errno == EINTR)
			continue;
		if (errno != EINVAL || d->len == 0)
			return (-1);
		d->cur++;
		d->off = d->len = 0;
	}
}

static int
next_known(struct dents *d, struct dent *out)
{
	if (d->off == d->known->len)
		return (0);
	out->type = d->known->data[d->off++];
	out->name = (const char *)d->known->data + d->off;
	out->len = strlen(out->name);
	d->off += out->len + 1;
	return (1);
}

int
dents_next(struct dents *d, struct dent *out)
{
	const struct dirent64 *de;
	int n;

	if (d->known != NULL)
		return (next_known(d, out));
	for (;;) {
		if (d->off == d->len && (n = fill(d)) <= 0) {
			if (n == 0 && d->recall != NULL)
				recall_keep(d->recall, d->fd, &d->st,
				    d->now_ms, &d->seen);
			return (n);
		}
		de = (const void *)(d->blocks[d->cur] + d->off);
		d->off += de->d_reclen;
		if (de->d_name[0] == '.' && (de->d_name[1] == '\0' ||
		    (de->d_name[1] == '.' && de->d_name[2] == '\0')))
			continue;
		out->name = de->d_name;
		out->len = strlen(de->d_name);
		out->type = de->d_type;
		if (d->recall != NULL) {
			buf_putc(&d->seen, de->d_type);
			buf_put(&d->seen, out->name, out->len + 1);
		}
		return (1);
	}
}

void
dents_fini(struct dents *d)
{
	while (d->nblocks > 0)
		free(d->blocks[--d->nblocks]);
	free(d->blocks);
	buf_fini(&d->seen);
	memset(d, 0, sizeof(*d));
}
