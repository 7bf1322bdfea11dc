"""`python -m stagework.cli`: the command line."""

from stagework.cli.main import run

run()
