"""`python -m stagework.tasks`."""

from stagework.tasks.main import run

if __name__ == "__main__":
    run()
