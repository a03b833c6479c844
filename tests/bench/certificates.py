#!/usr/bin/env python3
"""Fills folders with certificates, to measure that the cost is proportional to their number.

Usage: certificates.py CA FOLDER COUNT...

Each file contains CA with another name of the same length. Its signature is then wrong, but no client checks it
in a trust anchor, and 10,000 files take a second instead of minutes.
"""

import base64
import pathlib
import sys

NAME = b"Neighbour CA"


def main(authority, folder, *counts):
    text = pathlib.Path(authority).read_text()
    der = base64.b64decode("".join(text.split("-----")[2].split()))
    if der.count(NAME) != 2:
        sys.exit(f"certificates.py: error: cannot find {NAME.decode()!r} as issuer and subject in {authority}")
    for count in map(int, counts):
        into = pathlib.Path(folder, str(count))
        into.mkdir(parents=True)
        for number in range(count):
            other = der.replace(NAME, f"Root {number:07}".encode())
            pem = f"-----BEGIN CERTIFICATE-----\n{lines(other)}-----END CERTIFICATE-----\n"
            into.joinpath(f"{number:07}.crt").write_text(pem)


def lines(der):
    encoded = base64.b64encode(der).decode()
    return "".join(encoded[at : at + 64] + "\n" for at in range(0, len(encoded), 64))


if __name__ == "__main__":
    main(*sys.argv[1:])
