# bundler: sources, tree, writers, sealing; verbs of packagers
bundler_SRCS :=
bundler_TESTS :=
bundler_FUZZ :=
