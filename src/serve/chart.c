#include "serve/chart.h"

#include <stdio.h>

#include "serve/html.h"

enum {
	MINUTE_MS = 60 * 1000,
	TOP = 18,		/* pixels: room for the highest label */
	HEIGHT = 140,		/* of the highest bar */
	BOTTOM = TOP + HEIGHT
};

struct hour {
	uint64_t uploads[FIGURES_MINUTES], bytes[FIGURES_MINUTES];
	uint64_t nuploads, nbytes, most;
};

static void
read_hour(const struct face_view *v, struct hour *h)
{
	unsigned i;

	h->nuploads = h->nbytes = h->most = 0;
	for (i = 0; i < FIGURES_MINUTES; i++) {
		figures_minute(v->figures, v->now_ms, i, &h->uploads[i],
		    &h->bytes[i]);
		h->nuploads += h->uploads[i];
		h->nbytes += h->bytes[i];
		if (h->uploads[i] > h->most)
			h->most = h->uploads[i];
	}
}

/* The next of 2, 4, 6, 8, 10, 20, 40, ...: its half is whole, too. */
static uint64_t
scale_of(uint64_t most)
{
	uint64_t ten, n;

	for (ten = 1; ten < UINT64_MAX / 100; ten *= 10)
		for (n = 2; n <= 10; n += 2)
			if (most <= n * ten)
				return (n * ten);
	return (most);
}

static void
put_uploads(struct buf *b, uint64_t uploads, uint64_t bytes)
{
	html_count(b, uploads);
	buf_puts(b, uploads == 1 ? " upload, " : " uploads, ");
	html_bytes(b, bytes);
}

static void
put_line(struct buf *b, double y, uint64_t value)
{
	buf_printf(b, "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" "
	    "y2=\"%.1f\"/><text x=\"0\" y=\"%.1f\">", y, y, y - 4);
	html_count(b, value);
	buf_puts(b, "</text>\n");
}

static void
put_bar(struct buf *b, const struct face_view *v, const struct hour *h,
    unsigned ago, uint64_t scale)
{
	double width = 100.0 / FIGURES_MINUTES, high;
	int64_t minute = v->now_ms / MINUTE_MS - (int64_t)ago;

	high = (double)h->uploads[ago] * HEIGHT / (double)scale;
	if (h->uploads[ago] > 0 && high < 2)
		high = 2;
	buf_printf(b, "<g><title>%02d:%02d UTC: ", (int)(minute / 60 % 24),
	    (int)(minute % 60));
	put_uploads(b, h->uploads[ago], h->bytes[ago]);
	/* The whole column answers to the pointer. */
	buf_printf(b, "</title><rect class=\"column\" x=\"%.2f%%\" y=\"%d\" "
	    "width=\"%.2f%%\" height=\"%d\"/>", (FIGURES_MINUTES - 1 - ago) *
	    width, TOP, width, HEIGHT);
	if (h->uploads[ago] > 0)
		buf_printf(b, "<rect class=\"bar\" x=\"%.2f%%\" y=\"%.1f\" "
		    "width=\"%.2f%%\" height=\"%.1f\" rx=\"1\"/>",
		    (FIGURES_MINUTES - 1 - ago + 0.1) * width, BOTTOM - high,
		    width * 0.8, high);
	buf_puts(b, "</g>\n");
}

static void
put_times(struct buf *b)
{
	static const struct {
		const char *text, *x, *anchor;
	} at[] = {
		{ "\342\210\22260 min", "0", "start" },
		{ "\342\210\22245", "25%", "middle" },
		{ "\342\210\22230", "50%", "middle" },
		{ "\342\210\22215", "75%", "middle" },
		{ "now", "100%", "end" },
	};
	size_t i;

	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		buf_printf(b, "<text x=\"%s\" y=\"%d\" "
		    "text-anchor=\"%s\">%s</text>\n", at[i].x, BOTTOM + 16,
		    at[i].anchor, at[i].text);
}

void
chart_put(const struct face_view *v, struct buf *b)
{
	struct hour h;
	uint64_t scale;
	unsigned ago;

	read_hour(v, &h);
	scale = scale_of(h.most);
	buf_puts(b, "<p>");
	if (h.nuploads == 0)
		buf_puts(b, "Nothing was uploaded.");
	else {
		put_uploads(b, h.nuploads, h.nbytes);
		buf_puts(b, "; at most ");
		html_count(b, h.most);
		buf_puts(b, " a minute.");
	}
	buf_printf(b, "</p>\n<svg role=\"img\" width=\"100%%\" height=\"%d\" "
	    "aria-labelledby=\"chart-title chart-text\">\n"
	    "<title id=\"chart-title\">Uploads a minute, last hour</title>\n"
	    "<desc id=\"chart-text\">", BOTTOM + 22);
	put_uploads(b, h.nuploads, h.nbytes);
	buf_puts(b, " in 60 minutes</desc>\n");
	put_line(b, TOP, scale);
	put_line(b, TOP + HEIGHT / 2.0, scale / 2);
	for (ago = FIGURES_MINUTES; ago-- > 0; )
		put_bar(b, v, &h, ago, scale);
	buf_printf(b, "<line class=\"axis\" x1=\"0\" x2=\"100%%\" y1=\"%d\" "
	    "y2=\"%d\"/>\n", BOTTOM, BOTTOM);
	put_times(b);
	buf_puts(b, "</svg>\n");
}
