"""The command line: thin verbs over the package. Nothing heavy is imported until a verb runs.

Exit codes: 0 done, 2 bad input or usage with one clear sentence, 1 a defect of ours.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from .commands.common import Verbs
from .core.version import __version__

NAME = "bt-pdt"
#: verb -> (module, attribute, one line for --help): the module is imported when the verb is used
VERBS = {
    "demo": ("bt_pdt.commands.demo", "demo", "Bundled data, one strategy, four ways: rules off, Block on Entry, on Exit, Both."),
    "run": ("bt_pdt.commands.run", "run", "Runs a strategy file over bar files under the rules."),
    "compare": ("bt_pdt.commands.compare", "compare", "One strategy under several modes, brokerages, laws and sizes: what the rules cost."),
    "tune": (
        "bt_pdt.commands.tune",
        "tune",
        "Searches parameters under the rules: objectives, constraints, and whether to believe the winner.",
    ),
    "show": ("bt_pdt.commands.show", "show", "A saved run again, or one of its tables."),
    "audit": ("bt_pdt.commands.audit", "audit", "Plays an account's history and says what the brokerage would have refused."),
    "check": ("bt_pdt.commands.check", "check", "Would one order pass, why not, and the largest that would."),
    "rules": ("bt_pdt.commands.rules", "rules", "The law in force on a day, with its sources."),
    "calendar": ("bt_pdt.commands.calendar", "calendar", "Due days of what happens on a day: settlement, calls, holds, restrictions."),
    "new": ("bt_pdt.commands.new", "new", "Writes a strategy that handles refusals, and its test."),
    "data": ("bt_pdt.commands.data", "data", "Generates sample bars, reports on bar files, converts them."),
}


class Lazy(Verbs):
    """The verbs by name; one is imported only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, attribute, _ = VERBS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in VERBS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=NAME)
def cli() -> None:
    """Backtests that obey US margin law: PDT, DTBP, Reg T, maintenance, intraday margin.

    \b
    The shell completes verbs and options after one of
      eval "$(_BT_PDT_COMPLETE=bash_source bt-pdt)"              in ~/.bashrc
      eval "$(_BT_PDT_COMPLETE=zsh_source bt-pdt)"               in ~/.zshrc
      _BT_PDT_COMPLETE=fish_source bt-pdt | source               in ~/.config/fish/config.fish
    """


def main(argv: list[str] | None = None) -> Any:
    """Entry point of ``bt-pdt``."""
    from .core.errors import BadInput

    try:
        code = cli.main(args=argv, prog_name=NAME, standalone_mode=False)
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
