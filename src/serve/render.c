#include "serve/face.h"

#include <string.h>

#include "serve/metrics.h"
#include "serve/page.h"
#include "serve/stats.h"

enum {
	WHY_BYTES = 600
};

static const char type_text[] = "text/plain; charset=utf-8";
static const char type_json[] = "application/json";

static unsigned
page(const struct face_view *v, struct buf *b)
{
	page_put(v, b);
	return (200);
}

static unsigned
stats(const struct face_view *v, struct buf *b)
{
	stats_put(v, b);
	return (200);
}

static unsigned
failures(const struct face_view *v, struct buf *b)
{
	stats_put_failures(v, b);
	return (200);
}

static unsigned
metrics(const struct face_view *v, struct buf *b)
{
	metrics_put(v, b);
	return (200);
}

static unsigned
healthz(const struct face_view *v, struct buf *b)
{
	struct figures_now now;
	char why[WHY_BYTES];
	bool ok;

	figures_read(v->figures, &now);
	ok = figures_healthy(&now, v->mono, why, sizeof(why));
	buf_printf(b, "%s\n", ok ? "ok" : why);
	return (ok ? 200 : 503);
}

static unsigned
readyz(const struct face_view *v, struct buf *b)
{
	struct figures_now now;

	figures_read(v->figures, &now);
	buf_puts(b, now.complete_ms != 0 ? "ok\n" :
	    "no cycle has been complete yet\n");
	return (now.complete_ms != 0 ? 200 : 503);
}

static const struct {
	const char *path, *type;
	unsigned (*put)(const struct face_view *v, struct buf *b);
} paths[] = {
	{ "/", "text/html; charset=utf-8", page },
	{ "/stats", type_json, stats },
	{ "/failures", type_json, failures },
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", metrics },
	{ "/healthz", type_text, healthz },
	{ "/readyz", type_text, readyz },
};

void
face_render(const struct face_view *v, const char *path, unsigned *status,
    const char **type, struct buf *body)
{
	size_t i, n = sizeof(paths) / sizeof(paths[0]);

	for (i = 0; i < n; i++) {
		if (strcmp(path, paths[i].path) != 0)
			continue;
		*type = paths[i].type;
		*status = paths[i].put(v, body);
		return;
	}
	*status = 404;
	*type = type_text;
	buf_puts(body, "Not here.  There are:\n");
	for (i = 0; i < n; i++)
		buf_printf(body, "%s\n", paths[i].path);
}
