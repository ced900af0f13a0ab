# holdall: one readable Makefile, not recursive.
#
#   make            build/holdall, build/holdall-stub, build/holdall-bundler
#   make deps       installs the Debian packages that build and tests need
#   make demo       builds, packs real programs, runs them, shows a window
#   make examples   packs and starts every example, keeps pictures
#   make report     the same six lines for many packages: docs/packages.md
#   make check      everything: units, end to end, attacks, bad input, corpora
#   make asan       unit tests and corpora under AddressSanitizer and UBSan
#   make bench      measurements against peers (bounded in time)
#   make fuzz       fuzzing by time: FUZZ_SECONDS=60 per target
#   make campaign   CAMPAIGN_IMAGES=10000 broken images through the real server
#   make soak       long runs of what `check` does shortly: SOAK_ROUNDS=20
#   make install    DESTDIR=, prefix=/usr/local
#   make clean
#
# Each folder lists its own sources in module.mk.  Variables to set on the
# command line: CC, CFLAGS, LDFLAGS (added behind ours), CI=true (warnings are
# errors), BUILD=folder, SAN=1 (sanitizers; links dynamically).

BUILD ?= build
prefix ?= /usr/local
bindir ?= $(prefix)/bin
libexecdir ?= $(prefix)/libexec
datadir ?= $(prefix)/share

VERSION := 0.1

CC ?= cc
ifeq ($(origin CC),default)
CC := cc
endif
AR ?= ar
PKG_CONFIG ?= pkg-config

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wvla -Wformat=2 -Wno-format-nonliteral \
	-Wno-missing-field-initializers -Wno-unused-result
ifeq ($(CI),true)
WARN += -Werror
endif

OPT := -O2 -g
HARDEN := -fstack-protector-strong -fcf-protection -fno-strict-aliasing \
	-fno-plt -D_FORTIFY_SOURCE=2
LINK_HARDEN := -Wl,-z,relro,-z,now,-z,noexecstack
# Segments aligned to 64 KiB run on kernels with 16 and 64 KiB pages too, which
# x86 has not got.
PAGE_MAX := $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)),4096,65536)
# Relocations packed into 1 KiB instead of 60, where the C library can read them
# (the header and the start code of a static program are of one package).
RELR := $(shell echo DT_RELR | $(CC) -include elf.h -E -P - 2>/dev/null | \
	grep -qx 36 && echo ,-z,pack-relative-relocs)
LINK_STATIC := -static-pie \
	-Wl,-z,max-page-size=$(PAGE_MAX),-z,noseparate-code$(RELR) \
	-Wl,--gc-sections -Wl,--build-id=none
ifeq ($(SAN),1)
OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined -DHOLDALL_SAN
HARDEN :=
LINK_STATIC := -fsanitize=address,undefined
endif

ALL_CPPFLAGS := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -I$(BUILD)/gen \
	-DHOLDALL_VERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS := -std=gnu11 $(OPT) $(WARN) $(HARDEN) -fPIE \
	-ffunction-sections -fdata-sections $(CFLAGS)
ALL_LDFLAGS := $(LINK_HARDEN) $(LDFLAGS)

# The arrows of the design, left to right: each may include what is left of it.
FOLDERS := runtime manifests portal launcher bundler

include $(FOLDERS:%=%/module.mk) tests/module.mk bench/module.mk

.PHONY: all
all: $(BUILD)/holdall $(BUILD)/holdall-stub $(BUILD)/holdall-bundler \
	$(BUILD)/holdall.1 $(BUILD)/holdall.bash
.DEFAULT_GOAL := all

# ---- objects and one archive per folder ------------------------------------

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

define archive
$(BUILD)/lib$(1).a: $(call objects,$($(1)_SRCS))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call archive,$(f))))

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# ---- programs ---------------------------------------------------------------

# What each program links is written here and nowhere else.
LAUNCHER_ARCHIVES := $(foreach f,launcher portal manifests runtime,$(BUILD)/lib$(f).a)
LAUNCHER_LIBS := -lzstd -lsodium
BUNDLER_ARCHIVES := $(foreach f,bundler launcher portal manifests runtime,$(BUILD)/lib$(f).a)
BUNDLER_LIBS := -lyaml -lelf -lsquashfs -larchive $(LAUNCHER_LIBS)

$(BUILD)/holdall: $(BUILD)/obj/launcher/main.o $(LAUNCHER_ARCHIVES)
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK_STATIC) $(ALL_LDFLAGS) $< \
		-Wl,--start-group $(LAUNCHER_ARCHIVES) -Wl,--end-group \
		$(LAUNCHER_LIBS) -Wl,-Map=$@.map -o $@.debug
	$(Q)if [ "$(SAN)" = 1 ]; then cp $@.debug $@; else strip -o $@ $@.debug; fi

# The same bytes under the name by which the bundler looks for a stub.
$(BUILD)/holdall-stub: $(BUILD)/holdall
	$(Q)cp $< $@

$(BUILD)/holdall-bundler: $(BUILD)/obj/bundler/main.o $(BUNDLER_ARCHIVES)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) $< \
		-Wl,--start-group $(BUNDLER_ARCHIVES) -Wl,--end-group \
		$(BUNDLER_LIBS) -o $@

# ---- unit tests: one program beside the code it tests ------------------------

# Objects of tests are kept: a second run links only what changed.
.SECONDARY:

UNIT_TESTS := $(foreach f,$(FOLDERS),$(patsubst %.c,$(BUILD)/test/%,$($(f)_TESTS)))

$(BUILD)/test/%: $(BUILD)/obj/%.o $(BUNDLER_ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) $< \
		-Wl,--start-group $(BUNDLER_ARCHIVES) -Wl,--end-group \
		$(BUNDLER_LIBS) -lcheck -lsubunit -lrt -lm -lseccomp -o $@

.PHONY: units
units: $(UNIT_TESTS)

# ---- fuzz targets: x_fuzz.c beside x.c; a replay main runs the corpus --------

FUZZ_SRCS := $(foreach f,$(FOLDERS),$($(f)_FUZZ))
FUZZ_REPLAY := $(patsubst %.c,$(BUILD)/fuzz/%,$(FUZZ_SRCS))

$(BUILD)/fuzz/%: $(BUILD)/obj/%.o $(BUILD)/obj/tests/fuzz_replay.o $(BUNDLER_ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) $(filter %.o,$^) \
		-Wl,--start-group $(BUNDLER_ARCHIVES) -Wl,--end-group \
		$(BUNDLER_LIBS) -o $@

.PHONY: fuzz-replay fuzz
fuzz-replay: $(FUZZ_REPLAY)
fuzz:
	tests/fuzz.sh $(or $(FUZZ_SECONDS),60)

.PHONY: campaign soak
campaign:
	tests/campaign.sh $(or $(CAMPAIGN_IMAGES),10000)
soak:
	HOLDALL_SOAK=$(or $(SOAK_ROUNDS),20) tests/check.sh $(SOAK_SUITES)
SOAK_SUITES := differential flip

# ---- doors for people --------------------------------------------------------

# What the program says of itself, as a manual and for the shell.
MANUAL := contrib/manual contrib/manual.head contrib/manual.tail \
	contrib/manual.awk contrib/completion.awk

$(BUILD)/holdall.1: $(BUILD)/holdall $(BUILD)/holdall-bundler $(MANUAL)
	$(Q)contrib/manual $(abspath $<) manual > $@.tmp && mv $@.tmp $@

$(BUILD)/holdall.bash: $(BUILD)/holdall $(BUILD)/holdall-bundler $(MANUAL)
	$(Q)contrib/manual $(abspath $<) completion > $@.tmp && mv $@.tmp $@

.PHONY: deps demo examples report check asan bench install clean compile_commands.json
deps:
	tests/deps.sh windows
demo:
	tests/demo.sh
examples:
	tests/examples.sh
report:
	tests/report-packages.sh
check:
	tests/check.sh
asan:
	tests/asan.sh
bench: all
	bench/run.sh

install: all
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(libexecdir)/holdall \
		$(DESTDIR)$(datadir)/holdall $(DESTDIR)$(datadir)/doc/holdall
	install -m 755 $(BUILD)/holdall $(DESTDIR)$(bindir)/holdall
	install -m 755 $(BUILD)/holdall-stub $(BUILD)/holdall-bundler \
		$(DESTDIR)$(libexecdir)/holdall/
	install -m 644 bundler/rules/* $(DESTDIR)$(datadir)/holdall/
	install -m 644 $(BUILD)/holdall.schema.json $(DESTDIR)$(datadir)/holdall/
	install -m 644 README.md SECURITY.md LICENSE LICENSES.static docs/*.md \
		$(DESTDIR)$(datadir)/doc/holdall/
	install -d $(DESTDIR)$(datadir)/man/man1 \
		$(DESTDIR)$(datadir)/bash-completion/completions
	install -m 644 $(BUILD)/holdall.1 $(DESTDIR)$(datadir)/man/man1/
	install -m 644 $(BUILD)/holdall.bash \
		$(DESTDIR)$(datadir)/bash-completion/completions/holdall
	install -d $(DESTDIR)$(datadir)/mime/packages \
		$(DESTDIR)$(datadir)/applications \
		$(DESTDIR)$(datadir)/icons/hicolor/scalable/mimetypes
	install -m 644 contrib/holdall.xml $(DESTDIR)$(datadir)/mime/packages/
	install -m 644 contrib/holdall-open.desktop \
		$(DESTDIR)$(datadir)/applications/
	install -m 644 contrib/application-x-holdall.svg \
		$(DESTDIR)$(datadir)/icons/hicolor/scalable/mimetypes/
	contrib/update-desktop "$(DESTDIR)" "$(datadir)"

compile_commands.json:
	$(MAKE) clean && bear -- $(MAKE) all units

clean:
	rm -rf $(BUILD) build-asan build-fuzz

ifneq ($(V),1)
Q = @echo "  $@";
endif
