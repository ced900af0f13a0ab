# bench: measurements against peers
#
# clock is the app that is started, timer starts it and others in turns.

$(BUILD)/bench/clock: bench/clock.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fno-stack-protector \
		-static -nostdlib -no-pie -fno-pie $< -o $@

$(BUILD)/bench/timer: bench/timer.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $< -o $@

.PHONY: clocks
clocks: $(BUILD)/bench/clock $(BUILD)/bench/timer

$(BUILD)/bench/reader: bench/reader.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -static-pie $< -o $@

clocks: $(BUILD)/bench/reader

# The image server alone, and the same with decoding skipped.
$(BUILD)/bench/serve: $(BUILD)/obj/bench/serve.o $(BUILD)/libruntime.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -static-pie $^ -lzstd -lsodium -lpthread -o $@

$(BUILD)/obj/bench/image_data.o: runtime/image_data.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) -DHOLDALL_BENCH_NO_DECODE $(ALL_CFLAGS) \
		-MMD -MP -c $< -o $@

$(BUILD)/bench/serve-nodecode: $(BUILD)/obj/bench/serve.o \
		$(BUILD)/obj/bench/image_data.o $(BUILD)/libruntime.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -static-pie $^ -lzstd -lsodium -lpthread -o $@

# The same that takes every leaf for good.  Only the linker can make it: there is no
# such switch in the program's sources.
$(BUILD)/bench/serve-noverify: $(BUILD)/obj/bench/serve.o \
		$(BUILD)/obj/bench/noverify.o $(BUILD)/libruntime.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -static-pie \
		-Wl,--wrap=hashtree_leaf,--wrap=hash_four,--wrap=hash_equal \
		$^ -lzstd -lsodium -lpthread -o $@

clocks: $(BUILD)/bench/serve $(BUILD)/bench/serve-nodecode
clocks: $(BUILD)/bench/serve-noverify
