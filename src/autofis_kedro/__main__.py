"""The packaged project as a program: ``python -m autofis_kedro`` runs like ``kedro run``."""

from pathlib import Path

from kedro.framework.project import configure_project

from autofis_kedro.cli import run


def main() -> None:
    """Run from the folder that holds ``conf/`` and ``data/``, or with ``--conf-source``."""
    configure_project(Path(__file__).parent.name)
    run()


if __name__ == "__main__":
    main()
