#!/usr/bin/env python3
"""Renders real charts as `helm template` does, by Helm's own library: the one that `helm create` begins with, and
those that Python packages carry.

Usage: charts.py FOLDER
"""

import importlib.util
import pathlib
import sys

import helm_python

# Found and not imported: only its chart is wanted, and not what it depends on.
PACKAGE = pathlib.Path(importlib.util.find_spec("dask_kubernetes").submodule_search_locations[0])
CARRIED = PACKAGE / "operator/deployment/helm/dask-kubernetes-operator"


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    begun = folder / "begun"
    begun.mkdir(exist_ok=True)
    helm_python.Chart.create("shop", str(begun))
    for chart in begun / "shop", CARRIED:
        files = helm_python.Chart.load(str(chart)).render(name="release", namespace="apps")
        text = "".join(f"---\n# Source: {name}\n{files[name]}" for name in sorted(files) if name.endswith(".yaml"))
        (folder / f"{chart.name}.yaml").write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
