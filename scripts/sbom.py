#!/usr/bin/env python3
"""Prints the components of a program, or of the image of several programs, as CycloneDX 1.6.

    ./scripts/sbom.py PROGRAM [TARGET [FILE]]     trust-init, trust-compose or trust-doctor
    ./scripts/sbom.py image BILL...               the programs of these bills of materials

The same sources give the same text: the serial number is a digest of the contents, and a time is included only
if SOURCE_DATE_EPOCH is set. FILE is the built program, whose digest is then included.
"""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import uuid
from datetime import datetime, timezone

ROOT = pathlib.Path(__file__).resolve().parent.parent
FEATURES = {"trust-init": "", "trust-compose": "compose", "trust-doctor": "doctor"}


def out(*words):
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def tree(edges, features, target):
    """Returns the crates that cargo lists, as (name, version), without our own."""
    text = out("cargo", "tree", "--locked", "--no-default-features", "--features", features, "--target", target,
               "--edges", edges, "--prefix", "none", "--format", "{p}")
    found = {tuple(line.split(" ")[:2]) for line in text.splitlines() if line}
    return {(name, version.removeprefix("v")) for name, version in found if name != "trust-init"}


def reference(name, version):
    return f"pkg:cargo/{name}@{version}"


def component(package, checksum, scope):
    name, version = package["name"], package["version"]
    found = {
        "type": "library",
        "bom-ref": reference(name, version),
        "name": name,
        "version": version,
        "scope": scope,
        "hashes": [{"alg": "SHA-256", "content": checksum}],
        # Old crates write a slash instead of SPDX's OR.
        "licenses": [{"expression": package["license"].replace("/", " OR ")}],
        "purl": reference(name, version),
    }
    if package["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def runtime(about, target):
    """Yields the linked components that are not crates: Rust's library and, in a static program, the C library."""
    release = re.search(r"^release: (.*)$", about, re.M)[1]
    yield {"type": "library", "bom-ref": "std", "name": "Rust standard library", "version": release,
           "scope": "required", "licenses": [{"expression": "MIT OR Apache-2.0"}]}
    if target.endswith("-musl"):
        # rustc's own copy, whose version is unknown.
        yield {"type": "library", "bom-ref": "libc", "name": "musl", "scope": "required",
               "licenses": [{"expression": "MIT"}]}
    elif target.endswith("-linux-gnu"):
        version = os.confstr("CS_GNU_LIBC_VERSION").removeprefix("glibc ")
        yield {"type": "library", "bom-ref": "libc", "name": "glibc", "version": version, "scope": "required",
               "licenses": [{"expression": "LGPL-2.1-or-later"}]}


def bill(program, target, file):
    about = out("rustc", "-vV")
    target = target or re.search(r"^host: (.*)$", about, re.M)[1]
    features = FEATURES[program]
    linked = tree("normal,no-proc-macro", features, target)
    building = tree("normal,build", features, target) - linked
    metadata = json.loads(out("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target))
    packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
    lock = (ROOT / "Cargo.lock").read_text()
    pattern = r'name = "(.*)"\nversion = "(.*)"\nsource = ".*"\nchecksum = "(.*)"'
    checksums = {(name, version): digest for name, version, digest in re.findall(pattern, lock)}

    components = list(runtime(about, target))
    roots = [found["bom-ref"] for found in components]
    for key in sorted(linked | building):
        # The build packs Mozilla's roots into the programs.
        is_in_it = key in linked or key[0] == "webpki-root-certs"
        components.append(component(packages[key], checksums[key], "required" if is_in_it else "excluded"))

    names = {package["id"]: key for key, package in packages.items()}
    present = linked | building
    dependencies = []
    for node in metadata["resolve"]["nodes"]:
        key = names[node["id"]]
        wanted = {names[found["pkg"]] for found in node["deps"]
                  if any(kind["kind"] in (None, "build") for kind in found["dep_kinds"])}
        wanted = sorted(reference(*found) for found in wanted & present)
        if key[0] == "trust-init":
            dependencies.append({"ref": program, "dependsOn": roots + wanted})
        elif key in present:
            dependencies.append({"ref": reference(*key), "dependsOn": wanted})
    dependencies.sort(key=lambda found: found["ref"])

    own = next(package for package in metadata["packages"] if package["name"] == "trust-init")
    described = {
        "type": "application",
        "bom-ref": program,
        "name": program,
        "version": own["version"],
        "description": f"{program} for {target}",
        "licenses": [{"expression": own["license"]}],
        "purl": reference("trust-init", own["version"]),
    }
    if file:
        digest = hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()
        described["hashes"] = [{"alg": "SHA-256", "content": digest}]
    return document(described, components, dependencies)


def image(files):
    """Merges the bills of an image's programs."""
    programs, libraries, dependencies = [], {}, {}
    for file in files:
        found = json.loads(pathlib.Path(file).read_text())
        program = found["metadata"]["component"]
        name = program["bom-ref"]
        program["bom-ref"] = program["description"]
        programs.append(program)
        for part in found["components"]:
            # What one program only builds with, another may contain.
            known = libraries.setdefault(part["bom-ref"], part)
            if part["scope"] == "required":
                known["scope"] = "required"
        for entry in found["dependencies"]:
            on = dependencies.setdefault(program["bom-ref"] if entry["ref"] == name else entry["ref"], set())
            on.update(entry["dependsOn"])
    described = {"type": "container", "bom-ref": "image", "name": "trust-init", "version": programs[0]["version"]}
    dependencies["image"] = {program["bom-ref"] for program in programs}
    components = programs + [libraries[name] for name in sorted(libraries)]
    return document(described, components, [{"ref": name, "dependsOn": sorted(on)}
                                            for name, on in sorted(dependencies.items())])


def document(described, components, dependencies):
    contents = {"metadata": {"component": described}, "components": components, "dependencies": dependencies}
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(contents, sort_keys=True))
    if seconds := os.environ.get("SOURCE_DATE_EPOCH"):
        moment = datetime.fromtimestamp(int(seconds), timezone.utc)
        contents["metadata"]["timestamp"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        **contents,
    }


def main():
    if len(sys.argv) > 2 and sys.argv[1] == "image":
        print(json.dumps(image(sys.argv[2:]), indent=2))
        return
    if not 2 <= len(sys.argv) <= 4 or sys.argv[1] not in FEATURES:
        sys.exit(__doc__)
    program, target, file = (sys.argv[1:] + [None, None])[:3]
    print(json.dumps(bill(program, target, file), indent=2))


main()
