"""``gt``: the hot verbs at once, everything else through the command line."""

import sys


def main() -> int:
    arguments = sys.argv[1:]
    if arguments[:1] in (["hook"], ["signal"]) or arguments[:2] == ["mail", "check"]:
        from gastown_tmux import hot

        status = hot.run(arguments)
        if status is not None:
            return status
    from gastown_tmux.cli.main import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
