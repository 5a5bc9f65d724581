/* Where the face listens: what is said of it, what it replaces, what not. */
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/io.h"
#include "unit/facebed.h"

static char dir[64], path[96], local[128];
static struct face_where w;

static void
setup(void)
{
	(void)strcpy(dir, "/tmp/litefleet-face.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	(void)snprintf(local, sizeof(local), "unix:%s", path);
}

static void
teardown(void)
{
	struct err e;

	ck_assert_int_eq(io_remove_tree(AT_FDCWD, dir, &e), 0);
}

static int
bound_socket(int type)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	(void)strcpy(sun.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return (fd);
}

/* As a process that was killed leaves it. */
static void
leave_socket(void)
{
	(void)close(bound_socket(SOCK_STREAM));
}

static bool
can_connect(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), rc;

	(void)strcpy(sun.sun_path, path);
	rc = connect(fd, (struct sockaddr *)&sun, sizeof(sun));
	(void)close(fd);
	return (rc == 0);
}

static void
fails(const char *text, enum err_class cls, const char *part)
{
	struct err e;

	ck_assert_int_eq(face_listen(text, &w, &e), -1);
	ck_assert_int_eq(w.fd, -1);
	ck_assert_ptr_null(w.path);
	ck_assert_ptr_null(w.host);
	ck_assert_msg(e.cls == cls, "%s: %s: %s", text,
	    err_class_name(e.cls), e.msg);
	ck_assert_msg(strstr(e.msg, part) != NULL, "%s: %s", text, e.msg);
}

static const struct {
	const char *text, *part;
} wrong[] = {
	{ "", "ADDRESS:PORT" },
	{ "9090", "ADDRESS:PORT" },
	{ ":9090", "ADDRESS:PORT" },
	{ "localhost", "ADDRESS:PORT" },
	{ "localhost:", "port" },
	{ "localhost:http", "port" },
	{ "localhost:65536", "port" },
	{ "localhost:-1", "port" },
	{ "localhost:9090x", "port" },
	{ "::1:9090", "[::1]:9090" },
	{ "[::1:9090", "brackets" },
	{ "[]:9090", "no address" },
	{ "999.0.0.1:9090", "no address" },
	{ "no such name:9090", "no address" },
	{ "192.0.2.77:9090", "does not have that address" },
	{ "unix:", "wants a path" },
};

START_TEST(what_is_no_place_is_said_to_be_none)
{
	fails(wrong[_i].text, ERR_USAGE, wrong[_i].part);
}
END_TEST

START_TEST(a_port_is_taken_and_given_back)
{
	char text[32];
	struct err e;
	unsigned port;

	ck_assert_int_eq(face_listen("127.0.0.1:0", &w, &e), 0);
	ck_assert(!w.local);
	ck_assert_str_eq(w.host, "127.0.0.1");
	ck_assert_uint_ne(port = face_port(&w), 0);
	(void)snprintf(text, sizeof(text), "localhost:%u", port);
	face_close(&w);
	ck_assert_int_eq(w.fd, -1);
	ck_assert_int_eq(face_listen(text, &w, &e), 0);
	ck_assert_str_eq(w.host, "localhost");
	face_close(&w);
}
END_TEST

START_TEST(a_port_in_use_is_not_shared)
{
	struct face_where other;
	char text[32];
	struct err e;

	ck_assert_int_eq(face_listen("127.0.0.1:0", &other, &e), 0);
	(void)snprintf(text, sizeof(text), "127.0.0.1:%u",
	    face_port(&other));
	fails(text, ERR_EXISTS, "another process");
	face_close(&other);
}
END_TEST

START_TEST(connections_of_the_one_before_keep_no_port)
{
	struct face_where first;
	int fd, far;
	char text[32];
	struct err e;

	ck_assert_int_eq(face_listen("127.0.0.1:0", &bed_where, &e), 0);
	first = bed_where;
	fd = bed_connect();
	ck_assert_int_ne(far = accept(first.fd, NULL, NULL), -1);
	(void)close(far);	/* first: it waits (TIME_WAIT) */
	(void)close(fd);
	(void)snprintf(text, sizeof(text), "127.0.0.1:%u",
	    face_port(&first));
	face_close(&first);
	ck_assert_msg(face_listen(text, &w, &e) == 0, "%s", e.msg);
	face_close(&w);
}
END_TEST

START_TEST(an_ipv6_address_stands_in_brackets)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct err e;

	/* Where there is no IPv6, there is none to listen on. */
	if (fd != -1 && bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)) ==
	    0) {
		ck_assert_msg(face_listen("[::1]:0", &w, &e) == 0, "%s",
		    e.msg);
		ck_assert_str_eq(w.host, "::1");
		ck_assert_uint_ne(face_port(&w), 0);
		face_close(&w);
	}
	(void)close(fd);
}
END_TEST

START_TEST(a_local_socket_is_for_its_owner_and_goes_with_the_face)
{
	mode_t old = umask(0);
	struct stat st;
	struct err e;

	ck_assert_msg(face_listen(local, &w, &e) == 0, "%s", e.msg);
	ck_assert(w.local);
	ck_assert_uint_eq(face_port(&w), 0);
	ck_assert_int_eq(umask(old), 0);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert(can_connect());
	face_close(&w);
	ck_assert_int_eq(lstat(path, &st), -1);
}
END_TEST

START_TEST(a_relative_path_stays_where_it_was)
{
	struct stat st;
	struct err e;

	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(face_listen("unix:s", &w, &e), 0);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_str_eq(w.path, path);
	face_close(&w);
	ck_assert_int_eq(lstat(path, &st), -1);
}
END_TEST

START_TEST(a_socket_that_nobody_listens_on_is_replaced)
{
	struct err e;

	leave_socket();
	ck_assert(!can_connect());
	ck_assert_msg(face_listen(local, &w, &e) == 0, "%s", e.msg);
	ck_assert(can_connect());
	face_close(&w);
}
END_TEST

START_TEST(a_socket_that_somebody_listens_on_is_not)
{
	struct face_where other;
	struct err e;

	ck_assert_int_eq(face_listen(local, &other, &e), 0);
	fails(local, ERR_EXISTS, "another process");
	ck_assert(can_connect());
	face_close(&other);
}
END_TEST

START_TEST(nor_is_anything_that_is_no_socket_of_ours)
{
	struct stat st;
	int fd;

	ck_assert_int_ne(fd = open(path, O_CREAT | O_WRONLY, 0600), -1);
	(void)close(fd);
	fails(local, ERR_EXISTS, "no socket");
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/nowhere", path), 0);
	fails(local, ERR_EXISTS, "no socket");
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	fails(local, ERR_EXISTS, "no socket");
	ck_assert_int_eq(rmdir(path), 0);
	/* Somebody who takes datagrams is somebody. */
	fd = bound_socket(SOCK_DGRAM);
	fails(local, ERR_EXISTS, "another process");
	ck_assert_int_eq(lstat(path, &st), 0);
	(void)close(fd);
}
END_TEST

START_TEST(what_another_has_put_there_meanwhile_stays)
{
	struct stat st;
	struct err e;

	ck_assert_int_eq(face_listen(local, &w, &e), 0);
	ck_assert_int_eq(unlink(path), 0);
	leave_socket();
	face_close(&w);
	ck_assert_int_eq(lstat(path, &st), 0);
}
END_TEST

START_TEST(a_path_too_long_or_without_its_directory_fails)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "unix:%s/none/s", dir);
	fails(text, ERR_GONE, "none");
	(void)snprintf(text, sizeof(text), "unix:%s/%0120d", dir, 1);
	fails(text, ERR_USAGE, "at most 107 bytes");
}
END_TEST

enum {
	STARTERS = 8
};

/* Say whether it could listen, and do so until the path is gone. */
static void
be_starter(const int go[2], const int said[2])
{
	struct err e;
	char c;

	(void)close(go[1]);
	if (read(go[0], &c, 1) != 0)
		_exit(1);
	c = face_listen(local, &w, &e) == 0;
	if (write(said[1], &c, 1) != 1)
		_exit(1);
	while (c == 1 && access(path, F_OK) == 0)
		clock_sleep_ms(1);
	_exit(0);
}

START_TEST(of_many_that_start_at_once_one_listens)
{
	int go[2], said[2], i, won = 0;
	char c;

	leave_socket();
	ck_assert_int_eq(pipe(go), 0);
	ck_assert_int_eq(pipe(said), 0);
	for (i = 0; i < STARTERS; i++)
		if (fork() == 0)
			be_starter(go, said);
	(void)close(go[0]);
	(void)close(go[1]);
	for (i = 0; i < STARTERS; i++) {
		ck_assert_int_eq(read(said[0], &c, 1), 1);
		won += c;
	}
	ck_assert(can_connect());
	ck_assert_int_eq(won, 1);
	ck_assert_int_eq(unlink(path), 0);
	while (wait(NULL) > 0)
		continue;
	(void)close(said[0]);
	(void)close(said[1]);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("listen");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, what_is_no_place_is_said_to_be_none, 0,
	    LENGTH(wrong));
	tcase_add_test(tc, a_port_is_taken_and_given_back);
	tcase_add_test(tc, a_port_in_use_is_not_shared);
	tcase_add_test(tc, connections_of_the_one_before_keep_no_port);
	tcase_add_test(tc, an_ipv6_address_stands_in_brackets);
	tcase_add_test(tc,
	    a_local_socket_is_for_its_owner_and_goes_with_the_face);
	tcase_add_test(tc, a_relative_path_stays_where_it_was);
	tcase_add_test(tc, a_socket_that_nobody_listens_on_is_replaced);
	tcase_add_test(tc, a_socket_that_somebody_listens_on_is_not);
	tcase_add_test(tc, nor_is_anything_that_is_no_socket_of_ours);
	tcase_add_test(tc, what_another_has_put_there_meanwhile_stays);
	tcase_add_test(tc, a_path_too_long_or_without_its_directory_fails);
	tcase_add_loop_test(tc, of_many_that_start_at_once_one_listens, 0,
	    20);
	return (run_suite(tc));
}
