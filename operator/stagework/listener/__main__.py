"""`python -m stagework.listener`."""

from stagework.listener.main import run

if __name__ == "__main__":
    run()
