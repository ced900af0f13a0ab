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
