/* Calls that change files below a folder are counted; one of them, or all from one on, fail.
 *
 * Loaded before the C library (LD_PRELOAD), so that the program under test is the one that is
 * delivered. FAULT_FOLDER: the folder. FAULT_KIND: full, io, readonly, refused, short, kill, tear,
 * or nothing to count alone. FAULT_AT: number of the call, from 1. FAULT_ON: all later ones fail
 * too. FAULT_LOG: a file that gets a line a counted call. FAULT_CLOCK: seconds that the clock is
 * ahead. FAULT_THREADS: no thread can be begun. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { NONE, FULL, IO, READONLY, REFUSED, SHORT, KILL, TEAR };
/* What a call does: some faults cannot meet some calls. */
enum { CREATE, WRITE, SYNC, REMOVE };

static const char *folder;
static size_t folder_length;
static int kind, is_on, log_fd = -1;
static long at, ahead;
static atomic_long calls;
/* Open files and folders below the folder. */
static unsigned char below[1 << 16];

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t real_write(int fd, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return real(fd, bytes, count);
}

__attribute__((constructor)) static void begin(void) {
    static const char *kinds[] = {"", "full", "io", "readonly", "refused", "short", "kill", "tear"};
    const char *asked = getenv("FAULT_KIND"), *number = getenv("FAULT_AT");
    const char *log = getenv("FAULT_LOG"), *clock = getenv("FAULT_CLOCK");
    ahead = clock ? atol(clock) : 0;
    for (int i = 1; asked && i <= TEAR; i++)
        if (!strcmp(asked, kinds[i])) kind = i;
    at = number ? atol(number) : 0;
    is_on = getenv("FAULT_ON") != NULL;
    if (log) log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    folder = getenv("FAULT_FOLDER");
    folder_length = folder ? strlen(folder) : 0;
}

static int is_below(int dirfd, const char *path) {
    if (!folder_length || !path) return 0;
    if (path[0] != '/') return dirfd >= 0 && dirfd < (int)sizeof below && below[dirfd];
    return !strncmp(path, folder, folder_length)
        && (path[folder_length] == '/' || !path[folder_length]);
}

static int is_open_below(int fd) { return fd >= 0 && fd < (int)sizeof below && below[fd]; }

static void opened(int fd, int is_ours) {
    if (fd >= 0 && fd < (int)sizeof below) below[fd] = (unsigned char)is_ours;
}

/* Whether the fault can meet a call that does this. */
static int meets(int what) {
    switch (kind) {
    case FULL: return what != REMOVE;
    case READONLY: return what != SYNC;
    case REFUSED: return what == CREATE || what == REMOVE;
    case SHORT: return what == WRITE;
    default: return 1;
    }
}

/* The path of an open file, for the log. */
static const char *path_of(int fd) {
    static _Thread_local char path[500];
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = log_fd >= 0 ? readlink(link, path, sizeof path - 1) : -1;
    path[length > 0 ? length : 0] = 0;
    return path;
}

/* Counts a call; says whether the fault is due. */
static int is_due(int what, const char *name, const char *path) {
    if (!meets(what)) return 0;
    long number = atomic_fetch_add(&calls, 1) + 1;
    int due = at && (number == at || (is_on && number > at));
    if (log_fd >= 0) {
        char line[600];
        int length = snprintf(line, sizeof line, "%s%ld %s %.500s\n", due ? "! " : "", number, name,
                              path ? path : "");
        if (length > 0 && real_write(log_fd, line, (size_t)length) < 0) abort();
    }
    if (due && kind == KILL) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    return due;
}

static int fail(void) {
    static const int codes[] = {0, ENOSPC, EIO, EROFS, EACCES, 0, EIO, EIO};
    errno = codes[kind];
    return -1;
}

/* Calls on paths. Where a short count means nothing, a call that is to be torn ends the program. */
#define ON_PATH(what, name, shown, is_ours) \
    if ((is_ours) && is_due(what, name, shown)) { \
        if (kind == TEAR) { kill(getpid(), SIGKILL); for (;;) pause(); } \
        return fail(); \
    }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        va_list rest; va_start(rest, flags); mode_t mode = (mode_t)va_arg(rest, int); va_end(rest); \
        int is_ours = is_below(AT_FDCWD, path); \
        ON_PATH(CREATE, "open", path, is_ours && (flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR))) \
        int fd = real(path, flags, mode); \
        opened(fd, is_ours); \
        return fd; \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int dirfd, const char *path, int flags, ...) { \
        REAL(int, #name, int, const char *, int, ...); \
        va_list rest; va_start(rest, flags); mode_t mode = (mode_t)va_arg(rest, int); va_end(rest); \
        int is_ours = is_below(dirfd, path); \
        ON_PATH(CREATE, "open", path, is_ours && (flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR))) \
        int fd = real(dirfd, path, flags, mode); \
        opened(fd, is_ours); \
        return fd; \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    REAL(int, "close", int);
    opened(fd, 0);
    return real(fd);
}

/* A write that is short, or torn: its first half is done. */
#define HALF(half) \
    { \
        ssize_t done = half; \
        if (kind == TEAR) { kill(getpid(), SIGKILL); for (;;) pause(); } \
        if (kind == FULL || kind == SHORT) return done; \
    }

ssize_t write(int fd, const void *bytes, size_t count) {
    if (is_open_below(fd) && is_due(WRITE, "write", path_of(fd))) {
        /* A disk that fills up takes a part first; the next call says that it is full. */
        if (count > 1 && (kind == SHORT || kind == TEAR)) HALF(real_write(fd, bytes, count / 2))
        else if (kind != SHORT) return fail();
    }
    return real_write(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (is_open_below(fd) && is_due(WRITE, "writev", path_of(fd))) {
        if (count > 0 && (kind == SHORT || kind == TEAR))
            HALF(real_write(fd, parts[0].iov_base, (parts[0].iov_len + 1) / 2))
        else if (kind != SHORT) return fail();
    }
    return real(fd, parts, count);
}

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *bytes, size_t count, offset_type offset) { \
        REAL(ssize_t, #name, int, const void *, size_t, offset_type); \
        if (is_open_below(fd) && is_due(WRITE, "pwrite", path_of(fd))) { \
            if (count > 1 && (kind == SHORT || kind == TEAR)) \
                HALF(real(fd, bytes, count / 2, offset)) \
            else if (kind != SHORT) return fail(); \
        } \
        return real(fd, bytes, count, offset); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define ON_FILE(name, what) \
    int name(int fd) { \
        REAL(int, #name, int); \
        ON_PATH(what, #name, path_of(fd), is_open_below(fd)) \
        return real(fd); \
    }
ON_FILE(fsync, SYNC)
ON_FILE(fdatasync, SYNC)

int fchmod(int fd, mode_t mode) {
    REAL(int, "fchmod", int, mode_t);
    ON_PATH(REMOVE, "fchmod", path_of(fd), is_open_below(fd))
    return real(fd, mode);
}

int ftruncate64(int fd, off64_t length) {
    REAL(int, "ftruncate64", int, off64_t);
    ON_PATH(WRITE, "ftruncate", path_of(fd), is_open_below(fd) && kind != SHORT)
    return real(fd, length);
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    ON_PATH(CREATE, "rename", to, is_below(AT_FDCWD, to))
    return real(from, to);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    ON_PATH(CREATE, "link", to, is_below(to_fd, to))
    return real(from_fd, from, to_fd, to, flags);
}

int link(const char *from, const char *to) {
    REAL(int, "link", const char *, const char *);
    ON_PATH(CREATE, "link", to, is_below(AT_FDCWD, to))
    return real(from, to);
}

int symlink(const char *target, const char *path) {
    REAL(int, "symlink", const char *, const char *);
    ON_PATH(CREATE, "symlink", path, is_below(AT_FDCWD, path))
    return real(target, path);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    ON_PATH(CREATE, "mkdir", path, is_below(AT_FDCWD, path))
    return real(path, mode);
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    ON_PATH(REMOVE, "unlink", path, is_below(AT_FDCWD, path))
    return real(path);
}

int rmdir(const char *path) {
    REAL(int, "rmdir", const char *);
    ON_PATH(REMOVE, "rmdir", path, is_below(AT_FDCWD, path))
    return real(path);
}

int unlinkat(int dirfd, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    ON_PATH(REMOVE, "unlinkat", path, is_below(dirfd, path))
    return real(dirfd, path, flags);
}

int clock_gettime(clockid_t id, struct timespec *now) {
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int code = real(id, now);
    if (!code && id == CLOCK_REALTIME) now->tv_sec += ahead;
    return code;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*begin)(void *),
                   void *argument) {
    REAL(int, "pthread_create", pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    return getenv("FAULT_THREADS") ? EAGAIN : real(thread, attributes, begin, argument);
}
