# bundler: sources, tree, writers, sealing; verbs of packagers
bundler_SRCS := \
	bundler/tree.c bundler/content.c bundler/walk.c bundler/pathset.c \
	bundler/glob.c bundler/notes.c bundler/host.c \
	bundler/source_dir.c bundler/source_files.c bundler/elf_closure.c \
	bundler/elf_file.c bundler/ld_cache.c bundler/ld_paths.c \
	bundler/rules.c bundler/image_file.c bundler/image_write.c bundler/image_nodes.c \
	bundler/full_root.c bundler/image_ld.c bundler/filter.c \
	bundler/python_cache.c bundler/program.c bundler/desktop.c \
	bundler/bundle_header.c bundler/recipe.c bundler/assemble.c \
	bundler/output.c bundler/stub.c bundler/pack.c bundler/lint.c \
	bundler/not_yet.c

bundler_TESTS := \
	bundler/tree_test.c bundler/image_write_test.c \
	bundler/source_files_test.c bundler/output_test.c \
	bundler/pack_test.c

bundler_FUZZ := bundler/elf_file_fuzz.c bundler/ld_cache_fuzz.c

# The rules lie beside the program in the build folder, in share/holdall after
# `make install`.
$(BUILD)/holdall-bundler: | $(BUILD)/files.rules
$(BUILD)/files.rules: bundler/rules/files.rules
	@mkdir -p $(@D)
	$(Q)cp $< $@

# keys and signatures
bundler_SRCS += bundler/passphrase.c bundler/key_files.c bundler/sign.c
bundler_TESTS += bundler/sign_test.c

# what runs in the jail of the reader of packages, and its filter
DEB_JAIL_SRCS := bundler/debian_deb_read.c

$(BUILD)/gen/deb_jail.gen.h: $(BUILD)/gen/jail_gen $(DEB_JAIL_SRCS)
	$(Q)$(BUILD)/gen/jail_gen deb_jail_filter $(DEB_JAIL_SRCS) > $@.tmp && \
		mv $@.tmp $@

$(BUILD)/obj/bundler/debian_deb_jail.o: $(BUILD)/gen/deb_jail.gen.h

# the source `debian` and its lock
bundler_SRCS += bundler/lock.c bundler/lock_verb.c bundler/debian.c bundler/debian_apt.c \
	bundler/debian_cache.c bundler/debian_complaint.c bundler/debian_deb.c bundler/debian_fetch.c \
	bundler/debian_deb_jail.c $(DEB_JAIL_SRCS) \
	bundler/debian_index.c bundler/debian_lists.c bundler/debian_package.c bundler/debian_root.c \
	bundler/debian_tool.c bundler/debian_tree.c
bundler_TESTS += bundler/debian_deb_test.c bundler/debian_test.c \
	bundler/debian_deb_jail_test.c
bundler_FUZZ += bundler/lock_fuzz.c bundler/debian_deb_fuzz.c \
	bundler/debian_records_fuzz.c

# what a manifest leaves out: command, version, desktop file, icon
bundler_SRCS += bundler/owners.c bundler/infer.c bundler/infer_version.c \
	bundler/desktop_entry.c bundler/desktop_choose.c \
	bundler/desktop_icon.c bundler/desktop_appstream.c
bundler_FUZZ += bundler/desktop_entry_fuzz.c
bundler_SRCS += bundler/tree_contents.c
bundler_SRCS += bundler/warnings.c bundler/warn_scripts.c \
	bundler/warn_libraries.c bundler/warn_schemas.c bundler/warn_svg.c
bundler_SRCS += bundler/init_verb.c bundler/init_id.c \
	bundler/init_package.c bundler/init_text.c
bundler_TESTS += bundler/infer_test.c bundler/init_test.c

# post-steps
bundler_SRCS += bundler/stage.c bundler/steps.c bundler/step_tree.c bundler/step_run.c \
	bundler/step_take.c bundler/step_certificates.c bundler/sha1.c bundler/step_desktop.c \
	bundler/step_locales.c bundler/step_scripts.c bundler/step_icu.c
bundler_TESTS += bundler/stage_test.c bundler/steps_test.c

# the launch profile
bundler_SRCS += bundler/profile.c
bundler_TESTS += bundler/profile_test.c

# images that other tools made
bundler_SRCS += bundler/image_import.c bundler/image_foreign.c

# maintainer scripts against recording stubs
bundler_SRCS += bundler/scripts.c bundler/scripts_parse.c bundler/scripts_stubs.c \
	bundler/scripts_run.c bundler/scripts_apply.c
bundler_TESTS += bundler/scripts_test.c
bundler_FUZZ += bundler/scripts_fuzz.c
