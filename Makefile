# make run    play: the app where there are a display and MIDI, otherwise the demo
# make test   ruff, pyright, import-linter and pytest, with everything they need
# make soak   all tests, the slow ones too, and the property tests with many more examples
# make bench  latencies over real ports
# make screenshots  pictures of the window, one of them animated, into docs/screenshots
# make docs   the documentation as a site in site/, readable without a network
# make wheel  the Python packages, make deb a package for Debian 12 and its relatives, make tarball one for any Linux:
#             all go into dist; make release builds all that this system can build, with checksums

BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt

# Tests that keep time come first, beside ruff and pyright, which leave a core free; the others then take all cores.
# In CI the tests on real MIDI ports and in a real DAW fail where there are none; elsewhere they are skipped, visibly.
ifdef CI
export BACHBRIDGE_REQUIRE_PORTS := 1
endif

# The tests that cover the pure packages, whose branches are counted; that doubles the time of these tests alone.
PURE_TESTS := tests/bridge/music tests/bridge/protocol tests/bridge/codecs tests/bridge/engine tests/bridge/inference/symbols
# A test that fails is tried once more, and the summary names it: a machine that stood still for a second is no fault of
# the program. make soak tries nothing twice.
PYTEST := $(BIN)/python -m pytest --reruns 1
PARALLEL := -m "not soak" -n logical --maxprocesses 4 --dist loadfile --max-worker-restart 0

# The package sets this too; here it also holds for programs that import onnxruntime before the package.
export ORT_DISABLE_TELEMETRY := 1

.PHONY: run test test-ports lint soak bench screenshots docs wheel deb tarball release constraints clean

run: .venv/core
	@$(BIN)/bachbridge start

test: .venv/all
	@sh scripts/system.sh
	@$(MAKE) --no-print-directory -j2 lint test-ports
	$(PYTEST) tests/daw
	$(PYTEST) $(PURE_TESTS) $(PARALLEL) --cov --cov-report term
	$(PYTEST) --ignore tests/loopback --ignore tests/daw --ignore tests/faults/test_killed_engine.py --ignore tests/faults/test_jack_restarts.py $(PURE_TESTS:%=--ignore %) $(PARALLEL)

test-ports: .venv/all
	$(PYTEST) tests/loopback tests/faults/test_killed_engine.py tests/faults/test_jack_restarts.py -m "not soak"

lint: .venv/all
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo

soak: .venv/all
	$(BIN)/python -m pytest --hypothesis-profile=soak -o faulthandler_timeout=0

bench: .venv/core
	$(BIN)/bachbridge bench

screenshots: .venv/all
	$(BIN)/python scripts/pages/screenshots.py docs/screenshots

docs: .venv/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

wheel:
	sh installers/build_wheel.sh

deb:
	sh installers/linux/build_deb.sh

tarball:
	sh installers/linux/build_tarball.sh

release: docs
	sh installers/release.sh

.venv/bin/python:
	@sh scripts/environment.sh .venv

.venv/core: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing what playing needs into .venv (about a minute) ..."
	@$(INSTALL) -e ".[gui]"
	@sh scripts/midi_library.sh $(BIN)/python
	@touch $@

.venv/all: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing everything, TensorFlow included, into .venv (a few minutes) ..."
	@$(INSTALL) -e ".[gui,train,test]"
	@sh scripts/midi_library.sh $(BIN)/python
	@touch .venv/core $@

.venv/docs: .venv/core
	@$(INSTALL) -e ".[docs]"
	@touch $@

# Resolve all extras afresh; the other targets install the versions in constraints.txt.
constraints:
	sh scripts/constraints.sh

clean:
	rm -rf .venv build dist site .coverage .pytest_cache .ruff_cache .hypothesis demo.mid demo.wav demo.png
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
