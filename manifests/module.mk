# manifests: the words, the YAML reader, the header
manifests_SRCS :=
manifests_TESTS :=
manifests_FUZZ :=
