#!/usr/bin/env python3
"""Build, serve and test the litestate site; the only program to start by hand.

It needs only Python 3.11 or newer. Everything else goes into `.venv`, in
versions and with hashes that requirements/ names; this program then starts itself again there.
"""

from __future__ import annotations

import sys

# Users do start it with an older Python, whatever the checks assume.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(f"litestate needs Python 3.11 or newer; this is {sys.version.split()[0]}")

import argparse
import signal
from pathlib import Path

from tools import environment, files, paths
from tools.console import BuildError, step, warn

EXAMPLES = """\
examples:
  python3 build.py serve                     set up, build, serve, open in the browser
  python3 build.py serve --port 0 --no-open  on a free port, for scripts
  python3 build.py build --wheels ~/wheels   look for the site's files there first
  python3 build.py test                      set up, build, run every check and test
  python3 build.py test --unit -k bundle     fast tests with "bundle" in their name
  python3 build.py bench checkpoint          how fast checkpoints are, beside IDBFS and others
"""
# Summary and details of each command for its --help.
COMMANDS = {
    "serve": (
        "build the site and serve it on this machine",
        "It listens on 127.0.0.1 only, until Ctrl-C.",
    ),
    "build": (
        "build the site into dist/",
        "dist/ can be put on any static web host, under any path. It has no source of packages "
        "but itself if jupyter-lite.json sets disablePyPIFallback to true; as it is, users who "
        "are online can also import or %pip install others from PyPI and the Pyodide CDN.",
    ),
    "test": (
        "run every check of style and every test",
        "Other arguments go to pytest: build.py test -k bundle -x",
    ),
    "bench": (
        "measure the built site against its alternatives",
        "Runs in Chromium, prints ratios and writes .build/bench/*.json. Names choose: "
        "bundle, checkpoint, variables, drive, and kill (only if it is named: it kills Chromium "
        "while it saves).",
    ),
    "lock": (
        "make site.lock.json again",
        "From Pyodide's own lock and requirements/site.in. Needs a network.",
    ),
    "clean": (
        "remove .venv, dist/ and build folders",
        "Sources and downloads stay.",
    ),
}


def parser() -> argparse.ArgumentParser:
    """Return the definition of the command line."""
    top = argparse.ArgumentParser(
        description="Build, serve and test the litestate site.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (text, details) in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=text,
            allow_abbrev=False,
            description=f"{text[0].upper()}{text[1:]}. {details}",
        )
        add_options(name, command)
    return top


def add_options(name: str, command: argparse.ArgumentParser) -> None:
    """Add the options of one command."""
    add = command.add_argument
    if name == "serve":
        add("--port", type=int, default=8000, help="0 picks a free one (default: 8000)")
        add("--base", default="/", help="path to serve under, as /litestate/ on GitHub Pages")
        add("--no-open", action="store_true", help="don't open a browser")
    elif name == "test":
        add("--unit", action="store_true", help="only what needs no browser")
    elif name == "clean":
        add("--cache", action="store_true", help="remove the downloads too")
    if name in ("serve", "build", "test", "bench"):
        add(
            "--cache",
            type=Path,
            metavar="DIR",
            help="folder that keeps downloads (default: $LITESTATE_CACHE or ~/.cache/litestate)",
        )
        add(
            "--wheels",
            type=Path,
            action="append",
            default=[],
            metavar="DIR",
            help="folder to look for the site's files in before asking the network; repeatable",
        )


def main(arguments: list[str]) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : list of str
        The command line without the program.

    Returns
    -------
    int
        The exit code.
    """
    options, rest = parser().parse_known_args(arguments)
    if rest and options.command not in ("test", "bench"):
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    with environment.only_one():
        if options.command == "clean":
            clean(remove_cache=options.cache)
            return 0
        if not environment.is_active():
            environment.enter([str(paths.ROOT / "build.py"), *arguments])
        prepare(options)
    if options.command == "serve":
        from tools import server

        server.serve(paths.DIST, options.port, options.base, open_browser=not options.no_open)
    elif options.command == "test":
        from tools import testing

        cache = paths.cache_folder(options.cache)
        return testing.run_all(rest, only_fast=options.unit, cache=cache, folders=options.wheels)
    elif options.command == "bench":
        from tools import testing

        return testing.run_bench(rest)
    return 0


def prepare(options: argparse.Namespace) -> None:
    """Set up the needs of a command, and run the part of it that changes this folder."""
    environment.require("build")
    if options.command == "lock":
        from tools import lock

        lock.remake()
        return
    # For its addon of `jupyter lite`, and for the tests.
    environment.require_litestate()
    if options.command in ("test", "bench"):
        environment.require("test")
        if options.command == "test" and options.unit:
            from tools import extension

            extension.build_wheel()
            return
    from tools import site

    site.build(paths.cache_folder(options.cache), options.wheels)


def clean(*, remove_cache: bool) -> None:
    """Remove everything that can be built again, except for the held lock."""
    made = [paths.VENV, paths.DIST]
    made += [path for path in paths.WORK.glob("*") if path != environment.LOCK]
    if remove_cache:
        made.append(paths.cache_folder())
    for path in made:
        if path.exists():
            step(f"removing {path}")
            files.remove(path)


if __name__ == "__main__":
    # So that temporary folders are removed when a CI system or a shell ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except BuildError as error:
        warn(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        warn("interrupted; run it again to go on")
        sys.exit(130)
