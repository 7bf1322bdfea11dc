"""`python -m stagework.controllers`: the operator."""

from stagework.controllers.main import run

run()
