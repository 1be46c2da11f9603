# `make run` and `make test` are all a newcomer needs; both build what they use.

CARGO  ?= cargo
AS_OF  ?= 2025-07-01
TARGET ?= csv
MINUTES ?= 5
# The programs of the other engines, and where the race leaves what it makes.
BENCH ?= ../shared/bench
WORK ?= $(HOME)/.cache/conum/race
# The optimised program, wherever cargo puts it.
RELEASE = $$($(CARGO) metadata --format-version 1 --no-deps | \
  sed -E 's/.*"target_directory":"([^"]*)".*/\1/')/release/conum
# The commands of `make run`: the whole pipeline on the invented export of the repository.
CONUM  := $(CARGO) run --quiet --locked --
SAMPLE := --pipeline pipelines/national.toml

.PHONY: help build install uninstall run account check deny test fuzz expected faults soak bench hotpaths instructions race night secrecy-bench secrecy-lp readers browser engines scale-out pages screenshots questions docs clean tools systemd

help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

tools: # What cargo does not bring: itself and a C compiler, for zstd
	@command -v $(CARGO) >/dev/null || { \
	  echo "cargo is missing: install Rust 1.95 or later (package rustc, or rustup)"; exit 1; }
	@command -v cc >/dev/null || { \
	  echo "a C compiler is missing: installing it"; apt-get update && apt-get install -y gcc libc6-dev; }

build: tools ## Build the optimised program, target/release/conum
	$(CARGO) build --release --locked

# Nothing is written elsewhere. The units want a prefix that systemd knows, /usr or /usr/local.
PREFIX  ?= /usr/local
BIN      = $(PREFIX)/bin
SHARE    = $(PREFIX)/share
LIBEXEC  = $(PREFIX)/libexec
LIB      = $(PREFIX)/lib
UNITS   := $(notdir $(wildcard docs/deploy/*.service docs/deploy/*.timer))
COMPLETE = bash-completion/completions/conum:bash zsh/site-functions/_conum:zsh fish/vendor_completions.d/conum.fish:fish
INTO     = $(DESTDIR)$(SHARE)
# Puts a file of docs/deploy somewhere, its paths filled in: mode, name, place.
FILL     = fill() { sed -e 's|@bin@|$(BIN)|g' -e 's|@share@|$(SHARE)|g' -e 's|@libexec@|$(LIBEXEC)|g' \
  "docs/deploy/$$2" | install -D -m "$$1" /dev/stdin "$(DESTDIR)$$3"; }

# The program is that of CONUM=path, else the optimised one.
install: $(if $(filter file,$(origin CONUM)),build) ## Install program, declarations, manual, completions, units below DESTDIR and PREFIX
	install -D -m 755 "$(if $(filter file,$(origin CONUM)),$(RELEASE),$(abspath $(CONUM)))" "$(DESTDIR)$(BIN)/conum"
	rm -rf "$(INTO)/conum/pipelines"
	install -d "$(INTO)/conum/pipelines" "$(INTO)/man/man1" "$(INTO)/doc/conum"
	cp -R pipelines/. "$(INTO)/conum/pipelines"
	cp README.md CHANGELOG.md LICENSE docs/*.md "$(INTO)/doc/conum"
	chmod -R u=rwX,go=rX "$(INTO)/conum" "$(INTO)/doc/conum"
	"$(DESTDIR)$(BIN)/conum" man --out "$(INTO)/man/man1" >/dev/null
	chmod 644 "$(INTO)"/man/man1/conum*.1
	@set -e; for each in $(COMPLETE); do \
	  "$(DESTDIR)$(BIN)/conum" completions "$${each##*:}" | install -D -m 644 /dev/stdin "$(INTO)/$${each%:*}"; done
	@set -e; $(FILL); for unit in $(UNITS); do fill 644 "$$unit" "$(LIB)/systemd/system/$$unit"; done; \
	  fill 644 conum.sysusers $(LIB)/sysusers.d/conum.conf; fill 644 conum.tmpfiles $(LIB)/tmpfiles.d/conum.conf; \
	  fill 644 conum.env $(SHARE)/conum/conum.env; fill 644 conum.cron $(SHARE)/doc/conum/conum.cron; \
	  fill 755 notify $(LIBEXEC)/conum/notify

uninstall: ## Remove what `make install` put there, and nothing else
	rm -rf "$(INTO)/conum" "$(INTO)/doc/conum" "$(DESTDIR)$(LIBEXEC)/conum"
	rm -f "$(DESTDIR)$(BIN)/conum" "$(INTO)"/man/man1/conum.1 "$(INTO)"/man/man1/conum-*.1 \
	  $(foreach each,$(COMPLETE),"$(INTO)/$(firstword $(subst :, ,$(each)))") \
	  $(foreach unit,$(UNITS),"$(DESTDIR)$(LIB)/systemd/system/$(unit)") \
	  "$(DESTDIR)$(LIB)/sysusers.d/conum.conf" "$(DESTDIR)$(LIB)/tmpfiles.d/conum.conf"

run: tools ## Run the whole pipeline on sample-data, into ./warehouse
	$(CONUM) run $(SAMPLE) --input sample-data --warehouse warehouse --as-of $(AS_OF)

account: tools ## Key figures of February 2023, with a million accompaniments made on the spot, into ./warehouse/account
	rm -rf warehouse/account
	$(CONUM) sample $(SAMPLE) --format legacy_archive --rows 700000 --seed 2023 --last-day 2023-02-23 --out warehouse/account/input
	$(CONUM) run $(SAMPLE) --input warehouse/account/input --warehouse warehouse/account/warehouse --as-of 2023-02-23

check: tools ## Formatting and lints
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

# The database of advisories is a git repository, which not every machine can reach.
ADVISORIES := https://github.com/RustSec/advisory-db

deny: tools ## Licences, sources and known weaknesses of what is linked: deny.toml
	@command -v cargo-deny >/dev/null || $(CARGO) install --locked cargo-deny
	$(CARGO) deny --locked check licenses bans sources
	@if git ls-remote --exit-code $(ADVISORIES) HEAD >/dev/null 2>&1; \
	  then $(CARGO) deny --locked check advisories; \
	  else echo "advisories NOT checked: $(ADVISORIES) cannot be reached"; fi

# What the test of the units asks; a machine that has no systemd gets its tools, which start nothing.
systemd:
	@{ command -v systemd-analyze && command -v man; } >/dev/null || { \
	  echo "systemd-analyze or man is missing: installing them"; apt-get update && apt-get install -y systemd man-db; }

# Packages lie beside the build; what they are is in tests/engines/requirements.txt.
ENGINES := $(abspath $(or $(CARGO_TARGET_DIR),target))/engines

engines:
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "python3 or its venv is missing: installing them"; apt-get update && apt-get install -y python3-venv; }
	@cmp -s tests/engines/requirements.txt $(ENGINES)/requirements.txt || { \
	  rm -rf $(ENGINES) && python3 -m venv $(ENGINES) && \
	  $(ENGINES)/bin/pip install --quiet -r tests/engines/requirements.txt && \
	  cp tests/engines/requirements.txt $(ENGINES); }

test: tools systemd browser engines ## All tests
	CONUM_BROWSER=$(BROWSER) CONUM_ENGINES=$(ENGINES)/bin/python $(CARGO) test --locked

# Kills, nights in a row, each so manieth call that fails (0: the first and last of each kind); EXPORT is another export than the sample, CONUM another program.
KILLS  ?= 500
NIGHTS ?= 5
EVERY  ?= 1

faults: tools ## Kill a run KILLS times, and make each EVERY-th of its calls fail: docs/reliability.md
	CONUM_KILLS=$(KILLS) CONUM_NIGHTS=$(NIGHTS) CONUM_EVERY=$(EVERY) CONUM_EXPORT=$(abspath $(EXPORT)) \
	  $(CARGO) test --locked --test it faults -- --nocapture --test-threads=1

soak: tools ## SOAK nights in a row, half of them with inputs that no one should have sent: docs/reliability.md
	CONUM_SOAK=$(or $(SOAK),60) $(CARGO) test --locked --test it soak -- --nocapture

# Inputs found, and those that fail, lie beside the build; tests/fuzz/README.md says what to do with them.
FUZZ := $(abspath $(or $(CARGO_TARGET_DIR),target))/fuzz

fuzz: tools ## Feed a reader with damaged input: TARGET is a name in tests/fuzz/targets
	@command -v c++ >/dev/null || { echo "a C++ compiler is missing: installing it"; apt-get update && apt-get install -y g++; }
	mkdir -p $(FUZZ)/corpus/$(TARGET) $(FUZZ)/failures
	cd tests/fuzz && $(CARGO) run --release --locked --bin $(TARGET) -- \
	  $(FUZZ)/corpus/$(TARGET) corpus/$(TARGET) -dict=dict/$(TARGET).dict \
	  -artifact_prefix=$(FUZZ)/failures/$(TARGET)- -max_total_time=$$(($(MINUTES) * 60)) \
	  -rss_limit_mb=2048 -timeout=10 -max_len=200000

expected: tools ## Make sample-data and its expected tables again, to be read as a diff
	$(CONUM) sample $(SAMPLE) --rows 2000 --seed 2023 --out sample-data
	rm -rf warehouse/expected
	$(CONUM) run $(SAMPLE) --input sample-data --warehouse warehouse/expected --as-of $(AS_OF)
	mkdir -p tests/expected
	cp warehouse/expected/tables/*.csv tests/expected/

bench: build ## Time, CPU and peak memory of a run on SIZE invented rows
	CONUM=$(RELEASE) benches/run.sh $(or $(SIZE),1000000)

hotpaths: tools ## Time of each hot path alone, beside that of the last time
	$(CARGO) bench --locked

instructions: tools ## Instructions of whole runs, held to a baseline; WRITE=1 makes it again
	@command -v valgrind >/dev/null || { echo "valgrind is missing: installing it"; apt-get update && apt-get install -y valgrind; }
	$(CARGO) bench --locked --bench instructions -- $(if $(WRITE),--write)

race: build ## Race other engines on SIZE (1m, 10m, 50m) rows: BENCH holds their programs, WORK gets data and results
	CONUM=$(RELEASE) python3 benches/race/race.py $(or $(SIZE),1m) --bench $(BENCH) --work $(WORK) \
	  --conum $(CURDIR)/benches/race/conum.sh \
	  --floors "$(CARGO) bench --quiet --locked --bench floors --" --write docs/performance.md

night: build ## Cost of a night on the race's SIZE rows; SPREAD=--spread edits all months
	python3 benches/night/night.py $(or $(SIZE),1m) --data $(WORK)/data --work $(WORK)/night \
	  --conum $(RELEASE) --nights 2 $(SPREAD)

# The folder of test problems for secrecy is DATA/secrecy.
DATA ?= ../shared/data

secrecy-bench: tools ## Each target of statistical secrecy beside what is reached; WRITE=1 writes docs/secrecy-bench.md
	CONUM_DATA=$(abspath $(DATA)) $(CARGO) bench --quiet --locked --bench secrecy -- $(ONLY) $(if $(WRITE),--write)

# The program is that of CONUM=path, else the optimised one.
secrecy-lp: $(if $(filter file,$(origin CONUM)),build) ## Intervals of hidden figures by another solver (HiGHS, in a Python environment below WORK)
	CONUM=$(if $(filter file,$(origin CONUM)),$(RELEASE),$(abspath $(CONUM))) DATA=$(abspath $(DATA)) WORK=$(WORK) \
	  WAREHOUSE=$(or $(WAREHOUSE),warehouse) benches/secrecy/lp.sh

readers: ## Other programs read the release of WAREHOUSE as it says: frictionless, DuckDB, pyarrow, pandas, polars, R if it is there
	WORK=$(abspath $(WORK)) tests/readers/readers.sh $(or $(WAREHOUSE),warehouse)/releases/latest

# Packages lie beside the build; what they are is in tests/pages/package-lock.json.
BROWSER := $(abspath $(or $(CARGO_TARGET_DIR),target))/pages
# The pages are the files of PAGES, else those of WAREHOUSE.
IN_BROWSER = NODE_PATH=$(BROWSER)/node_modules PAGES="$(PAGES)" WAREHOUSE=$(or $(WAREHOUSE),warehouse)

browser:
	@node -e 'if (parseInt(process.versions.node) < 20) process.exit(1)' 2>/dev/null && command -v npm >/dev/null || { \
	  echo "node 20 or later, or npm, is missing: install them (packages nodejs and npm)"; exit 1; }
	@{ command -v chromium && command -v pdftoppm; } >/dev/null || { \
	  echo "chromium or poppler is missing: installing them"; apt-get update && apt-get install -y chromium poppler-utils; }
	@mkdir -p $(BROWSER)
	@cmp -s tests/pages/package-lock.json $(BROWSER)/package-lock.json || { \
	  cp tests/pages/package*.json $(BROWSER) && npm ci --prefix $(BROWSER) --no-audit --no-fund || { \
	  rm -f $(BROWSER)/package-lock.json; exit 1; }; }

# The program is that of CONUM=path, else the optimised one.
# The program is that of CONUM=path, else the optimised one; the input is INPUT, or SIZE invented rows.
scale-out: CONUM_BUILT = $(if $(filter file,$(origin CONUM)),$(RELEASE),$(abspath $(CONUM)))
scale-out: engines $(if $(filter file,$(origin CONUM)),build) ## One night in process, on Sail and on Apache Spark (two workers), compared byte for byte: docs/scale-out.md
	@command -v java >/dev/null || { echo "java is missing: installing it"; apt-get update && apt-get install -y openjdk-17-jre-headless; }
	@command -v s3fs >/dev/null || { echo "s3fs is missing: installing it"; apt-get update && apt-get install -y s3fs; }
	@cmp -s tests/engines/spark.txt $(ENGINES)-spark/spark.txt || { \
	  rm -rf $(ENGINES)-spark && python3 -m venv $(ENGINES)-spark && \
	  $(ENGINES)-spark/bin/pip install --quiet -r tests/engines/spark.txt && cp tests/engines/spark.txt $(ENGINES)-spark; }
	$(if $(SIZE),test -e $(WORK)/scale-out/$(SIZE) || "$(CONUM_BUILT)" sample $(SAMPLE) --rows $(SIZE) --seed 2023 --out $(WORK)/scale-out/$(SIZE))
	$(ENGINES)/bin/python tests/engines/scale_out.py "$(CONUM_BUILT)" \
	  $(if $(SIZE),$(WORK)/scale-out/$(SIZE),$(or $(INPUT),sample-data)) $(AS_OF) $(WORK)/scale-out/work $(ENGINES)-spark/bin/python

pages: browser ## Chromium reads, tabs through and prints the pages of WAREHOUSE: tests/pages/README.md
	$(IN_BROWSER) node --test --test-concurrency=1 --test-reporter=spec tests/pages/*.test.mjs

screenshots: browser ## Pictures of the pages of WAREHOUSE, at three widths, light, dark and on paper
	$(IN_BROWSER) node tests/pages/screenshots.mjs $(or $(OUT),$(BROWSER)/screenshots)

questions: build ## Time ten questions on the clean records of WAREHOUSE, beside DuckDB
	python3 -m venv $(WORK)/questions && $(WORK)/questions/bin/pip install --quiet duckdb
	$(WORK)/questions/bin/python benches/questions.py $(RELEASE) $(or $(WAREHOUSE),warehouse)

docs: tools ## Documentation of the code
	$(CARGO) doc --locked --no-deps

clean: ## Remove what builds and runs left
	$(CARGO) clean
	rm -rf warehouse
