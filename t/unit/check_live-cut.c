/*
 * A tenant cuts the -shm off while its database is read, which is SIGBUS to
 * whoever has it mapped: nobody dies of it, and no image is made of it.
 */
#include "db/live.h"

#include <errno.h>
#include <sys/inotify.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "unit/sourcedb.h"
#include "unit/suite.h"

enum {
	SHM_MAX = 65536,
	WRITER_BYTE = 120,	/* of a -shm: SQLite's lock of who writes */
	TORTURE_MS = 3000,
	NAP_US = 2000
};

static char *shm;
static uint8_t good[SHM_MAX];	/* the -shm, as SQLite left it */
static size_t ngood;

static void
setup(void)
{
	scratch_make();
	shm = beside(source, "-shm");
	busy_timeout_ms = 20;
}

static void
teardown(void)
{
	free(shm);
	scratch_remove();
}

static int
open_shm(void)
{
	int fd = open(shm, O_RDWR);
	ssize_t n;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_gt(n = pread(fd, good, sizeof(good), 0), 0);
	ngood = (size_t)n;
	return (fd);
}

static const struct {
	bool always;		/* in each try, not in the first one only */
	bool mended;		/* and put right again */
	const char *why;	/* there is no image; NULL: there is one */
} cuts[] = {
	{ false, true, NULL },
	{ true, true, "its wal-index was cut off" },
	{ false, false, "" },
};

static void
take_cut(int i)
{
	struct image_reader *r;
	struct image img;
	struct err e;

	(void)setenv("LITEFLEET_HOOK", "image-begun=stop,image-read=stop", 1);
	r = new_reader(8 << 20, IMAGE_CHECK_NONE);
	if (cuts[i].why == NULL) {
		must_take(r, source, &img);
		ck_assert_int_eq(image_query(&img, "SELECT sum(v) FROM t"),
		    SUM_OLD);
	} else {
		ck_assert_int_eq(image_take(r, source, &img, &e), -1);
		if (e.cls != ERR_BUSY || strstr(e.msg, cuts[i].why) == NULL)
			ck_abort_msg("%s", e.msg);
	}
	_exit(0);
}

/* It stops in turn before it looks at the index, and when it has read. */
START_TEST(an_index_cut_off_is_noticed)
{
	pid_t holder = hold_db(source, "PRAGMA journal_mode = WAL;" FILL),
	    image;
	int fd = open_shm(), n, status;

	ck_assert_int_ne(image = fork(), -1);
	if (image == 0)
		take_cut(_i);
	for (n = 0;; n++) {
		ck_assert_int_eq(waitpid(image, &status, WUNTRACED), image);
		if (!WIFSTOPPED(status))
			break;
		if (n == 0 || (n % 2 == 0 && cuts[_i].always))
			ck_assert_int_eq(ftruncate(fd, 0), 0);
		else if (cuts[_i].mended)
			ck_assert_int_eq(pwrite(fd, good, ngood, 0),
			    (ssize_t)ngood);
		ck_assert_int_eq(kill(image, SIGCONT), 0);
	}
	ck_assert_int_ge(n, 2);
	ck_assert_int_eq(status, 0);
	kill_db(holder);
	(void)close(fd);
}
END_TEST

/* Keeps SQLite reading its two headers, which differ, until it is cut. */
static void
be_evil(int fd)
{
	_Alignas(struct inotify_event) char events[4096];
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = WRITER_BYTE, .l_len = 1 };
	int in = inotify_init();
	unsigned int i;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (in == -1 || inotify_add_watch(in, shm, IN_OPEN) == -1 ||
	    fcntl(fd, F_SETLK, &fl) == -1)
		_exit(1);
	for (i = 0;; i++) {
		/* Every fourth time it is as it should be. */
		if (pwrite(fd, good, ngood, 0) == -1 ||
		    (i % 4 != 0 && pwrite(fd, "\x7f", 1, 8) == -1))
			_exit(1);
		if (read(in, events, sizeof(events)) == -1)
			_exit(1);
		(void)usleep(i * 97 % NAP_US);
		if (ftruncate(fd, 0) == -1)
			_exit(1);
		(void)usleep(NAP_US / 2);
	}
}

START_TEST(nobody_dies_of_a_tenant_who_cuts_its_index_off)
{
	pid_t holder = hold_db(source, "PRAGMA journal_mode = WAL;" FILL),
	    evil;
	struct image_reader *r = new_reader(8 << 20, IMAGE_CHECK_NONE);
	int64_t end_ms = clock_mono_ms() + patient_ms(TORTURE_MS);
	int fd = open_shm(), nbusy = 0, ngot = 0, ret;
	struct image img;
	struct err e;

	ck_assert_int_ne(evil = fork(), -1);
	if (evil == 0)
		be_evil(fd);
	while (clock_mono_ms() < end_ms) {
		e.cls = ERR_NONE;
		if ((ret = image_take(r, source, &img, &e)) == 0) {
			ck_assert_int_eq(image_query(&img,
			    "SELECT sum(v) FROM t"), SUM_OLD);
			ngot++;
		} else if (ret == -1 && e.cls == ERR_BUSY)
			nbusy++;
		else
			ck_abort_msg("%d: %s: %s", ret, err_class_name(e.cls),
			    e.msg);
	}
	printf("# %d images, %d times busy\n", ngot, nbusy);
	ck_assert_int_gt(ngot + nbusy, 1);
	/* It was there all the time. */
	ck_assert_int_eq(waitpid(evil, NULL, WNOHANG), 0);
	kill_db(evil);
	kill_db(holder);
	image_free(r);
	(void)close(fd);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("live-cut");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, an_index_cut_off_is_noticed, 0,
	    LENGTH(cuts));
	tcase_add_test(tc, nobody_dies_of_a_tenant_who_cuts_its_index_off);
	return (run_suite(tc));
}
