/*
 * filters_samples.h - calls with arguments that matter, for filters_test.c
 */
#ifndef HOLDALL_FILTERS_SAMPLES_H
#define HOLDALL_FILTERS_SAMPLES_H

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>

struct sample {
	const char *text;	/* as strace would show it */
	int nr;
	uint64_t args[6];
};

#define S(text, call, ...) { text, __NR_##call, { __VA_ARGS__ } }

static const struct sample samples[] = {
	S("chmod 0755", chmod, 0, 0755),
	S("chmod 04755", chmod, 0, 04755),
	S("chmod 02755", chmod, 0, 02755),
	S("chmod 01777", chmod, 0, 01777),
	S("fchmod 06755", fchmod, 3, 06755),
	S("fchmodat 04755", fchmodat, 3, 0, 04755),
	{ "fchmodat2 04755", 452, { 3, 0, 04755 } },
	{ "fchmodat2 0755", 452, { 3, 0, 0755 } },
	S("open O_CREAT 0644", open, 0, O_CREAT, 0644),
	S("open O_CREAT 04755", open, 0, O_CREAT, 04755),
	S("open O_CREAT 02755", open, 0, O_CREAT, 02755),
	S("open without O_CREAT, rubbish in mode", open, 0, 0, 06777),
	S("openat O_CREAT 04755", openat, 3, 0, O_CREAT, 04755),
	S("openat O_TMPFILE 04755", openat, 3, 0, O_TMPFILE, 04755),
	S("openat O_TMPFILE 0600", openat, 3, 0, O_TMPFILE, 0600),
	S("openat rubbish in mode", openat, 3, 0, 0, 06777),
	S("creat 04755", creat, 0, 04755),
	S("creat 0755", creat, 0, 0755),
	S("mkdir 02755", mkdir, 0, 02755),
	S("mkdirat 02755", mkdirat, 3, 0, 02755),
	S("mknod 0104755", mknod, 0, 0104755),
	S("mknodat 0104755", mknodat, 3, 0, 0104755),
	S("mknodat fifo 010600", mknodat, 3, 0, 010600),
	S("clone SIGCHLD", clone, SIGCHLD),
	S("clone thread", clone, 0x3d0f00),
	S("clone NEWNS", clone, 0x20000),
	S("clone NEWCGROUP", clone, 0x2000000),
	S("clone NEWUTS", clone, 0x4000000),
	S("clone NEWIPC", clone, 0x8000000),
	S("clone NEWUSER", clone, 0x10000000 | SIGCHLD),
	S("clone NEWPID", clone, 0x20000000),
	S("clone NEWNET", clone, 0x40000000),
	S("clone NEWUSER|NEWPID|NEWNET", clone, 0x70000000),
	S("clone NEWUSER|NEWNS", clone, 0x10020000),
	S("unshare FS|FILES", unshare, 0x600),
	S("unshare NEWTIME", unshare, 0x80),
	S("unshare NEWNS", unshare, 0x20000),
	S("unshare NEWUSER", unshare, 0x10000000),
	S("unshare NEWNET", unshare, 0x40000000),
	S("ioctl TCGETS", ioctl, 0, 0x5401),
	S("ioctl TIOCGWINSZ", ioctl, 0, 0x5413),
	S("ioctl TIOCSTI", ioctl, 0, 0x5412),
	S("ioctl TIOCLINUX", ioctl, 0, 0x541c),
	S("ioctl TIOCCONS", ioctl, 0, 0x541d),
	S("ioctl TIOCSETD", ioctl, 0, 0x5423),
	S("ioctl FIOASYNC", ioctl, 0, 0x5452),
	S("fcntl F_GETFL", fcntl, 0, F_GETFL),
	S("fcntl F_SETFL O_NONBLOCK", fcntl, 0, F_SETFL, O_NONBLOCK),
	S("fcntl F_SETFL O_ASYNC", fcntl, 0, F_SETFL, O_NONBLOCK | O_ASYNC),
	S("fcntl F_SETSIG", fcntl, 0, 10 /* F_SETSIG */, SIGKILL),
	S("kill 0", kill, 0, SIGTERM),
	S("kill 1", kill, 1, SIGTERM),
	S("kill -1", kill, (uint32_t)-1, SIGTERM),
	S("kill -5", kill, (uint32_t)-5, SIGTERM),
	S("setpriority PROCESS 0", setpriority, 0, 0, 5),
	S("setpriority PGRP 0", setpriority, 1, 0, 5),
	S("setpriority PGRP 7", setpriority, 1, 7, 5),
	S("setpriority USER 0", setpriority, 2, 0, 5),
	S("ioprio_set PROCESS 0", ioprio_set, 1, 0, 0),
	S("ioprio_set PGRP 0", ioprio_set, 2, 0, 0),
	S("ioprio_set PGRP 7", ioprio_set, 2, 7, 0),
	S("pidfd_send_signal", pidfd_send_signal, 3, 15, 0, 0),
	S("pidfd_send_signal GROUP", pidfd_send_signal, 3, 15, 0, 4),
	S("prctl SET_NAME", prctl, 15),
	S("prctl SCHED_CORE", prctl, 62),
	S("personality 0", personality, 0),
	S("personality LINUX32", personality, 8),
	S("personality ADDR_NO_RANDOMIZE", personality, 0x40000),
	S("personality READ_IMPLIES_EXEC", personality, 0x400000),
	S("personality MMAP_PAGE_ZERO", personality, 0x100000),
	S("personality ask", personality, 0xffffffff),
	S("socketpair UNIX", socketpair, AF_UNIX),
	S("socketpair TIPC", socketpair, AF_TIPC),
};

#endif
