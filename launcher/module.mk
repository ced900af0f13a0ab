# launcher: probe, plan, executor, record; verbs of people
launcher_SRCS :=
launcher_TESTS :=
launcher_FUZZ :=
