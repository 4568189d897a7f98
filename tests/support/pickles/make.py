"""Write the pickles of this Python, which every later litestate must read."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from variable_scenes import SCENES, Notebook

for name, scene in SCENES.items():
    notebook = Notebook()
    notebook.cell(scene.cell)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    path = Path(__file__).parent / f"{name}-{version}.pickle"
    path.write_bytes(notebook.dump(*scene.names))
