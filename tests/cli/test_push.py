"""medkoord push: what it guesses, asks, sends, refuses and leaves behind, good, rejected, interrupted and resumed.
SPDX-License-Identifier: MPL-2.0
"""
import contextlib
import csv
import gzip
import hashlib
import json
import os
import random
import re
import signal
import socket
import stat
import threading

import pytest

from medkoord_api import key, wait_until

HEAD = "month,hospital,atc,ddd\n"
GOOD = HEAD + "2016-01,AUT,J01CA04,10.25\n2016-01,AUH,J01CA04,0.0001\n2016-02,AUT,J01CA04,-1\n2016-04,AUT,J01CA01,5\n"


def deliveries(api, label):
    return [d for d in api.all("/v1/consumption-deliveries", "admin") if d["label"] == label]


def one(api, label):
    found = deliveries(api, label)
    assert len(found) == 1, found
    return api.get("/v1/consumption-deliveries/" + found[0]["id"], "admin").json()


def test_guesses_coverage_and_totals(medkoord, api, tmp_path):
    (tmp_path / "guess.csv").write_text(GOOD)
    result = medkoord("push", "guess.csv", "--yes", who="amgros")
    assert result.code == 0, result
    made = one(api, "guess.csv")
    assert made["state"] == "accepted" and made["source"] == "amgros" and made["status"] == "provisional"
    assert result.out == made["id"] + "\n"
    assert made["control"] == {"rows": 4, "ddd": 14.2501, "cost_ore": None}
    assert made["sha256"] == made["content_sha256"] == hashlib.sha256(GOOD.encode()).hexdigest()
    assert sorted((c["region"], c["from_month"], c["to_month"]) for c in made["coverage"]) == [
        ("midtjylland", "2016-01", "2016-01"), ("nordjylland", "2016-01", "2016-02"), ("nordjylland", "2016-04", "2016-04")]
    for shown in ("14.2501", "nordjylland 2016-01 to 2016-02, 2 rows", "midtjylland 2016-01, 1 rows", made["sha256"], "4"):
        assert shown in result.err, shown


DANISH = "Måned;".replace("Måned", "Month") + "Hospital;ATC;Product;DDD;Cost_ore\n2016-05;AUT;J01CA04;Blå pille;1.234,5;129900\n2016-05;OUH;J01CA04;\"a;b\";0,25;-100\n"
JSON = '{"month": "2016-06", "hospital": "SJS", "atc": "J01CA04", "ddd": 143.4500}\n{"month": "2016-06", "hospital": "BFH", "atc": "J01CA04", "ddd": 1}\n'


@pytest.mark.parametrize("name, content, words, ddd, cost", [
    ("semicolons.csv", DANISH.encode(), (), 1234.75, 129800),
    ("latin.csv", DANISH.replace("2016-05", "2016-07").encode("latin-1"), ("--charset", "iso-8859-1"), 1234.75, 129800),
    ("bom.csv", ("\ufeff" + DANISH.replace("2016-05", "2016-08")).encode(), (), 1234.75, 129800),
    ("zipped.csv.gz", gzip.compress(DANISH.replace("2016-05", "2016-09").encode()), (), 1234.75, 129800),
    ("lines.ndjson", JSON.encode(), (), 144.45, None),
    ("lines.txt", JSON.replace("2016-06", "2016-10").encode(), (), 144.45, None),
    ("named.txt", JSON.replace("2016-06", "2016-11").encode(), ("--format", "ndjson", "--plain"), 144.45, None),
    ("lines.jsonl.gz", gzip.compress(JSON.replace("2016-06", "2016-12").encode()), (), 144.45, None)])
def test_every_form_of_file(medkoord, api, tmp_path, name, content, words, ddd, cost):
    (tmp_path / name).write_bytes(content)
    result = medkoord("push", name, "--yes", "--json", *words, who="amgros")
    assert result.code == 0, result
    report = json.loads(result.out)
    assert (report["rows"], report["ddd"], report["cost_ore"]) == (2, ddd, cost)
    assert one(api, name)["control"] == {"rows": 2, "ddd": ddd, "cost_ore": cost}


def test_a_name_that_is_not_utf_8(medkoord, api, tmp_path):
    (tmp_path / os.fsdecode(b"bl\xe5.csv")).write_text(HEAD + "2015-03,AUT,J01CA04,1\n")
    result = medkoord("push", os.fsdecode(b"bl\xe5.csv"), "--yes", who="amgros")
    assert result.code == 0 and one(api, "bl\ufffd.csv")["state"] == "accepted", result
    (tmp_path / ("n" * 220 + ".csv")).write_text(HEAD + "2015-04,AUT,J01CA04,1\n")
    assert medkoord("push", "n" * 220 + ".csv", "--yes", who="amgros").code == 0


def test_ndjson_at_standard_input(medkoord, api):
    for n, content in enumerate((JSON.encode(), gzip.compress(JSON.encode()))):
        result = medkoord("push", "-", "--yes", "--label", f"lines {n}", "--source", f"lines{n}", who="amgros", input=content)
        assert result.code == 0 and one(api, f"lines {n}")["rows"] == 2, result


def test_standard_input(medkoord, api):
    result = medkoord("push", "-", "--yes", "--label", "from a pipe", "--status", "final", who="amgros", input=GOOD.replace("2016", "2014").replace("AUT", "AUH").encode())
    assert result.code == 3 and "line 2, hospital" in result.err # nobody belonged anywhere before 2015
    result = medkoord("push", "-", "--yes", "--label", "from a pipe", "--status", "final", who="amgros", input=GOOD.replace("2016", "2017").encode())
    assert result.code == 0 and one(api, "from a pipe")["status"] == "final"
    assert medkoord("push", "-", "--yes", who="amgros", input=b"").code == 3


def test_a_hospital_that_moves_counts_where_it_belonged(medkoord, api, tmp_path):
    api.post("/v1/hospitals", {"code": "MOV", "name": "moves", "region": "sjaelland", "valid_from": "2015-01-01"}, headers=key())
    etag = api.get("/v1/hospitals/MOV", "admin").etag
    assert api.patch("/v1/hospitals/MOV", {"region": "syddanmark", "from": "2018-02-01"}, headers={"If-Match": etag}).status == 200
    (tmp_path / "moves.csv").write_text(HEAD + "".join(f"2018-{m:02d},MOV,J01CA04,1\n" for m in (1, 2, 3)))
    assert medkoord("push", "moves.csv", "--yes", who="amgros").code == 0
    assert sorted((c["region"], c["from_month"], c["to_month"]) for c in one(api, "moves.csv")["coverage"]) == [
        ("sjaelland", "2018-01", "2018-01"), ("syddanmark", "2018-02", "2018-03")]


def test_coverage_can_be_given(medkoord, api, tmp_path):
    (tmp_path / "wide.csv").write_text(HEAD + "2018-05,AUT,J01CA04,1\n")
    result = medkoord("push", "wide.csv", "--yes", "--coverage", "nordjylland=2018-04..2018-06", "--coverage", "sjaelland=2018-05", who="amgros")
    assert result.code == 0, result
    assert {(c["region"], c["from_month"], c["to_month"]) for c in one(api, "wide.csv")["coverage"]} == {
        ("nordjylland", "2018-04", "2018-06"), ("sjaelland", "2018-05", "2018-05")}
    (tmp_path / "narrow.csv").write_text(HEAD + "2018-07,AUT,J01CA04,1\n2018-08,AUT,J01CA04,1\n")
    result = medkoord("push", "narrow.csv", "--yes", "--coverage", "nordjylland=2018-07", who="amgros")
    assert result.code == 3 and "line 3, month" in result.err and deliveries(api, "narrow.csv") == []


# ---- asking ----

def test_asks_and_takes_a_no(medkoord, api, tmp_path):
    (tmp_path / "ask.csv").write_text(HEAD + "2018-09,AUT,J01CA04,1\n")
    result = medkoord("push", "ask.csv", who="amgros")
    assert result.code == 2 and "--yes" in result.err
    for answer in ("n\n", "\n"):
        with medkoord.terminal("push", "ask.csv", who="amgros") as t:
            t.expect(r"Send it\?")
            t.send(answer)
            assert t.wait() == 1 and "not sent" in t.text
    with medkoord.terminal("push", "ask.csv", who="amgros") as t:
        t.expect(r"Send it\?")
        t.send("\x03")
        assert t.wait() == 130
    assert deliveries(api, "ask.csv") == []
    with medkoord.terminal("push", "ask.csv", who="amgros", LC_ALL="da_DK.UTF-8") as t:
        t.expect(r"Send den\? \[j/N\]")
        t.send("j\n")
        assert t.wait() == 0 and "godtaget" in t.text
    assert one(api, "ask.csv")["state"] == "accepted"


# ---- rejected ----

BAD = HEAD + "2018-10,AUT,J01CA04,1\n2018-10,NOPE,J01CA04,1\n2018-10,AUT,=cmd,1\n2018-10,AUT,J01CA04,2\n2018-10,AUT,J01CA01,1.23456\n"


def rejected(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_rejected_lines_are_printed_and_written(medkoord, api, tmp_path):
    (tmp_path / "bad.csv").write_text(BAD)
    result = medkoord("push", "bad.csv", "--yes", who="amgros")
    assert result.code == 3 and result.out == "" and deliveries(api, "bad.csv") == []
    for line in ("line 3, hospital", "line 4, atc", "line 5", "line 6, ddd"):
        assert line in result.err, result
    lines = rejected(tmp_path / "bad.csv.rejected.csv")
    assert [(x["line"], x["column"], x["code"]) for x in lines] == [
        ("3", "hospital", "unknown_hospital"), ("4", "atc", "bad_atc"), ("5", "", "duplicate_key"), ("6", "ddd", "too_many_decimals")]
    assert [x["text"] for x in lines] == BAD.splitlines()[2:]
    assert lines[1]["value"] == "'=cmd" # harmless in a spreadsheet
    danish = medkoord("push", "bad.csv", "--yes", who="amgros", LC_ALL="da_DK.UTF-8")
    assert danish.code == 3 and "linje 3" in danish.err and "intet hospital" in danish.err


def test_the_server_rejects_the_same(medkoord, api, tmp_path):
    (tmp_path / "sent.csv").write_text(BAD)
    assert medkoord("push", "sent.csv", "--yes", "--rejected", "here.csv", who="amgros").code == 3
    result = medkoord("push", "sent.csv", "--yes", "--send-anyway", "--coverage", "nordjylland=2018-10", who="amgros")
    assert result.code == 3 and result.out == "", result
    made = one(api, "sent.csv")
    assert made["state"] == "rejected" and made["id"] in result.err
    here, there = rejected(tmp_path / "here.csv"), rejected(tmp_path / "sent.csv.rejected.csv")
    assert here == there and len(here) == 4
    (tmp_path / "none.csv").write_text(HEAD + "2018-10,NOPE,J01CA04,1\n")
    none = medkoord("push", "none.csv", "--yes", "--send-anyway", who="amgros")
    assert none.code == 2 and "give --coverage" in none.err and deliveries(api, "none.csv") == []


def test_coverage_is_guessed_from_the_sound_lines(medkoord, api, tmp_path):
    (tmp_path / "some.csv").write_text(HEAD + "2018-10,NOPE,J01CA04,1\n2018-09,AUT,J01CA04,1\n2018-11,AUH,J01CA04,1\n2018-09,AUH,=x,1\n")
    shown = medkoord("push", "some.csv", "--yes", who="amgros")
    assert shown.code == 3 and re.search(r"nordjylland 2018-09, 1 rows?\n +midtjylland|midtjylland 2018-11, 1 rows?\n +nordjylland", shown.err), shown
    assert medkoord("push", "some.csv", "--yes", "--send-anyway", who="amgros").code == 3
    assert sorted((c["region"], c["from_month"], c["to_month"]) for c in one(api, "some.csv")["coverage"]) == [
        ("midtjylland", "2018-11", "2018-11"), ("nordjylland", "2018-09", "2018-09")]


@pytest.mark.parametrize("start", [b"PK\3\4", b"\xd0\xcf\x11\xe0", "\ufeffmonth".encode("utf-16-le")])
def test_a_workbook_is_told_to_be_one(medkoord, tmp_path, start):
    (tmp_path / "book.csv").write_bytes(start + bytes(100))
    result = medkoord("push", "book.csv", "--yes", who="amgros")
    assert result.code == 3 and "save it as CSV UTF-8" in result.err and not (tmp_path / "book.csv.rejected.csv").exists()


def test_another_charset_is_told_how_to_be_declared(medkoord, tmp_path):
    (tmp_path / "old.csv").write_bytes("month;hospital;atc;product;ddd\n2018-10;AUT;J01CA04;blå;1\n".encode("latin-1"))
    assert "--charset iso-8859-1" in medkoord("push", "old.csv", "--yes", who="amgros").err


def test_more_faults_than_the_answer_holds(medkoord, tmp_path):
    (tmp_path / "many.csv").write_text(HEAD + "2018-10,NOPE,J01CA04,1\n" * 700)
    result = medkoord("push", "many.csv", "--yes", "--send-anyway", "--coverage", "nordjylland=2018-10", who="amgros")
    assert result.code == 3 and "and 650 more" in result.err
    lines = rejected(tmp_path / "many.csv.rejected.csv")
    assert [int(x["line"]) for x in lines] == list(range(2, 702)) and {x["text"] for x in lines} == {"2018-10,NOPE,J01CA04,1"}


def test_more_faults_than_are_kept(medkoord, tmp_path):
    (tmp_path / "most.csv").write_text(HEAD + "2018-10,NOPE,J01CA04,1\n" * 10005)
    for more in ((), ("--send-anyway", "--coverage", "nordjylland=2018-10")):
        result = medkoord("push", "most.csv", "--yes", *more, who="amgros")
        assert result.code == 3 and "the first 10000 of 10005 are in most.csv.rejected.csv" in result.err and "all of them" not in result.err
        assert len(rejected(tmp_path / "most.csv.rejected.csv")) == 10000


def test_the_list_of_an_earlier_try_goes_with_its_faults(medkoord, tmp_path):
    (tmp_path / "m.csv").write_text(HEAD + "2018-12,NOPE,J01CA04,1\n")
    assert medkoord("push", "m.csv", "--yes", who="amgros").code == 3 and (tmp_path / "m.csv.rejected.csv").exists()
    (tmp_path / "m.csv").write_text(HEAD + "2018-12,AUT,J01CA04,1\n")
    result = medkoord("push", "m.csv", "--yes", who="amgros")
    assert result.code == 0 and "removed m.csv.rejected.csv" in result.err and not (tmp_path / "m.csv.rejected.csv").exists()
    (tmp_path / "m.csv.rejected.csv").write_text("something else")
    result = medkoord("push", "m.csv", "--yes", who="amgros")
    assert result.code == 0 and "removed" not in result.err and (tmp_path / "m.csv.rejected.csv").exists()


def test_the_rejected_list_goes_into_what_is_no_file(medkoord, tmp_path):
    (tmp_path / "p.csv").write_text(BAD)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        read = []
        reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()), daemon=True)
        reader.start()
        assert medkoord("push", "p.csv", "--yes", "--rejected", name, who="amgros").code == 3
        reader.join(30)
        assert len(list(csv.DictReader(read[0].splitlines()))) == 4
    assert stat.S_ISFIFO((tmp_path / "pipe").lstat().st_mode) and (tmp_path / "link").is_symlink()
    result = medkoord("push", "p.csv", "--yes", "--rejected", "-", who="amgros")
    assert result.code == 3 and len(list(csv.DictReader(result.out.splitlines()))) == 4 and not (tmp_path / "-").exists()
    both = medkoord("push", "p.csv", "--yes", "--rejected", "-", "--output", "x", who="amgros")
    assert both.code == 2 and "cannot stand together" in both.err
    (tmp_path / "p.csv.rejected.csv").mkdir()
    result = medkoord("push", "p.csv", "--yes", who="amgros")
    assert result.code == 3 and "cannot write p.csv.rejected.csv" in result.err


def test_a_rejected_list_of_ones_own_keeps_its_link(medkoord, tmp_path):
    (tmp_path / "k.csv").write_text(BAD)
    (tmp_path / "folder").mkdir()
    (tmp_path / "mine.csv").symlink_to("folder/there.csv")
    result = medkoord("push", "k.csv", "--yes", "--rejected", "mine.csv", who="amgros")
    assert result.code == 3 and "cannot write mine.csv" in result.err and (tmp_path / "mine.csv").is_symlink()
    (tmp_path / "folder" / "there.csv").touch()
    assert medkoord("push", "k.csv", "--yes", "--rejected", "mine.csv", who="amgros").code == 3
    assert (tmp_path / "mine.csv").is_symlink() and len(rejected(tmp_path / "folder" / "there.csv")) == 4


def test_the_rejected_list_follows_no_link(medkoord, tmp_path):
    (tmp_path / "l.csv").write_text(BAD)
    (tmp_path / "kept").write_text("as it was")
    (tmp_path / "l.csv.rejected.csv").symlink_to(tmp_path / "kept")
    assert medkoord("push", "l.csv", "--yes", who="amgros").code == 3
    assert (tmp_path / "kept").read_text() == "as it was" and len(rejected(tmp_path / "l.csv.rejected.csv")) == 4
    assert not (tmp_path / "l.csv.rejected.csv").is_symlink()


def test_rejected_lines_of_gzip_and_latin_1(medkoord, tmp_path):
    (tmp_path / "z.csv.gz").write_bytes(gzip.compress("month;hospital;atc;product;ddd\n2018-10;NØ;J01CA04;blå;1\r\n".encode("latin-1")))
    assert medkoord("push", "z.csv.gz", "--yes", "--charset", "iso-8859-1", who="amgros").code == 3
    assert rejected(tmp_path / "z.csv.gz.rejected.csv")[0]["text"] == "2018-10;NØ;J01CA04;blå;1"


def test_a_rejected_list_that_cannot_be_written_leaves_nothing(medkoord, tmp_path):
    (tmp_path / "b.csv").write_text(BAD)
    before = sorted(p.name for p in tmp_path.iterdir())
    result = medkoord("push", "b.csv", "--yes", "--rejected", "no/folder.csv", who="amgros")
    assert result.code == 3 and "cannot write" in result.err
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("token")) == [n for n in before if not n.startswith("token")]


def test_roles_and_files(medkoord, tmp_path):
    (tmp_path / "r.csv").write_text(HEAD + "2018-11,AUT,J01CA04,1\n")
    assert medkoord("push", "r.csv", "--yes", who="reader").code == 3
    missing = medkoord("push", "missing.csv", "--yes", who="amgros")
    assert missing.code == 1 and "missing.csv" in missing.err
    assert medkoord("push", ".", "--yes", who="amgros").code == 1
    (tmp_path / "h.csv").write_text(HEAD)
    assert medkoord("push", "h.csv", "--yes", who="amgros").code == 2
    assert medkoord("push", "h.csv", "--yes", "--coverage", "nordjylland=2018-12", who="amgros").code == 0 # nothing was used


def test_rehearsing_keeps_no_row_and_says_what_it_keeps(medkoord, api, tmp_path):
    (tmp_path / "try.csv").write_text(HEAD + "2019-02,AUT,J01CA04,1\n")
    result = medkoord("push", "try.csv", "--yes", "--rehearse", who="amgros")
    made = one(api, "try.csv")
    assert result.code == 0 and "would be accepted" in result.err and made["state"] == "announced"
    assert result.out == "" and f"stays announced, as delivery {made['id']}" in result.err
    assert json.loads(medkoord("push", "try.csv", "--yes", "--rehearse", "--json", who="amgros").out)["rows"] == 1
    assert medkoord("push", "try.csv", "--yes", who="amgros").out == made["id"] + "\n" and one(api, "try.csv")["state"] == "accepted"
    again = medkoord("push", "try.csv", "--yes", "--rehearse", who="amgros")
    assert again.code == 0 and "accepted before" in again.err and "would be" not in again.err and again.out == ""


# ---- what was sent before ----

class Flip:
    """Two files of the same months and sums under one label; what is in force shows by its ATC code."""

    def __init__(self, medkoord, api, folder, source, month):
        self.medkoord, self.api, self.source, self.month = medkoord, api, source, month
        for name, atc in (("a", "J01CA04"), ("b", "J01CA01")):
            (folder / f"{name}.csv").write_text(HEAD + f"{month},AUT,{atc},1\n")

    def words(self, name, *more):
        return ("push", f"{name}.csv", "--label", "x", "--source", self.source, *more)

    def push(self, name, *more, code=0):
        result = self.medkoord(*self.words(name, "--yes", *more), who="amgros")
        assert result.code == code, result
        return result

    def in_force(self):
        query = {"source": self.source, "from_month": self.month, "to_month": self.month}
        return {"J01CA04": "a", "J01CA01": "b"}[self.api.all("/v1/consumption", "admin", query=query)[0]["atc"]]

    def withdraw(self, delivery):
        answer = self.api.post(f"/v1/consumption-deliveries/{delivery.strip()}/transitions", {"action": "withdraw", "reason": "a test"}, "admin")
        assert answer.status == 200, answer.text

    def deliveries(self):
        return [d for d in self.api.all("/v1/consumption-deliveries", "admin") if d["source"] == self.source]


def test_what_is_pushed_again_is_in_force_again(medkoord, api, tmp_path):
    flip = Flip(medkoord, api, tmp_path, "flip", "2016-01")
    first = flip.push("a").out
    other = flip.push("b").out
    assert flip.in_force() == "b"
    result = flip.push("a")
    assert result.out not in (first, other) and "0 new, 1 replaced" in result.err and flip.in_force() == "a"
    assert f"accepted before, as delivery {first.strip()}; for 1 of its 1 region-months another is in force now: {other.strip()}" in result.err
    same = flip.push("a") # in force already: nothing to decide, and nothing new
    assert same.out == result.out and "nothing has changed" in same.err and "replaced" not in same.err and len(flip.deliveries()) == 3
    for name in "bab":
        flip.push(name)
        assert flip.in_force() == name
    assert flip.push("b", "--json").code == 0 and len(flip.deliveries()) == 6


def test_what_was_withdrawn_can_be_pushed_again(medkoord, api, tmp_path):
    flip = Flip(medkoord, api, tmp_path, "withdrawn", "2016-01")
    first = flip.push("a").out
    for _ in range(2):
        flip.withdraw(flip.push("a").out)
        result = flip.push("a")
        assert result.out != first and "has been withdrawn" in result.err and flip.in_force() == "a"


def test_pushing_again_asks(medkoord, api, tmp_path):
    flip = Flip(medkoord, api, tmp_path, "asked", "2016-01")
    flip.push("a")
    flip.push("b")
    for answer, code, name in (("n", 1, "b"), ("y", 0, "a")):
        with medkoord.terminal(*flip.words("a"), who="amgros", columns=200) as t:
            t.expect(r"Send it\?")
            t.send("y\n")
            t.expect(r"in force again\?")
            t.send(answer + "\n")
            assert t.wait() == code and flip.in_force() == name
    with medkoord.terminal(*flip.words("a"), who="amgros", columns=200) as t: # in force: one question
        t.expect(r"Send it\?")
        t.send("y\n")
        assert t.wait() == 0 and "nothing has changed" in t.text and "in force again" not in t.text


def test_under_a_key_of_ones_own_it_is_refused_with_what_to_do(medkoord, api, tmp_path):
    flip = Flip(medkoord, api, tmp_path, "keyed", "2016-01")
    flip.push("a", "--idempotency-key", "flip-1")
    other = flip.push("b").out
    refused = flip.push("a", "--idempotency-key", "flip-1", code=3)
    assert other.strip() in refused.err and "another --idempotency-key" in refused.err and refused.out == "" and flip.in_force() == "b"
    flip.withdraw(flip.push("a", "--idempotency-key", "flip-2").out)
    refused = flip.push("a", "--idempotency-key", "flip-2", code=3)
    assert "withdrawn" in refused.err and "another --idempotency-key" in refused.err


def test_a_rehearsal_tells_of_now(medkoord, api, tmp_path):
    flip = Flip(medkoord, api, tmp_path, "rehearsed", "2016-01")
    flip.push("a")
    flip.push("b")
    result = flip.push("a", "--rehearse")
    assert "would be accepted" in result.err and "0 new, 1 replaced" in result.err and result.out == "" and flip.in_force() == "b"
    assert "would be accepted" in flip.push("a", "--rehearse").err
    flip.push("a")
    assert flip.in_force() == "a"


# ---- long ones ----

@pytest.fixture(scope="module")
def long_file(tmp_path_factory):
    """About 20 MB that hardly compress: products are random letters."""
    path = tmp_path_factory.mktemp("long") / "long.csv"
    draw, letters = random.Random(4), str.maketrans("0123456789", "ghijklmnop") # digits could look like a CPR number
    rows = (f"2019-{m:02d},AUT,J01{a}{b}{n:02d},{article:06d},{draw.randbytes(40).hex().translate(letters)},{draw.randrange(10**6) / 100}\n"
            for m in range(3, 13) for a in "ABCDEFGH" for b in "ABC" for n in range(1, 51) for article in range(1, 16))
    path.write_text("month,hospital,atc,article_number,product,ddd\n" + "".join(rows))
    return path


class Slow:
    """Passes everything on until `most` bytes came from the client; then stands still until it is let go."""

    def __init__(self, port, most):
        self.port, self.most, self.passed = port, most, 0
        self.full, self.go = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self.port))
                threading.Thread(target=self.move, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self.move, args=(server, client, False), daemon=True).start()

    def move(self, source, target, counted):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if counted:
                    self.passed += len(piece)
                    if self.passed > self.most:
                        self.full.set()
                        self.go.wait(60)
                target.sendall(piece)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.go.set()
        self.listener.close()


@contextlib.contextmanager
def slow(port, most):
    made = Slow(port, most)
    try:
        yield made
    finally:
        made.close()


class Renaming(Slow):
    """Puts what steers a terminal (U+009B) in the place of a delivery's id, as long as that."""

    ID = "\u009b31m".encode() + b"a" * 31

    def move(self, source, target, counted):
        if counted:
            return super().move(source, target, counted)
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(re.sub(rb'"id": ?"[0-9a-f-]{36}"', b'"id":"' + self.ID + b'"', piece))


def test_an_id_that_is_none_goes_nowhere(medkoord, server, tmp_path):
    (tmp_path / "named.csv").write_text(GOOD)
    with contextlib.closing(Renaming(server.port, 1 << 30)) as between:
        result = medkoord("push", "named.csv", "--yes", who="amgros", MEDKOORD_URL=between.url)
    assert result.code == 4 and "/id is no UUID" in result.err and "\u009b" not in result.err and result.out == "", result


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_and_resumed(medkoord, api, server, long_file, by):
    label = f"long {by.name}"
    words = ("push", long_file, "--yes", "--label", label, "--source", f"s-{by.name.lower()}")
    with slow(server.port, 2_000_000) as between:
        process = medkoord.start(*words, who="amgros", MEDKOORD_URL=between.url)
        wait_until(lambda: between.full.is_set() or process.poll() is not None, 120, "half of the file")
        assert between.full.is_set(), process.communicate()
        process.send_signal(by)
        out, err = process.communicate(timeout=60)
        medkoord.check((out + err).decode())
    assert process.returncode == 128 + by and out == b"" and b"nothing of it counts" in err
    made = one(api, label)
    assert made["state"] == "announced" and made["rows"] is None
    assert sorted(p.name for p in long_file.parent.iterdir()) == ["long.csv"]
    result = medkoord(*words, "--json", who="amgros")
    assert result.code == 0, result
    assert json.loads(result.out)["id"] == made["id"] and one(api, label)["state"] == "accepted"
    again = medkoord(*words, "--json", who="amgros") # counts once
    assert json.loads(again.out) == json.loads(result.out) and len(deliveries(api, label)) == 1


def test_progress_with_rate_and_time_left(medkoord, server, long_file):
    with slow(server.port, 3_000_000) as between:
        with medkoord.terminal("push", long_file, "--yes", "--plain", "--label", "shown", "--source", "shown", columns=100, who="amgros", MEDKOORD_URL=between.url) as t:
            t.expect(r"\rreading the file", 120)
            t.expect(r"█+░* +\d+ %  [\d.]+ MiB  [\d.]+ [KM]iB/s  \d+(:\d\d)* s? ?left", 120)
            between.go.set()
            t.expect("accepted: 180000 rows", 120)
            assert t.wait() == 0
            assert all(len(line) < 100 for piece in t.plain.splitlines() for line in piece.split("\r") if "iB/s" in line)
    with slow(server.port, 3_000_000) as between:
        between.go.set()
        piped = medkoord("push", long_file, "--yes", "--label", "not shown", "--source", "notshown", who="amgros", MEDKOORD_URL=between.url)
        assert piped.code == 0 and "iB/s" not in piped.err and "\r" not in piped.err


def test_a_broken_connection_is_sent_again(medkoord, api, server, long_file):
    class Cut(Slow):
        def move(self, source, target, counted):
            with contextlib.suppress(OSError):
                while piece := source.recv(65536):
                    if counted:
                        self.passed += len(piece)
                        if self.passed > self.most and not self.full.is_set():
                            self.full.set() # once
                            break
                    target.sendall(piece)
            for end in (source, target):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
    between = Cut(server.port, 2_000_000)
    result = medkoord("push", long_file, "--yes", "--label", "cut", "--source", "cut", who="amgros", MEDKOORD_URL=between.url)
    between.close()
    assert result.code == 0 and between.full.is_set(), result
    assert one(api, "cut")["state"] == "accepted"


def test_put_rows_takes_a_stream(medkoord, api, tmp_path):
    made = json.loads(medkoord("consumption", "announce-delivery", "--source", "raw", "--label", "raw", "--status", "final", "--control-rows", "1",
                               "--control-ddd", "1.5", "--coverage", "region=nordjylland,from_month=2020-01,to_month=2020-01", "--json").out)
    rows = HEAD + "2020-01,AUT,J01CA04,1.5\n"
    bad = medkoord("consumption", "put-rows", made["id"], "--body-file", "-", input=rows.replace("AUT", "X").encode())
    assert bad.code == 3 and "delivery_rejected" in bad.err
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(rows.encode()))
    lines = medkoord("consumption", "put-rows", made["id"], "--body-file", "-", input=b'{"month": "2020-01", "hospital": "X", "atc": "J01CA04", "ddd": 1.5}\n')
    assert lines.code == 3 and "line/1/hospital no hospital has this code" in lines.err, lines
    result = medkoord("consumption", "put-rows", made["id"], "--body-file", "rows.csv.gz")
    assert result.code == 0 and re.search(r"^state +accepted$", result.out, re.M)
    wait_until(lambda: one(api, "raw")["state"] == "accepted")
