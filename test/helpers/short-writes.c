/* Preloaded: half of all writes to files, pipes and sockets take only a part of the bytes, as POSIX allows.
   SHORT_WRITES_LOG names a file that gets their number when the program ends. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned long shortened;
static _Thread_local unsigned state = 12345;

static size_t part_of(int fd, size_t count) {
  struct stat at;
  /* An eventfd takes eight bytes or none, and the wake-ups of event loops are as small. */
  if (count < 16 || fstat(fd, &at) != 0) return count;
  if (!S_ISREG(at.st_mode) && !S_ISFIFO(at.st_mode) && !S_ISSOCK(at.st_mode)) return count;
  unsigned random = rand_r(&state);
  if (random & 1) return count;
  __atomic_add_fetch(&shortened, 1, __ATOMIC_RELAXED);
  return 1 + rand_r(&state) % (count - 1);
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL(write);
  return real(fd, bytes, part_of(fd, count));
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  REAL(pwrite);
  return real(fd, bytes, part_of(fd, count), at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  REAL(pwrite64);
  return real(fd, bytes, part_of(fd, count), at);
}

/* Of several pieces only the first, or a part of it. */
ssize_t writev(int fd, const struct iovec *pieces, int count) {
  REAL(writev);
  size_t part = count > 0 ? part_of(fd, pieces[0].iov_len) : 0;
  if (count < 1 || part == pieces[0].iov_len) return real(fd, pieces, count);
  struct iovec first = {pieces[0].iov_base, part};
  return real(fd, &first, 1);
}

static ssize_t first_of(int fd, const struct iovec *pieces, off64_t at) {
  return pwrite64(fd, pieces[0].iov_base, pieces[0].iov_len, at);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t at) {
  REAL(pwritev);
  return count < 1 ? real(fd, pieces, count, at) : first_of(fd, pieces, at);
}

ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t at) {
  REAL(pwritev64);
  return count < 1 ? real(fd, pieces, count, at) : first_of(fd, pieces, at);
}

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("SHORT_WRITES_LOG");
  FILE *log = path == NULL ? NULL : fopen(path, "w");
  if (log == NULL) return;
  fprintf(log, "%lu\n", shortened);
  fclose(log);
}
