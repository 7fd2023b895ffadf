#!/usr/bin/python3
"""Installs the manual pages: those of this folder, those that the contract makes, and for each further name that a page
explains a page that leads to it.

    install.py GENERATE MAN_DIRECTORY      under $DESTDIR, when that is set

SPDX-License-Identifier: MPL-2.0
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys


def main():
    here = pathlib.Path(__file__).resolve().parent
    generate, directory = sys.argv[1:3]
    if os.environ.get("DESTDIR"):
        directory = os.environ["DESTDIR"] + directory
    section = {n: pathlib.Path(directory) / f"man{n}" for n in "13"}
    for folder in section.values():
        folder.mkdir(parents=True, exist_ok=True)
    for page in sorted(here.glob("*.[13]")):
        shutil.copyfile(page, section[page.name[-1]] / page.name)
    subprocess.run([sys.executable, generate, "--manual", "--out", str(section["3"])], check=True)
    for page in sorted(section["3"].glob("*.3")):
        text = page.read_text()
        for name in re.findall(r"^\.Nm (\w+)", text.split(".Sh LIBRARY")[0], flags=re.M):
            link = section["3"] / f"{name}.3"
            if not link.exists():
                link.write_text(f".so man3/{page.name}\n")


if __name__ == "__main__":
    main()
