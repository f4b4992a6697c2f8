"""What pyproject.toml cannot say: the folder ``build`` of an earlier build is no source of this one.

setuptools copies the packages there and packs all that it finds: files that a later commit removed or moved would be
installed, too.
"""

import shutil

from setuptools import setup
from setuptools.command.build import build


class FreshBuild(build):
    """setuptools' command, in an empty folder."""

    def run(self) -> None:
        """Build; an editable installation does not use that folder."""
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(cmdclass={"build": FreshBuild})
