/* Fails the nth call of one kind that this process makes inside a directory: a disk that refuses once, or from then on.
 *
 * The environment says which, and is read at each call, so that a forked child can choose: FAULT_CALL (open, read, write, fsync,
 * rename, unlink, flock), FAULT_NTH (from 1), FAULT_ERRNO, FAULT_DIRECTORY, FAULT_STICKY (1: every later call fails too), FAULT_FIRED (a
 * file that is made when a call has failed). Calls outside of the directory are neither counted nor failed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

static int inside(const char *directory, int at, const char *name) {
    char link[64], path[PATH_MAX * 2];
    size_t length = 0;
    if (name == NULL || name[0] != '/') {
        ssize_t size;
        if (at == AT_FDCWD)
            snprintf(link, sizeof link, "/proc/self/cwd");
        else
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        size = readlink(link, path, PATH_MAX - 1);
        if (size < 0)
            return 0;
        length = (size_t)size;
        path[length++] = '/';
    }
    snprintf(path + length, PATH_MAX, "%s", name == NULL ? "" : name);
    return strncmp(path, directory, strlen(directory)) == 0 && (path[strlen(directory)] == '/' || path[strlen(directory)] == 0);
}

/* Tell whether this call fails. errno is set then. */
static int fails(const char *call, int at, const char *name) {
    static pid_t owner = 0;
    static int count = 0;
    const char *chosen = getenv("FAULT_CALL"), *directory = getenv("FAULT_DIRECTORY"), *fired = getenv("FAULT_FIRED");
    const char *nth = getenv("FAULT_NTH"), *number = getenv("FAULT_ERRNO"), *sticky = getenv("FAULT_STICKY");
    int saved = errno;
    if (chosen == NULL || directory == NULL || nth == NULL || number == NULL || strcmp(chosen, call) != 0)
        return 0;
    if (!inside(directory, at, name)) {
        errno = saved;
        return 0;
    }
    if (owner != getpid()) {
        owner = getpid();
        count = 0;
    }
    count++;
    if (count < atoi(nth) || (count > atoi(nth) && (sticky == NULL || strcmp(sticky, "1") != 0))) {
        errno = saved;
        return 0;
    }
    if (fired != NULL) {
        long made = syscall(SYS_openat, AT_FDCWD, fired, O_CREAT | O_WRONLY, 0600);
        if (made >= 0)
            syscall(SYS_close, (int)made);
    }
    errno = atoi(number);
    return 1;
}

static int opened(const char *real, int at, const char *path, int flags, mode_t mode) {
    if (fails("open", at, path))
        return -1;
    return at == AT_FDCWD && strncmp(real, "openat", 6) != 0 ? REAL(int, real, const char *, int, mode_t)(path, flags, mode)
                                                             : REAL(int, real, int, const char *, int, mode_t)(at, path, flags, mode);
}

#define MODE(flags) mode_t mode = 0; if ((flags) & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }
int open(const char *path, int flags, ...) { MODE(flags) return opened("open", AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened("open64", AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return opened("openat", at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return opened("openat64", at, path, flags, mode); }

ssize_t read(int fd, void *data, size_t size) {
    return fails("read", fd, NULL) ? -1 : REAL(ssize_t, "read", int, void *, size_t)(fd, data, size);
}
ssize_t write(int fd, const void *data, size_t size) {
    return fails("write", fd, NULL) ? -1 : REAL(ssize_t, "write", int, const void *, size_t)(fd, data, size);
}
int fsync(int fd) { return fails("fsync", fd, NULL) ? -1 : REAL(int, "fsync", int)(fd); }
int flock(int fd, int operation) { return fails("flock", fd, NULL) ? -1 : REAL(int, "flock", int, int)(fd, operation); }
int rename(const char *from, const char *to) {
    return fails("rename", AT_FDCWD, from) ? -1 : REAL(int, "rename", const char *, const char *)(from, to);
}
int renameat(int from_at, const char *from, int to_at, const char *to) {
    return fails("rename", from_at, from) ? -1 : REAL(int, "renameat", int, const char *, int, const char *)(from_at, from, to_at, to);
}
int unlink(const char *path) { return fails("unlink", AT_FDCWD, path) ? -1 : REAL(int, "unlink", const char *)(path); }
int unlinkat(int at, const char *path, int flags) {
    return fails("unlink", at, path) ? -1 : REAL(int, "unlinkat", int, const char *, int)(at, path, flags);
}
