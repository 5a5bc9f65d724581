/*
 * Below an image is a VFS that fails: what it is asked for by SQLite and by
 * db/ itself goes wrong at any one point, or from there on.
 */
#include "db/image.h"

#include "unit/faultvfs.h"
#include "unit/suite.h"

static const struct fault faults[] = {
	{ "no memory", VFS_MALLOC, 0, SAYS_IO },
	{ "xOpen", VFS_OPEN, SQLITE_IOERR, SAYS_IO },
	{ "xOpen: cannot", VFS_OPEN, SQLITE_CANTOPEN, SAYS_IO | SAYS_BUSY },
	{ "xDelete", VFS_DELETE, SQLITE_IOERR_DELETE, SAYS_IO },
	{ "xAccess", VFS_ACCESS, SQLITE_IOERR_ACCESS, SAYS_IO },
	{ "xAccess: no", VFS_ACCESS_NO, SQLITE_OK, SAYS_BUSY },
	{ "xFullPathname", VFS_FULL_PATHNAME, SQLITE_IOERR, SAYS_IO },
	{ "xClose", VFS_CLOSE, SQLITE_IOERR_CLOSE, SAYS_IO },
	{ "xRead", VFS_READ, SQLITE_IOERR_READ, SAYS_IO },
	{ "xRead: short", VFS_READ_SHORT, 0, SAYS_IO | SAYS_BUSY |
	    SAYS_CORRUPT },
	{ "xWrite", VFS_WRITE, SQLITE_IOERR_WRITE, SAYS_IO },
	{ "xWrite: full", VFS_WRITE, SQLITE_FULL, SAYS_SPACE },
	{ "xTruncate", VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE, SAYS_IO },
	{ "xSync", VFS_SYNC, SQLITE_IOERR_FSYNC, SAYS_IO },
	{ "xFileSize", VFS_FILE_SIZE, SQLITE_IOERR_FSTAT, SAYS_IO },
	{ "xLock", VFS_LOCK, SQLITE_IOERR_LOCK, SAYS_IO },
	{ "xLock: busy", VFS_LOCK, SQLITE_BUSY, SAYS_BUSY },
	{ "xUnlock", VFS_UNLOCK, SQLITE_IOERR_UNLOCK, SAYS_IO },
	{ "xCheckReservedLock", VFS_RESERVED,
	    SQLITE_IOERR_CHECKRESERVEDLOCK, SAYS_IO },
	{ "xFileControl", VFS_CONTROL, SQLITE_IOERR, SAYS_IO },
	{ "xShmMap", VFS_SHM_MAP, SQLITE_IOERR_SHMMAP, SAYS_IO },
	{ "xShmMap: busy", VFS_SHM_MAP, SQLITE_BUSY, SAYS_BUSY },
	{ "xShmLock", VFS_SHM_LOCK, SQLITE_IOERR_SHMLOCK, SAYS_IO },
	{ "xShmLock: busy", VFS_SHM_LOCK, SQLITE_BUSY, SAYS_BUSY },
	{ "xShmUnmap", VFS_SHM_UNMAP, SQLITE_IOERR_SHMMAP, SAYS_IO },
	{ "xFetch", VFS_FETCH, SQLITE_IOERR_MMAP, SAYS_IO },
};

static void
setup(void)
{
	faultbed_make();
	faultvfs_install();
}

START_TEST(whatever_fails_the_image_is_right_or_there_is_none)
{
	try_all(&states[_i], faults, LENGTH(faults));
}
END_TEST

START_TEST(each_of_them_came)
{
	/* SQLite maps a file where it is built to, or asked. */
	expect_all_felt(faults, LENGTH(faults), "xFetch");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("image-vfs");

	tcase_add_checked_fixture(tc, setup, scratch_remove);
	add_fault_tests(tc, whatever_fails_the_image_is_right_or_there_is_none,
	    each_of_them_came, LENGTH(faults));
	return (run_suite(tc));
}
