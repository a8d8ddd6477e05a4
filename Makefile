# Kiln's front door: the build itself is Meson's.
#
#	make          build/kiln
#	make run      set up, build, and run the matrix smoke on a real kernel
#	make test     set up, and run all tests
#	make test-lab      boots in a real LAVA lab
#	make test-long, make bench, make fuzz   what takes longer

BUILD = build
SOURCE = deb:linux-source-6.1
MATRIX = smoke

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@command -v meson >/dev/null || scripts/setup build
	meson setup $(BUILD)

run:
	scripts/setup run $(if $(filter smoke,$(MATRIX)),,matrix)
	$(MAKE) all
	$(BUILD)/kiln run $(MATRIX) --source $(SOURCE)

test:
	scripts/setup run test
	$(MAKE) all
	tests/run

# A real LAVA lab: as root.
test-lab:
	scripts/setup run test lab
	$(MAKE) all
	tests/run --lab

test-long:
	scripts/setup run test long
	$(MAKE) all
	tests/run --long

bench:
	scripts/setup run test
	bench/run

fuzz:
	scripts/setup run test
	tests/fuzz/run

install: all
	meson install -C $(BUILD)

clean:
	rm -rf $(BUILD)

.PHONY: all run test test-lab test-long bench fuzz install clean
