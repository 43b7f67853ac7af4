# make book    installs what is missing, runs the chapters that changed, renders _build/html
# make test    every check
# make serve   the book over http on this machine          make lab     JupyterLab on the chapters
# make bench   the performance promises                    make clean   removes _build
#
# PROFILE=smoke|book|full   JOBS=chapters at once   PYTHON=/path/to/python3   PORT=8000

PROFILE ?= book
JOBS ?= 2
PORT ?= 8000
PYTEST_ARGS ?=

VENV := .venv/bin
CANDIDATES := $(or $(PYTHON),$(VENV)/python python3 python3.14 python3.13 python3.12 python3.11)

.PHONY: book test lab serve bench clean install

book: install
	@$(VENV)/python -m bookbuild build --profile "$(PROFILE)" --jobs "$(JOBS)"

test: book
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports
	OMP_NUM_THREADS=1 $(VENV)/python -m pytest tests $(PYTEST_ARGS)

lab: install
	$(VENV)/jupyter lab chapters

serve: install
	@test -f _build/html/index.html || { echo "There is no book to serve yet: run make book first." >&2; exit 1; }
	@echo "The book is at http://127.0.0.1:$(PORT)/ until you press Ctrl-C"
	@$(VENV)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

bench: install
	@set -e; for script in benchmarks/*.py; do \
	  test -f "$$script" || { echo "There are no benchmarks yet." >&2; exit 1; }; \
	  echo "$$script"; $(VENV)/python "$$script"; done

clean:
	rm -rf _build

# Costs nothing where .venv holds what requirements.txt and pyproject.toml ask for.
install:
	@for python in $(CANDIDATES); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    exec "$$python" -I src/bookbuild/bootstrap.py; fi; done; \
	echo "The book needs Python 3.11 or newer; none of these is it: $(CANDIDATES)." \
	  "Install one, or name it: make book PYTHON=/path/to/python3" >&2; exit 1
