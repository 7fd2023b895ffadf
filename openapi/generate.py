#!/usr/bin/python3
"""Writes the contract as C tables (contract.c, problems.h) and as one document (openapi.json).

    generate.py --out DIR [--depfile FILE]    writes the three files
    generate.py --check                       only says what is wrong
    generate.py --list-inputs                 the files the result depends on

Copyright medkoord contributors. SPDX-License-Identifier: MPL-2.0
"""
import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from contract import Contract, ContractError  # noqa: E402
from contract.bundle import Bundler  # noqa: E402
from contract.tables import contract_c, problems_h  # noqa: E402


def write(path, content):
    with open(path, "wb") as f:
        f.write(content.encode() if isinstance(content, str) else content)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description="Turns the contract into C tables and one document.")
    parser.add_argument("--root", default=os.path.dirname(here), help="the project's folder")
    parser.add_argument("--out", help="folder for contract.c, problems.h and openapi.json")
    parser.add_argument("--depfile", help="file for make-style dependencies")
    parser.add_argument("--check", action="store_true", help="only say what is wrong")
    parser.add_argument("--list-inputs", action="store_true", help="print the files the result depends on")
    parser.add_argument(
        "--drafts",
        action="store_true",
        help="leave out operations that are not complete, with a warning")
    options = parser.parse_args()
    if not (options.out or options.check or options.list_inputs):
        parser.error("one of --out, --check, --list-inputs is needed")
    contract = Contract(options.root, options.drafts)
    try:
        contract.check()
    except ContractError as error:
        contract.errors.append(str(error))
    if options.list_inputs:
        print("\n".join(os.path.join(options.root, name) for name in sorted(contract.inputs)))
        return 0
    for line in contract.warnings:
        print(f"{line} (left out)", file=sys.stderr)
    for line in contract.errors:
        print(line, file=sys.stderr)
    if contract.errors:
        print(f"{len(contract.errors)} mistakes in the contract", file=sys.stderr)
        return 1
    document = json.dumps(Bundler(contract).document(), ensure_ascii=False, indent=1).encode() + b"\n"
    if options.out:
        os.makedirs(options.out, exist_ok=True)
        write(os.path.join(options.out, "contract.c"), contract_c(contract, document))
        write(os.path.join(options.out, "problems.h"), problems_h(contract))
        write(os.path.join(options.out, "openapi.json"), document)
    if options.depfile:
        tools = [os.path.abspath(__file__)]
        tools += sorted(os.path.join(here, "contract", name)
                        for name in os.listdir(os.path.join(here, "contract")) if name.endswith(".py"))
        inputs = [os.path.join(options.root, name) for name in sorted(contract.inputs)] + tools
        target = os.path.join(options.out or "", "contract.c")
        write(options.depfile, f"{target}: " + " \\\n  ".join(name.replace(" ", "\\ ") for name in inputs) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
