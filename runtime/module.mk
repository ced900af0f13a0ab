# runtime: errors, descriptors, paths; the bundle file; the jailed reader
runtime_SRCS := \
	runtime/err.c runtime/buf.c runtime/fd.c runtime/path.c \
	runtime/child.c runtime/memory.c runtime/jail.c runtime/placement.c

# text and JSON
runtime_SRCS += runtime/text.c runtime/text_check.c runtime/text_show.c \
	runtime/json.c

# the bundle file
runtime_SRCS += runtime/hash.c runtime/hashtree.c runtime/note.c \
	runtime/trailer.c runtime/seal.c runtime/seal_parse.c \
	runtime/bundle.c runtime/payload.c runtime/bundle_verify.c \
	runtime/bundle_write.c

runtime_TESTS := runtime/path_test.c runtime/fd_test.c runtime/memory_test.c

runtime_FUZZ :=

# The jailed reader of the image: own metadata reader, raw FUSE, record stream.
# jail_gen compiles the `#syscalls` comments of these files into its filter; it
# runs on the build machine and only there libseccomp is linked.
IMAGE_SRCS := \
	runtime/image_super.c runtime/image_meta.c runtime/image_inode.c \
	runtime/image_dir.c runtime/image_data.c runtime/image_ahead.c \
	runtime/image_crew.c runtime/image_push.c runtime/image_run.c \
	runtime/image_stats.c \
	runtime/image_zstd.c runtime/image_fuse.c \
	runtime/image_records.c runtime/image_walk.c runtime/image_stream.c \
	runtime/image_server.c runtime/image_jail.c runtime/image_trace.c
runtime_SRCS += $(IMAGE_SRCS)

$(BUILD)/gen/jail_gen: runtime/jail_gen.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $< -lseccomp -o $@

$(BUILD)/gen/image_jail.gen.h: $(BUILD)/gen/jail_gen $(IMAGE_SRCS)
	$(Q)$(BUILD)/gen/jail_gen image_jail_filter $(IMAGE_SRCS) > $@.tmp && \
		mv $@.tmp $@

$(BUILD)/obj/runtime/image_jail.o: $(BUILD)/gen/image_jail.gen.h
runtime_TESTS += runtime/image_stream_test.c runtime/image_fuse_test.c \
	runtime/image_hostile_test.c runtime/image_jail_test.c

runtime_TESTS += runtime/text_test.c runtime/json_test.c runtime/seal_test.c \
	runtime/trailer_test.c runtime/hashtree_test.c runtime/bundle_test.c \
	runtime/bundle_write_test.c runtime/payload_test.c
runtime_FUZZ += runtime/seal_fuzz.c runtime/trailer_fuzz.c
runtime_FUZZ += runtime/image_fuzz.c runtime/image_records_fuzz.c

runtime_SRCS += runtime/hash_four.c

runtime_TESTS += runtime/image_ahead_test.c
runtime_TESTS += runtime/image_run_test.c

# signatures; the secret half is linked into programs of packagers only
runtime_SRCS += runtime/minisign.c runtime/signature.c runtime/bundle_rewrite.c \
	runtime/minisign_secret.c
runtime_TESTS += runtime/signature_test.c
runtime_FUZZ += runtime/signature_fuzz.c

# the section of packages
runtime_SRCS += runtime/contents.c
runtime_TESTS += runtime/contents_test.c
runtime_FUZZ += runtime/contents_fuzz.c

# the launch profile's section
runtime_SRCS += runtime/image_profile.c runtime/image_prefetch.c
runtime_TESTS += runtime/image_prefetch_test.c
runtime_FUZZ += runtime/image_profile_fuzz.c

# outside the jail, so not among IMAGE_SRCS
runtime_SRCS += runtime/image_rescue.c

runtime_FUZZ += runtime/image_parts_fuzz.c runtime/bundle_fuzz.c
