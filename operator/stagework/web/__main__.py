"""`python -m stagework.web`: the API service."""

from stagework.web.main import run

run()
