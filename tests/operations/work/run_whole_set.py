"""``python -m tests.operations.work.run_whole_set FOLDER``: each formula of others, run to its end or refused."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.conftest import make_world
from tests.operations.quiet_town import make_quiet_town
from tests.operations.work.whole_set import try_all


def main() -> int:
    parser = argparse.ArgumentParser(prog="prove-formulas")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    with tempfile.TemporaryDirectory(prefix="gt-", dir="/tmp") as place:
        os.environ.update(make_world(Path(place)))
        quiet = make_quiet_town(Path(place))
        found = list(try_all(quiet, folder))
        quiet.town.close()
    for each in found:
        print(f"{'' if each.well else 'NOT WELL '}{each.name}: {each.words}")
    print(f"{len(found)} formulas, {sum(not each.well for each in found)} not well")
    return 0 if found and all(each.well for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
