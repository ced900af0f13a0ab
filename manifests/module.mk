# manifests: the words, the YAML reader, the header
manifests_SRCS := \
	manifests/words.c manifests/values.c manifests/value_names.c \
	manifests/value_units.c manifests/perms.c manifests/sentences.c \
	manifests/limits.c manifests/header.c manifests/header_lines.c

# the reader of YAML: bundler only
manifests_SRCS += manifests/report.c manifests/yaml_problem.c \
	manifests/yaml_tree.c manifests/manifest.c manifests/manifest_keys.c \
	manifests/manifest_sources.c manifests/manifest_perms.c

manifests_TESTS := manifests/words_test.c manifests/header_test.c \
	manifests/manifest_test.c manifests/manifest_bad_test.c

manifests_FUZZ := manifests/header_fuzz.c manifests/manifest_fuzz.c
