// A virtual wall clock for one process, by LD_PRELOAD: it begins SHIM_OFFSET ns ahead of the machine's, and setting it
// moves it alone. Every step is noted in SHIM_LOG as "machine's time, by how much" in ns. Rates that the process sets
// are kept and not applied. Time stamps of the kernel are refused, since they would be of the machine's clock, unless
// SHIM_STAMPS is set: ptp4l does not run without. /dev/ptp0, which machines without such hardware lack, is the machine's
// clock and always right.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static long long offset;
static struct timex kept = {.tick = 10000, .maxerror = 16000000, .esterror = 16000000, .status = STA_UNSYNC};

__attribute__((constructor)) static void begin(void) {
	const char *s = getenv("SHIM_OFFSET");
	if (s)
		offset = atoll(s);
}

static long long machine(void) {
	struct timespec t;
	syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void step(long long by) {
	const char *s = getenv("SHIM_LOG");
	FILE *f = s ? fopen(s, "a") : NULL;
	offset += by;
	if (f) {
		fprintf(f, "%lld %lld\n", machine(), by);
		fclose(f);
	}
}

// dynamic tells whether a clock is that of an open file (FD_TO_CLOCKID of the kernel's testptp.c).
static int dynamic(clockid_t id) { return id < 0 && (id & 7) == 3; }

int open(const char *path, int flags, ...) {
	va_list args;
	va_start(args, flags);
	int mode = flags & O_CREAT ? va_arg(args, int) : 0;
	va_end(args);
	return syscall(SYS_openat, AT_FDCWD, strcmp(path, "/dev/ptp0") ? path : "/dev/null", flags, mode);
}

int ioctl(int fd, unsigned long request, ...) {
	va_list args;
	va_start(args, request);
	void *arg = va_arg(args, void *);
	va_end(args);
	if (request != PTP_CLOCK_GETCAPS)
		return syscall(SYS_ioctl, fd, request, arg);
	memset(arg, 0, sizeof(struct ptp_clock_caps));
	((struct ptp_clock_caps *)arg)->max_adj = 500000;
	return 0;
}

int clock_gettime(clockid_t id, struct timespec *t) {
	if (dynamic(id))
		return syscall(SYS_clock_gettime, CLOCK_REALTIME, t);
	int r = syscall(SYS_clock_gettime, id, t);
	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
		long long n = t->tv_sec * 1000000000LL + t->tv_nsec + offset;
		t->tv_sec = n / 1000000000LL, t->tv_nsec = n % 1000000000LL;
	}
	return r;
}

int gettimeofday(struct timeval *v, void *zone) {
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	v->tv_sec = t.tv_sec, v->tv_usec = t.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *at) {
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	if (at)
		*at = t.tv_sec;
	return t.tv_sec;
}

int clock_settime(clockid_t id, const struct timespec *t) {
	step(t->tv_sec * 1000000000LL + t->tv_nsec - machine() - offset);
	return 0;
}

int settimeofday(const struct timeval *v, const struct timezone *zone) {
	if (v)
		step(v->tv_sec * 1000000000LL + v->tv_usec * 1000LL - machine() - offset);
	return 0;
}

int adjtimex(struct timex *x) {
	if (x->modes & ADJ_SETOFFSET)
		step(x->time.tv_sec * 1000000000LL + (x->modes & ADJ_NANO ? x->time.tv_usec : x->time.tv_usec * 1000LL));
	if (x->modes & ADJ_FREQUENCY)
		kept.freq = x->freq;
	if (x->modes & ADJ_TICK)
		kept.tick = x->tick;
	if (x->modes & ADJ_STATUS)
		kept.status = x->status & 0xff;
	if (x->modes & ADJ_MAXERROR)
		kept.maxerror = x->maxerror;
	if (x->modes & ADJ_ESTERROR)
		kept.esterror = x->esterror;
	kept.precision = 1, kept.tolerance = 32768000, kept.constant = 7;
	int modes = x->modes;
	*x = kept;
	x->modes = modes;
	return kept.status & STA_UNSYNC ? TIME_ERROR : TIME_OK;
}

int adjtime(const struct timeval *by, struct timeval *left) {
	if (left)
		memset(left, 0, sizeof *left);
	return 0;
}

int ntp_adjtime(struct timex *x) { return adjtimex(x); }
int clock_adjtime(clockid_t id, struct timex *x) { return dynamic(id) ? 0 : adjtimex(x); }

int setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
	if (!getenv("SHIM_STAMPS") && level == SOL_SOCKET && (name == SO_TIMESTAMP || name == SO_TIMESTAMPNS || name == SO_TIMESTAMPING)) {
		errno = ENOPROTOOPT;
		return -1;
	}
	return syscall(SYS_setsockopt, fd, level, name, value, size);
}
