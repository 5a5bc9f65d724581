#include "job/decode.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "codec/frame.h"

enum {
	OUT_BYTES = 512 * 1024
};

struct decode {
	struct frame_dec *frame;
	uint8_t *out;		/* OUT_BYTES */
	int fd;
	const char *name;
	uint64_t done;		/* bytes written */
	bool (*yield)(void *ctx);
	void *ctx;
};

struct decode *
decode_new(uint64_t max_bytes)
{
	struct decode *d = mem_zero(sizeof(*d));

	d->frame = frame_dec_new();
	frame_dec_limit(d->frame, max_bytes);
	d->out = mem_resize(NULL, OUT_BYTES, 1);
	return (d);
}

void
decode_free(struct decode *d)
{
	if (d == NULL)
		return;
	frame_dec_free(d->frame);
	free(d->out);
	free(d);
}

void
decode_begin(struct decode *d, int fd, const char *name)
{
	frame_dec_reset(d->frame);
	d->fd = fd;
	d->name = name;
	d->done = 0;
	d->yield = NULL;
}

void
decode_on_full(struct decode *d, bool (*yield)(void *ctx), void *ctx)
{
	d->yield = yield;
	d->ctx = ctx;
}

static int
put(struct decode *d, const uint8_t *p, size_t n, struct err *e)
{
	uint64_t end = d->done + n;
	off_t at;

	while (io_write(d->fd, p, n, d->name, e) == -1) {
		if (e->cls != ERR_SPACE || d->yield == NULL ||
		    (at = lseek(d->fd, 0, SEEK_CUR)) == -1 ||
		    !d->yield(d->ctx))
			return (-1);
		/* Some of it may have been written. */
		p += n - (size_t)(end - (uint64_t)at);
		n = (size_t)(end - (uint64_t)at);
	}
	d->done = end;
	return (0);
}

int
decode_feed(struct decode *d, const void *p, size_t n, struct err *e)
{
	const uint8_t *in = p;
	size_t nin, nout;

	for (;;) {
		nin = n;
		nout = OUT_BYTES;
		if (frame_dec_step(d->frame, in, &nin, d->out, &nout, e) == -1)
			return (-1);
		if (nout > 0 && put(d, d->out, nout, e) == -1)
			return (-1);
		if (nin == 0 && nout == 0)
			break;
		in += nin;
		n -= nin;
	}
	if (n > 0) {
		err_set(e, ERR_CORRUPT, "more bytes than a backup has");
		return (-1);
	}
	return (0);
}

int
decode_end(struct decode *d, const struct trailer **t, struct err *e)
{
	return (frame_dec_finish(d->frame, t, e));
}
