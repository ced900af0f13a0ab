# tests: what crosses a folder

# Attack programs: static, each succeeds outside a sandbox and must fail inside.
ATTACK_SRCS := $(wildcard tests/attack/*.c)
ATTACKS := $(patsubst tests/attack/%.c,$(BUILD)/attack/%,$(ATTACK_SRCS))

$(BUILD)/attack/%: tests/attack/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -static-pie $< -o $@

.PHONY: attacks list-units list-fuzz
attacks: $(ATTACKS)

# The same targets under a fuzzer (clang) instead of the replay main.
FUZZER_ARCHIVES := $(foreach f,bundler launcher portal manifests runtime,$(BUILD)/lib$(f).a)
$(BUILD)/fuzzer/%: $(BUILD)/obj/%.o $(FUZZER_ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -pie $(ALL_LDFLAGS) $< \
		-Wl,--start-group $(FUZZER_ARCHIVES) -Wl,--end-group \
		$(BUNDLER_LIBS) -o $@

# For scripts.
list-units:
	@echo $(UNIT_TESTS)
list-fuzz:
	@echo $(patsubst %.c,$(BUILD)/fuzzer/%,$(FUZZ_SRCS))

# Broken images through the real server.
$(BUILD)/campaign: $(BUILD)/obj/tests/campaign.o $(BUILD)/libruntime.a
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) $< $(BUILD)/libruntime.a \
		$(LAUNCHER_LIBS) -o $@
