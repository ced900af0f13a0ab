/*
 * bpf_run.h - runs a seccomp program in user space, for tests
 *
 * The few instructions that seccomp programs are made of, with the kernel's
 * meaning; anything else is an error and not a guess.
 */
#ifndef HOLDALL_BPF_RUN_H
#define HOLDALL_BPF_RUN_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

/* 0 and the program's verdict (SECCOMP_RET_...); -EINVAL for what the kernel
 * would not load: an unknown instruction, a jump or an end past the last. */
int bpf_run(const struct sock_fprog *prog, const struct seccomp_data *data,
	    uint32_t *ret_verdict, unsigned *ret_steps);

#endif
