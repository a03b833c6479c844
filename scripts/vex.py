#!/usr/bin/env python3
"""Prints supply-chain/vex.toml as OpenVEX 0.2.0 for the version in Cargo.toml.

    ./scripts/vex.py

The same sources give the same text: the time is that of the last commit, or SOURCE_DATE_EPOCH.
"""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib
from datetime import datetime, timezone

ROOT = pathlib.Path(__file__).resolve().parent.parent


def read(file):
    return tomllib.loads((ROOT / file).read_text())


def order(version):
    return [int(number) for number in re.findall(r"\d+", version.split("+")[0])]


def statement(entry, locked, product):
    name = entry["crate"]
    if name not in locked:
        sys.exit(f"vex.py: error: {name} is not in Cargo.lock: remove {entry['vulnerability']}")
    why = entry.get("because", "vulnerable_code_not_present")
    if "fixed" in entry and order(locked[name]) < order(entry["fixed"]):
        sys.exit(f"vex.py: error: {name} {locked[name]} is affected by {entry['vulnerability']}")
    if ("fixed" in entry) == ("because" in entry):
        sys.exit(f"vex.py: error: {entry['vulnerability']} needs either `fixed` or `because`")
    vulnerability = {"name": entry["vulnerability"]}
    if "aliases" in entry:
        vulnerability["aliases"] = entry["aliases"]
    crate = {"@id": f"pkg:cargo/{name}@{locked[name]}"}
    return {
        "vulnerability": vulnerability,
        "products": [{"@id": product, "subcomponents": [crate]}],
        "status": "not_affected",
        "justification": why,
    }


def main():
    package = read("Cargo.toml")["package"]
    locked = {found["name"]: found["version"] for found in read("Cargo.lock")["package"]}
    product = f"pkg:cargo/{package['name']}@{package['version']}"
    statements = [statement(entry, locked, product) for entry in read("supply-chain/vex.toml")["not_affected"]]
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    digest = hashlib.sha256(json.dumps(statements).encode()).hexdigest()
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"urn:trust-init:vex:{digest}",
        "author": "the maintainers of trust-init",
        "timestamp": datetime.fromtimestamp(int(seconds), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "version": 1,
        "statements": statements,
    }
    print(json.dumps(document, indent=2))


main()
