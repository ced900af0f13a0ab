# launcher: probe, plan, executor, record; verbs of people
launcher_SRCS := \
	launcher/effects.c launcher/executor.c launcher/overlay.c launcher/explain.c \
	launcher/files.c launcher/file_grants.c launcher/grant_check.c \
	launcher/named_files.c launcher/mounts.c launcher/plan.c \
	launcher/plan_env.c launcher/protected.c launcher/rows.c \
	launcher/supervisor.c launcher/stuck.c launcher/verb_run.c launcher/xdg_dirs.c \
	launcher/init.c launcher/probe.c launcher/side_work.c launcher/namespaces.c \
	launcher/written.c
launcher_TESTS :=
launcher_TESTS += launcher/plan_test.c launcher/files_test.c launcher/mounts_test.c
launcher_FUZZ :=

# The filters: compiled from the table by a program of the build machine, the
# only one that links libseccomp.
launcher_SRCS += launcher/filters.c launcher/caps.c launcher/landlock.c \
	launcher/bpf_run.c
launcher_TESTS += launcher/caps_test.c launcher/landlock_test.c \
	launcher/filters_test.c

FILTERS_GEN := launcher/filters_gen.c launcher/filters_table.c \
	launcher/filters_emit.c

$(BUILD)/gen/filters_gen: $(FILTERS_GEN) launcher/filters.h \
		launcher/filters_table.h launcher/filters_emit.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(FILTERS_GEN) -lseccomp -o $@

$(BUILD)/gen/filters_gen.h: launcher/syscalls.table $(BUILD)/gen/filters_gen
	$(Q)$(BUILD)/gen/filters_gen $< > $@.tmp && mv $@.tmp $@

$(BUILD)/obj/launcher/filters.o: $(BUILD)/gen/filters_gen.h

# The command line, the state and the verbs of people.
launcher_SRCS += launcher/cli.c launcher/cli_options.c launcher/out.c \
	launcher/pattern.c launcher/host.c launcher/store.c \
	launcher/state.c launcher/grants.c launcher/home.c
launcher_SRCS += launcher/settings.c launcher/ask.c launcher/decide.c \
	launcher/decide_ask.c
launcher_SRCS += launcher/verb_info.c launcher/verb_trust.c \
	launcher/verb_verify.c launcher/image_path.c launcher/shell_word.c launcher/verb_ls.c \
	launcher/disk_room.c launcher/verb_extract.c launcher/verb_mount.c \
	launcher/verb_permissions.c
launcher_TESTS += launcher/stuck_test.c launcher/state_test.c launcher/decide_test.c launcher/cli_test.c
launcher_FUZZ += launcher/settings_fuzz.c
launcher_SRCS += launcher/keyring.c launcher/trust.c launcher/policy.c
launcher_TESTS += launcher/trust_test.c

# the launch profile
launcher_SRCS += launcher/profile.c launcher/profile_record.c launcher/verb_profile.c

# Windows.
launcher_SRCS += launcher/display.c launcher/wayland.c launcher/x11_auth.c \
	launcher/x11_name.c launcher/x11_wire.c launcher/fonts.c launcher/gpu.c \
	launcher/desktop_dialog.c launcher/desktop_window.c \
	launcher/wire.c launcher/wayland_context.c launcher/wayland_row.c
launcher_FUZZ += launcher/x11_auth_fuzz.c launcher/display_wire_fuzz.c
launcher_TESTS += launcher/x11_test.c launcher/display_test.c

# The tool plan: programs over an unpacked tree, at pack time.
launcher_SRCS += launcher/tool.c launcher/tool_plan.c launcher/tool_init.c \
	launcher/command_line.c
launcher_TESTS += launcher/tool_test.c launcher/tool_plan_test.c
launcher_TESTS += launcher/profile_test.c
launcher_FUZZ += launcher/profile_fuzz.c
