"""Saved models altered on purpose."""

import hashlib
import json

from bertfit.model import bundle


def rewrite(path, change, checksum=True):
    """Alter bertfit.json as an editor would, or (with `checksum`) as somebody who knows the format."""
    file = path / bundle.DESCRIPTION
    body = json.loads(file.read_text("utf-8"))
    change(body)
    if checksum:
        text = json.dumps({k: v for k, v in body.items() if k != "checksum"}, sort_keys=True, separators=(",", ":"))
        body["checksum"] = hashlib.sha256(text.encode()).hexdigest()
    file.write_text(json.dumps(body), "utf-8")
