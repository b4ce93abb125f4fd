"""The command line: thin verbs over the package. Nothing heavy is imported until a verb runs.

Exit codes: 0 done, 2 bad input or usage with one clear sentence, 1 a defect of ours.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from . import __version__

#: verb -> (module, attribute, one line for --help): the module is imported when the verb is used
VERBS = {
    "demo": ("bt_pdt.commands.demo", "demo", "Bundled data, one strategy, four ways: rules off, Block on Entry, on Exit, Both."),
    "run": ("bt_pdt.commands.run", "run", "Runs a strategy file over bar files under the rules."),
    "compare": ("bt_pdt.commands.compare", "compare", "One strategy under several modes, brokerages, laws and sizes: what the rules cost."),
    "audit": ("bt_pdt.commands.audit", "audit", "Plays an account's history and says what the brokerage would have refused."),
    "check": ("bt_pdt.commands.check", "check", "Would one order pass, why not, and the largest that would."),
    "rules": ("bt_pdt.commands.rules", "rules", "The law in force on a day, with its sources."),
    "calendar": ("bt_pdt.commands.calendar", "calendar", "Due days of what happens on a day: settlement, calls, holds, restrictions."),
    "data": ("bt_pdt.commands.data", "data", "Generates sample bars, reports on bar files, converts them."),
}


class Verbs(click.Group):
    """A group that knows its verbs by name and imports one only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, attribute, _ = VERBS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from .errors import UnknownName

            raise click.UsageError(str(UnknownName("command", args[0], VERBS)))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in VERBS.items()])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bt-pdt")
def cli() -> None:
    """Backtests that obey US margin law: PDT, DTBP, Reg T, maintenance, intraday margin."""


def main(argv: list[str] | None = None) -> Any:
    """Entry point of ``bt-pdt``."""
    from .errors import BadInput

    try:
        code = cli.main(args=argv, standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("stopped.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except BadInput as error:
        click.echo(f"bt-pdt: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
