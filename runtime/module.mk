# runtime: errors, descriptors, paths; the bundle file; the jailed reader
runtime_SRCS := \
	runtime/err.c runtime/buf.c runtime/fd.c runtime/path.c \
	runtime/child.c

# text and JSON
runtime_SRCS += runtime/text.c runtime/text_check.c runtime/text_show.c \
	runtime/json.c

# the bundle file
runtime_SRCS += runtime/hash.c runtime/hashtree.c runtime/note.c \
	runtime/trailer.c runtime/seal.c runtime/bundle.c runtime/payload.c \
	runtime/bundle_verify.c runtime/bundle_write.c

runtime_TESTS :=

runtime_FUZZ :=
