# Thin front; meson does the work, tools/ the rest.
# demo and test install what is missing (Debian 12) and say what they do.

BUILD = build/release
PREFIX = /usr/local

all: $(BUILD)/build.ninja
	meson compile -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) --buildtype=release --prefix=$(PREFIX)

demo:
	@sh tools/demo.sh

test:
	@sh tools/test.sh

check:
	@sh tools/check.sh

bench:
	@sh tools/install-deps.sh bench
	@sh bench/run.sh

install: all
	meson install -C $(BUILD)

clean:
	rm -rf build

.PHONY: all demo test check bench install clean
