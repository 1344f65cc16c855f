"""The launcher's command line: ``python -m stack --help``."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence

from stack import settings
from stack.errors import StackError
from stack.say import Say


def parser() -> argparse.ArgumentParser:
    """Return the argument parser. All other settings come from the environment (GLASSHOUSE_STATE_DIR, …)."""
    top = argparse.ArgumentParser(prog="python -m stack", description="Run the Glasshouse stack on this machine.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("up", help="start every component; fetch and build missing programs")
    down = commands.add_parser("down", help="stop every process of the instance")
    down.add_argument("--purge", action="store_true", help="also delete the instance's data and logs")
    status = commands.add_parser("status", help="show the state of every component")
    status.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
    logs = commands.add_parser("logs", help="follow all logs")
    logs.add_argument("--service", default="", help="only these services or components (comma-separated)")
    logs.add_argument("--level", default="", help="only this level and above")
    logs.add_argument("--trace", default="", help="only lines with this trace id, from the start of the logs")
    logs.add_argument("--request", default="", help="only lines with this request id, from the start of the logs")
    logs.add_argument("--query", default="", metavar="LOGQL", help="show stored lines that match this LogQL query")
    logs.add_argument("--lines", type=int, default=None, help="number of past lines (20; all with --trace, --request)")
    logs.add_argument("--no-follow", action="store_false", dest="follow", help="exit after the past lines")
    for action in ("start", "stop", "restart"):
        control = commands.add_parser(action, help=f"{action} the named components")
        control.add_argument("names", nargs="+", metavar="NAME")
    programs = commands.add_parser("programs", help="fetch and build every missing program without starting anything")
    programs.add_argument("--browser", action="store_true", help="also install Chromium, which the page tests use")
    commands.add_parser("jmeter", help="fetch Apache JMeter if it is missing, and print its path")
    execute = commands.add_parser("exec", help="run a Python module with this instance's addresses in its environment")
    execute.add_argument("module")
    execute.add_argument("arguments", nargs=argparse.REMAINDER)
    return top


def run(options: argparse.Namespace) -> int:
    """Run a command. Its module is imported only here, so that ``status`` does not wait for the imports of ``up``."""
    wanted = settings.read(os.environ)
    for sentence in settings.misspelled(os.environ):
        print(f"glasshouse: {sentence}", file=sys.stderr)
    say = Say()
    match options.command:
        case "up":
            from stack.up import up

            return up(wanted, say)
        case "down":
            from stack.down import down

            return down(wanted, say, purge=options.purge)
        case "status":
            from stack.show_status import status

            return status(wanted, as_json=options.as_json)
        case "logs" if options.query:
            from stack.instance import attach
            from stack.logquery import query_logs

            return query_logs(attach(wanted).loki_url, options.query, lines=options.lines or 20, follow=options.follow)
        case "logs":
            from stack.logs import logs, make_filter

            chosen = make_filter(options.service, options.level, options.trace, options.request)
            return logs(wanted, chosen, lines=options.lines, follow=options.follow)
        case "programs":
            from stack.obtain import everything

            everything(say, ["chromium"] if options.browser else [])
            return 0
        case "jmeter":
            from stack.jmeter import obtain

            # Only the path goes to stdout.
            print(obtain(Say(sys.stderr)))
            return 0
        case "exec":
            from stack.execute import execute

            return execute(options.module, options.arguments, wanted)
        case action:
            from stack.control import control

            return control(action, options.names, wanted, say)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. An error prints one sentence to stderr and returns a non-zero exit code."""
    try:
        return run(parser().parse_args(arguments))
    except StackError as error:
        print(f"glasshouse: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # `make logs | head`: the reader has closed the pipe. Without this, Python reports it again when it flushes at
        # exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno == errno.ENOSPC:
            print(
                f"glasshouse: the disk is full (writing {error.filename}): free some space, then try again.",
                file=sys.stderr,
            )
            return 1
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            print(
                f"glasshouse: {error.filename} cannot be written ({error.strerror}): make it writable for your user.",
                file=sys.stderr,
            )
            return 1
        raise
    except KeyboardInterrupt:
        print("glasshouse: stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
