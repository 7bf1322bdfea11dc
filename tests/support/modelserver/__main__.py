"""`python -m tests.support.modelserver [PORT]`: serves until it is ended."""

import sys

from tests.support.modelserver.server import make

if __name__ == "__main__":
    server, _ = make(int(sys.argv[1]) if len(sys.argv) > 1 else 8000, host="0.0.0.0")  # noqa: S104
    server.serve_forever()
