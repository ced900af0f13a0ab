/*
 * value_units.c - memory, processor time, tasks, time
 *
 * A whole number and a unit become a plain number: bytes, percent of one
 * processor, tasks, seconds.  Each has bounds, so that a forgotten unit
 * (memory: 512) is an error and not a limit nothing can start under.
 */
#include "manifests/values_internal.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "runtime/text.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit memory_units[] = {
	{ "KiB", UINT64_C(1) << 10 }, { "MiB", UINT64_C(1) << 20 },
	{ "GiB", UINT64_C(1) << 30 }, { "TiB", UINT64_C(1) << 40 },
	{ "kB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 },
	{ "TB", UINT64_C(1000000000000) }, { "", 1 }, { NULL },
};
static const struct unit cpu_units[] = { { "%", 1 }, { NULL } };
static const struct unit tasks_units[] = { { "", 1 }, { NULL } };
static const struct unit time_units[] = {
	{ "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 }, { NULL },
};

struct quantity {
	const struct unit *units;
	uint64_t min, max;
	const char *what;		/* "is not a size" */
	const char *bounds;		/* "is not between ... */
	const char *remedy;
};

static const struct quantity memory = {
	memory_units, UINT64_C(1) << 20, UINT64_C(1) << 50,
	"is not a size of memory", "is not between 1MiB and 1024TiB",
	"write a whole number and KiB, MiB, GiB or TiB, such as 512MiB",
};
static const struct quantity cpu = {
	cpu_units, 1, 1000000,
	"is not a share of processors", "is not between 1% and 1000000%",
	"write a percentage such as 150%, where 100% is one processor",
};
static const struct quantity tasks = {
	tasks_units, 1, 4194304,
	"is not a number of tasks", "is not between 1 and 4194304",
	"write a whole number such as 512",
};
static const struct quantity duration = {
	time_units, 1, UINT64_C(1) << 31,
	"is not a duration", "is not between 1s and 24855d",
	"write a whole number and s, min, h or d, such as 60s",
};

static int read_number(const struct quantity *q, const char *text,
		       uint64_t *ret, struct err *err)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t n;

	if (text_read_u64(text, digits, &n) < 0)
		return value_bad(err, text, q->what, q->remedy);
	for (const struct unit *u = q->units; u->name; u++) {
		if (strcmp(u->name, text + digits) != 0)
			continue;
		if (__builtin_mul_overflow(n, u->factor, &n) || n < q->min ||
		    n > q->max)
			return value_bad(err, text, q->bounds, q->remedy);
		*ret = n;
		return 0;
	}
	return value_bad(err, text, q->what, q->remedy);
}

static int convert(const struct quantity *q, const char *text, char **ret,
		   struct err *err)
{
	uint64_t n = 0;
	char *s;
	int r = read_number(q, text, &n, err);

	if (r < 0)
		return r;
	if (asprintf(&s, "%" PRIu64, n) < 0)
		return err_nomem(err);
	*ret = s;
	return 0;
}

int value_convert_memory(const char *text, char **ret, struct err *err)
{
	return convert(&memory, text, ret, err);
}

int value_convert_cpu(const char *text, char **ret, struct err *err)
{
	return convert(&cpu, text, ret, err);
}

int value_convert_tasks(const char *text, char **ret, struct err *err)
{
	return convert(&tasks, text, ret, err);
}

int value_convert_time(const char *text, char **ret, struct err *err)
{
	return convert(&duration, text, ret, err);
}

static const struct quantity *quantity_of(enum value_kind kind)
{
	switch (kind) {
	case VALUE_MEMORY:
		return &memory;
	case VALUE_CPU:
		return &cpu;
	case VALUE_TASKS:
		return &tasks;
	case VALUE_TIME:
		return &duration;
	default:
		return NULL;
	}
}

bool value_is_number(enum value_kind kind, const char *text)
{
	const struct quantity *q = quantity_of(kind);
	uint64_t n;

	return q && text_read_u64(text, strlen(text), &n) == 0 &&
	       n >= q->min && n <= q->max;
}
