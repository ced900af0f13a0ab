# portal: mediators between the app and bus or sound (none yet)
portal_SRCS :=
portal_TESTS :=
portal_FUZZ :=
