import json
from pathlib import Path

Path("made.json").write_text(json.dumps({"hooked": True}))
print("post", Path.cwd().name, flush=True)
