"""What the library makes of answers that are not of the contract, or of a newer one: from a server that answers what it is told.
SPDX-License-Identifier: MPL-2.0
"""
import ctypes
import http.server
import json
import threading
from ctypes import POINTER, byref, c_int, c_size_t, c_void_p

import pytest

from client_calls import Caller, Failure
from libmedkoord import ARGUMENT, END, OK, PROTOCOL, REFUSED, SERVER, Argument, Error, Sink, library
from test_client_operations import by_name, types  # noqa: F401

REGION = {"slug": "nordjylland", "name": "Region Nordjylland", "code": "1081", "valid_from": "2007-01-01", "valid_to": None,
          "successor": None, "predecessors": [], "current": "nordjylland"}


class Told(http.server.ThreadingHTTPServer):
    """`answers`: path with its query -> (status, media type, text)."""
    daemon_threads = True

    def __init__(self):
        self.answers, self.asked = {}, []
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        status, media, text = self.server.answers[self.path]
        content = text.encode()
        self.send_response(status)
        for name, value in (("Content-Type", media), ("Content-Length", len(content)), ("X-Request-Id", "r-1"), ("ETag", '"1"')):
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    do_DELETE = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def told():
    server = Told()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def caller(told, types):  # noqa: F811
    with Caller(types, f"http://127.0.0.1:{told.server_port}", "token", retries=-1) as made:
        yield made


def page(items, following=None, **more):
    return 200, "application/json", json.dumps({"items": items, "next": following, **more})


def test_a_list_follows_its_pages_and_passes_over_empty_ones(told, caller):
    told.answers = {"/v1/regions?limit=2": page([REGION, REGION], "/v1/regions?limit=2&cursor=a"),
                    "/v1/regions?limit=2&cursor=a": page([], "/v1/regions?limit=2&cursor=b"),
                    "/v1/regions?limit=2&cursor=b": page([{**REGION, "new_in_2030": [1]}])}
    assert [r["slug"] for r in caller.call("list_regions", limit=2)] == ["nordjylland"] * 3
    assert told.asked == list(told.answers)


@pytest.mark.parametrize("answer, said", [
    ((200, "application/json", "[]"), "/items is no list"),
    ((200, "application/json", '{"items": {}, "next": null}'), "/items is no list"),
    ((200, "application/json", '{"items": []}'), "/next is neither text nor null"),
    ((200, "application/json", '{"items": [], "next": 5}'), "/next is neither text nor null"),
    (page([], "http://127.0.0.1:1/v1/regions?cursor=a"), "/next leads elsewhere"),
    (page([], "/v1/hospitals?cursor=a"), "/next leads elsewhere"),
    (page([], "/v1/regions/../x?cursor=a"), "/next leads elsewhere"),
    (page([], "/v1/regionsx?cursor=a"), "/next leads elsewhere"),
    (page([], "/v1/regions"), "/next leads elsewhere"),
    (page([], total="1"), "/total is no whole number"),
    (page([{**REGION, "slug": 1}]), "/slug is no text"),
    (page([5]), "/ is no object"),
    ((200, "text/html", "<html>"), "answered text/html, which is not application/json"),
    ((200, "application/json", '{"items": [], "next": '), "the answer's JSON is broken"),
    ((204, "application/json", ""), "the server answered 204"),
])
def test_a_list_that_is_none(told, caller, answer, said):
    told.answers = {"/v1/regions?limit=500": answer}
    with pytest.raises(Failure) as refused:
        caller.call("list_regions")
    assert refused.value.code == PROTOCOL and said in refused.value.text


def test_a_list_does_not_go_round(told, caller):
    told.answers = {"/v1/regions?limit=500": page([REGION], "/v1/regions?cursor=a"), "/v1/regions?cursor=a": page([], "/v1/regions?cursor=a")}
    with pytest.raises(Failure) as refused:
        caller.call("list_regions")
    assert refused.value.code == PROTOCOL and len(told.asked) == 2


@pytest.mark.parametrize("before, round_", [(0, 1), (0, 2), (1, 2), (5, 1), (3, 7), (20, 3)])
@pytest.mark.parametrize("items", [[], [REGION]])
def test_a_list_that_leads_round_in_a_circle_ends(told, caller, before, round_, items):
    """After `before` pages, `round_` of them again and again: without items, asking for one would never come back."""
    paths = ["/v1/regions?limit=500"] + [f"/v1/regions?cursor={i}" for i in range(before + round_ + 1)]
    told.answers = {path: page(items, following) for path, following in zip(paths, paths[1:])}
    told.answers[paths[-1]] = page(items, paths[-round_])
    with pytest.raises(Failure) as refused:
        caller.call("list_regions")
    assert refused.value.code == PROTOCOL and "/next leads round in a circle" in refused.value.text
    assert len(told.asked) < 3 * len(paths)


def test_a_long_list_is_no_circle(told, caller):
    paths = ["/v1/regions?limit=500"] + [f"/v1/regions?cursor={i}" for i in range(100)]
    told.answers = {path: page([REGION], following) for path, following in zip(paths, [*paths[1:], None])}
    assert len(caller.call("list_regions")) == 101


def json_items(caller, operation, arguments):
    """mk_call_list() and mk_list_next(): the items' JSON."""
    lib, listed, error, text, n = library(), c_void_p(), Error(), c_void_p(), c_size_t()
    given = (Argument * len(arguments))(*[Argument(name, value) for name, value in arguments])
    lib.mk_call_list.argtypes = [c_void_p, c_void_p, POINTER(Argument), c_size_t, POINTER(c_void_p), POINTER(Error)]
    lib.mk_list_next.argtypes = [c_void_p, POINTER(c_void_p), POINTER(c_size_t), POINTER(Error)]
    code = lib.mk_call_list(caller.handle.client, lib.mk_operation_find(operation), given, len(given), byref(listed), byref(error))
    if code != OK:
        raise Failure(code, error)
    items = []
    while (code := lib.mk_list_next(listed, byref(text), byref(n), byref(error))) == OK:
        items.append(ctypes.string_at(text, n.value))
    assert lib.mk_list_next(listed, byref(text), byref(n), None) == code, "and stays so"
    assert lib.mk_list_next(listed, None, byref(n), None) == ARGUMENT == lib.mk_list_next(None, byref(text), byref(n), None)
    lib.mk_list_destroy(listed)
    if code != END:
        raise Failure(code, error)
    return items


def test_lists_by_name(told, caller):
    """Items as they came, also such as this version cannot read."""
    told.answers = {"/v1/regions?as_of=2020-01-01&limit=500": (200, "application/json", '{"items": [ {"slug": 1.50} , 7], "next": "/v1/regions?x"}'),
                    "/v1/regions?x": page([]), "/v1/regions?limit=2": page([]), "/v1/regions?limit=500": page([{}], "/v1/regionsx?")}
    assert json_items(caller, b"list_regions", [(b"as_of", b"2020-01-01")]) == [b'{"slug": 1.50}', b"7"]
    assert json_items(caller, b"list_regions", [(b"limit", b"2")]) == []
    with pytest.raises(Failure) as refused:
        json_items(caller, b"list_regions", [(b"limit", None)])
    assert refused.value.code == PROTOCOL and "/next leads elsewhere" in refused.value.text
    for operation, arguments, said in ((b"get_region", [(b"region", b"x")], "get_region answers no list"),
                                       (b"list_regions", [(b"colour", b"x")], "list_regions has no parameter colour"),
                                       (b"none", [], "no client or no operation")):
        with pytest.raises(Failure) as refused:
            json_items(caller, operation, arguments)
        assert refused.value.code == ARGUMENT and refused.value.text == said


def test_a_list_goes_on_after_a_failure(told, caller):
    broken = 503, "application/problem+json", json.dumps({"code": "database_unavailable", "title": "No database", "status": 503})
    told.answers = {"/v1/regions?limit=500": page([REGION], "/v1/regions?cursor=a"), "/v1/regions?cursor=a": broken}
    listed, item, error = c_void_p(), c_void_p(), Error()
    lib = library()
    lib.mk_list_regions.argtypes, lib.mk_list_regions.restype = [c_void_p, c_void_p, c_void_p, POINTER(Error)], c_int
    lib.mk_region_next.argtypes, lib.mk_region_next.restype = [c_void_p, c_void_p, POINTER(Error)], c_int
    lib.mk_hospital_next.argtypes, lib.mk_hospital_next.restype = [c_void_p, c_void_p, POINTER(Error)], c_int
    assert lib.mk_list_regions(caller.handle.client, None, byref(listed), byref(error)) == OK and told.asked == []
    assert lib.mk_hospital_next(listed, byref(item), byref(error)) == ARGUMENT, "a list of something else"
    assert lib.mk_region_next(listed, byref(item), byref(error)) == OK
    lib.mk_result_free(item)
    item = c_void_p()
    for _ in range(2):
        assert lib.mk_region_next(listed, byref(item), byref(error)) == SERVER
        assert (error.problem, error.status) == (b"database_unavailable", 503) and not item
    told.answers["/v1/regions?cursor=a"] = page([REGION], total=2)
    assert lib.mk_region_next(listed, byref(item), byref(error)) == OK
    assert lib.mk_list_total(listed) == 2
    lib.mk_list_destroy(listed)
    assert b"nordjylland" in ctypes.string_at(lib.mk_result_json(item, None)), "an item outlives its list"
    lib.mk_result_free(item)
    error.clear()


@pytest.mark.parametrize("answer, code, said", [
    ((200, "application/json", json.dumps({**REGION, "slug": None})), PROTOCOL, "/slug is no text"),
    ((200, "application/json", json.dumps({k: v for k, v in REGION.items() if k != "current"})), PROTOCOL, "/current is missing"),
    ((200, "application/json", "null"), PROTOCOL, "/ is no object"),
    ((200, "application/json", ""), PROTOCOL, "the answer's JSON is broken"),
    ((200, "text/plain", json.dumps(REGION)), PROTOCOL, "answered text/plain, which is not application/json"),
    ((200, "application/jsonx", json.dumps(REGION)), PROTOCOL, "answered application/jsonx, which is not"),
    ((304, "application/json", ""), PROTOCOL, "an answer of status 304"),
    ((418, "text/html", "<html>"), REFUSED, "the server answered 418"),
    ((500, "application/problem+json", "{"), SERVER, "the server answered 500"),
])
def test_an_answer_that_is_none(told, caller, answer, code, said):
    told.answers = {"/v1/regions/nordjylland": answer}
    with pytest.raises(Failure) as refused:
        caller.call("get_region", "nordjylland")
    assert refused.value.code == code and said in refused.value.text
    if code != PROTOCOL:
        assert refused.value.status == answer[0] and refused.value.request_id == "r-1"


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/problem+json", ""])
def test_what_answers_everything_is_no_server_of_ours(told, caller, kind):
    """A proxy, or a page to log in at, that says 200 to everything."""
    html = 200, kind, "<html>Log in</html>"
    told.answers = {"/v1/regions/nordjylland": html, "/v1/consumption": html, "/v1/openapi.json": html, "/metrics": html,
                    "/v1/people/p/contact": html}
    said = f"http://127.0.0.1:{told.server_port} answered {kind or 'no type'}, which is not "
    with pytest.raises(Failure) as refused:
        by_name(caller, "get_region", [("region", "nordjylland")])
    assert refused.value.code == PROTOCOL and refused.value.status == 200 and said + "application/json" in refused.value.text
    for operation, wanted in (("list_consumption_csv", "text/csv"), ("get_contract", "application/json"), ("get_metrics", "text/plain")):
        sink = Sink()
        with pytest.raises(Failure) as refused:
            caller.call(operation, sink=sink)
        assert refused.value.code == PROTOCOL and said + wanted in refused.value.text
        assert sink.content == b"", "not a byte of it went out"
    with pytest.raises(Failure) as refused:
        caller.call("delete_person_contact", "p", if_match="*")
    assert refused.value.code == PROTOCOL and said + "empty" in refused.value.text


def test_an_answer_takes_no_more_memory_than_it_may(told, types):  # noqa: F811
    many = ",".join(["1"] * 100000)
    told.answers = {"/v1/regions/nordjylland": (200, "application/json", json.dumps(REGION)[:-1] + f', "new": [{many}]}}'),
                    "/v1/regions?limit=500": (200, "application/json", f'{{"items": [{many}], "next": null}}')}
    with Caller(types, f"http://127.0.0.1:{told.server_port}", "token", retries=-1, max_memory_bytes=1 << 20) as small:
        for words in (("get_region", "nordjylland"), ("list_regions",)):
            with pytest.raises(Failure) as refused:
                small.call(*words)
            assert refused.value.code == PROTOCOL and "more memory than max_memory_bytes" in refused.value.text
    with Caller(types, f"http://127.0.0.1:{told.server_port}", "token", retries=-1) as usual:
        assert usual.call("get_region", "nordjylland")["slug"] == "nordjylland"


def test_a_newer_server_is_understood(told, caller):
    newer = {"zoo": {"a": [None, 1.50]}, **REGION, "code": "1099", "valid_to": "whenever", "x": 1e400}
    told.answers = {"/v1/regions/nordjylland": (200, "application/json; charset=utf-8", json.dumps(newer).replace("Infinity", "1e400"))}
    got = caller.call("get_region", "nordjylland")
    assert (got["code"], got["valid_to"], got.etag, got.json["zoo"]) == ("1099", "whenever", '"1"', {"a": [None, 1.5]})
