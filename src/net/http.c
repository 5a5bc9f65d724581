#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "net/cafile.h"
#include "net/transfer.h"

enum {
	POLL_MAX_MS = 60 * 1000,
	WATCH_MIN_MS = 10,
	WATCH_MAX_MS = 1000
};

/* What a server may call the time: 2000-01-01 and 9000-01-01. */
#define DATE_MIN_S	946684800
#define DATE_MAX_S	221845392000

static int
check_curl(struct err *e)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	if (v->version_num < 0x075800 || !(v->features & CURL_VERSION_SSL)) {
		err_set(e, ERR_CONFIG, "libcurl %s: 7.88 or newer with TLS is "
		    "needed", v->version);
		return (-1);
	}
	return (0);
}

struct http *
http_new(const struct http_cfg *cfg, struct err *e)
{
	struct http *h = mem_zero(sizeof(*h));

	TAILQ_INIT(&h->queued);
	TAILQ_INIT(&h->running);
	TAILQ_INIT(&h->done);
	h->concurrent = cfg->concurrent > 0 ? cfg->concurrent : 1;
	h->connect_timeout_ms = cfg->connect_timeout_ms;
	h->stall_timeout_ms = cfg->stall_timeout_ms;
	h->skip_verify = cfg->skip_verify;
	h->direct = cfg->direct;
	pace_init(&h->pace, cfg->limit_rate);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (h->multi = curl_multi_init()) == NULL)
		log_fatal("libcurl does not start");
	(void)curl_multi_setopt(h->multi, CURLMOPT_PIPELINING,
	    (long)CURLPIPE_NOTHING);
	(void)curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS,
	    (long)h->concurrent);
	if (events_init(&h->events, h->multi, e) == -1 ||
	    check_curl(e) == -1 ||
	    cafile_find(cfg->ca_file, &h->ca_file, e) == -1) {
		http_free(h);
		return (NULL);
	}
	return (h);
}

static void
free_list(struct http *h, struct transfer_list *list)
{
	struct http_transfer *t;

	while ((t = TAILQ_FIRST(list)) != NULL)
		http_fini_req(h, t->req);
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	free_list(h, &h->queued);
	free_list(h, &h->running);
	free_list(h, &h->done);
	(void)curl_multi_cleanup(h->multi);
	events_fini(&h->events);
	curl_global_cleanup();
	free(h->ca_file);
	free(h->origin);
	free(h->peer);
	free(h);
}

static struct transfer_list *
list_of(struct http *h, enum transfer_state state)
{
	switch (state) {
	case TRANSFER_QUEUED:
		return (&h->queued);
	case TRANSFER_RUNNING:
		return (&h->running);
	case TRANSFER_DONE:
		return (&h->done);
	case TRANSFER_TAKEN:
		break;
	}
	return (NULL);
}

static void
pass(struct http_transfer *t, enum transfer_state state)
{
	struct transfer_list *from = list_of(t->http, t->state);
	struct transfer_list *to = list_of(t->http, state);

	if (from != NULL)
		TAILQ_REMOVE(from, t, entry);
	if (to != NULL)
		TAILQ_INSERT_TAIL(to, t, entry);
	t->state = state;
}

void
http_start(struct http *h, struct http_req *r)
{
	struct http_transfer *t = mem_zero(sizeof(*t));

	t->http = h;
	t->req = r;
	t->state = TRANSFER_QUEUED;
	TAILQ_INSERT_TAIL(&h->queued, t, entry);
	r->transfer = t;
	if (!r->pull)
		h->inflight++;
}

/* Let go of what only a moving transfer needs. */
static void
detach(struct http_transfer *t)
{
	struct http *h = t->http;

	if (t->state == TRANSFER_RUNNING) {
		(void)curl_multi_remove_handle(h->multi, t->easy);
		if (!t->held)
			h->nrunning--;
	}
	/*
	 * Not used again: libcurl 7.88 remembers the last header of the answer
	 * before, which it has freed, and appends to it if the next answer
	 * begins with a line that is indented.
	 */
	curl_easy_cleanup(t->easy);
	t->easy = NULL;
	curl_slist_free_all(t->list);
	t->list = NULL;
}

/* Finished, whole or not.  Pulled ones are for their puller alone. */
static void
finish(struct http_transfer *t)
{
	struct http_req *r = t->req;
	const char *date;
	time_t when;
	long n = 0;

	if (t->easy != NULL) {
		(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &n);
		r->status = (int)n;
		(void)curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &n);
		r->sent = n > 0;
	}
	if ((date = http_header(r, "Date")) != NULL &&
	    (when = curl_getdate(date, NULL)) >= DATE_MIN_S &&
	    when <= DATE_MAX_S)
		r->date_ms = (int64_t)when * 1000;
	r->finished = true;
	detach(t);
	pass(t, r->pull ? TRANSFER_TAKEN : TRANSFER_DONE);
}

static void
break_off(struct http_transfer *t, CURLcode code)
{
	t->req->failed = true;
	t->req->hopeless = transfer_hopeless(t, code);
	transfer_failure(t, code, &t->req->err);
	finish(t);
}

static void
launch(struct http *h, struct http_transfer *t)
{
	CURL *easy;

	if ((easy = curl_easy_init()) == NULL)
		log_fatal("libcurl: out of memory");
	if (transfer_setup(t, easy, &t->req->err) == -1) {
		curl_easy_cleanup(easy);
		t->req->failed = t->req->hopeless = true;
		finish(t);
		return;
	}
	if (curl_multi_add_handle(h->multi, easy) != CURLM_OK)
		log_fatal("libcurl takes no request");
	pass(t, TRANSFER_RUNNING);
	h->nrunning++;
}

static void
launch_queued(struct http *h)
{
	struct http_transfer *t;

	while (h->nrunning < h->concurrent && pace_room(&h->pace) > 0 &&
	    (t = TAILQ_FIRST(&h->queued)) != NULL)
		launch(h, t);
}

static void
resume(struct http_transfer *t)
{
	CURLcode code;

	if (t->held)
		t->http->nrunning++;
	t->held = t->slowed = false;
	t->seen_ms = 0;
	/* The callbacks may be called from within, and pause again, or refuse
	 * what has come meanwhile: curl would go on behind it. */
	code = curl_easy_pause(t->easy, CURLPAUSE_CONT);
	if (code != CURLE_OK)
		break_off(t, code);
}

/* Those that wait for the rate, in turn. */
static void
resume_slowed(struct http *h)
{
	struct http_transfer *t, *next, *last = TAILQ_LAST(&h->running,
	    transfer_list);

	for (t = TAILQ_FIRST(&h->running); t != NULL &&
	    pace_room(&h->pace) > 0; t = next) {
		next = t != last ? TAILQ_NEXT(t, entry) : NULL;
		if (!t->slowed || t->held)
			continue;
		pass(t, TRANSFER_RUNNING);
		resume(t);
	}
}

static void
collect(struct http *h)
{
	struct http_transfer *t;
	CURLMsg *m;
	CURLcode code;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE,
		    (char **)&t);
		code = m->data.result;
		/* Headers that break off are the end of them, for curl. */
		if (code == CURLE_OK && !t->headed)
			code = CURLE_PARTIAL_FILE;
		if (code != CURLE_OK)
			break_off(t, code);
		else
			finish(t);
	}
}

/* Give up those that have not moved for too long. */
static void
watch(struct http *h, int64_t now_ms, int64_t away_ms)
{
	struct http_transfer *t, *next;
	char text[32];

	for (t = TAILQ_FIRST(&h->running); t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		if (t->seen_ms != 0) {
			t->seen_ms += away_ms;
			t->slow_ms += away_ms;
		}
		if (!transfer_stalled(t, now_ms))
			continue;
		t->req->failed = true;
		err_set(&t->req->err, ERR_NETWORK, "%s: %s progress for %s",
		    t->peer, t->slow ? "hardly any" : "no",
		    num_format_duration(t->slow ? now_ms - t->slow_ms :
		    h->stall_timeout_ms, text, sizeof(text)));
		finish(t);
	}
}

/*
 * Time in which the caller had other things to do than to move transfers is
 * no fault of theirs: it does not count.
 */
static int64_t
watch_if_due(struct http *h)
{
	int64_t now = clock_mono_ms(), every = h->stall_timeout_ms / 8;

	if (every < WATCH_MIN_MS)
		every = WATCH_MIN_MS;
	if (every > WATCH_MAX_MS)
		every = WATCH_MAX_MS;
	if (h->stall_timeout_ms <= 0 || TAILQ_EMPTY(&h->running)) {
		h->watch_ms = now;
		return (every);
	}
	if (now - h->watch_ms >= every) {
		watch(h, now, now - h->watch_ms > 2 * every ?
		    now - h->watch_ms - every : 0);
		h->watch_ms = now;
	}
	return (h->watch_ms + every - now);
}

/* Move everything once, without blocking.  Returns after how many ms that has
 * to be done again even if nothing comes. */
static int64_t
move(struct http *h)
{
	int64_t wait = POLL_MAX_MS, ms;

	if (h->pace.rate > 0)
		resume_slowed(h);
	launch_queued(h);
	events_move(&h->events);
	collect(h);
	ms = watch_if_due(h);
	if (!TAILQ_EMPTY(&h->running))
		wait = ms;
	if (h->pace.rate > 0 && (ms = pace_wait_ms(&h->pace)) < wait)
		wait = ms;
	if (!TAILQ_EMPTY(&h->queued) && h->nrunning < h->concurrent &&
	    pace_room(&h->pace) > 0)
		wait = 0;
	ms = events_due_ms(&h->events);
	return (ms != -1 && ms < wait ? ms : wait);
}

void
http_move(struct http *h, int fd, int timeout_ms)
{
	int64_t end = clock_mono_ms() + timeout_ms, wait, left = 1;
	bool readable;

	do {
		wait = move(h);
		if (!TAILQ_EMPTY(&h->done) || (timeout_ms == 0 && fd == -1))
			return;
		if (timeout_ms >= 0) {
			left = end - clock_mono_ms();
			wait = left <= 0 ? 0 : left < wait ? left : wait;
		} else if (fd == -1 && h->inflight == 0) {
			return;
		}
		readable = events_wait(&h->events, fd, wait);
	} while (!readable && left > 0);
}

struct http_req *
http_next(struct http *h)
{
	struct http_transfer *t = TAILQ_FIRST(&h->done);

	if (t == NULL)
		return (NULL);
	pass(t, TRANSFER_TAKEN);
	h->inflight--;
	return (t->req);
}

size_t
http_inflight(const struct http *h)
{
	return (h->inflight);
}

static size_t
take_window(struct http_transfer *t, void *p, size_t n)
{
	size_t have = t->window.len - t->taken_bytes;

	if (n > have)
		n = have;
	memcpy(p, t->window.data + t->taken_bytes, n);
	t->taken_bytes += n;
	if (have - n <= HTTP_WINDOW_BYTES / 2 && t->held)
		resume(t);
	return (n);
}

ssize_t
http_pull(struct http *h, struct http_req *r, void *p, size_t n,
    struct err *e)
{
	struct http_transfer *t = r->transfer;
	int64_t wait = 0;

	if (n == 0)
		return (0);
	for (;;) {
		if (t->window.len > t->taken_bytes)
			return ((ssize_t)take_window(t, p,
			    n < SSIZE_MAX ? n : SSIZE_MAX));
		if (r->finished)
			break;
		(void)events_wait(&h->events, -1, wait);
		wait = move(h);
	}
	if (r->failed) {
		*e = r->err;
		return (-1);
	}
	return (0);
}

const char *
http_header(const struct http_req *r, const char *name)
{
	const struct buf *b;
	size_t at, n = strlen(name);
	const char *line;

	if (r->transfer == NULL)
		return (NULL);
	b = &r->transfer->headers;
	for (at = 0; at < b->len; at += strlen(line) + 1) {
		line = (const char *)b->data + at;
		if (strncasecmp(line, name, n) == 0 && line[n] == ':')
			return (line + n + 1 + strspn(line + n + 1, " \t"));
	}
	return (NULL);
}

void
http_fini_req(struct http *h, struct http_req *r)
{
	struct http_transfer *t = r->transfer;

	buf_fini(&r->answer);
	if (t == NULL)
		return;
	if (t->state != TRANSFER_TAKEN) {
		detach(t);
		if (!r->pull)
			h->inflight--;
		pass(t, TRANSFER_TAKEN);
	}
	buf_fini(&t->headers);
	buf_fini(&t->window);
	free(t->peer);
	free(t);
	r->transfer = NULL;
}

const char *
http_lib_version(void)
{
	static char text[96];
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	(void)snprintf(text, sizeof(text), "libcurl/%s %s", v->version,
	    v->ssl_version != NULL ? v->ssl_version : "without TLS");
	return (text);
}
