# bundler: sources, tree, writers, sealing; verbs of packagers
bundler_SRCS := \
	bundler/tree.c bundler/content.c bundler/walk.c bundler/pathset.c \
	bundler/glob.c bundler/notes.c bundler/host.c \
	bundler/source_dir.c bundler/source_files.c bundler/elf_closure.c \
	bundler/elf_file.c bundler/ld_cache.c bundler/ld_paths.c \
	bundler/rules.c bundler/image_file.c bundler/image_write.c

bundler_TESTS := \
	bundler/image_write_test.c

bundler_FUZZ :=
