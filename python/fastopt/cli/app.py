"""The commands, and what is said where one of them fails."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer

import fastopt
from fastopt.cli.commands.bench import bench
from fastopt.cli.commands.compare import compare
from fastopt.cli.commands.convert import export, import_model, info
from fastopt.cli.commands.curve import fit_curve
from fastopt.cli.commands.train import init, train
from fastopt.cli.commands.use import evaluate, predict
from fastopt.cli.failure import Failure

app = typer.Typer(
    name="fastopt",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train)
app.command()(init)
app.command()(predict)
app.command()(evaluate)
app.command()(info)
app.command()(export)
app.command("import")(import_model)
app.command()(compare)
app.command("fit-curve")(fit_curve)
app.command()(bench)

# Typer's own, whether click is within it or beside it: all errors that tell themselves.
_Told: Any = typer.BadParameter.__mro__[2]


def _version(asked: bool) -> None:
    if asked:
        print(f"fastopt {fastopt.__version__}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print and exit.")
    ] = False,
) -> None:
    """Train networks on tables, use them, fit curves. Exit codes: 0 fine, 1 failed, 2 wrong use."""


def run(arguments: Sequence[str]) -> int:
    """Run a command; return the exit code."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            given = list(arguments)
            result = app(args=given, prog_name="fastopt", standalone_mode=False, obj=given)
            sys.stdout.flush()
            return result if isinstance(result, int) else 0
    except Failure as error:
        return _say(str(error), error.code)
    except _Told as error:
        return _say_usage(error)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted: nothing is saved", 1)
    except BrokenPipeError:  # as of `fastopt predict … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, TypeError, OSError, ImportError, ArithmeticError, MemoryError) as error:
        return _say(_one_line(error), 1)


def _say(text: str, code: int) -> int:
    print(f"fastopt: {text}", file=sys.stderr)
    return code


def _say_usage(error: Any) -> int:
    context = getattr(error, "ctx", None)
    text = error.format_message()
    if not text or type(error).__name__ == "NoArgsIsHelpError":
        print(text, file=sys.stderr)
        return 2
    command = context.command_path if context is not None else "fastopt"
    text = text.replace("\n", " ").rstrip(".")
    return _say(f"{text} ({command} --help tells all options)", 2)


def _one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def _show_warning(message: Any, *_: Any, **__: Any) -> None:
    print(f"fastopt: note: {' '.join(str(message).split())}", file=sys.stderr)
