/*
 * tool.h - one tool run over an unpacked tree, at pack time
 *
 * The tool plan: cache makers (glib-compile-schemas, fc-cache, ...) and maintainer
 * scripts run with the staged tree as their `/` and nothing of the host: no network,
 * no file, no bus, no environment, no descriptor but 0-2.  The tree is the lower of an
 * overlay; the upper is a tmpfs of bounded size that is born in the sandbox, so that a
 * kill at any moment leaves nothing on disk.  uid 0 inside by the id map only: no
 * capabilities, SECBIT_NOROOT locked, no_new_privs and the filters of an app.
 *
 * Afterwards the caller takes what it wants out of the upper, by the one door of
 * runtime/path.h: whatever lies there is hostile input, of the tool and of the tree.
 */
#ifndef HOLDALL_TOOL_H
#define HOLDALL_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/err.h"
#include "runtime/fd.h"
#include "runtime/text.h"

/* A folder of the caller's laid read-only over a folder of the root (made when it is
 * not there): stubs, a second tree with the tools. */
struct tool_bind {
	int fd;
	const char *target;		/* absolute, clean */
};

struct tool_run {
	const int *lower_fds;		/* trees that together are `/`, topmost
					 * first; each a directory, never written.
					 * What the tool shall write to belongs to
					 * the caller, uid and gid: nobody else is
					 * known inside */
	size_t n_lowers;		/* 1 to 8 */
	const struct tool_bind *binds;
	size_t n_binds;
	const char *const *argv;	/* NULL-ended; argv[0] absolute, inside */
	const char *const *envp;	/* NULL-ended; all that it gets */
	const char *name;		/* for messages: "glib-compile-schemas" */
	/* Limits; 0: the default. */
	unsigned seconds;		/* wall clock, 120 */
	uint64_t upper_bytes;		/* what it may write, 512 MiB */
	uint64_t memory_bytes;		/* address space of one process, 4 GiB */
	unsigned processes;		/* 256; ends a fork bomb */
	size_t output_max;		/* of stdout and stderr kept, 64 KiB each */
	/* Asked ten times a second; true ends the tool, and the call with -EINTR.
	 * (Ctrl-C does not reach the tool: it has a session of its own.) */
	bool (*stop)(void *arg);
	void *stop_arg;
};

struct tool_result {
	int upper_fd;			/* root of what was written; a directory.
					 * Overlay's own marks lie in it: whiteouts
					 * (character device 0:0) for what was removed */
	int status;			/* wait status of the tool */
	char *out, *errors;		/* what it printed, cut, NUL-ended */
	size_t out_len, errors_len;
};

#define TOOL_RESULT_INIT ((struct tool_result){ .upper_fd = -1 })
void tool_result_free(struct tool_result *r);
#define CLEANUP_TOOL_RESULT CLEANUP(tool_result_free)

/* Whether tools can be run at all here: user namespaces, overlay in them.
 * 0, or an error that says what forbids it and what helps. */
int tool_possible(struct err *err);

/* Call these from a process with one thread: pid 1 inside is a plain copy of it. */

/* Runs the tool to its end.  0 when it ran, whatever its status; a timeout, a set-up
 * that failed and a tool that is not there are errors.  When the caller dies, so does
 * everything inside. */
int tool_run(const struct tool_run *run, struct tool_result *ret,
	     struct err *err);

/* The usual demand: it ran, ended with 0, in time.  Else an error that names the tool,
 * its status and the last line it printed. */
int tool_run_ok(const struct tool_run *run, struct tool_result *ret,
		struct err *err);

#endif
