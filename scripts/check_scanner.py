"""Say which scanner serves the dusk of this interpreter, and scan with it; fail when it is not the one named.

check_scanner.py native|reference
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile


def main(wanted: str) -> int:
    """Ask the doctor and a scan; return 1 when the scanner is another one or what is lost is not said."""
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "file"), "wb") as file:
            file.write(b"x" * 1000)
        scanned = _dusk("scan", "--json", directory)["scanner"]
    checks = {check["name"]: check for check in _dusk("doctor", "--json")["checks"]}
    failed = scanned != wanted
    print(f"scanned by {scanned}")
    for name in ("scanner", "removal"):
        text = checks[name]["text"]
        print(f"{name}: {text}")
        failed |= not text.startswith("native" if wanted == "native" else ("reference", "in Python"))
        failed |= checks[name]["health"] != ("ok" if wanted == "native" else "note")
    if failed:
        print(f"expected the {wanted} scanner", file=sys.stderr)
    return int(failed)


def _dusk(*arguments: str) -> dict:
    finished = subprocess.run(
        [sys.executable, "-m", "dusk", *arguments], check=False, capture_output=True, text=True
    )
    # The doctor ends with 1 where it found a problem; this is not about that.
    if finished.returncode > 1 or not finished.stdout:
        raise SystemExit(f"dusk {arguments[0]} failed: {finished.stderr}")
    return json.loads(finished.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
