#include "serve/page.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "serve/chart.h"
#include "serve/html.h"
#include "serve/sums.h"

enum {
	WHY_BYTES = 600,
	REFRESH_MIN_S = 5,
	REFRESH_MAX_S = 300,	/* of an interval of days */
	FAILURES_MAX = 100	/* that the page names */
};

/* How it stands, in a word, a sentence and a colour. */
struct state {
	const char *name;	/* of the class in the style sheet */
	const char *colour;	/* of the icon, in hex */
	const char *word;
	char why[WHY_BYTES];	/* "": the word says it */
};

static void
judge(const struct face_view *v, const struct figures_now *now,
    struct state *s)
{
	if (!figures_healthy(now, v->mono, s->why, sizeof(s->why))) {
		s->name = "bad";
		s->colour = "a3231b";
		s->word = "Not well";
	} else if (now->complete_ms == 0) {
		s->name = "fair";
		s->colour = "c98a00";
		s->word = "Starting";
	} else if (now->last[TALLY_FAILED] > 0 || now->last_nfaults > 0) {
		s->name = "fair";
		s->colour = "c98a00";
		s->word = "Running, but not everything is safe";
	} else if (now->undone[0] != '\0') {
		s->name = "fair";
		s->colour = "c98a00";
		s->word = "Running, but not everything was done";
	} else {
		s->name = "good";
		s->colour = "1a6b3c";
		s->word = "All safe";
	}
}

/* "12.0s ago", with the moment itself for the pointer. */
static void
put_ago(const struct face_view *v, struct buf *b, int64_t ms)
{
	char text[CLOCK_RFC3339_BYTES];
	int64_t ago_ms = v->now_ms > ms ? v->now_ms - ms : 0;

	(void)clock_rfc3339(ms, text, sizeof(text));
	buf_printf(b, "<time datetime=\"%s\" title=\"%s\">", text, text);
	html_duration(b, ago_ms);
	buf_puts(b, " ago</time>");
}

static void
put_head(const struct face_view *v, struct buf *b,
    const struct figures_now *now, const struct state *s)
{
	int64_t refresh_s = now->interval_ms / 1000;

	if (refresh_s < REFRESH_MIN_S)
		refresh_s = REFRESH_MIN_S;
	if (refresh_s > REFRESH_MAX_S)
		refresh_s = REFRESH_MAX_S;
	buf_printf(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<meta http-equiv=\"refresh\" content=\"%lld\">\n<title>%s - ",
	    (long long)refresh_s, s->word);
	html_text(b, v->host);
	buf_printf(b, " - litefleet</title>\n<link rel=\"icon\" href=\""
	    "data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' "
	    "viewBox='0 0 16 16'%%3E%%3Ccircle cx='8' cy='8' r='7' "
	    "fill='%%23%s'/%%3E%%3C/svg%%3E\">\n<style>", s->colour);
	buf_puts(b, page_style);
	buf_puts(b, "</style>\n</head>\n<body>\n<header>\n"
	    "<h1>litefleet</h1>\n<p><bdi>");
	html_text(b, v->host);
	buf_puts(b, "</bdi>, version " LITEFLEET_VERSION ", up ");
	html_duration(b, v->mono - now->started_mono);
	buf_puts(b, "</p>\n</header>\n<main>\n");
}

static void
put_number(struct buf *b, uint64_t n, const char *one, const char *many)
{
	html_count(b, n);
	buf_printf(b, " %s", n == 1 ? one : many);
}

static void
put_state(const struct face_view *v, struct buf *b,
    const struct figures_now *now, const struct state *s)
{
	buf_printf(b, "<section class=\"state %s\" aria-label=\"State\">\n"
	    "<p><strong>%s</strong>", s->name, s->word);
	if (s->why[0] != '\0')
		html_text(b, s->why);
	else if (now->complete_ms == 0)
		buf_puts(b, "The first cycle is not over yet.");
	else if (now->last[TALLY_FAILED] > 0 || now->last_nfaults > 0) {
		put_number(b, now->last[TALLY_FAILED], "database",
		    "databases");
		buf_puts(b, " could not be saved");
		if (now->last_nfaults > 0) {
			buf_puts(b, ", and ");
			put_number(b, now->last_nfaults, "directory",
			    "directories");
			buf_puts(b, " could not be read");
		}
		buf_puts(b, "; all others are safe.");
	} else {
		buf_puts(b, "Every database was stored as it was ");
		put_ago(v, b, now->complete_ms);
		buf_puts(b, ".");
	}
	if (s->why[0] == '\0' && now->undone[0] != '\0') {
		buf_putc(b, ' ');
		html_text(b, now->undone);
		buf_puts(b, "; the log says why.");
	}
	if (now->last[TALLY_SKIPPED] > 0) {
		buf_puts(b, " Left out: ");
		put_number(b, now->last[TALLY_SKIPPED], "file that is no "
		    "SQLite database", "files that are no SQLite databases");
		buf_puts(b, ".");
	}
	buf_puts(b, "</p>\n</section>\n");
}

static void
tile(struct buf *b, const char *title)
{
	buf_printf(b, "<div><dt>%s</dt><dd>", title);
}

static void
put_lag(const struct face_view *v, struct buf *b,
    const struct figures_now *now)
{
	double bound = sums_bound(figures_histogram(v->figures, FIGURES_LAG),
	    0.95);

	tile(b, "Oldest change not stored");
	if (now->oldest_ms == 0)
		buf_puts(b, "none");
	else
		html_duration(b, sums_unsaved_ms(v, now));
	buf_puts(b, "<small>");
	if (bound < 0)
		buf_puts(b, "nothing was stored yet");
	else {
		buf_puts(b, "95 % were stored within ");
		if (isinf(bound))
			buf_puts(b, "more than an hour");
		else
			html_duration(b, (int64_t)(bound * 1000));
	}
	buf_puts(b, "</small></dd></div>\n");
}

static void
put_cycle(const struct face_view *v, struct buf *b,
    const struct figures_now *now)
{
	tile(b, "Last cycle");
	if (now->ended_ms == 0)
		buf_puts(b, "none yet");
	else {
		put_ago(v, b, now->ended_ms);
		buf_puts(b, "<small>took ");
		html_duration(b, now->took_ms);
		buf_puts(b, "</small>");
	}
	buf_puts(b, "<small>each ");
	html_duration(b, now->interval_ms);
	if (now->running) {
		buf_puts(b, "; one has been running for ");
		html_duration(b, v->mono - now->begun_mono);
	}
	buf_puts(b, "</small></dd></div>\n");
}

static void
put_tiles(const struct face_view *v, struct buf *b,
    const struct figures_now *now)
{
	buf_puts(b, "<dl class=\"tiles\">\n");
	put_lag(v, b, now);
	put_cycle(v, b, now);
	tile(b, "Databases");
	html_count(b, now->last[TALLY_LOOKED]);
	buf_puts(b, "<small>");
	html_count(b, now->last[TALLY_SYNCED]);
	buf_puts(b, " stored in the last cycle</small></dd></div>\n");
	tile(b, "Uploads");
	html_count(b, now->total[TALLY_SYNCED]);
	buf_puts(b, "<small>");
	html_bytes(b, now->total[TALLY_BYTES_STORED]);
	buf_puts(b, " since the start</small></dd></div>\n");
	tile(b, "Requests to the store");
	html_count(b, sums_requests(v, now));
	buf_puts(b, "<small>");
	html_count(b, sums_charged(v, now));
	buf_puts(b, " write or list</small></dd></div>\n");
	tile(b, "Requests of a month");
	buf_printf(b, "$%.2f<small>at $%g a thousand, if it goes on "
	    "so</small></dd></div>\n", sums_month_usd(v, now),
	    v->put_price_usd);
	buf_puts(b, "</dl>\n");
}

static void
put_cell(struct buf *b, uint64_t n, void (*put)(struct buf *, uint64_t))
{
	buf_puts(b, "<td class=\"number\">");
	put(b, n);
}

static void
put_workers(const struct face_view *v, struct buf *b)
{
	uint64_t count[TALLY_NCOUNT];
	enum tally_phase phase;
	unsigned i;

	if (!figures_worker(v->figures, 0, count, &phase))
		return;
	buf_puts(b, "<section>\n<h2 id=\"workers\">Workers in this cycle, or "
	    "the last</h2>\n<div class=\"wide\" role=\"region\" tabindex=\"0\" "
	    "aria-labelledby=\"workers\">\n<table>\n<tr><th scope=\"col\">"
	    "Worker<th scope=\"col\">Now"
	    "<th scope=\"col\" class=\"number\">Looked at"
	    "<th scope=\"col\" class=\"number\">Stored"
	    "<th scope=\"col\" class=\"number\">Failed"
	    "<th scope=\"col\" class=\"number\">Read"
	    "<th scope=\"col\" class=\"number\">Sent\n");
	for (i = 0; figures_worker(v->figures, i, count, &phase); i++) {
		buf_printf(b, "<tr><td>%u<td>%s", i, tally_phase_name(phase));
		put_cell(b, count[TALLY_LOOKED], html_count);
		put_cell(b, count[TALLY_SYNCED], html_count);
		put_cell(b, count[TALLY_FAILED], html_count);
		put_cell(b, count[TALLY_BYTES_READ], html_bytes);
		put_cell(b, count[TALLY_BYTES_STORED], html_bytes);
		buf_putc(b, '\n');
	}
	buf_puts(b, "</table>\n</div>\n</section>\n");
}

static void
put_failure(const struct face_view *v, struct buf *b,
    const struct figures_failure *f)
{
	buf_puts(b, "<tr><td class=\"path\"><bdi>");
	html_path(b, f->path);
	buf_printf(b, "</bdi><td>%s%s<td>", err_class_name(f->cls),
	    f->quarantined ? ", a worker died of it" : "");
	if (f->since_ms == 0)
		buf_puts(b, "not known");
	else
		put_ago(v, b, f->since_ms);
	buf_printf(b, "<td class=\"number\">%u\n", f->tries);
}

static void
put_failures(const struct face_view *v, struct buf *b,
    const struct figures_now *now)
{
	struct figures_failure *list = mem_resize(NULL, FAILURES_MAX,
	    sizeof(*list));
	size_t i, n = figures_failures(v->figures, list, FAILURES_MAX);

	buf_puts(b, "<section>\n<h2 id=\"failures\">Failures</h2>\n");
	if (n == 0) {
		buf_puts(b, "<p>None.</p>\n");
		goto out;
	}
	buf_puts(b, "<div class=\"wide\" role=\"region\" tabindex=\"0\" "
	    "aria-labelledby=\"failures\">\n<table>\n<tr><th scope=\"col\">"
	    "Database<th scope=\"col\">Why<th scope=\"col\">Since"
	    "<th scope=\"col\" class=\"number\">Tries\n");
	for (i = 0; i < n; i++)
		put_failure(v, b, &list[i]);
	buf_puts(b, "</table>\n</div>\n");
	if (now->last[TALLY_FAILED] > n) {
		buf_puts(b, "<p>These are ");
		html_count(b, n);
		buf_puts(b, " of ");
		html_count(b, now->last[TALLY_FAILED]);
		buf_puts(b, "; <a href=\"/failures\">more as JSON</a>.</p>\n");
	}
out:
	buf_puts(b, "</section>\n");
	free(list);
}

void
page_put(const struct face_view *v, struct buf *b)
{
	struct figures_now now;
	struct state s;

	figures_read(v->figures, &now);
	judge(v, &now, &s);
	put_head(v, b, &now, &s);
	put_state(v, b, &now, &s);
	put_tiles(v, b, &now);
	buf_puts(b, "<section>\n<h2>Uploads a minute, last hour</h2>\n");
	chart_put(v, b);
	buf_puts(b, "</section>\n");
	put_failures(v, b, &now);
	put_workers(v, b);
	buf_puts(b, "</main>\n<footer>\n<a href=\"/stats\">stats</a>"
	    "<a href=\"/metrics\">metrics</a>"
	    "<a href=\"/failures\">failures</a>"
	    "<a href=\"/healthz\">healthz</a>"
	    "<a href=\"/readyz\">readyz</a>\n</footer>\n"
	    "</body>\n</html>\n");
}
