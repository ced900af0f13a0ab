# runtime: errors, descriptors, paths; the bundle file; the jailed reader
runtime_SRCS := \
	runtime/err.c runtime/buf.c runtime/fd.c runtime/path.c \
	runtime/child.c

# text and JSON
runtime_SRCS += runtime/text.c runtime/text_check.c runtime/text_show.c \
	runtime/json.c

runtime_TESTS :=

runtime_FUZZ :=
