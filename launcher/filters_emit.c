/*
 * filters_emit.c - compiles a section of the table into BPF
 *
 * libseccomp is asked for numbers only.  Its own programs spend two
 * instructions on every call; here calls that lie side by side with the same
 * answer are one segment, and a binary search over the segments ends in few
 * shared returns: a fifth of the instructions, and a start that is 0.15 ms
 * faster, because the kernel compiles every program when it is installed and
 * runs it once per number.
 *
 * Shape, once per architecture:
 *
 *	search for the number -> a return, or a block
 *	returns
 *	blocks: the conditions of a call, tried line by line (calls with the same
 *		conditions share one); no line fits: what the call has then
 *	returns of the blocks
 *
 * [app] and [app-arguments] become one program that decides what two stacked ones
 * would: of two that refuse, the kernel takes the newer one's errno.
 *
 * Arguments are loaded by their low half only, since that is what the kernel
 * reads of those that the table names: there is no upper half to get wrong.
 */
#include "launcher/filters_emit.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>

#include "launcher/filters.h"

#define LABELS_MAX 1024
#define ANSWERS_MAX 128
#define VERDICTS_MAX 16
#define X32_BIT 0x40000000u

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error the low half of an argument is not where this program thinks
#endif

/* What a number leads to: the lines of one call, or none; then a return value. */
struct answer {
	uint32_t verdict;		/* when no line fits */
	const struct line *lines[LINES_MAX];
	unsigned n_lines;
	uint32_t refused;		/* whatever else is said; or 0 */
	unsigned label;
};

struct insn {
	struct sock_filter f;
	unsigned yes, no;		/* labels; 0: the next instruction */
};

struct verdict {
	uint32_t value;
	unsigned label;
};

struct emitter {
	const struct table *t;
	enum section section;
	unsigned relax;
	uint32_t fallback;		/* the section's default verdict */

	struct insn insns[INSNS_MAX];
	unsigned n_insns;
	unsigned places[LABELS_MAX];	/* label -> instruction */
	unsigned n_labels;

	/* For the architecture at hand: */
	struct answer answers[ANSWERS_MAX];
	unsigned n_answers;
	unsigned of_number[NUMBERS];	/* number -> answer */
	struct verdict verdicts[VERDICTS_MAX];	/* returns behind the blocks */
	unsigned n_verdicts;
};

static void emit_fail(const struct emitter *e, const char *what)
{
	table_fail(e->t->path, 0, what, "BPF");
}

/* ---- instructions and labels ------------------------------------------------ */

static unsigned new_label(struct emitter *e)
{
	if (e->n_labels == LABELS_MAX)
		emit_fail(e, "too many labels");
	return e->n_labels++;
}

static void place(struct emitter *e, unsigned label)
{
	e->places[label] = e->n_insns;
}

static void emit(struct emitter *e, uint16_t code, uint32_t k, unsigned yes,
		 unsigned no)
{
	if (e->n_insns == INSNS_MAX)
		emit_fail(e, "more instructions than the kernel takes");
	e->insns[e->n_insns++] = (struct insn){
		.f = { .code = code, .k = k }, .yes = yes, .no = no,
	};
}

static void emit_return(struct emitter *e, uint32_t verdict)
{
	emit(e, BPF_RET | BPF_K, verdict, 0, 0);
}

static void emit_load(struct emitter *e, size_t offset)
{
	emit(e, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_jump(struct emitter *e, uint16_t op, uint32_t k, unsigned yes,
		      unsigned no)
{
	emit(e, BPF_JMP | BPF_K | op, k, yes, no);
}

static unsigned distance(const struct emitter *e, unsigned at, unsigned label)
{
	if (!label)
		return 0;
	if (e->places[label] <= at)
		emit_fail(e, "a jump backwards");
	return e->places[label] - at - 1;
}

static void resolve(const struct emitter *e, struct sock_filter *ret)
{
	for (unsigned i = 0; i < e->n_insns; i++) {
		unsigned yes = distance(e, i, e->insns[i].yes);
		unsigned no = distance(e, i, e->insns[i].no);

		ret[i] = e->insns[i].f;
		if (ret[i].code == (BPF_JMP | BPF_JA)) {
			ret[i].k = yes;
			continue;
		}
		if (yes > 255 || no > 255)
			emit_fail(e, "a jump too far");
		ret[i].jt = (uint8_t)yes;
		ret[i].jf = (uint8_t)no;
	}
}

/* ---- answers ----------------------------------------------------------------- */

static uint32_t line_verdict(const struct emitter *e, const struct line *l)
{
	if (l->action != ACTION_ERRNO || (l->relax & e->relax))
		return SECCOMP_RET_ALLOW;
	return SECCOMP_RET_ERRNO | (uint32_t)l->error;
}

static bool same_line(const struct emitter *e, const struct line *a,
		      const struct line *b)
{
	return line_verdict(e, a) == line_verdict(e, b) &&
	       a->n_conds == b->n_conds &&
	       !memcmp(a->conds, b->conds, sizeof(a->conds));
}

static bool same_answer(const struct emitter *e, const struct answer *a,
			const struct answer *b)
{
	if (a->n_lines != b->n_lines)
		return false;
	for (unsigned i = 0; i < a->n_lines; i++)
		if (!same_line(e, a->lines[i], b->lines[i]))
			return false;
	return a->verdict == b->verdict;
}

static unsigned find_answer(struct emitter *e, const struct answer *a)
{
	for (unsigned i = 0; i < e->n_answers; i++)
		if (same_answer(e, &e->answers[i], a))
			return i;
	if (e->n_answers == ANSWERS_MAX)
		emit_fail(e, "too many different answers");
	e->answers[e->n_answers] = *a;
	e->answers[e->n_answers].label = new_label(e);
	return e->n_answers++;
}

/* All lines from `first` on about its call (they are sorted).  Lines that say no
 * more than `otherwise` are left out. */
static void collect_lines(const struct emitter *e, const struct line *first,
			  uint32_t otherwise, struct answer *ret)
{
	const struct line *end = e->t->lines + e->t->n_lines;

	for (const struct line *l = first;
	     l < end && l->section == first->section &&
	     !strcmp(l->name, first->name); l++) {
		if (!l->n_conds)
			ret->verdict = line_verdict(e, l);
		else if (line_verdict(e, l) != otherwise)
			ret->lines[ret->n_lines++] = l;
	}
}

/* The second half of the app's policy: what it refuses is refused, with its errno;
 * what it allows is for the first half to say. */
static void collect_arguments(const struct emitter *e, const char *name,
			      struct answer *ret)
{
	for (unsigned i = 0; i < e->t->n_lines; i++) {
		const struct line *l = &e->t->lines[i];
		struct answer a = { .verdict = SECCOMP_RET_ALLOW };

		if (l->section != SECTION_ARGUMENTS || strcmp(l->name, name))
			continue;
		collect_lines(e, l, SECCOMP_RET_ALLOW, &a);
		memcpy(ret->lines, a.lines, sizeof(a.lines));
		ret->n_lines = a.n_lines;
		if (a.verdict != SECCOMP_RET_ALLOW)
			ret->refused = a.verdict;
		return;
	}
}

static void collect(const struct emitter *e, const struct line *first,
		    struct answer *ret)
{
	*ret = (struct answer){ .verdict = e->fallback };
	if (e->section == SECTION_APP)
		collect_arguments(e, first->name, ret);
	if (ret->refused)
		ret->verdict = ret->refused;
	else
		collect_lines(e, first, e->fallback, ret);
}

static void answer_numbers(struct emitter *e, uint32_t arch)
{
	struct answer a = { .verdict = e->fallback };
	unsigned none = find_answer(e, &a);

	for (unsigned nr = 0; nr < NUMBERS; nr++)
		e->of_number[nr] = none;
	for (unsigned i = 0; i < e->t->n_lines; i++) {
		const struct line *l = &e->t->lines[i];
		int nr = table_number(l, arch);

		if (l->section != e->section || nr < 0)
			continue;
		if (i && l[-1].section == l->section &&
		    !strcmp(l[-1].name, l->name))
			continue;
		if (nr >= NUMBERS - 1)
			table_fail(e->t->path, l->number, "number too high",
				   l->name);
		collect(e, l, &a);
		e->of_number[nr] = find_answer(e, &a);
	}
}

/* ---- blocks ------------------------------------------------------------------ */

/* Jumps to yes if the loaded value is in the list, else to no. */
static void emit_values(struct emitter *e, const struct cond *c, unsigned yes,
			unsigned no)
{
	for (unsigned i = 0; i < c->n_ranges; i++) {
		const struct range *r = &c->ranges[i];
		bool last = i + 1 == c->n_ranges;
		unsigned next = last ? no : new_label(e);

		if (r->first == r->last) {
			emit_jump(e, BPF_JEQ, r->first, yes, next);
		} else {
			emit_jump(e, BPF_JGE, r->first, 0, next);
			emit_jump(e, BPF_JGT, r->last, next, yes);
		}
		if (!last)
			place(e, next);
	}
}

static bool is_single_bit(const struct cond *c)
{
	return c->n_ranges == 1 && c->ranges[0].first == c->mask &&
	       c->ranges[0].last == c->mask && !(c->mask & (c->mask - 1));
}

/* *loaded is the argument that the accumulator holds whole, or -1. */
static void emit_cond(struct emitter *e, const struct cond *c, int *loaded,
		      unsigned yes, unsigned no)
{
	if (*loaded != (int)c->arg)
		emit_load(e, offsetof(struct seccomp_data, args) +
			     8 * c->arg);
	*loaded = (int)c->arg;
	if (is_single_bit(c)) {
		emit_jump(e, BPF_JSET, c->mask, yes, no);
		return;
	}
	if (c->mask != 0xffffffff) {
		emit(e, BPF_ALU | BPF_AND | BPF_K, c->mask, 0, 0);
		*loaded = -1;
	}
	emit_values(e, c, yes, no);
}

/* Blocks have returns of their own behind them: jumps reach 255 instructions, and
 * forwards only. */
static unsigned verdict_label(struct emitter *e, uint32_t value)
{
	for (unsigned i = 0; i < e->n_verdicts; i++)
		if (e->verdicts[i].value == value)
			return e->verdicts[i].label;
	if (e->n_verdicts == VERDICTS_MAX)
		emit_fail(e, "too many different verdicts");
	e->verdicts[e->n_verdicts] = (struct verdict){ value, new_label(e) };
	return e->verdicts[e->n_verdicts++].label;
}

static void emit_line(struct emitter *e, const struct line *l, int *loaded,
		      unsigned no)
{
	unsigned verdict = verdict_label(e, line_verdict(e, l));

	for (unsigned i = 0; i < l->n_conds; i++) {
		bool last = i + 1 == l->n_conds;
		unsigned yes = last ? verdict : new_label(e);

		emit_cond(e, &l->conds[i], loaded, yes, no);
		if (!last)
			place(e, yes);
	}
	/* Only a line of one condition has loaded the same on each way out. */
	if (l->n_conds > 1)
		*loaded = -1;
}

static void emit_block(struct emitter *e, const struct answer *a)
{
	int loaded = -1;

	place(e, a->label);
	for (unsigned i = 0; i < a->n_lines; i++) {
		bool last = i + 1 == a->n_lines;
		unsigned no = last ? verdict_label(e, a->verdict) :
				     new_label(e);

		emit_line(e, a->lines[i], &loaded, no);
		if (!last)
			place(e, no);
	}
}

/* ---- the whole --------------------------------------------------------------- */

/* Binary search among segments [first, last): starts[i] is where the i-th one
 * starts.  Depth is the logarithm of their number. */
static void emit_search(struct emitter *e, const unsigned *starts,
			unsigned first, unsigned last)
{
	unsigned middle = first + (last - first) / 2;
	unsigned left, right;

	if (last - first < 2)
		return;
	left = middle - first == 1 ?
		e->answers[e->of_number[starts[first]]].label : new_label(e);
	right = last - middle == 1 ?
		e->answers[e->of_number[starts[middle]]].label : new_label(e);
	emit_jump(e, BPF_JGE, starts[middle], right, left);
	if (middle - first > 1) {
		place(e, left);
		emit_search(e, starts, first, middle);
	}
	if (last - middle > 1) {
		place(e, right);
		emit_search(e, starts, middle, last);
	}
}

static unsigned find_segments(const struct emitter *e, unsigned *ret_starts)
{
	unsigned n = 0;

	for (unsigned nr = 0; nr < NUMBERS; nr++)
		if (!nr || e->of_number[nr] != e->of_number[nr - 1])
			ret_starts[n++] = nr;
	return n;
}

static void emit_answers(struct emitter *e)
{
	for (unsigned i = 0; i < e->n_answers; i++) {
		if (e->answers[i].n_lines)
			continue;
		place(e, e->answers[i].label);
		emit_return(e, e->answers[i].verdict);
	}
	for (unsigned i = 0; i < e->n_answers; i++)
		if (e->answers[i].n_lines)
			emit_block(e, &e->answers[i]);
	for (unsigned i = 0; i < e->n_verdicts; i++) {
		place(e, e->verdicts[i].label);
		emit_return(e, e->verdicts[i].value);
	}
}

/* x32 shares x86-64's architecture and differs by a bit in the number.  -1 is
 * what a tracer writes to skip a call: not x32. */
static void emit_x32_check(struct emitter *e)
{
	unsigned fine = new_label(e), high = new_label(e), kill = new_label(e);

	emit_jump(e, BPF_JGE, X32_BIT, high, fine);
	place(e, high);
	emit_jump(e, BPF_JEQ, 0xffffffff, fine, kill);
	place(e, kill);
	emit_return(e, SECCOMP_RET_KILL_PROCESS);
	place(e, fine);
}

static void emit_arch(struct emitter *e, uint32_t arch)
{
	unsigned starts[NUMBERS];
	unsigned n;

	e->n_answers = e->n_verdicts = 0;
	emit_load(e, offsetof(struct seccomp_data, nr));
	if (arch == SCMP_ARCH_X86_64)
		emit_x32_check(e);
	answer_numbers(e, arch);
	n = find_segments(e, starts);
	if (n < 2)
		emit_fail(e, "a section without calls");
	emit_search(e, starts, 0, n);
	emit_answers(e);
}

static uint32_t section_fallback(enum section s)
{
	switch (s) {
	case SECTION_APP:
		return SECCOMP_RET_ERRNO | ENOSYS;
	case SECTION_ARGUMENTS:
		return SECCOMP_RET_ALLOW;
	default:
		return SECCOMP_RET_KILL_PROCESS;
	}
}

/* libseccomp names an architecture by the kernel's audit number.  With two of
 * them the second lies behind the first, too far for a conditional jump. */
unsigned filter_emit(const struct table *t, enum section section,
		     unsigned relax, struct sock_filter *ret)
{
	static struct emitter e;
	uint32_t native = seccomp_arch_native();
	bool both = (relax & FILTER_MULTIARCH) && native == SCMP_ARCH_X86_64;
	unsigned here, i386;

	e = (struct emitter){ .t = t, .section = section, .relax = relax,
			      .fallback = section_fallback(section),
			      .n_labels = 1 };
	here = new_label(&e);
	i386 = new_label(&e);
	emit_load(&e, offsetof(struct seccomp_data, arch));
	emit_jump(&e, BPF_JEQ, native, here, 0);
	if (both) {
		unsigned foreign = new_label(&e);

		emit_jump(&e, BPF_JEQ, SCMP_ARCH_X86, 0, foreign);
		emit(&e, BPF_JMP | BPF_JA, 0, i386, 0);
		place(&e, foreign);
	}
	emit_return(&e, SECCOMP_RET_KILL_PROCESS);
	place(&e, here);
	emit_arch(&e, native);
	if (both) {
		place(&e, i386);
		emit_arch(&e, SCMP_ARCH_X86);
	}
	resolve(&e, ret);
	return e.n_insns;
}
