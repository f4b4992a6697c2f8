import sys
from pathlib import Path
from typing import Annotated, Optional

import typer
import yaml
from ruamel.yaml import YAML

app = typer.Typer(help="A tool.")


@app.command()
def convert(path: Annotated[Path, typer.Argument(exists=True)], indent: int = 2) -> None:
    """Convert a file."""
    print("libyaml", yaml.__with_libyaml__)
    print(yaml.dump(yaml.load(path.read_text(), Loader=yaml.CSafeLoader), Dumper=yaml.CSafeDumper, indent=indent))
    round_trip = YAML()
    round_trip.dump(round_trip.load(path), sys.stdout)
    print(YAML(typ="safe").load(path))


@app.command()
def fail() -> None:
    """Fail."""
    print(1 / 0)


if __name__ == "__main__":
    app(prog_name="tool.py")
