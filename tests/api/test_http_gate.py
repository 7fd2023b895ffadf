"""What the HTTP gate refuses, byte by byte on a raw socket, and that the next request is answered after each.
SPDX-License-Identifier: MPL-2.0
"""
import json
import socket

import pytest

TOKEN = object()


def ask(port, request, half_close=True):
    """The raw answer to raw bytes, up to the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        answer = b""
        try:
            s.sendall(request)
            if half_close:
                s.shutdown(socket.SHUT_WR)
            while True:
                piece = s.recv(65536)
                if not piece:
                    return answer
                answer += piece
        except OSError: # cut while we were still sending
            return answer


def get(path=b"/v1/regions", headers=b"", token=b""):
    authorization = b"Authorization: Bearer " + token + b"\r\n" if token else b""
    return b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + authorization + headers + b"\r\n"


def post(headers, body=b"{}", token=b""):
    return (b"POST /v1/hospitals HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: Bearer " + token +
            b"\r\n" + headers + b"\r\n" + body)


CASES = [  # name, request(token), allowed statuses (0: cut without an answer), problem code or None
    ("both lengths", lambda t: post(b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n", t), {400}, "malformed_request"),
    ("length twice", lambda t: post(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}", t), {400}, "malformed_request"),
    ("two lengths", lambda t: post(b"Content-Length: 2\r\nContent-Length: 3\r\n", b"{}", t), {400}, None),
    ("length +5", lambda t: post(b"Content-Length: +5\r\n", b"{}   ", t), {400}, None),
    ("length 0x5", lambda t: post(b"Content-Length: 0x5\r\n", b"{}   ", t), {400}, None),
    ("length -1", lambda t: post(b"Content-Length: -1\r\n", b"{}", t), {400}, None),
    ("length 2^64-1", lambda t: post(b"Content-Length: 18446744073709551615\r\n", b"{}", t), {400, 413}, None),
    ("length 2, 2", lambda t: post(b"Content-Length: 2, 2\r\n", b"{}", t), {400}, None),
    ("gzip, chunked", lambda t: post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n", t), {400, 501}, None),
    ("transfer encoding twice", lambda t: post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n", t), {400}, "malformed_request"),
    ("two hosts", lambda t: get(headers=b"Host: y\r\n", token=t), {400}, "malformed_request"),
    ("no host", lambda t: b"GET /v1/regions HTTP/1.1\r\nConnection: close\r\n\r\n", {400}, None),
    ("two authorizations", lambda t: get(headers=b"Authorization: Bearer a.b.c\r\n", token=t), {400}, "malformed_request"),
    ("space before colon", lambda t: get(headers=b"X-A : b\r\n", token=t), {400}, None),
    ("space in name", lambda t: get(headers=b"X A: b\r\n", token=t), {400}, None),
    ("control in value", lambda t: get(headers=b"X-A: a\x01b\r\n", token=t), {400}, "malformed_request"),
    ("101 headers", lambda t: get(headers=b"".join(b"X-%d: a\r\n" % i for i in range(101)), token=t), {431}, "headers_too_large"),
    ("path %00", lambda t: get(b"/v1/regions/a%00b", token=t), {400}, "malformed_request"),
    ("path %2F", lambda t: get(b"/v1/regions%2Fnordjylland", token=t), {400}, "malformed_request"),
    ("path %2e%2e", lambda t: get(b"/v1/regions/%2e%2e", token=t), {400}, "malformed_request"),
    ("path ..", lambda t: get(b"/v1/../metrics", token=t), {400}, "malformed_request"),
    ("path %ff", lambda t: get(b"/v1/regions/%ff", token=t), {400}, "malformed_request"),
    ("path %zz", lambda t: get(b"/v1/regions/%zz", token=t), {400}, "malformed_request"),
    ("path %a", lambda t: get(b"/v1/regions/%a", token=t), {400}, "malformed_request"),
    ("query %00", lambda t: get(b"/v1/hospitals?region=%00", token=t), {400}, "invalid_parameter"),
    ("query %ff", lambda t: get(b"/v1/hospitals?region=%ff", token=t), {400}, "invalid_parameter"),
    ("query twice", lambda t: get(b"/v1/hospitals?region=nordjylland&region=midtjylland", token=t), {400}, "invalid_parameter"),
    ("empty segment", lambda t: get(b"/v1//regions", token=t), {404}, "not_found"),
    ("trailing slash", lambda t: get(b"/v1/regions/", token=t), {404}, "not_found"),
    ("many segments", lambda t: get(b"/v1" + b"/a" * 200, token=t), {404}, "not_found"),
    ("absolute form", lambda t: get(b"http://x/v1/regions", token=t), {400}, "malformed_request"),
    ("asterisk", lambda t: b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400}, "malformed_request"),
    ("TRACE", lambda t: b"TRACE /v1/regions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {405}, "method_not_allowed"),
    ("CONNECT", lambda t: b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 405}, None),
    ("lower-case method", lambda t: get(token=t).replace(b"GET", b"get"), {405}, "method_not_allowed"),
    ("unknown method", lambda t: get(token=t).replace(b"GET", b"BREW"), {405}, "method_not_allowed"),
    ("expectation", lambda t: get(headers=b"Expect: tea\r\n", token=t), {417}, "expectation_failed"),
    ("token in the query", lambda t: get(b"/v1/regions?access_token=" + t), {401}, "unauthorized"),
    ("basic authorization", lambda t: get(headers=b"Authorization: Basic YTpi\r\n"), {401}, "invalid_token"),
    ("9 kB path", lambda t: get(b"/v1/" + b"a" * 9000, token=t), {414}, "uri_too_long"),
    ("9 kB query", lambda t: get(b"/v1/regions?a=" + b"a" * 9000, token=t), {414}, "uri_too_long"),
    ("40 kB path", lambda t: get(b"/v1/" + b"a" * 40000, token=t), {0, 414, 431}, None),
    ("40 kB header", lambda t: get(headers=b"X-A: " + b"a" * 40000 + b"\r\n", token=t), {0, 431}, None),
    ("bad chunk size", lambda t: post(b"Transfer-Encoding: chunked\r\n", b"zz\r\n{}\r\n0\r\n\r\n", t), {0, 400}, None),
    ("huge chunk size", lambda t: post(b"Transfer-Encoding: chunked\r\n", b"ffffffffffffffffff\r\n{}", t), {0, 400, 413}, None),
    ("body cut short", lambda t: post(b"Content-Length: 100\r\n", b"{}", t), {0, 400}, None),
    ("JSON with BOM", lambda t: post(b"Content-Length: 5\r\n", b"\xef\xbb\xbf{}", t), {400}, "malformed_json"),
    ("JSON NaN", lambda t: post(b"Content-Length: 9\r\n", b'{"a":NaN}', t), {400}, "malformed_json"),
    ("JSON NUL", lambda t: post(b"Content-Length: 14\r\n", b'{"a":"\\u0000"}', t), {400}, "malformed_json"),
    ("JSON lone surrogate", lambda t: post(b"Content-Length: 14\r\n", b'{"a":"\\ud800"}', t), {400}, "malformed_json"),
    ("JSON escaped duplicate", lambda t: post(b"Content-Length: 18\r\n", b'{"a":1,"\\u0061":2}', t), {400}, "malformed_json"),
    ("JSON 1e400", lambda t: post(b"Content-Length: 11\r\n", b'{"a":1e400}', t), {400}, "malformed_json"),
    ("JSON depth 10,000", lambda t: post(b"Content-Length: 20000\r\n", b"[" * 10000 + b"]" * 10000, t), {400}, "malformed_json"),
    ("JSON trailing", lambda t: post(b"Content-Length: 4\r\n", b"{}{}", t), {400}, "malformed_json"),
]


@pytest.mark.parametrize("name,request_of,statuses,code", CASES, ids=[c[0] for c in CASES])
def test_gate(api, name, request_of, statuses, code):
    answer = ask(api.server.port, request_of(api.token("admin").encode()))
    status = int(answer.split(b" ")[1]) if answer else 0
    assert status in statuses, answer[:500]
    # libmicrohttpd 0.9.75 writes the head of its own refusal of a Content-Length twice (parse_connection_headers() sets a
    # state that MHD_connection_handle_idle() overwrites); none of our code runs in between. The connection is closed.
    twice_by_the_library = answer.count(b"wrong value for <b>Content-Length</b>") == 1
    assert answer.count(b"HTTP/1.1 ") <= (2 if twice_by_the_library else 1), "one request had two answers"
    if code:
        problem = json.loads(answer.split(b"\r\n\r\n", 1)[1])
        assert problem["code"] == code and problem["status"] == status
    assert api.get("/healthz", None).status == 200


@pytest.mark.parametrize("count", [0, 60, 95])
@pytest.mark.parametrize("of", [lambda t: get(token=t), lambda t: post(b"Content-Length: 2\r\n", token=t)], ids=["GET", "POST"])
def test_the_largest_head_is_answered_and_one_byte_more_refused(api, of, count):
    """Whatever is worked on has room for its answer: nothing is done and then cut."""
    plain, body = of(api.token("admin").encode()).split(b"\r\n\r\n")
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
        answer = ask(api.server.port, plain.replace(b"Host: x", b"Host: x" + b"x" * padding) + b"\r\n" + more + b"\r\n" + body)
        statuses.append(int(answer.split(b" ")[1]))
    assert statuses == [200 if plain.startswith(b"GET") else 422, 431]
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["code"] == "headers_too_large"


def test_a_hundred_pipelined_requests_are_answered_in_order(api):
    token = api.token("reader").encode()
    request = b"".join(b"GET /v1/regions/nordjylland HTTP/1.1\r\nHost: x\r\nX-Request-Id: p%d\r\nAuthorization: Bearer %s\r\n%s\r\n" %
                       (i, token, b"Connection: close\r\n" if i == 99 else b"") for i in range(100))
    answer = ask(api.server.port, request, half_close=False)
    import re
    assert re.findall(rb"X-Request-Id: p(\d+)", answer) == [b"%d" % i for i in range(100)]
    assert answer.count(b"HTTP/1.1 200") == 100
