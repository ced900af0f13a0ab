# runtime: errors, descriptors, paths; the bundle file; the jailed reader
runtime_SRCS := \
	runtime/err.c runtime/buf.c runtime/fd.c runtime/path.c \
	runtime/child.c

runtime_TESTS :=

runtime_FUZZ :=
