"""What the HTTP gate refuses, byte by byte on a raw socket: each with the status and problem code expected, nothing behind
it taken for another request, and the next valid request answered; and that time, bytes, connections and memory have bounds.
SPDX-License-Identifier: MPL-2.0
"""
import concurrent.futures
import contextlib
import json
import re
import resource
import socket
import time

import pytest

from medkoord_api import Client, Server, wait_until

HEAD_DEADLINE_S, BODY_DEADLINE_S, STREAM_IDLE_S = 1.5, 2.0, 1.5
REAPED_WITHIN_S = 2 # the reaper comes by every half second; the rest is the machine's
IDLE_CONNECTIONS = 2000
SWALLOW_LIMIT = 4 << 20 # http.c: of a body that is refused already
SOCKET_BUFFERS = 16 << 20 # what the kernel may take of a sender before anybody reads it
PAGE = object() # instead of a problem code: libmicrohttpd refused it itself, before our code saw it, with a page of HTML


@pytest.fixture(scope="module")
def walls(cluster, keys, contract):
    """A server with short deadlines. AddressSanitizer keeps what is freed for a while; little of it, so that the resident
    memory is what the server holds."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert hard == resource.RLIM_INFINITY or hard > 2 * IDLE_CONNECTIONS, "too few file descriptors are allowed: ulimit -Hn"
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = Server(cluster.url(), keys, head_deadline_ms=int(HEAD_DEADLINE_S * 1000), body_deadline_ms=int(BODY_DEADLINE_S * 1000),
                    stream_idle_ms=int(STREAM_IDLE_S * 1000), max_connections=IDLE_CONNECTIONS)
    server.environment["ASAN_OPTIONS"] = server.environment.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"
    server.start()
    yield Client(server, contract, keys)
    assert server.remove() == 0


def ask(port, request, half_close=False):
    """The raw answer to raw bytes, up to the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        answer = b""
        try:
            s.sendall(request)
            if half_close:
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass # cut while we were still sending; it may have been answered all the same
        try:
            while piece := s.recv(65536):
                answer += piece
        except TimeoutError:
            raise
        except OSError:
            pass
        return answer


# ---- the table ----

SECOND = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: second\r\nConnection: close\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
J = b'{"a":1}' # 7 bytes, JSON, and not a hospital


def get(path=b"/v1/regions", more=b"", method=b"GET", version=b"HTTP/1.1", end=b"\r\n"):
    return lambda t: method + b" " + path + b" " + version + b"\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + t + b"\r\n" + more + end


def line(text):
    """This request line, with everything else as it should be."""
    return lambda t: text + b"\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + t + b"\r\n\r\n"


def post(headers, body=b"", version=b"HTTP/1.1"):
    return lambda t: (b"POST /v1/hospitals " + version + b"\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: Bearer " +
                      t + b"\r\n" + headers + b"\r\n" + body)


def chunks(body):
    """A chunked request that would keep its connection."""
    return lambda t: (b"POST /v1/hospitals HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer " + t + b"\r\n" + CHUNKED +
                      b"\r\n" + body)


def raw(data):
    return lambda t: data


BAD = (400, "malformed_request")
CASES = [ # name, request of a token, status (0: cut without an answer), problem code
    # -- the request line
    ("two spaces", line(b"GET  /v1/regions HTTP/1.1"), *BAD),
    ("two spaces before the version", line(b"GET /v1/regions  HTTP/1.1"), *BAD),
    ("space in the path", line(b"GET /v1/reg ions HTTP/1.1"), *BAD),
    ("NUL in the path", line(b"GET /v1/regions\0x HTTP/1.1"), *BAD),
    ("space before the method", line(b" GET /v1/regions HTTP/1.1"), 0, None),
    ("tabs for spaces", line(b"GET\t/v1/regions\tHTTP/1.1"), 0, None),
    ("space behind the version", line(b"GET /v1/regions HTTP/1.1 "), 400, PAGE),
    ("no version", line(b"GET /v1/regions"), 400, PAGE),
    ("version in lower case", line(b"GET /v1/regions http/1.1"), 400, PAGE),
    ("version HTTP/1.10", line(b"GET /v1/regions HTTP/1.10"), 400, PAGE),
    ("version HTTP/0.9", line(b"GET /v1/regions HTTP/0.9"), 505, PAGE),
    ("version HTTP/2.0", line(b"GET /v1/regions HTTP/2.0"), 505, PAGE),
    ("HTTP/2 by its preface", raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, PAGE),
    ("PROXY protocol", raw(b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + SECOND), 400, PAGE),
    ("a TLS hello", raw(bytes.fromhex("1603010200010001fc0303") + b"\x0a\x0d" * 100), 0, None),
    ("zeros", raw(b"\0" * 1000), 400, PAGE), # an empty line to libmicrohttpd, and what follows no request line
    ("bare LF behind the request line", lambda t: get()(t).replace(b"\r\n", b"\n", 1), *BAD),
    # -- the target
    ("path %00", get(b"/v1/regions/a%00b"), *BAD),
    ("path %2F", get(b"/v1/regions%2Fnordjylland"), *BAD),
    ("path %2f", get(b"/v1/regions%2fnordjylland"), *BAD),
    ("path %2e%2e", get(b"/v1/regions/%2e%2e"), *BAD),
    ("path %2E", get(b"/v1/%2E/regions"), *BAD),
    ("path ..", get(b"/v1/../metrics"), *BAD),
    ("path %ff", get(b"/v1/regions/%ff"), *BAD),
    ("path overlong slash", get(b"/v1/regions/%c0%af"), *BAD),
    ("path surrogate", get(b"/v1/regions/%ed%a0%80"), *BAD),
    ("path %zz", get(b"/v1/regions/%zz"), *BAD),
    ("path %a", get(b"/v1/regions/%a"), *BAD),
    ("path %", get(b"/v1/regions/%"), *BAD),
    ("path %252e, decoded once", get(b"/v1/regions/%252e%252e"), 400, "invalid_parameter"),
    ("path with bytes past ASCII", get("/v1/regions/æ".encode()), *BAD),
    ("path with a control character", get(b"/v1/regions/\x01"), *BAD),
    ("path with DEL", get(b"/v1/regions/\x7f"), *BAD),
    ("path ;", get(b"/v1/regions;a=b"), 404, "not_found"),
    ("path \\", get(b"/v1\\regions"), 404, "not_found"),
    ("path in capitals", get(b"/V1/REGIONS"), 404, "not_found"),
    ("fragment", get(b"/v1/regions#x"), 404, "not_found"),
    ("empty segment", get(b"/v1//regions"), 404, "not_found"),
    ("trailing slash", get(b"/v1/regions/"), 404, "not_found"),
    ("200 segments", get(b"/v1" + b"/a" * 200), 404, "not_found"),
    ("absolute form", get(b"http://x/v1/regions"), *BAD),
    ("target without a slash", get(b"v1/regions"), *BAD),
    ("asterisk", get(b"*", method=b"OPTIONS"), *BAD),
    ("query %00", get(b"/v1/hospitals?region=%00"), 400, "invalid_parameter"),
    ("query %ff", get(b"/v1/hospitals?region=%ff"), 400, "invalid_parameter"),
    ("query %zz", get(b"/v1/hospitals?region=%zz"), 400, "invalid_parameter"),
    ("query with a control character", get(b"/v1/hospitals?region=\x01"), 400, "invalid_parameter"),
    ("query twice", get(b"/v1/hospitals?region=nordjylland&region=midtjylland"), 400, "invalid_parameter"),
    ("query in two spellings", get(b"/v1/hospitals?region=nordjylland&%72egion=midtjylland"), 400, "invalid_parameter"),
    ("query unknown", get(b"/v1/hospitals?regoin=nordjylland"), 400, "invalid_parameter"),
    ("query of 9 kB", get(b"/v1/regions?a=" + b"a" * 9000), 414, "uri_too_long"),
    ("path of 9 kB", get(b"/v1/" + b"a" * 9000), 414, "uri_too_long"),
    ("query of 40 kB", get(b"/v1/regions?a=" + b"a" * 40000), 414, PAGE),
    ("path of 40 kB", get(b"/v1/" + b"a" * 40000), 414, PAGE),
    ("1 MB without a line end", raw(b"G" * 1000000), 414, PAGE),
    # -- methods
    ("TRACE", get(method=b"TRACE"), 405, "method_not_allowed"),
    ("CONNECT to us", get(method=b"CONNECT"), 405, "method_not_allowed"),
    ("CONNECT to another", get(b"x:80", method=b"CONNECT"), *BAD),
    ("get", get(method=b"get"), 405, "method_not_allowed"),
    ("Get", get(method=b"Get"), 405, "method_not_allowed"),
    ("BREW", get(method=b"BREW"), 405, "method_not_allowed"),
    ("a method of 10 kB", get(method=b"G" * 10000), 405, "method_not_allowed"),
    ("PUT where there is only GET", get(more=b"Content-Length: 2\r\n", method=b"PUT", end=b"\r\n{}"), 405, "method_not_allowed"),
    ("HEAD of nothing", get(b"/v1/regions/atlantis", method=b"HEAD"), 404, None),
    ("overridden method", get(more=b"X-HTTP-Method-Override: DELETE\r\n"), 200, None),
    # -- header lines
    ("no Host", raw(b"GET /v1/regions HTTP/1.1\r\nConnection: close\r\n\r\n"), *BAD),
    ("empty Host", raw(b"GET /v1/regions HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"), *BAD),
    ("two Hosts", get(more=b"Host: y\r\n"), *BAD),
    ("two Authorizations", get(more=b"Authorization: Bearer a.b.c\r\n"), *BAD),
    ("two Content-Types", post(b"content-type: text/plain\r\nContent-Length: 2\r\n", b"{}"), *BAD),
    ("space before the colon", get(more=b"X-A : b\r\n"), *BAD),
    ("tab before the colon", get(more=b"X-A\t: b\r\n"), *BAD),
    ("space in a name", get(more=b"X A: b\r\n"), *BAD),
    ("bytes past ASCII in a name", get(more=b"X-\xff: b\r\n"), *BAD),
    ("no colon", get(more=b"X-A\r\n"), 400, PAGE),
    ("no name", get(more=b": a\r\nX-A: b\r\n"), *BAD),
    ("no name, last", get(more=b": a\r\n"), *BAD),
    ("control character in a value", get(more=b"X-A: a\x01b\r\n"), *BAD),
    ("NUL in a value", get(more=b"X-A: a\0b\r\nX-B: c\r\n"), *BAD),
    ("NUL in the last value", get(more=b"X-A: a\0b\r\n"), *BAD),
    ("NUL at the end of the last value", get(more=b"X-A: a\0\r\n"), *BAD),
    ("obs-fold", get(more=b"X-A: b\r\n c\r\nX-B: d\r\n"), *BAD),
    ("obs-fold with a tab, last", get(more=b"X-A: b\r\n\tc\r\n"), *BAD),
    ("obs-fold of nothing", get(more=b"X-A: b\r\n \r\n"), *BAD),
    ("obs-fold before any header", lambda t: get()(t).replace(b"Host", b" Host", 1), *BAD),
    ("bare LF behind a header", get(more=b"X-A: b\nX-B: c\r\n"), *BAD),
    ("bare LF behind the last header", get(more=b"X-A: b\n"), *BAD),
    ("bare LF for the empty line", get(more=b"X-A: b\r\n", end=b"\n"), *BAD),
    ("bare LFs everywhere", lambda t: get()(t).replace(b"\r\n", b"\n"), *BAD),
    ("bare CR behind a header", get(more=b"X-A: b\rX-B: c\r\n"), *BAD),
    ("CR CR LF", get(more=b"X-A: b\r\r\n"), *BAD),
    ("101 headers", get(more=b"".join(b"X-%d: a\r\n" % i for i in range(98))), 431, "headers_too_large"),
    ("2,000 headers", get(more=b"".join(b"X-%d: a\r\n" % i for i in range(2000))), 431, PAGE),
    ("header of 40 kB", get(more=b"X-A: " + b"a" * 40000 + b"\r\n"), 431, PAGE),
    ("header name of 40 kB", get(more=b"X" * 40000 + b": a\r\n"), 431, PAGE),
    ("Expect: tea", get(more=b"Expect: tea\r\n"), 417, "expectation_failed"),
    ("Expect twice", post(b"Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 2\r\n", b"{}"), *BAD),
    ("Range is not offered", get(more=b"Range: bytes=0-1\r\n"), 200, None),
    ("Upgrade is not offered", get(more=b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), 200, None),
    # -- lengths
    ("both lengths", post(b"Content-Length: 2\r\n" + CHUNKED, b"0\r\n\r\n"), *BAD),
    ("both lengths, the other way", post(CHUNKED + b"Content-Length: 5\r\n", b"0\r\n\r\n"), *BAD),
    ("the same length twice", post(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}"), *BAD),
    ("two lengths", post(b"Content-Length: 2\r\ncontent-length: 3\r\n", b"{}"), *BAD),
    ("length 2, 2", post(b"Content-Length: 2, 2\r\n", b"{}"), 400, PAGE),
    ("length +5", post(b"Content-Length: +5\r\n", b"{}   "), 400, PAGE),
    ("length -1", post(b"Content-Length: -1\r\n", b"{}"), 400, PAGE),
    ("length 0x5", post(b"Content-Length: 0x5\r\n", b"{}   "), 400, PAGE),
    ("length 5.0", post(b"Content-Length: 5.0\r\n", b"{}   "), 400, PAGE),
    ("length 1e1", post(b"Content-Length: 1e1\r\n", b"{}"), 400, PAGE),
    ("length empty", post(b"Content-Length:\r\n", b"{}"), 400, PAGE),
    ("length with a space behind it", post(b"Content-Length: 2 \r\n", b"{}"), 400, PAGE),
    ("length of 19 digits", post(b"Content-Length: 0000000000000000002\r\n", b"{}"), *BAD),
    ("length 2^63", post(b"Content-Length: 9223372036854775808\r\n", b"{}"), *BAD),
    ("length 2^64-1", post(b"Content-Length: 18446744073709551615\r\n", b"{}"), *BAD),
    ("length 2^64", post(b"Content-Length: 18446744073709551616\r\n", b"{}"), 413, PAGE),
    ("length 2^64+2", post(b"Content-Length: 18446744073709551618\r\n", b"{}"), 413, PAGE),
    ("length 10^18-1", post(b"Content-Length: 999999999999999999\r\n", b"{}"), 413, "content_too_large"),
    ("length one past the limit", post(b"Content-Length: 262145\r\n", b" " * 262145), 413, "content_too_large"),
    ("no length", post(b""), 400, "invalid_body"),
    ("a body that GET has no use for", get(more=b"Content-Length: 5\r\n", end=b"\r\nhello"), 400, "invalid_body"),
    ("body cut short", post(b"Content-Length: 100000\r\n", b"{}"), 0, None),
    # -- transfer codings
    ("gzip, chunked", post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), *BAD),
    ("chunked, identity", post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"), *BAD),
    ("chunked, chunked", post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n"), *BAD),
    ("identity", post(b"Transfer-Encoding: identity\r\n", J), *BAD),
    ("xchunked", post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"), *BAD),
    ("chunked with a vertical tab", post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"), *BAD),
    ("chunked with a space behind it", post(b"Transfer-Encoding: chunked \r\n", b"0\r\n\r\n"), *BAD),
    ("no coding", post(b"Transfer-Encoding:\r\n", b""), *BAD),
    ("chunked twice", post(CHUNKED * 2, b"0\r\n\r\n"), *BAD),
    ("chunked in HTTP/1.0", post(CHUNKED, b"0\r\n\r\n", b"HTTP/1.0"), *BAD),
    ("chunk size zz", chunks(b"zz\r\n" + J + b"\r\n0\r\n\r\n"), 400, PAGE),
    ("chunk size 0x7", chunks(b"0x7\r\n" + J + b"\r\n0\r\n\r\n"), 400, PAGE),
    ("chunk size +7", chunks(b"+7\r\n" + J + b"\r\n0\r\n\r\n"), 400, PAGE),
    ("chunk size -7", chunks(b"-7\r\n" + J + b"\r\n0\r\n\r\n"), 400, PAGE),
    ("chunk size with a space", chunks(b"7 \r\n" + J + b"\r\n0\r\n\r\n"), 400, PAGE),
    ("chunk size empty", chunks(b"\r\n" + J + b"\r\n0\r\n\r\n"), 400, PAGE),
    ("chunk size 2^64", chunks(b"10000000000000000\r\n" + J), 413, PAGE),
    ("chunk size 2^64-1", chunks(b"ffffffffffffffff\r\n" + J), 0, None),
    ("chunk longer than its size", chunks(b"6\r\n" + J + b"\r\n0\r\n\r\n"), 400, PAGE),
    ("chunks past the limit", chunks(b"40001\r\n" + b" " * 262145 + b"\r\n0\r\n\r\n"), 413, "content_too_large"),
    ("chunk extension of 40 kB", chunks(b"7;" + b"e" * 40000 + b"\r\n" + J + b"\r\n0\r\n\r\n"), 0, None),
    ("no last chunk", chunks(b"7\r\n" + J + b"\r\n"), 400, PAGE), # the second request is no chunk size
    # libmicrohttpd takes these; what is behind them is not taken for a request
    ("chunk size with a bare LF", chunks(b"7\n" + J + b"\r\n0\r\n\r\n"), 422, "validation_failed"),
    ("chunk with a bare LF", chunks(b"7\r\n" + J + b"\n0\r\n\r\n"), 422, "validation_failed"),
    ("chunk that ends in its own CR", chunks(b"8\r\n" + J + b"\r\n0\r\n\r\n"), 422, "validation_failed"),
    ("last chunk with a bare LF", chunks(b"7\r\n" + J + b"\r\n0\n\r\n"), 422, "validation_failed"),
    ("bare LF behind the chunks", chunks(b"7\r\n" + J + b"\r\n0\r\n\n"), 422, "validation_failed"),
    ("chunk extension", chunks(b'7;a="\r\n' + J + b"\r\n0\r\n\r\n"), 422, "validation_failed"),
    ("trailer", chunks(b"7\r\n" + J + b"\r\n0\r\nX-T: a\r\n\r\n"), 422, "validation_failed"),
    ("trailer Content-Length", chunks(b"7\r\n" + J + b"\r\n0\r\nContent-Length: 100\r\n\r\n"), 422, "validation_failed"),
    ("trailer folded", chunks(b"7\r\n" + J + b"\r\n0\r\nX-T: a\r\n b\r\n\r\n"), 422, "validation_failed"),
    ("trailer without a colon", chunks(b"7\r\n" + J + b"\r\n0\r\nX\r\n\r\n"), 400, PAGE),
    ("1,000 trailers", chunks(b"7\r\n" + J + b"\r\n0\r\n" + b"X-T: a\r\n" * 1000 + b"\r\n"), 431, PAGE),
    # -- what a strict server takes all the same
    ("empty lines before the request", lambda t: b"\r\n" * 3 + get()(t), 200, None),
    ("HTTP/1.0", get(version=b"HTTP/1.0"), 200, None),
    ("a minor version to come", get(version=b"HTTP/1.2"), 200, None),
    ("100 headers", get(more=b"".join(b"X-%d: a\r\n" % i for i in range(97))), 200, None),
    ("header of 15 kB", get(more=b"X-A: " + b"a" * 15000 + b"\r\n"), 200, None),
    ("header of 17 kB", get(more=b"X-A: " + b"a" * 17000 + b"\r\n"), 431, "headers_too_large"),
    ("bytes past ASCII in a value", get(more=b"X-A: \xe6\r\n"), 200, None),
    ("names in any case", lambda t: get()(t).replace(b"Host", b"hOST").replace(b"Authorization", b"AUTHORIZATION"), 200, None),
    ("length with a zero before it", post(b"Content-Length: 07\r\n", J), 422, "validation_failed"),
    ("length at the limit", post(b"Content-Length: 262144\r\n", b" " * 262144), 400, "malformed_json"),
]
LINGERS = {"body cut short", "chunk size 2^64-1"} # wait for more: half-closed, so that this is seen at once


def one(api, name, request_of):
    answer = ask(api.server.port, request_of(api.token("admin").encode()) + SECOND, name in LINGERS)
    return answer, int(answer.split(b" ")[1]) if answer else 0


@pytest.mark.parametrize("name,request_of,status,code", CASES, ids=[c[0] for c in CASES])
def test_gate(walls, name, request_of, status, code):
    answer, got = one(walls, name, request_of)
    assert got == status, answer[:500]
    # libmicrohttpd 0.9.75 writes the head of its own refusal of a Content-Length twice (parse_connection_headers() sets a
    # state that MHD_connection_handle_idle() overwrites); none of our code runs in between. The connection is closed.
    twice_by_the_library = answer.count(b" value for <b>Content-Length</b>") == 1
    assert answer.count(b"HTTP/1.1 ") <= (2 if twice_by_the_library else 1), "one request had two answers"
    assert b"X-Request-Id: second" not in answer, "what follows was taken for a request"
    head, _, body = answer.partition(b"\r\n\r\n")
    if code is PAGE:
        assert b"<html>" in body and b"medkoord" not in body
    elif code:
        problem = json.loads(body)
        assert (problem["code"], problem["status"]) == (code, status) and b"Content-Type: application/problem+json" in head
    elif status == 404 or status == 0:
        assert body == b""
    else:
        assert json.loads(body)["items"]
    assert walls.get("/v1/regions/nordjylland").status == 200


@pytest.mark.parametrize("count", [0, 60, 95])
@pytest.mark.parametrize("of", [get(), post(b"Content-Length: 2\r\n", b"{}")], ids=["GET", "POST"])
def test_the_largest_head_is_answered_and_one_byte_more_refused(walls, of, count):
    """Whatever is worked on has room for its answer: nothing is done and then cut."""
    plain, body = of(walls.token("admin").encode()).split(b"\r\n\r\n")
    more = b"".join(b"X-%d: a\r\n" % i for i in range(count))
    n_headers = plain.count(b"\r\n") + count
    while True:
        room = 16384 - 64 * n_headers - len(plain) - 2 - len(more)
        if n_headers >= 100 or room < 64 + 8:
            break
        n_headers += 1
        more += b"Y-%03d: " % n_headers + b"a" * (min(room - 64, 8000) - 9) + b"\r\n"
    statuses = []
    for padding in (room, room + 1):
        answer = ask(walls.server.port, plain.replace(b"Host: x", b"Host: x" + b"x" * padding) + b"\r\n" + more + b"\r\n" + body)
        statuses.append(int(answer.split(b" ")[1]))
    assert statuses == [200 if plain.startswith(b"GET") else 422, 431]
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["code"] == "headers_too_large"


def test_head_has_no_body_and_get_says_as_much(walls):
    answers = [ask(walls.server.port, get(method=method)(walls.token("reader").encode())).partition(b"\r\n\r\n") for method in (b"HEAD", b"GET")]
    (head, _, nothing), (same, _, body) = answers
    assert nothing == b"" and b"Content-Length: %d" % len(body) in head and b"Content-Length: %d" % len(body) in same


def test_expect_100_continue(walls):
    token = walls.token("admin").encode()
    expecting = b"Expect: 100-continue\r\nContent-Length: %d\r\n"
    answer = ask(walls.server.port, post(expecting % 7, J)(token))
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"100", b"422"]
    # Refused before it is sent: nobody is told to go on with what is too much.
    answer = ask(walls.server.port, post(expecting % 300000)(token))
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"413"]


def test_a_hundred_pipelined_requests_are_answered_in_order(walls):
    token = walls.token("reader").encode()
    request = b"".join(b"GET /v1/regions/nordjylland HTTP/1.1\r\nHost: x\r\nX-Request-Id: p%d\r\nAuthorization: Bearer %s\r\n%s\r\n" %
                       (i, token, b"Connection: close\r\n" if i == 99 else b"") for i in range(100))
    answer = ask(walls.server.port, request)
    assert re.findall(rb"X-Request-Id: p(\d+)", answer) == [b"%d" % i for i in range(100)]
    assert answer.count(b"HTTP/1.1 200") == 100


# ---- time ----

def drip(port, first, pieces, again, wait=0.05):
    """Sends first at once, then the pieces and, for ever, again; answers how long it took to be cut, and what came."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as s:
        answer = b""
        if first:
            s.sendall(first)
            while b"HTTP/1.1 200" not in answer or not answer.endswith(b"}"):
                answer += s.recv(65536)
        begin = time.monotonic()
        sent = 0
        while time.monotonic() - begin < 20:
            try:
                s.sendall(pieces[sent] if sent < len(pieces) else again)
                sent += 1
            except OSError:
                break
            try:
                piece = s.recv(65536) # this waits, and is how the pieces are spaced
                if piece == b"":
                    break
                answer += piece
            except TimeoutError:
                continue
            except OSError:
                break
        return time.monotonic() - begin, answer


def bytes_of(text):
    return [text[i:i + 1] for i in range(len(text))]


def test_drips_are_cut_and_nobody_else_notices(walls):
    token = walls.token("admin").encode()
    kept = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    length, chunked = post(b"Content-Length: 1000\r\n")(token), chunks(b"")(token)
    cases = { # name: first, pieces, again, deadline
        "silence": (b"", [], b"", HEAD_DEADLINE_S),
        "a request line": (b"", bytes_of(b"GET /"), b"a", HEAD_DEADLINE_S),
        "empty lines": (b"", [], b"\r\n", HEAD_DEADLINE_S),
        "a header": (b"", [b"GET /v1/regions HTTP/1.1\r\nX-A: "], b"a", HEAD_DEADLINE_S),
        "headers": (b"", [b"GET /v1/regions HTTP/1.1\r\n"], b"X-A: b\r\n", HEAD_DEADLINE_S),
        "headers of a second request": (kept, [b"GET /v1/regions HTTP/1.1\r\n"], b"X-A: b\r\n", HEAD_DEADLINE_S),
        "a body": (b"", [length + b"["], b"1", BODY_DEADLINE_S),
        "chunks": (b"", [chunked], b"1\r\n \r\n", BODY_DEADLINE_S),
        "a chunk extension": (b"", [chunked + b"1;"], b"a", BODY_DEADLINE_S),
        "trailers": (b"", [chunked + b"0\r\n"], b"X-A: b\r\n", BODY_DEADLINE_S),
        "a body after nothing": (b"", [length], b"", BODY_DEADLINE_S),
    }
    reaped = walls_metric(walls, "medkoord_connections_reaped_total")
    with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
        running = {name: pool.submit(drip, walls.server.port, *case[:3]) for name, case in cases.items()}
        slowest = 0
        while not all(r.done() for r in running.values()):
            begin = time.monotonic()
            assert walls.get("/v1/regions/nordjylland").status == 200
            slowest = max(slowest, time.monotonic() - begin)
    assert slowest < 1, "a request had to wait for the drips"
    for name, case in cases.items():
        seconds, answer = running[name].result()
        assert case[3] - 0.1 <= seconds <= case[3] + REAPED_WITHIN_S, f"{name}: cut after {seconds:.1f} s"
        assert answer.count(b"HTTP/1.1") == (1 if case[0] else 0), f"{name}: {answer}"
    assert walls_metric(walls, "medkoord_connections_reaped_total") >= reaped + len(cases)


def walls_metric(api, name):
    return float(re.search(rf"^{name} (\S+)$", api.get("/metrics", None).text, re.M)[1])


# ---- bytes ----

def pour(port, head, piece, seconds=20):
    """Sends a piece over and over; answers how many bytes were taken before the end, how long that took, and the answer."""
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        s.sendall(head)
        sent, answer = 0, b""
        try:
            while time.monotonic() - begin < seconds:
                sent += s.send(piece)
        except OSError:
            pass
        else:
            return sent, seconds, b"never cut"
        try:
            while got := s.recv(65536):
                answer += got
        except OSError:
            pass
        return sent, time.monotonic() - begin, answer


@pytest.mark.parametrize("name,head", [
    ("known", chunks(b"")),
    ("unknown path", lambda t: chunks(b"")(t).replace(b"hospitals", b"atlantis")),
    ("without a token", lambda t: re.sub(rb"Authorization[^\r]*\r\n", b"", chunks(b"")(t))),
    ("where nothing is taken", lambda t: chunks(b"")(t).replace(b"POST /v1/hospitals", b"GET /v1/regions")),
    ("by length", post(b"Content-Length: 999999999999999999\r\n")),
])
def test_an_endless_body_is_cut(walls, name, head):
    piece = b" " * (1 << 20)
    before = walls.server.memory_kib()
    sent, seconds, _ = pour(walls.server.port, head(walls.token("admin").encode()), piece if name == "by length" else b"100000\r\n" + piece + b"\r\n")
    assert sent <= SWALLOW_LIMIT + SOCKET_BUFFERS and seconds < BODY_DEADLINE_S + REAPED_WITHIN_S, f"{sent} bytes, {seconds:.1f} s"
    assert walls.server.memory_kib() - before < 16 << 10
    assert walls.get("/v1/regions/nordjylland").status == 200


def test_an_endless_upload_that_is_refused_is_cut(walls):
    """What streams is thrown away to its end before the refusal is sent; but not for ever, however fast it comes."""
    head = (b"PUT /v1/consumption-deliveries/00000000-0000-4000-8000-000000000000/rows HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
            b"Authorization: Bearer " + walls.token("admin").encode() + b"\r\n" + CHUNKED + b"\r\n")
    before = walls.server.memory_kib()
    _, seconds, _ = pour(walls.server.port, head, b"10000\r\n" + b"a" * 65536 + b"\r\n")
    assert seconds < STREAM_IDLE_S + REAPED_WITHIN_S
    assert walls.server.memory_kib() - before < 16 << 10
    assert walls.get("/v1/regions/nordjylland").status == 200


# ---- connections ----

def served(connection):
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = b""
    while not answer.endswith(b"}"):
        answer += connection.recv(4096)
    return answer.startswith(b"HTTP/1.1 200")


def test_idle_connections(walls):
    """2,000 clients that have been served once and stay: others are answered, and they are too; each costs less than 48 KiB
    (libmicrohttpd's pool has 32), and the next 2,000 cost nothing more."""
    before, held = walls.server.memory_kib(), []
    for _ in range(2):
        with contextlib.ExitStack() as connections:
            opened = []
            for _ in range(IDLE_CONNECTIONS):
                opened.append(connections.enter_context(socket.create_connection(("127.0.0.1", walls.server.port), timeout=10)))
                assert served(opened[-1])
            held.append(walls.server.memory_kib() - before)
            begin = time.monotonic()
            for _ in range(20):
                assert walls.get("/healthz", None).status == 200
                assert walls.get("/v1/regions/nordjylland").status == 200
            assert time.monotonic() - begin < 5
            assert all(served(c) for c in opened[::100])
    print(f"{held} KiB for {IDLE_CONNECTIONS} connections")
    assert held[0] < IDLE_CONNECTIONS * 48 and held[1] < held[0] + (8 << 10)


def test_connections_past_the_limit_wait_for_their_turn(cluster, keys, contract):
    server = Server(cluster.url(), keys, loops=1, max_connections=10, head_deadline_ms=500).start()
    try:
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(10)]
        begin = time.monotonic()
        assert Client(server, contract, keys).get("/healthz", None).status == 200
        assert time.monotonic() - begin < 0.5 + REAPED_WITHIN_S
        for connection in silent:
            connection.close()
    finally:
        assert server.remove() == 0


# ---- memory ----

def test_memory_is_bounded(walls):
    """The whole table twelve times, four at once: the last eight add less than 8 MiB to what the first four left."""
    def everything(_=None):
        for name, request_of, status, _ in CASES:
            assert one(walls, name, request_of)[1] == status, name

    def four_at_once():
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(everything, range(4)))

    four_at_once()
    first = walls.server.memory_kib()
    four_at_once()
    four_at_once()
    grown = walls.server.memory_kib() - first
    print(f"resident {first} KiB, then {grown} KiB more")
    assert grown < 8 << 10
    wait_until(lambda: walls_metric(walls, "medkoord_requests_in_flight") == 1, what="nothing in flight but this")
