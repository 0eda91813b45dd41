/* Faults of a disk, on demand: preload this into a process and write files into the directory FAULTS_DIR.
 *
 *   fsync_ms    every fsync takes so many milliseconds longer
 *   disk_full   every write to a file below FAULTS_OF whose path ends in this text fails as on a full disk
 *   free_bytes  so much room is reported to whoever asks
 *
 * Removing a file ends its fault.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

static int fault(const char *name, char text[64]) {
    const char *directory = getenv("FAULTS_DIR");
    char path[512];
    if (!directory) return 0;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t length = read(fd, text, 63);
    text[length > 0 ? length : 0] = 0;
    close(fd);
    return 1;
}

static int ends_in(const char *text, const char *end) {
    size_t n_text = strlen(text), n_end = strlen(end);
    return n_text >= n_end && !strcmp(text + n_text - n_end, end);
}

static int fails(int fd) {
    const char *below = getenv("FAULTS_OF");
    char link[64], path[512], end[64];
    int kept = errno, failing = 0;
    if (below && fault("disk_full", end)) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        path[length > 0 ? length : 0] = 0;
        failing = !strncmp(path, below, strlen(below)) && ends_in(path, end);
    }
    errno = failing ? ENOSPC : kept;
    return failing;
}

static void slow_down(void) {
    char milliseconds[64];
    int kept = errno;
    if (fault("fsync_ms", milliseconds)) usleep(atoi(milliseconds) * 1000);
    errno = kept;
}

#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

int fsync(int fd) { slow_down(); return REAL(int, fsync, int)(fd); }
int fdatasync(int fd) { slow_down(); return REAL(int, fdatasync, int)(fd); }

ssize_t write(int fd, const void *data, size_t n) {
    return fails(fd) ? -1 : REAL(ssize_t, write, int, const void *, size_t)(fd, data, n);
}
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) {
    return fails(fd) ? -1 : REAL(ssize_t, pwrite, int, const void *, size_t, off_t)(fd, data, n, at);
}
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    return fails(fd) ? -1 : REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)(fd, data, n, at);
}
ssize_t writev(int fd, const struct iovec *parts, int n) {
    return fails(fd) ? -1 : REAL(ssize_t, writev, int, const struct iovec *, int)(fd, parts, n);
}

static int tell(int result, struct statvfs *found) {
    char bytes[64];
    if (!result && fault("free_bytes", bytes)) found->f_bavail = found->f_bfree = atoll(bytes) / found->f_frsize;
    return result;
}
int statvfs(const char *path, struct statvfs *found) {
    return tell(REAL(int, statvfs, const char *, struct statvfs *)(path, found), found);
}
int statvfs64(const char *path, struct statvfs64 *found) {
    return tell(REAL(int, statvfs64, const char *, struct statvfs64 *)(path, found), (struct statvfs *)found);
}
