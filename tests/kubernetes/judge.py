#!/usr/bin/env python3
"""Compares YAML documents with a JSON schema: the parts of a custom resource's definition that are used here.

Usage: judge.py SCHEMA FILE
"""

import json
import pathlib
import sys

import jsonschema
import yaml


def main(schema, file):
    schema = json.loads(pathlib.Path(schema).read_text())
    judge = jsonschema.Draft7Validator(schema)
    documents = [it for it in yaml.safe_load_all(pathlib.Path(file).read_text()) if it is not None]
    if not documents:
        sys.exit(f"judge.py: error: nothing is in {file}")
    errors = [error for document in documents for error in judge.iter_errors(document)]
    for error in errors:
        print(f"{error.json_path}: {error.message[:200]}", file=sys.stderr)
    sys.exit(bool(errors))


if __name__ == "__main__":
    main(*sys.argv[1:])
