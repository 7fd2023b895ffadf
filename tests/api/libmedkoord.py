"""libmedkoord by ctypes: what the API tests send their requests through.

The library of TEST_CLIENT_BUILD, or of TEST_BUILD; a sanitized one cannot be loaded into Python, then that of build/warnings.
SPDX-License-Identifier: MPL-2.0
"""
import ctypes
import functools
import http.client
import os
import pathlib
from ctypes import POINTER, Structure, byref, c_bool, c_char, c_char_p, c_int, c_int64, c_long, c_size_t, c_void_p

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TEST_BUILD", ROOT / "build" / "check"))
OK, END, ARGUMENT, NO_MEMORY, NETWORK, TIMEOUT, REFUSED, SERVER, PROTOCOL, CALLBACK = 0, 1, -1, -2, -3, -4, -5, -6, -7, -8
# What the library sets itself and takes from nobody.
ITS_OWN = {"host", "content-length", "transfer-encoding", "connection", "expect", "te", "upgrade"}


class Detail(Structure):
    _fields_ = [("pointer", c_char_p), ("code", c_char_p), ("detail", c_char_p)]


class Error(Structure):
    _fields_ = [("size", c_size_t), ("code", c_int), ("status", c_int), ("retry_after_s", c_int64), ("problem", c_char * 64),
                ("message", c_char * 512), ("request_id", c_char * 65), ("n_details", c_size_t), ("details", POINTER(Detail)),
                ("json", c_char_p), ("memory", c_void_p), ("idempotency_key", c_char * 40)]

    def __init__(self):
        super().__init__(size=ctypes.sizeof(Error))

    @property
    def text(self):
        return self.message.decode()

    @property
    def pointers(self):
        return [(d.pointer or b"").decode() for d in self.details[:self.n_details]]

    def clear(self):
        library().mk_error_clear(byref(self))


class Header(Structure):
    _fields_ = [("name", c_char_p), ("value", c_char_p)]


class Argument(Structure):
    _fields_ = [("name", c_char_p), ("value", c_char_p)]


class Options(Structure):
    _fields_ = [("size", c_size_t), ("url", c_char_p), ("token", c_char_p), ("get_token", c_void_p), ("get_token_user", c_void_p),
                ("connect_timeout_ms", c_int64), ("timeout_ms", c_int64), ("idle_timeout_ms", c_int64), ("ca_file", c_char_p),
                ("proxy", c_char_p), ("user_agent", c_char_p), ("language", c_char_p), ("retries", c_int),
                ("cache_bytes", c_size_t), ("max_body_bytes", c_size_t), ("log", c_void_p), ("log_user", c_void_p),
                ("max_memory_bytes", c_size_t)]


READ = ctypes.CFUNCTYPE(c_long, c_void_p, c_void_p, c_size_t)
REWIND = ctypes.CFUNCTYPE(c_int, c_void_p)
WRITE = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t)
PROGRESS = ctypes.CFUNCTYPE(c_int, c_void_p, c_int64, c_int64)


class Source(Structure):
    """Bytes that go out; `broken_after` of them the callback fails, `once`: cannot be read twice."""
    _fields_ = [("size", c_size_t), ("read", READ), ("rewind", REWIND), ("user", c_void_p), ("length", c_int64),
                ("media_type", c_char_p), ("gzipped", c_bool), ("file", c_void_p), ("start", c_int64)]

    def __init__(self, content, media_type=None, once=False, broken_after=None, gzipped=False):
        super().__init__(size=ctypes.sizeof(Source), length=len(content), media_type=media_type, gzipped=gzipped)
        self.at = self.rewound = 0

        def read(_, to, n):
            if broken_after is not None and self.at >= broken_after:
                return -1
            piece = content[self.at:self.at + n]
            ctypes.memmove(to, piece, len(piece))
            self.at += len(piece)
            return len(piece)

        def rewind(_):
            self.at, self.rewound = 0, self.rewound + 1
            return 0
        self.read = READ(read)
        if not once:
            self.rewind = REWIND(rewind)


class Sink(Structure):
    _fields_ = [("size", c_size_t), ("write", WRITE), ("user", c_void_p)]

    def __init__(self, fail=False):
        super().__init__(size=ctypes.sizeof(Sink))
        self.pieces = []

        def write(_, content, n):
            self.pieces.append(ctypes.string_at(content, n))
            return int(fail)
        self.write = WRITE(write)

    @property
    def content(self):
        return b"".join(self.pieces)


def library_file():
    if "TEST_CLIENT_BUILD" in os.environ:
        return pathlib.Path(os.environ["TEST_CLIENT_BUILD"]) / "libclient" / "libmedkoord.so"
    file = BUILD / "libclient" / "libmedkoord.so"
    if not file.exists() or b"__asan_init" in file.read_bytes():
        file = ROOT / "build" / "warnings" / "libclient" / "libmedkoord.so"
    return file


@functools.lru_cache(maxsize=None)
def library():
    lib = ctypes.CDLL(str(library_file()))
    for name, result, arguments in (
            ("mk_client_create", c_int, [POINTER(Options), POINTER(c_void_p), POINTER(Error)]),
            ("mk_client_destroy", None, [c_void_p]), ("mk_error_clear", None, [POINTER(Error)]),
            ("mk_request", c_int, [c_void_p, c_char_p, c_char_p, POINTER(Header), c_size_t, c_char_p, c_size_t,
                                   POINTER(c_void_p), POINTER(Error)]),
            ("mk_call", c_int, [c_void_p, c_void_p, POINTER(Argument), c_size_t, c_char_p, c_char_p, POINTER(c_void_p),
                                POINTER(Error)]),
            ("mk_operation_find", c_void_p, [c_char_p]), ("mk_response_status", c_int, [c_void_p]),
            ("mk_response_header_at", c_bool, [c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_char_p)]),
            ("mk_response_body", c_void_p, [c_void_p, POINTER(c_size_t)]), ("mk_response_free", None, [c_void_p]),
            ("mk_result_json", c_void_p, [c_void_p, POINTER(c_size_t)]), ("mk_result_etag", c_char_p, [c_void_p]),
            ("mk_result_request_id", c_char_p, [c_void_p]), ("mk_result_replayed", c_bool, [c_void_p]),
            ("mk_result_free", None, [c_void_p]), ("mk_list_destroy", None, [c_void_p]), ("mk_list_total", c_int64, [c_void_p])):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    assert lib.mk_global_init() == OK
    return lib


class Handle:
    """A mk_client. Use it as a context."""
    def __init__(self, url, token=None, **options):
        options = {"timeout_ms": 600_000, "idle_timeout_ms": 600_000, "proxy": b"", **options}
        self.options = Options(size=ctypes.sizeof(Options), url=url.encode(), token=token and token.encode(), **options)
        self.client, error = c_void_p(), Error()
        raise_unless_ok(library().mk_client_create(byref(self.options), byref(self.client), byref(error)), error)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        library().mk_client_destroy(self.client)

    def request(self, method, path, headers, body):
        """(status, [(name, value)], body), whatever the status."""
        lines = (Header * len(headers))(*[Header(n.encode(), v if isinstance(v, bytes) else str(v).encode("latin-1"))
                                          for n, v in headers.items()])
        response, error = c_void_p(), Error()
        raise_unless_ok(library().mk_request(self.client, method.encode(), path.encode(), lines, len(headers), body,
                                             len(body or b""), byref(response), byref(error)), error)
        try:
            return read_response(response)
        finally:
            library().mk_response_free(response)


def read_response(response):
    lib, headers, name, value, n = library(), [], c_char_p(), c_char_p(), c_size_t()
    while lib.mk_response_header_at(response, len(headers), byref(name), byref(value)):
        headers.append((name.value.decode(), value.value.decode("latin-1")))
    body = lib.mk_response_body(response, byref(n))
    return lib.mk_response_status(response), headers, ctypes.string_at(body, n.value)


def raise_unless_ok(code, error):
    """The exceptions are those that http.client raises in the same place."""
    if code == OK:
        return
    refused = "connect to" in error.text    # libcurl: "Failed to connect to", "Couldn't connect to server"
    text, kind = error.text, {NETWORK: ConnectionRefusedError if refused else ConnectionError, TIMEOUT: TimeoutError, PROTOCOL: http.client.HTTPException,
                              NO_MEMORY: MemoryError, ARGUMENT: ValueError}.get(code, RuntimeError)
    error.clear()
    raise kind(text)
