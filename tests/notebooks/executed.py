"""A notebook after its run, and how it is run: from its script, in a kernel of its own."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "notebooks"
SCRIPTS = sorted(FOLDER.glob("*.py"))
PNG = b"\x89PNG\r\n"


@dataclass
class Ran:
    """A notebook after its run."""

    name: str
    notebook: Any

    @property
    def outputs(self) -> Iterator[Any]:
        for cell in self.notebook.cells:
            yield from cell.get("outputs", [])

    @property
    def printed(self) -> str:
        return "".join(out.text for out in self.outputs if out.output_type == "stream" and out.name == "stdout")

    @property
    def complaints(self) -> list[str]:
        return [out.text for out in self.outputs if out.output_type == "stream" and out.name != "stdout"]

    @property
    def shown(self) -> list[dict[str, Any]]:
        """What expressions showed, by type of content."""
        return [dict(out.data) for out in self.outputs if out.output_type in ("execute_result", "display_data")]

    @property
    def figures(self) -> list[bytes]:
        return [base64.b64decode(data["image/png"]) for data in self.shown if "image/png" in data]

    @property
    def text(self) -> str:
        """Everything that can be read in the outputs."""
        return self.printed + "\n".join(str(data.get("text/plain", "")) + str(data.get("text/html", "")) for data in self.shown)


def execute(script: Path) -> Ran:
    """The notebook of ``script`` after its run; a cell that raises fails here with its traceback."""
    import nbformat

    for _ in range(3):
        done = subprocess.run([sys.executable, __file__, str(script)], capture_output=True, text=True, check=False, encoding="utf-8")
        if "Address already in use" not in done.stderr:
            break  # two kernels that start together may pick the same port: then once more
    assert done.returncode == 0, f"{script.name}: {done.stderr}"
    return Ran(script.stem, nbformat.reads(done.stdout, as_version=4))


def main(script: Path) -> None:
    """Prints the executed notebook: a process of its own, so that the client's sockets and loops are not those of the tests."""
    import jupytext
    import nbformat
    from nbclient import NotebookClient

    notebook = jupytext.read(script)
    NotebookClient(notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(script.parent)}}).execute()
    sys.stdout.buffer.write(nbformat.writes(notebook).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
