"""All that the recorder imports from the product itself; the rest goes through tests/support."""

from stagework.cli.main import app as commands
from stagework.cluster.client.connection import Target
from stagework.controllers.runtime import Build, Runtime
from stagework.settings import Settings
from stagework.web.app import create_app

__all__ = ["Build", "Runtime", "Settings", "Target", "commands", "create_app"]
