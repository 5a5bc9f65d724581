/*
 * faultvfs -- a VFS of SQLite between it and the one that it has, and between
 * litefleet and that: what faultbed says fails, all else is passed on.  Memory
 * that SQLite asks for comes this way, too.
 *
 * It bears the other's name and is the default, so that nobody knows.
 */
#ifndef UNIT_FAULTVFS_H
#define UNIT_FAULTVFS_H

#include <string.h>

#include <sqlite3.h>

#include "unit/faultbed.h"

enum vfs_call {
	VFS_MALLOC, VFS_OPEN, VFS_DELETE, VFS_ACCESS, VFS_ACCESS_NO,
	VFS_FULL_PATHNAME,
	VFS_CLOSE, VFS_READ, VFS_READ_SHORT, VFS_WRITE, VFS_TRUNCATE,
	VFS_SYNC, VFS_FILE_SIZE, VFS_LOCK, VFS_UNLOCK, VFS_RESERVED,
	VFS_CONTROL, VFS_SHM_MAP, VFS_SHM_LOCK, VFS_SHM_UNMAP, VFS_FETCH
};

struct shim {
	sqlite3_file base;
	sqlite3_file *real;	/* right behind */
	bool ours;		/* of the spool */
};

static sqlite3_vfs *real_vfs;
static sqlite3_mem_methods real_mem;

#define REAL(f)		(((struct shim *)(void *)(f))->real)
#define PASS(f, m, ...)	(REAL(f)->pMethods->m(REAL(f), ##__VA_ARGS__))
#define MAY_FAIL(call)							\
	do {								\
		if (fault_now(call))					\
			return (fault.which->code);			\
	} while (0)

/* What was asked of it is done all the same. */
static int
shim_close(sqlite3_file *f)
{
	int rc = PASS(f, xClose);

	f->pMethods = NULL;
	MAY_FAIL(VFS_CLOSE);
	return (rc);
}

/*
 * The file is said to end in the middle of what was asked for.  Not of a file
 * of our own: SQLite takes it for a journal that was cut, and rolls back what
 * is before that, so that nobody could tell.
 */
static int
read_half(sqlite3_file *f, void *p, int n, sqlite3_int64 off)
{
	int rc = PASS(f, xRead, p, n, off);

	if (rc != SQLITE_OK)
		return (rc);
	memset((char *)p + n / 2, 0, (size_t)(n - n / 2));
	return (SQLITE_IOERR_SHORT_READ);
}

static int
shim_read(sqlite3_file *f, void *p, int n, sqlite3_int64 off)
{
	MAY_FAIL(VFS_READ);
	return (!((struct shim *)(void *)f)->ours &&
	    fault_now(VFS_READ_SHORT) ? read_half(f, p, n, off) :
	    PASS(f, xRead, p, n, off));
}

static int
shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 off)
{
	MAY_FAIL(VFS_WRITE);
	return (PASS(f, xWrite, p, n, off));
}

static int
shim_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	MAY_FAIL(VFS_TRUNCATE);
	return (PASS(f, xTruncate, n));
}

static int
shim_sync(sqlite3_file *f, int flags)
{
	MAY_FAIL(VFS_SYNC);
	return (PASS(f, xSync, flags));
}

static int
shim_file_size(sqlite3_file *f, sqlite3_int64 *n)
{
	MAY_FAIL(VFS_FILE_SIZE);
	return (PASS(f, xFileSize, n));
}

static int
shim_lock(sqlite3_file *f, int how)
{
	MAY_FAIL(VFS_LOCK);
	return (PASS(f, xLock, how));
}

/* It stays locked, until it is closed. */
static int
shim_unlock(sqlite3_file *f, int how)
{
	MAY_FAIL(VFS_UNLOCK);
	return (PASS(f, xUnlock, how));
}

static int
shim_reserved(sqlite3_file *f, int *is)
{
	MAY_FAIL(VFS_RESERVED);
	return (PASS(f, xCheckReservedLock, is));
}

static int
shim_control(sqlite3_file *f, int op, void *arg)
{
	MAY_FAIL(VFS_CONTROL);
	return (PASS(f, xFileControl, op, arg));
}

static int
shim_sector(sqlite3_file *f)
{
	return (PASS(f, xSectorSize));
}

static int
shim_device(sqlite3_file *f)
{
	return (PASS(f, xDeviceCharacteristics));
}

static int
shim_shm_map(sqlite3_file *f, int i, int n, int extend, void volatile **p)
{
	if (fault_now(VFS_SHM_MAP)) {
		*p = NULL;
		return (fault.which->code);
	}
	return (PASS(f, xShmMap, i, n, extend, p));
}

static int
shim_shm_lock(sqlite3_file *f, int i, int n, int flags)
{
	if ((flags & SQLITE_SHM_LOCK) != 0)
		MAY_FAIL(VFS_SHM_LOCK);
	return (PASS(f, xShmLock, i, n, flags));
}

static void
shim_shm_barrier(sqlite3_file *f)
{
	PASS(f, xShmBarrier);
}

static int
shim_shm_unmap(sqlite3_file *f, int delete_it)
{
	int rc = PASS(f, xShmUnmap, delete_it);

	MAY_FAIL(VFS_SHM_UNMAP);
	return (rc);
}

static int
shim_fetch(sqlite3_file *f, sqlite3_int64 off, int n, void **p)
{
	MAY_FAIL(VFS_FETCH);
	return (PASS(f, xFetch, off, n, p));
}

static int
shim_unfetch(sqlite3_file *f, sqlite3_int64 off, void *p)
{
	return (PASS(f, xUnfetch, off, p));
}

static const sqlite3_io_methods shim_methods = {
	3, shim_close, shim_read, shim_write, shim_truncate, shim_sync,
	shim_file_size, shim_lock, shim_unlock, shim_reserved, shim_control,
	shim_sector, shim_device, shim_shm_map, shim_shm_lock,
	shim_shm_barrier, shim_shm_unmap, shim_fetch, shim_unfetch
};

static int
shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out)
{
	int rc;

	(void)vfs;
	f->pMethods = NULL;
	MAY_FAIL(VFS_OPEN);
	REAL(f) = (sqlite3_file *)(void *)((struct shim *)(void *)f + 1);
	memset(REAL(f), 0, (size_t)real_vfs->szOsFile);
	((struct shim *)(void *)f)->ours = name == NULL ||
	    strncmp(name, spool, strlen(spool)) == 0;
	rc = real_vfs->xOpen(real_vfs, name, REAL(f), flags, out);
	if (REAL(f)->pMethods != NULL)
		f->pMethods = &shim_methods;
	return (rc);
}

static int
shim_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
	(void)vfs;
	MAY_FAIL(VFS_DELETE);
	return (real_vfs->xDelete(real_vfs, name, sync_dir));
}

/* The VFS "unix" says no whatever stat(2) fails with. */
static int
shim_access(sqlite3_vfs *vfs, const char *name, int flags, int *is)
{
	(void)vfs;
	*is = 0;
	MAY_FAIL(VFS_ACCESS);
	MAY_FAIL(VFS_ACCESS_NO);
	return (real_vfs->xAccess(real_vfs, name, flags, is));
}

static int
shim_full(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	(void)vfs;
	MAY_FAIL(VFS_FULL_PATHNAME);
	return (real_vfs->xFullPathname(real_vfs, name, n, out));
}

static int
shim_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	return (real_vfs->xSleep(real_vfs, us));
}

static int
shim_set_call(sqlite3_vfs *vfs, const char *name, sqlite3_syscall_ptr p)
{
	(void)vfs;
	return (real_vfs->xSetSystemCall(real_vfs, name, p));
}

static sqlite3_syscall_ptr
shim_get_call(sqlite3_vfs *vfs, const char *name)
{
	(void)vfs;
	return (real_vfs->xGetSystemCall(real_vfs, name));
}

static void *
shim_malloc(int n)
{
	return (fault_now(VFS_MALLOC) ? NULL : real_mem.xMalloc(n));
}

static void *
shim_realloc(void *p, int n)
{
	return (fault_now(VFS_MALLOC) ? NULL : real_mem.xRealloc(p, n));
}

/* Before anybody uses SQLite. */
static inline void
faultvfs_install(void)
{
	static sqlite3_mem_methods mem;
	static sqlite3_vfs shim;

	ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_mem),
	    SQLITE_OK);
	mem = real_mem;
	mem.xMalloc = shim_malloc;
	mem.xRealloc = shim_realloc;
	ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &mem),
	    SQLITE_OK);
	ck_assert_ptr_nonnull(real_vfs = sqlite3_vfs_find(NULL));
	shim = *real_vfs;
	shim.szOsFile += (int)sizeof(struct shim);
	shim.pNext = NULL;
	shim.xOpen = shim_open;
	shim.xDelete = shim_delete;
	shim.xAccess = shim_access;
	shim.xFullPathname = shim_full;
	shim.xSleep = shim_sleep;
	shim.xSetSystemCall = shim_set_call;
	shim.xGetSystemCall = shim_get_call;
	ck_assert_int_eq(sqlite3_vfs_register(&shim, 1), SQLITE_OK);
	ck_assert_ptr_eq(sqlite3_vfs_find("unix"), &shim);
}

#endif
