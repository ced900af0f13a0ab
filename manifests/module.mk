# manifests: the words, the YAML reader, the header
manifests_SRCS := \
	manifests/words.c manifests/values.c manifests/value_names.c \
	manifests/value_paths.c manifests/value_units.c manifests/perms.c \
	manifests/sentences.c manifests/limits.c \
	manifests/header.c manifests/header_lines.c

# the reader of YAML: bundler only
manifests_SRCS += manifests/report.c manifests/yaml_problem.c \
	manifests/yaml_tree.c manifests/manifest.c manifests/manifest_keys.c \
	manifests/manifest_sources.c manifests/manifest_perms.c

# what is made from the table
manifests_SRCS += manifests/schema.c manifests/reference.c

manifests_TESTS := manifests/words_test.c manifests/header_test.c \
	manifests/manifest_test.c manifests/manifest_bad_test.c \
	manifests/schema_test.c manifests/memory_test.c

manifests_FUZZ := manifests/header_fuzz.c manifests/manifest_fuzz.c

$(BUILD)/schema_gen: $(BUILD)/obj/manifests/schema_gen.o \
		$(BUILD)/libmanifests.a $(BUILD)/libruntime.a
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) $^ -o $@

$(BUILD)/holdall.schema.json: $(BUILD)/schema_gen
	$(Q)$< schema >$@.tmp && mv $@.tmp $@

all: $(BUILD)/holdall.schema.json

# Makes the committed reference anew; schema_test compares.
.PHONY: docs
docs: $(BUILD)/schema_gen
	$(Q)$< reference manifests/reference.md >docs/manifest.md.tmp && \
		mv docs/manifest.md.tmp docs/manifest.md
