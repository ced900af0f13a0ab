/*
 * cli_options.h - the options of all verbs: ONE table
 *
 * A verb names its options as a set of bits; parsing and --help read the
 * table.  Options are written `--name VALUE`, `--name=VALUE`, `-o VALUE` or
 * `-oVALUE`; names are never abbreviated.
 */
#ifndef HOLDALL_CLI_OPTIONS_H
#define HOLDALL_CLI_OPTIONS_H

#include "launcher/cli.h"
#include "runtime/buf.h"
#include "runtime/err.h"

enum option_bit {
	OPT_PERMIT = 1 << 0,
	OPT_DENY = 1 << 1,
	OPT_HOME = 1 << 2,
	OPT_ENV = 1 << 3,
	OPT_COMMAND = 1 << 4,
	OPT_EXPLAIN = 1 << 5,
	OPT_VERBOSE = 1 << 6,
	OPT_JSON = 1 << 7,
	OPT_STATS = 1 << 20,
	OPT_SEAL = 1 << 8,
	OPT_SIGNATURE = 1 << 9,
	OPT_OUTPUT_DIR = 1 << 10,
	OPT_LONG = 1 << 11,
	OPT_OUTPUT_FILE = 1 << 13,
	OPT_SECONDS = 1 << 14,
	OPT_PACKAGES = 1 << 15,
	OPT_HELP = 1 << 12,		/* every verb has it */
};

/* Reads argv[0..argc) into `o`: options of `v`, operands to o->args, for a
 * run-like verb what is the app's to o->app_args.  -EINVAL for wrong usage. */
int cli_options_parse(const struct verb *v, int argc, char **argv,
		      struct options *o, struct err *err);

/* The lines of --help for the options of a verb. */
void cli_options_help(const struct verb *v, struct buf *out);

#endif
