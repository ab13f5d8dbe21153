# The whole interface for people. Everything here can also be run by hand: `make -n TARGET` shows how.

SOURCES := Package.swift Sources Tests
# Warnings in our own targets are errors here, not for those who use the package with a newer compiler.
STRICT := POSTOFFICE_STRICT=1
RELEASE := swift build --configuration release

.DEFAULT_GOAL := help
.PHONY: help run test simulate bench format lint docs test-tsan test-soak test-schedules clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build what is new and start the server
	@Scripts/set-up run
	@$(RELEASE) --product postoffice 1>&2
	@exec "$$($(RELEASE) --show-bin-path)/postoffice"

test: ## All that guards us: format, lint, warnings as errors, every test
	@Scripts/set-up test
	@Scripts/lint $(SOURCES)
	$(STRICT) swift build --build-tests
	$(STRICT) swift test --skip-build --disable-xctest --filter 'StagesTests|StagesExamples|ServerTests'
	$(STRICT) SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=32 swift test --skip-build --disable-xctest \
		--filter PipelineTests --skip NodeSimulationTests
	$(STRICT) swift test --skip-build --disable-xctest --filter NodeSimulationTests
	$(STRICT) swift test --skip-build --disable-xctest --filter EndToEndTests

simulate: ## Run simulated nodes, optimised: SEEDS=100000 of them (default 10000), or SEED=42 once more
	@Scripts/set-up test
	POSTOFFICE_SEEDS=$${SEEDS:-10000} POSTOFFICE_SEED=$(SEED) \
		swift test --scratch-path .build/schedules --configuration release \
		-Xswiftc -enable-testing --disable-xctest --filter 'NodeSimulationTests/(seeds|repeats)'

bench: ## Measure next to yardsticks, and fail below the floors
	@Scripts/set-up run
	@$(RELEASE) --product postoffice 1>&2
	@$(RELEASE) --product postoffice-bench 1>&2
	@"$$($(RELEASE) --show-bin-path)/postoffice-bench" all --floors

format: ## Lay out all Swift files
	swift format --in-place --parallel --recursive $(SOURCES)

lint: ## Check layout and house rules, change nothing
	@Scripts/lint $(SOURCES)

docs: ## Check the documentation of Stages and build it into .docs
	@Scripts/set-up run
	@Scripts/docs Stages .docs

test-tsan: ## Run the tests of Stages and Pipeline under the thread sanitizer
	@Scripts/set-up test
	POSTOFFICE_TSAN=1 swift test --scratch-path .build/tsan --sanitize thread --disable-xctest \
		--filter 'StagesTests|StagesExamples|PipelineTests'

test-soak: ## Run the tests that draw from seeds with many more of them (POSTOFFICE_SEEDS, default 1000)
	@Scripts/set-up test
	POSTOFFICE_SEEDS=$${POSTOFFICE_SEEDS:-1000} swift test --disable-xctest

test-schedules: ## Run 10,000 simulated schedules of each topology of stages, optimised
	@Scripts/set-up test
	POSTOFFICE_SEEDS=1000 swift test --scratch-path .build/schedules --configuration release \
		-Xswiftc -enable-testing --disable-xctest --filter StagesTests.SimulationTests

clean: ## Remove what was built
	rm -rf .build .docs
