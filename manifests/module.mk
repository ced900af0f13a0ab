# manifests: the words, the YAML reader, the header
manifests_SRCS := \
	manifests/words.c manifests/values.c manifests/value_names.c \
	manifests/value_units.c manifests/perms.c manifests/sentences.c \
	manifests/limits.c manifests/header.c manifests/header_lines.c

manifests_TESTS := manifests/words_test.c manifests/header_test.c

manifests_FUZZ := manifests/header_fuzz.c
