"""mk_push(), and what the library makes of arguments and answers that are not right, against the real server.
SPDX-License-Identifier: MPL-2.0
"""
import ctypes
import gzip
import socket
import threading
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_int, c_size_t, c_void_p

import pytest

from client_calls import Caller, Failure
from libmedkoord import ARGUMENT, CALLBACK, NETWORK, OK, PROGRESS, REFUSED, Error, Source, library
from test_client_operations import CONTROL, HEADER, ROWS, admin, announcement, as_role, hospital, place, types  # noqa: F401


class PushOptions(Structure):
    _fields_ = [("size", c_size_t), ("idempotency_key", c_char_p), ("plain", c_bool), ("no_digest", c_bool),
                ("rehearse", c_bool), ("progress", PROGRESS), ("progress_user", c_void_p)]


def push(caller, announced, content, **options):
    """(id, report); Failure.id is what was announced before it failed."""
    kept, error, report = [], Error(), c_void_p()
    plan = caller.types.plans["announce_consumption_delivery"]
    body = caller.types.build(plan.body, announced, kept)
    made = ctypes.create_string_buffer(b"?" * 36, 37)
    function = library().mk_push
    function.restype = c_int
    function.argtypes = [c_void_p, c_void_p, POINTER(Source), c_void_p, c_char_p, c_void_p, POINTER(Error)]
    chosen = PushOptions(size=ctypes.sizeof(PushOptions), **options)
    code = function(caller.handle.client, byref(body), content, byref(chosen) if options else None, made, byref(report), byref(error))
    if code != OK:
        assert not report
        failure = Failure(code, error)
        failure.id = made.value.decode()
        raise failure
    return made.value.decode(), caller.take(caller.types.plans["put_consumption_rows"].result, report)


@pytest.fixture(scope="module")
def amgros(as_role, hospital):  # noqa: F811
    return as_role("amgros")


@pytest.mark.parametrize("words", [{}, {"plain": True}, {"no_digest": True}, {"plain": True, "no_digest": True}])
def test_a_delivery_is_pushed_and_again_it_is_the_same(amgros, words):
    body = announcement("p" + "".join(sorted(k[0] for k in words)))
    first, report = push(amgros, body, Source(ROWS.encode()), **words)
    assert report["state"] == "accepted" and report["rows"] == ("number", "3")
    again, report_again = push(amgros, body, Source(ROWS.encode()), **words)
    assert again == first and report_again == report and (report.replayed, report_again.replayed) == (False, True)
    other, _ = push(amgros, body, Source(ROWS.encode()), idempotency_key=b"another-" + body["source"].encode())
    assert other != first


def test_sources_of_other_kinds(amgros):
    once, _ = push(amgros, announcement("pone"), Source(ROWS.encode(), once=True))
    assert amgros.call("get_consumption_delivery", once)["content_bytes"] == ("number", str(len(ROWS.encode())))
    zipped, _ = push(amgros, announcement("pzip"), Source(gzip.compress(ROWS.encode()), gzipped=True))
    assert amgros.call("get_consumption_delivery", zipped)["content_bytes"] == ("number", str(len(ROWS.encode())))
    line = b'{"month": "2016-01", "hospital": "KL1", "atc": "J01CR05", "ddd": 1.5}\n'
    push(amgros, announcement("pnd", {"rows": 1, "ddd": "1.5"}), Source(line, media_type=b"application/x-ndjson"))


def test_what_is_rejected_is_named_by_line_and_column_and_can_be_sent_again(amgros):
    body = announcement("prej")
    with pytest.raises(Failure) as refused:
        push(amgros, body, Source(HEADER.encode() + b"2016-01,NOWHERE,J01CR05,,,,x,\n"))
    failure = refused.value
    assert (failure.code, failure.status, failure.problem) == (REFUSED, 422, "delivery_rejected")
    assert {"line/2/hospital", "line/2/ddd"} <= set(failure.pointers)
    assert {r["line"] for r in amgros.call("list_consumption_rejections", failure.id)} >= {("number", "2")}
    corrected, _ = push(amgros, body, Source(ROWS.encode()))
    assert corrected == failure.id, "the same announcement is the same delivery"


def test_a_rehearsal_keeps_nothing(amgros):
    made, report = push(amgros, announcement("preh"), Source(ROWS.encode()), rehearse=True)
    assert report["state"] == "accepted"
    assert amgros.call("get_consumption_delivery", made)["state"] == "announced"


def test_progress_is_told_and_may_stop(amgros):
    content, seen = HEADER.encode() + b"2016-01,KL1,J01CR05,000001,,,0.0001,\n" * 40_000, []

    def tell(_, sent, total):
        seen.append((sent, total))
        return 0
    with pytest.raises(Failure) as refused:
        push(amgros, announcement("pprog"), Source(content), progress=PROGRESS(tell), plain=True)
    assert refused.value.problem == "delivery_rejected", "a line stands there many times"
    assert seen == sorted(seen) and seen[-1] == (len(content), len(content)) and len(seen) > 1
    with pytest.raises(Failure) as stopped:
        push(amgros, announcement("pprog2"), Source(content), progress=PROGRESS(lambda *_: 1))
    assert stopped.value.code == CALLBACK
    with pytest.raises(Failure) as broken:
        push(amgros, announcement("pprog3"), Source(content, broken_after=100_000))
    assert broken.value.code == CALLBACK
    assert amgros.call("get_consumption_delivery", broken.value.id)["state"] == "announced"


class Cutting:
    """Passes bytes on to the server, and cuts the first `times` connections on which more than `after` bytes came."""

    def __init__(self, port, after, times):
        self.port, self.after, self.left, self.cut = port, after, times, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client, socket.create_connection(("127.0.0.1", self.port))), daemon=True).start()

    def serve(self, client, server):
        threading.Thread(target=self.answer, args=(server, client), daemon=True).start()
        passed = 0
        while piece := client.recv(65536):
            passed += len(piece)
            with self.lock:
                if passed > self.after and self.left > 0:
                    self.left, self.cut = self.left - 1, self.cut + 1
                    break
            server.sendall(piece)
        for side in (client, server):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @staticmethod
    def answer(server, client):
        try:
            while piece := server.recv(65536):
                client.sendall(piece)
        except OSError:
            pass


@pytest.mark.parametrize("once", [False, True], ids=["rewinds", "cannot be read twice"])
def test_a_connection_that_breaks(types, place, keys, hospital, once):  # noqa: F811
    rows = 40_000
    content = HEADER.encode() + b"".join(b"2016-01,KL1,J01CR05,%06d,,,0.0001,\n" % i for i in range(rows))
    body = announcement("pcut1" if once else "pcut", {"rows": rows, "ddd": "4"})
    cutting = Cutting(place.port, after=300_000, times=2)
    with Caller(types, f"http://127.0.0.1:{cutting.listener.getsockname()[1]}", keys.token("amgros"), retries=3) as caller:
        source = Source(content, once=once)
        if once:
            with pytest.raises(Failure) as broken:
                push(caller, body, source, plain=True)
            assert broken.value.code == NETWORK and cutting.cut == 1
            state = caller.call("get_consumption_delivery", broken.value.id)["state"]
            assert state == "announced"
        else:
            made, report = push(caller, body, source, plain=True)
            assert report["rows"] == ("number", str(rows)) and cutting.cut == 2 and source.rewound >= 2
            assert caller.call("get_consumption_delivery", made)["state"] == "accepted"
    cutting.listener.close()


# ---- arguments ----



def refused_announcement(amgros, change):
    """What is said of an announcement that `change` spoilt; nothing may be sent."""
    plan, kept, error, result = amgros.types.plans["announce_consumption_delivery"], [], Error(), c_void_p()
    body = amgros.types.build(plan.body, announcement("parg"), kept)
    change(body)
    function = library().mk_announce_consumption_delivery
    function.argtypes, function.restype = [c_void_p, c_void_p, c_void_p, c_void_p, POINTER(Error)], c_int
    assert function(amgros.handle.client, byref(body), None, byref(result), byref(error)) == ARGUMENT
    assert not result and error.status == 0
    text = error.text
    error.clear()
    return text


@pytest.mark.parametrize("change, said", [
    (lambda b: setattr(b, "label", None), "body/label is missing"),
    (lambda b: setattr(b, "label", b"\xc3("), "body/label is not UTF-8"),
    (lambda b: setattr(b, "control", None), "body/control is missing"),
    (lambda b: setattr(b.control.contents, "ddd", b"1,5"), "body/control/ddd is no number"),
    (lambda b: setattr(b.control.contents, "ddd", b"NaN"), "body/control/ddd is no number"),
    (lambda b: setattr(b.control.contents, "size", 0), "body/control has no size"),
    (lambda b: setattr(b.coverage[0].contents, "to_month", None), "body/coverage/0/to_month is missing"),
    (lambda b: setattr(b, "coverage", None), "body/coverage is missing"),
    (lambda b: setattr(b, "size", 0), "body/ has no size"),
])
def test_a_body_that_cannot_be_sent_is_named_before_anything_is_sent(amgros, change, said):
    assert refused_announcement(amgros, change) == said
    assert amgros.call("list_consumption_deliveries", source="parg") == []


def test_a_body_of_an_older_header_is_taken(amgros):
    """A program built when `sha256` did not exist yet passes a struct that ends before it, here with rubbish behind."""
    plan, kept = amgros.types.plans["announce_consumption_delivery"], []
    body = amgros.types.build(plan.body, announcement("polder"), kept)
    body.size = type(body).sha256.offset
    ctypes.memset(ctypes.addressof(body) + body.size, 0xAA, ctypes.sizeof(c_char_p))
    function, error, result = library().mk_announce_consumption_delivery, Error(), c_void_p()
    function.argtypes, function.restype = [c_void_p, c_void_p, c_void_p, c_void_p, POINTER(Error)], c_int
    assert function(amgros.handle.client, byref(body), None, byref(result), byref(error)) == OK, error.text
    assert amgros.take(plan.result, result)["sha256"] is None


@pytest.mark.parametrize("value", ["", ".", "..", "\x01\x02", "a/b", "æ?#%", "%2e%2e"])
def test_values_in_paths(amgros, value):
    with pytest.raises(Failure) as refused:
        amgros.call("get_hospital", value)
    if value in ("", ".", ".."):
        assert (refused.value.code, refused.value.text) == (ARGUMENT, "path/hospital cannot stand in a path")
    else:
        assert refused.value.status in (400, 404), "it arrives as one segment"


def test_values_in_headers_cannot_begin_another(admin):  # noqa: F811
    with pytest.raises(Failure) as refused:
        admin.call("create_hospital", body={"code": "X", "name": "x", "region": "nordjylland"}, idempotency_key="a\r\nX-Evil: 1")
    assert refused.value.code == ARGUMENT
