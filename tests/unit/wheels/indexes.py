"""A package index on this machine's loopback: the simple API over a folder of files."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class Index:
    """Serves ``folder``; counts what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.asked: list[str] = []
        self.logins: dict[str, str | None] = {}
        self.broken: dict[str, bytes] = {}
        self.failures: dict[str, int] = {}
        self.hashes = True
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(body=False)

            def do_GET(self) -> None:
                self._answer(body=True)

            def _answer(self, *, body: bool) -> None:
                index.asked.append(self.path)
                index.logins[self.path] = self.headers.get("Authorization")
                name = self.path.strip("/").split("/")
                if index.failures.get(name[-1], 0) > 0:
                    index.failures[name[-1]] -= 1
                    self.send_error(503)
                    return
                data = index.page(name[1]) if name[0] == "simple" and len(name) == 2 else index.file(name[-1])
                if data is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/html" if name[0] == "simple" else "application/octet-stream")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if body:
                    self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/simple"

    def __enter__(self) -> Index:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def file(self, name: str) -> bytes | None:
        if name in self.broken:
            return self.broken[name]
        path = self.folder / name
        return path.read_bytes() if path.is_file() else None

    def page(self, name: str) -> bytes | None:
        files = sorted(
            path
            for path in self.folder.iterdir()
            if canonicalize_name(path.name.split("-")[0]) == canonicalize_name(name)
        )
        if not files:
            return None
        links = "".join(f'<a href="/files/{path.name}{self._fragment(path)}">{path.name}</a>\n' for path in files)
        return f"<!DOCTYPE html><html><body>{links}</body></html>".encode()

    def _fragment(self, path: Path) -> str:
        return f"#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}" if self.hashes else ""


def make_sdist(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: tuple[str, ...] = (),
    metadata_version: str = "2.2",
    backend: str | None = None,
    build_requires: tuple[str, ...] = (),
) -> Path:
    """Write an sdist with a backend of its own; from version 2.2 its metadata counts without a build (PEP 643)."""
    top = f"{name}-{version}"
    metadata = f"Metadata-Version: {metadata_version}\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {line}\n" for line in requires)
    known = f"dependencies={list(requires)!r}" if metadata_version >= "2.2" else "dynamic=['dependencies']"
    files = {
        f"{top}/PKG-INFO": metadata,
        f"{top}/pyproject.toml": f"[build-system]\nrequires={list(build_requires)!r}\n"
        "build-backend='backend'\nbackend-path=['.']\n"
        f"[project]\nname='{name}'\nversion='{version}'\n{known}\n",
        f"{top}/backend.py": BACKEND if backend is None else backend,
        f"{top}/{name}.py": "x = 1\n",
    }
    path = folder / f"{top}.tar.gz"
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for member, text in files.items():
            info = tarfile.TarInfo(member)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


BACKEND = """
import os, sys, tomllib, zipfile, pathlib

def build_wheel(directory, config_settings=None, metadata_directory=None):
    project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    print("building", name, "with", sys.executable)
    if project.get("description") == "broken":
        raise SystemExit("this project cannot be built")
    info = f"{name}-{version}.dist-info"
    requires = "".join(f"Requires-Dist: {line}\\n" for line in project.get("dependencies", []))
    files = {path.name: path.read_text() for path in pathlib.Path().glob("*.py") if path.name != "backend.py"}
    files[f"{name}_built.py"] = f"epoch = {os.environ.get('SOURCE_DATE_EPOCH')!r}\\n"
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\\nName: {project['name']}\\nVersion: {version}\\n{requires}"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[f"{info}/RECORD"] = "".join(f"{path},,\\n" for path in files) + f"{info}/RECORD,,\\n"
    filename = f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory, filename), "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2000 + os.getpid() % 90, 1, 2, 3, 4, 6)), text)
    return filename
"""
