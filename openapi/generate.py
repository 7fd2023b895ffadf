#!/usr/bin/python3
"""Writes the contract as C tables (contract.c, problems.h), as one document (openapi.json), and as the client library's
functions (medkoord_ops.h, client_ops.c).

    generate.py --out DIR [--depfile FILE]    writes the server's three files
    generate.py --client --out DIR [...]      writes the library's two files
    generate.py --manual --out DIR            writes the manual pages of the library's functions
    generate.py --check                       only says what is wrong

SPDX-License-Identifier: MPL-2.0
"""
import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from contract import Contract, ContractError  # noqa: E402
from contract.bundle import Bundler  # noqa: E402
from contract.client import ClientWriter  # noqa: E402
from contract.client_code import client_ops_c  # noqa: E402
from contract.client_header import header  # noqa: E402
from contract.client_manual import manuals  # noqa: E402
from contract.tables import contract_c, problems_h  # noqa: E402


def write(path, content):
    """Leaves a file alone that says it already, so that nothing that is made of it is made again."""
    content = content.encode() if isinstance(content, str) else content
    if os.path.exists(path):
        with open(path, "rb") as f:
            if f.read() == content:
                return
    with open(path, "wb") as f:
        f.write(content)


def write_server(contract, out):
    document = json.dumps(Bundler(contract).document(), ensure_ascii=False, indent=1).encode() + b"\n"
    os.makedirs(out, exist_ok=True)
    write(os.path.join(out, "contract.c"), contract_c(contract, document))
    write(os.path.join(out, "problems.h"), problems_h(contract))
    write(os.path.join(out, "openapi.json"), document)


def write_depfile(contract, options, first):
    here = os.path.dirname(os.path.abspath(__file__))
    tools = [os.path.abspath(__file__)]
    tools += sorted(os.path.join(here, "contract", name)
                    for name in os.listdir(os.path.join(here, "contract")) if name.endswith(".py"))
    inputs = [os.path.join(options.root, name) for name in sorted(contract.inputs)] + tools
    target = os.path.join(options.out or "", first)
    write(options.depfile, f"{target}: " + " \\\n  ".join(name.replace(" ", "\\ ") for name in inputs) + "\n")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description="Turns the contract into C tables and one document.")
    parser.add_argument("--root", default=os.path.dirname(here), help="the project's folder")
    parser.add_argument("--out", help="folder for what is written")
    parser.add_argument("--client", action="store_true", help="write medkoord_ops.h and client_ops.c instead")
    parser.add_argument("--manual", action="store_true", help="write the manual pages instead")
    parser.add_argument("--depfile", help="file for make-style dependencies")
    parser.add_argument("--check", action="store_true", help="only say what is wrong")
    options = parser.parse_args()
    if not (options.out or options.check):
        parser.error("one of --out, --check is needed")
    contract = Contract(options.root)
    try:
        contract.check()
    except ContractError as error:
        contract.errors.append(str(error))
    client = None
    if not contract.errors:
        client = ClientWriter(contract).check()
    for line in contract.errors:
        print(line, file=sys.stderr)
    if contract.errors:
        print(f"{len(contract.errors)} mistakes in the contract", file=sys.stderr)
        return 1
    if options.manual and options.out:
        os.makedirs(options.out, exist_ok=True)
        for name, page in manuals(client).items():
            write(os.path.join(options.out, name), page)
    elif options.client and options.out:
        os.makedirs(options.out, exist_ok=True)
        write(os.path.join(options.out, "medkoord_ops.h"), header(client))
        write(os.path.join(options.out, "client_ops.c"), client_ops_c(client))
    elif options.out:
        write_server(contract, options.out)
    if options.depfile:
        write_depfile(contract, options, "medkoord_ops.h" if options.client else "contract.c")
    return 0


if __name__ == "__main__":
    sys.exit(main())
