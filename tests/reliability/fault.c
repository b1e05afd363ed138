/* Preloaded into a Python: counts the calls that change or order files, and lets one of them go wrong.
 *
 * Nothing happens until fault_arm() is called, which a forked child does for itself. Count and name of the
 * last call are written to memory that the parent shares, so they survive a kill. SQLite, zstd and Python
 * all come here, because all of them go through the C library.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { KILL = 1, FAIL = 2, FAIL_FROM_HERE = 3, STOP_EVERY = 4 };
enum { CHANGE = 1, SPACE = 2, READ = 4, ASK = 8 };

struct shared {
    int64_t calls;
    int64_t faults;
    char name[32];
};

static struct shared *shared;
static int64_t limit;
static int mode, number, classes;

void fault_arm(struct shared *memory, int new_mode, int64_t at, int new_number, int new_classes)
{
    memory->calls = memory->faults = 0;
    limit = at;
    number = new_number;
    classes = new_classes;
    mode = new_mode;
    shared = memory;
}

void fault_disarm(void) { shared = NULL; }

/* For programs that are not ours: FAULT_AT and FAULT_NUMBER (0 kills) arm at start. FAULT_COUNT names a file
 * that gets the count, also when the program ends without a word. */
static struct shared own;

__attribute__((constructor)) static void from_environment(void)
{
    const char *at = getenv("FAULT_AT"), *error = getenv("FAULT_NUMBER"), *path = getenv("FAULT_COUNT");
    struct shared *memory = &own;
    int file = path ? open(path, O_RDWR | O_CREAT, 0600) : -1;
    if (file >= 0 && ftruncate(file, sizeof *memory) == 0)
        memory = mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (at)
        fault_arm(memory, error && atoi(error) ? FAIL : KILL, atoll(at), error ? atoi(error) : 0, CHANGE);
}

/* Count one call; return whether it is to fail. */
static int hit(const char *name, int class)
{
    int is_hit;
    int64_t count;
    if (!shared || !(class & classes))
        return 0;
    count = __atomic_add_fetch(&shared->calls, 1, __ATOMIC_SEQ_CST);
    if (mode == STOP_EVERY)
        is_hit = count % limit == 0;
    else
        is_hit = count == limit || (mode == FAIL_FROM_HERE && count > limit);
    if (!is_hit)
        return 0;
    if (shared->faults++ == 0 || mode == STOP_EVERY) {
        strncpy(shared->name, name, sizeof shared->name - 1);
    }
    if (mode == KILL)
        kill(getpid(), SIGKILL);
    if (mode == STOP_EVERY) {
        raise(SIGSTOP);
        return 0;
    }
    errno = number;
    return 1;
}

#define REAL(name) static typeof(&name) real; if (!real) real = (typeof(&name))dlsym(RTLD_NEXT, #name)
#define WRAP(type, class, name, parameters, arguments) \
    type name parameters { REAL(name); if (hit(#name, class)) return -1; return real arguments; }

WRAP(ssize_t, CHANGE | SPACE, write, (int a, const void *b, size_t c), (a, b, c))
WRAP(ssize_t, CHANGE | SPACE, pwrite, (int a, const void *b, size_t c, off_t d), (a, b, c, d))
WRAP(ssize_t, CHANGE | SPACE, pwrite64, (int a, const void *b, size_t c, off64_t d), (a, b, c, d))
WRAP(ssize_t, CHANGE | SPACE, writev, (int a, const struct iovec *b, int c), (a, b, c))
WRAP(ssize_t, CHANGE | SPACE, pwritev, (int a, const struct iovec *b, int c, off_t d), (a, b, c, d))
WRAP(ssize_t, CHANGE | SPACE, pwritev64, (int a, const struct iovec *b, int c, off64_t d), (a, b, c, d))
WRAP(ssize_t, CHANGE | SPACE, pwritev2, (int a, const struct iovec *b, int c, off_t d, int e), (a, b, c, d, e))
WRAP(ssize_t, CHANGE | SPACE, pwritev64v2,
     (int a, const struct iovec *b, int c, off64_t d, int e), (a, b, c, d, e))
WRAP(ssize_t, CHANGE | SPACE, copy_file_range,
     (int a, off64_t *b, int c, off64_t *d, size_t e, unsigned f), (a, b, c, d, e, f))
WRAP(ssize_t, CHANGE | SPACE, sendfile, (int a, int b, off_t *c, size_t d), (a, b, c, d))
WRAP(ssize_t, CHANGE | SPACE, sendfile64, (int a, int b, off64_t *c, size_t d), (a, b, c, d))
WRAP(int, CHANGE | SPACE, ftruncate, (int a, off_t b), (a, b))
WRAP(int, CHANGE | SPACE, ftruncate64, (int a, off64_t b), (a, b))
WRAP(int, CHANGE | SPACE, truncate, (const char *a, off_t b), (a, b))
WRAP(int, CHANGE | SPACE, truncate64, (const char *a, off64_t b), (a, b))
WRAP(int, CHANGE | SPACE, fallocate, (int a, int b, off_t c, off_t d), (a, b, c, d))
WRAP(int, CHANGE | SPACE, fallocate64, (int a, int b, off64_t c, off64_t d), (a, b, c, d))
WRAP(int, CHANGE, fsync, (int a), (a))
WRAP(int, CHANGE, fdatasync, (int a), (a))
WRAP(int, CHANGE, syncfs, (int a), (a))
WRAP(int, CHANGE, sync_file_range, (int a, off64_t b, off64_t c, unsigned d), (a, b, c, d))
WRAP(int, CHANGE | SPACE, rename, (const char *a, const char *b), (a, b))
WRAP(int, CHANGE | SPACE, renameat, (int a, const char *b, int c, const char *d), (a, b, c, d))
WRAP(int, CHANGE | SPACE, renameat2, (int a, const char *b, int c, const char *d, unsigned e), (a, b, c, d, e))
WRAP(int, CHANGE | SPACE, link, (const char *a, const char *b), (a, b))
WRAP(int, CHANGE | SPACE, linkat, (int a, const char *b, int c, const char *d, int e), (a, b, c, d, e))
WRAP(int, CHANGE | SPACE, symlink, (const char *a, const char *b), (a, b))
WRAP(int, CHANGE | SPACE, symlinkat, (const char *a, int b, const char *c), (a, b, c))
WRAP(int, CHANGE, unlink, (const char *a), (a))
WRAP(int, CHANGE, unlinkat, (int a, const char *b, int c), (a, b, c))
WRAP(int, CHANGE, rmdir, (const char *a), (a))
WRAP(int, CHANGE | SPACE, mkdir, (const char *a, mode_t b), (a, b))
WRAP(int, CHANGE | SPACE, mkdirat, (int a, const char *b, mode_t c), (a, b, c))
WRAP(int, CHANGE | SPACE, mkfifo, (const char *a, mode_t b), (a, b))
WRAP(int, CHANGE | SPACE, mkfifoat, (int a, const char *b, mode_t c), (a, b, c))
WRAP(int, CHANGE | SPACE, mknod, (const char *a, mode_t b, dev_t c), (a, b, c))
WRAP(int, CHANGE | SPACE, mknodat, (int a, const char *b, mode_t c, dev_t d), (a, b, c, d))
WRAP(int, CHANGE, chmod, (const char *a, mode_t b), (a, b))
WRAP(int, CHANGE, fchmod, (int a, mode_t b), (a, b))
WRAP(int, CHANGE, fchmodat, (int a, const char *b, mode_t c, int d), (a, b, c, d))
WRAP(int, CHANGE, chown, (const char *a, uid_t b, gid_t c), (a, b, c))
WRAP(int, CHANGE, lchown, (const char *a, uid_t b, gid_t c), (a, b, c))
WRAP(int, CHANGE, fchown, (int a, uid_t b, gid_t c), (a, b, c))
WRAP(int, CHANGE, fchownat, (int a, const char *b, uid_t c, gid_t d, int e), (a, b, c, d, e))
WRAP(int, CHANGE, utimensat, (int a, const char *b, const struct timespec c[2], int d), (a, b, c, d))
WRAP(int, CHANGE, futimens, (int a, const struct timespec b[2]), (a, b))
/* Declared here, because the header that declares them differs between C libraries. */
#define XATTR(name, first) \
    int name(first, const char *, const void *, size_t, int); \
    WRAP(int, CHANGE | SPACE, name, (first a, const char *b, const void *c, size_t d, int e), (a, b, c, d, e))
typedef const char *path;
XATTR(setxattr, path)
XATTR(lsetxattr, path)
XATTR(fsetxattr, int)
int removexattr(const char *, const char *);
int lremovexattr(const char *, const char *);
int fremovexattr(int, const char *);
WRAP(int, CHANGE, removexattr, (const char *a, const char *b), (a, b))
WRAP(int, CHANGE, lremovexattr, (const char *a, const char *b), (a, b))
WRAP(int, CHANGE, fremovexattr, (int a, const char *b), (a, b))
WRAP(ssize_t, READ, read, (int a, void *b, size_t c), (a, b, c))
WRAP(ssize_t, READ, pread, (int a, void *b, size_t c, off_t d), (a, b, c, d))
WRAP(ssize_t, READ, pread64, (int a, void *b, size_t c, off64_t d), (a, b, c, d))
WRAP(ssize_t, READ, readv, (int a, const struct iovec *b, int c), (a, b, c))
WRAP(ssize_t, READ, preadv, (int a, const struct iovec *b, int c, off_t d), (a, b, c, d))
WRAP(ssize_t, READ, preadv64, (int a, const struct iovec *b, int c, off64_t d), (a, b, c, d))
WRAP(ssize_t, READ, preadv2, (int a, const struct iovec *b, int c, off_t d, int e), (a, b, c, d, e))
WRAP(ssize_t, READ, preadv64v2, (int a, const struct iovec *b, int c, off64_t d, int e), (a, b, c, d, e))

WRAP(int, ASK, stat, (const char *a, struct stat *b), (a, b))
WRAP(int, ASK, stat64, (const char *a, struct stat64 *b), (a, b))
WRAP(int, ASK, lstat, (const char *a, struct stat *b), (a, b))
WRAP(int, ASK, lstat64, (const char *a, struct stat64 *b), (a, b))
WRAP(int, ASK, fstat, (int a, struct stat *b), (a, b))
WRAP(int, ASK, fstat64, (int a, struct stat64 *b), (a, b))
WRAP(int, ASK, fstatat, (int a, const char *b, struct stat *c, int d), (a, b, c, d))
WRAP(int, ASK, fstatat64, (int a, const char *b, struct stat64 *c, int d), (a, b, c, d))
WRAP(int, ASK, statvfs64, (const char *a, struct statvfs64 *b), (a, b))
WRAP(int, ASK, fstatvfs64, (int a, struct statvfs64 *b), (a, b))
WRAP(off64_t, ASK, lseek64, (int a, off64_t b, int c), (a, b, c))
WRAP(ssize_t, ASK, readlink, (const char *a, char *b, size_t c), (a, b, c))
WRAP(ssize_t, ASK, readlinkat, (int a, const char *b, char *c, size_t d), (a, b, c, d))
#define LISTING(type, name, parameters, arguments) \
    type *name parameters { REAL(name); if (hit(#name, ASK)) return NULL; return real arguments; }
LISTING(DIR, opendir, (const char *a), (a))
LISTING(DIR, fdopendir, (int a), (a))
LISTING(struct dirent64, readdir64, (DIR *a), (a))

/* FICLONE, FICLONERANGE, FIDEDUPERANGE and setting flags change files; other requests are none of ours. */
int ioctl(int descriptor, unsigned long request, ...)
{
    va_list list;
    void *argument;
    REAL(ioctl);
    va_start(list, request);
    argument = va_arg(list, void *);
    va_end(list);
    if ((request == 0x40049409 || request == 0x4020940D || request == 0xC0189436 || request == 0x40086602) &&
        hit("ioctl", CHANGE | SPACE))
        return -1;
    return real(descriptor, request, argument);
}

static int class_of(int flags) { return flags & (O_CREAT | O_TRUNC) ? CHANGE | SPACE : READ; }

#define OPENING(name, parameters, arguments) \
    int name parameters { \
        va_list list; \
        mode_t bits = 0; \
        REAL(name); \
        if (flags & (O_CREAT | __O_TMPFILE)) { va_start(list, flags); bits = va_arg(list, mode_t); va_end(list); } \
        if (hit(#name, class_of(flags))) return -1; \
        return real arguments; \
    }
OPENING(open, (const char *a, int flags, ...), (a, flags, bits))
OPENING(open64, (const char *a, int flags, ...), (a, flags, bits))
OPENING(openat, (int d, const char *a, int flags, ...), (d, a, flags, bits))
OPENING(openat64, (int d, const char *a, int flags, ...), (d, a, flags, bits))
