"""House rules (HACKING.md) that a machine can hold: which file includes which library, and that every source names its licence.
SPDX-License-Identifier: MPL-2.0
"""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("deploy", "libclient", "openapi", "server", "sql", "tests")
ENDINGS = {".c", ".h", ".py", ".sql", ".yaml", ".sh", ".psql", ".build", ".dict"}
# A library's header, and the files of the product that include it: one place each, so that another version, or another
# library, is a change there.
INCLUDES = {
    "microhttpd.h": {"server/http.c"},
    "libpq-fe.h": {"server/db_internal.h", "server/migrate.c"},
    "openssl/": {"server/auth.c", "server/digest.c", "libclient/push.c", "libclient/stream.c", "libclient/webhook.c"},
    "curl/": {"server/auth_source.c", "libclient/transport.c"},
    "jwt.h": {"server/token.c"},
    "zlib.h": {"server/delivery_private.h", "libclient/stream.c", "libclient/cli/push_file.c", "libclient/cli/rejected.c"},
}


def sources(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "corpus" not in path.parts and (path.suffix in ENDINGS or path.suffix == "" and path.read_bytes()[:2] == b"#!"):
                yield path


class TheHouse(unittest.TestCase):
    maxDiff = None

    def test_each_library_is_included_where_it_belongs(self):
        seen = {header: set() for header in INCLUDES}
        for path in sources("server", "libclient"):
            for header in re.findall(r'^#include [<"]([^>"]+)[>"]', path.read_text(encoding="utf-8"), re.M):
                for known in INCLUDES:
                    if header == known or known.endswith("/") and header.startswith(known):
                        seen[known].add(str(path.relative_to(ROOT)))
        self.assertEqual(seen, INCLUDES)

    def test_every_source_names_its_licence(self):
        for path in sources(*FOLDERS):
            head = "".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:40])
            with self.subTest(str(path.relative_to(ROOT))):
                self.assertRegex(head, r"SPDX-License-Identifier: MPL-2\.0\b")


if __name__ == "__main__":
    unittest.main()
