/*
 * bpf_run.c - see bpf_run.h
 *
 * All jumps of classic BPF go forward, so a run takes at most as many steps as
 * the program has instructions.
 */
#include "launcher/bpf_run.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct machine {
	uint32_t a;
	const struct seccomp_data *data;
	unsigned pc;
};

/* Words of the structure at 4-byte offsets: all that seccomp may load. */
static int load(struct machine *m, uint32_t offset)
{
	if (offset % 4 || offset > sizeof(*m->data) - 4)
		return -EINVAL;
	memcpy(&m->a, (const char *)m->data + offset, 4);
	return 0;
}

static int compute(struct machine *m, const struct sock_filter *f)
{
	switch (BPF_OP(f->code)) {
	case BPF_AND:
		m->a &= f->k;
		return 0;
	case BPF_OR:
		m->a |= f->k;
		return 0;
	default:
		return -EINVAL;
	}
}

static int jump(struct machine *m, const struct sock_filter *f)
{
	bool yes;

	switch (BPF_OP(f->code)) {
	case BPF_JA:
		m->pc += f->k;
		return 0;
	case BPF_JEQ:
		yes = m->a == f->k;
		break;
	case BPF_JGT:
		yes = m->a > f->k;
		break;
	case BPF_JGE:
		yes = m->a >= f->k;
		break;
	case BPF_JSET:
		yes = m->a & f->k;
		break;
	default:
		return -EINVAL;
	}
	m->pc += yes ? f->jt : f->jf;
	return 0;
}

static int step(struct machine *m, const struct sock_filter *f)
{
	switch (f->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return load(m, f->k);
	case BPF_ALU | BPF_AND | BPF_K:
	case BPF_ALU | BPF_OR | BPF_K:
		return compute(m, f);
	default:
		if (BPF_CLASS(f->code) == BPF_JMP &&
		    BPF_SRC(f->code) == BPF_K)
			return jump(m, f);
		return -EINVAL;
	}
}

int bpf_run(const struct sock_fprog *prog, const struct seccomp_data *data,
	    uint32_t *ret_verdict, unsigned *ret_steps)
{
	struct machine m = { .data = data };

	for (unsigned steps = 1; m.pc < prog->len; steps++) {
		const struct sock_filter *f = &prog->filter[m.pc++];
		int r;

		if (f->code == (BPF_RET | BPF_K)) {
			*ret_verdict = f->k;
			*ret_steps = steps;
			return 0;
		}
		r = step(&m, f);
		if (r < 0)
			return r;
	}
	return -EINVAL;
}
