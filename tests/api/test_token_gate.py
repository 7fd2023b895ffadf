"""Bad tokens over real HTTP: each refused with its status, code and challenge, and the next good one answered. The tokens and
keys are made here, with another library than the server's, so that nothing of the server judges itself.
SPDX-License-Identifier: MPL-2.0
"""
import base64
import contextlib
import hashlib
import hmac
import json
import re
import socket
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from medkoord_api import Server

ISSUER, AUDIENCE, LEEWAY_S = "https://login.example.dk", "medkoord", 30
P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
PATH = "/v1/regions/nordjylland"


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value, length=None):
    return b64(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


RSA, PSS, EC, ED = (rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1()),
                    ed25519.Ed25519PrivateKey.generate())
OTHER_RSA, OTHER_EC, OTHER_ED = (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1()),
                                 ed25519.Ed25519PrivateKey.generate())
KEYS = {"rs": RSA, "ps": PSS, "ec": EC, "ed": ED}
ALGORITHMS = {"rs": "RS256", "ps": "PS256", "ec": "ES256", "ed": "EdDSA"}


def public_jwk(kid, key, algorithm):
    public = key.public_key()
    jwk = {"kid": kid, "use": "sig", "alg": algorithm}
    if isinstance(key, rsa.RSAPrivateKey):
        return {**jwk, "kty": "RSA", "n": number(public.public_numbers().n), "e": number(public.public_numbers().e)}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {**jwk, "kty": "EC", "crv": "P-256", "x": number(public.public_numbers().x, 32), "y": number(public.public_numbers().y, 32)}
    return {**jwk, "kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))}


JWKS = {"keys": [public_jwk(kid, key, ALGORITHMS[kid]) for kid, key in KEYS.items()]}


def sign(algorithm, key, data):
    if algorithm == "RS256":
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    if algorithm.startswith("PS"):
        return key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32 if algorithm == "PS256" else 20), hashes.SHA256())
    if algorithm == "ES256":
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    if algorithm == "ES256 in DER":
        return key.sign(data, ec.ECDSA(hashes.SHA256()))
    if algorithm == "EdDSA":
        return key.sign(data)
    return hmac.new(key, data, {"HS256": hashlib.sha256, "HS512": hashlib.sha512}[algorithm]).digest()


TICK_S = 0.02 # by which the server's time() may lag: it is the kernel's at the last tick


def now():
    """The second that it is, never ahead of the server's."""
    return int(time.time() - TICK_S)


def claims(**changes):
    """The claims of a reader who has just logged in, with these in place; ... leaves one out."""
    made = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "iat": now(), "nbf": now(), "exp": now() + 600, "roles": ["reader"], **changes}
    return {name: value for name, value in made.items() if value is not ...}


def as_bytes(part):
    return part if isinstance(part, bytes) else json.dumps(part).encode()


def token(kid="rs", header=None, payload=None, by=None, using=None):
    """A signed token. header: changes to the usual one, or its very bytes; payload: claims or their very bytes; by: the key; using:
    the algorithm that it really signs with."""
    usual = {"alg": ALGORITHMS[kid], "kid": kid, "typ": "JWT"}
    head = header if isinstance(header, bytes) else as_bytes({n: v for n, v in {**usual, **(header or {})}.items() if v is not ...})
    signed = b64(head) + "." + b64(as_bytes(claims() if payload is None else payload))
    return signed + "." + b64(sign(using or ALGORITHMS[kid], KEYS[kid] if by is None else by, signed.encode()))


def unsigned(header, signature=""):
    return b64(as_bytes(header)) + "." + b64(as_bytes(claims())) + "." + signature


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def der(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def duplicate(name, value):
    """Claims in which this member stands twice, first with a value that is good."""
    made = json.dumps(claims())
    return (made[:-1] + f', "{name}": {json.dumps(value)}}}').encode()


def swapped(text, old, new):
    return text.replace(old, new, 1)


def malleated():
    """The other of the two signatures that ECDSA has for each message: good, and taken as such (RFC 7518 asks for no more)."""
    head, payload, signature = token("ec").split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    return f"{head}.{payload}.{b64(raw[:32] + (P256_ORDER - int.from_bytes(raw[32:], 'big')).to_bytes(32, 'big'))}"


def non_canonical(segment):
    """The segment's last character with a bit set that no byte uses."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(segment) % 4 != 0, "no bit is left over"
    return segment[:-1] + alphabet[alphabet.index(segment[-1]) ^ 1]


def spoiled(place):
    """A good EdDSA token, one of whose segments (of a length that leaves bits over) is not canonical."""
    for name in ("a", "an", "ann"):
        segments = token("ed", payload=claims(sub=name), header={"x": name}).split(".")
        if len(segments[place]) % 4 != 0:
            segments[place] = non_canonical(segments[place])
            return ".".join(segments)
    raise AssertionError("no segment of such a length")


MALFORMED, UNSUPPORTED = "the token is malformed", "the token's header is not accepted"
SIGNATURE, EXPIRED = "the token's signature could not be verified", "the token has expired"
NOT_YET, CLAIMS = "the token is not valid yet", "the token's claims are not accepted"


BAD = [ # name, how the token is made, what the challenge says of it
    *[(f"alg {alg!r}, no signature", lambda alg=alg: unsigned({"alg": alg, "kid": "rs"}), UNSUPPORTED)
      for alg in ("none", "None", "NONE", "nOnE", "none ", "", None, 0, True, [], ["none"], {})],
    ("alg none, a good signature", lambda: token(header={"alg": "none"}), UNSUPPORTED),
    ("alg missing", lambda: token(header={"alg": ...}), UNSUPPORTED),
    ("alg in lower case", lambda: token(header={"alg": "rs256"}), UNSUPPORTED),
    ("alg in an array", lambda: token(header={"alg": ["RS256"]}), UNSUPPORTED),
    # algorithm confusion
    ("HS256 keyed with the PEM of the RSA key", lambda: token(header={"alg": "HS256"}, by=pem(RSA), using="HS256"), UNSUPPORTED),
    ("HS256 keyed with the PEM without its last line end", lambda: token(header={"alg": "HS256"}, by=pem(RSA).rstrip(), using="HS256"), UNSUPPORTED),
    ("HS256 keyed with the DER of the RSA key", lambda: token(header={"alg": "HS256"}, by=der(RSA), using="HS256"), UNSUPPORTED),
    ("HS256 keyed with the modulus", lambda: token(header={"alg": "HS256"}, by=JWKS["keys"][0]["n"].encode(), using="HS256"), UNSUPPORTED),
    ("HS256 keyed with the key set", lambda: token(header={"alg": "HS256"}, by=json.dumps(JWKS).encode(), using="HS256"), UNSUPPORTED),
    ("HS512 keyed with the PEM of the EC key", lambda: token("ec", {"alg": "HS512"}, by=pem(EC), using="HS512"), UNSUPPORTED),
    ("HS256 with an empty key", lambda: token(header={"alg": "HS256"}, by=b"", using="HS256"), UNSUPPORTED),
    ("HS256 with a zero for key", lambda: token(header={"alg": "HS256"}, by=b"\0", using="HS256"), UNSUPPORTED),
    ("HS256 with a well-known key", lambda: token(header={"alg": "HS256"}, by=b"secret", using="HS256"), UNSUPPORTED),
    ("an HMAC under RS256", lambda: token(by=pem(RSA), using="HS256"), SIGNATURE),
    ("PS256 with the key for RS256", lambda: token(header={"alg": "PS256"}, using="PS256"), UNSUPPORTED),
    ("RS256 with the key for PS256", lambda: token("ps", {"alg": "RS256"}, using="RS256"), UNSUPPORTED),
    ("PSS under RS256", lambda: token(using="PS256"), SIGNATURE),
    ("PKCS 1 under PS256", lambda: token("ps", using="RS256"), SIGNATURE),
    ("PSS with a salt of another length", lambda: token("ps", using="PS, salt 20"), SIGNATURE),
    ("ES256 with an RSA key's kid", lambda: token(header={"alg": "ES256"}, by=EC, using="ES256"), UNSUPPORTED),
    ("RS384", lambda: token(header={"alg": "RS384"}), UNSUPPORTED),
    ("ES256K", lambda: token("ec", {"alg": "ES256K"}), UNSUPPORTED),
    # wrong keys and signatures
    ("another RSA key", lambda: token(by=OTHER_RSA), SIGNATURE),
    ("another EC key", lambda: token("ec", by=OTHER_EC), SIGNATURE),
    ("another Ed25519 key", lambda: token("ed", by=OTHER_ED), SIGNATURE),
    ("the signature of another token", lambda: token().rpartition(".")[0] + "." + token(payload=claims(sub="bo")).rpartition(".")[2], SIGNATURE),
    ("claims changed", lambda: swapped(token(), b64(as_bytes(claims())).split(".")[0][:40], b64(as_bytes(claims(iss="x")))[:40]), SIGNATURE),
    ("no signature", lambda: token().rpartition(".")[0] + ".", MALFORMED),
    ("a signature of zeros, RSA", lambda: token().rpartition(".")[0] + "." + b64(bytes(256)), SIGNATURE),
    ("a signature of zeros, ES256", lambda: token("ec").rpartition(".")[0] + "." + b64(bytes(64)), SIGNATURE),
    ("r and s the curve's order", lambda: token("ec").rpartition(".")[0] + "." + b64(P256_ORDER.to_bytes(32, "big") * 2), SIGNATURE),
    ("a signature of zeros, EdDSA", lambda: token("ed").rpartition(".")[0] + "." + b64(bytes(64)), SIGNATURE),
    ("ES256 in DER", lambda: token("ec", using="ES256 in DER"), SIGNATURE),
    ("ES256 of 63 bytes", lambda: token("ec").rpartition(".")[0] + "." + b64(bytes(range(63))), SIGNATURE),
    ("ES256 of 65 bytes", lambda: token("ec").rpartition(".")[0] + "." + b64(bytes(range(65))), SIGNATURE),
    ("a signature of 2,000 bytes", lambda: token().rpartition(".")[0] + "." + b64(bytes(2000)), MALFORMED),
    # kid
    ("kid missing", lambda: token(header={"kid": ...}), SIGNATURE),
    ("kid unknown", lambda: token(header={"kid": "rs2"}), SIGNATURE),
    ("kid empty", lambda: token(header={"kid": ""}), SIGNATURE),
    ("kid a prefix", lambda: token(header={"kid": "r"}), SIGNATURE),
    ("kid a number", lambda: token(header={"kid": 0}), SIGNATURE),
    ("kid in an array", lambda: token(header={"kid": ["rs"]}), SIGNATURE),
    ("kid a path", lambda: token(header={"kid": "../../../../dev/null"}, by=b"", using="HS256"), SIGNATURE),
    ("kid a file", lambda: token(header={"kid": "/proc/self/environ"}), SIGNATURE),
    ("kid SQL", lambda: token(header={"kid": "x' UNION SELECT 'key' --"}), SIGNATURE),
    ("kid a command", lambda: token(header={"kid": "rs;$(id)|id"}), SIGNATURE),
    ("kid a URL", lambda: token(header={"kid": "https://evil.example/jwks.json"}), SIGNATURE),
    ("kid of 4 kB", lambda: token(header={"kid": "r" * 4000}), SIGNATURE),
    ("kid of the key of another algorithm", lambda: token(header={"kid": "ec"}), UNSUPPORTED),
    # a token that brings its key along, or asks for rules of its own
    ("jku", lambda: token(header={"jku": "https://evil.example/jwks.json"}, by=OTHER_RSA), UNSUPPORTED),
    ("jku, signed with our key", lambda: token(header={"jku": "https://evil.example/jwks.json"}), UNSUPPORTED),
    ("jwk", lambda: token(header={"jwk": public_jwk("rs", OTHER_RSA, "RS256")}, by=OTHER_RSA), UNSUPPORTED),
    ("x5u", lambda: token(header={"x5u": "https://evil.example/cert.pem"}, by=OTHER_RSA), UNSUPPORTED),
    ("x5c", lambda: token(header={"x5c": [base64.b64encode(der(OTHER_RSA)).decode()]}, by=OTHER_RSA), UNSUPPORTED),
    ("crit", lambda: token(header={"crit": ["exp"]}), UNSUPPORTED),
    ("crit of the unknown", lambda: token(header={"crit": ["x"], "x": 1}), UNSUPPORTED),
    ("crit empty", lambda: token(header={"crit": []}), UNSUPPORTED),
    ("b64 false", lambda: token(header={"b64": False, "crit": ["b64"]}), UNSUPPORTED),
    ("zip", lambda: token(header={"zip": "DEF"}), UNSUPPORTED),
    ("encrypted", lambda: token(header={"alg": "dir", "enc": "A128GCM"}), UNSUPPORTED),
    ("typ of another kind", lambda: token(header={"typ": "logout+jwt"}), UNSUPPORTED),
    # duplicate members
    ("alg twice", lambda: token(header=b'{"alg":"none","alg":"RS256","kid":"rs"}'), MALFORMED),
    ("alg twice, once escaped", lambda: token(header=b'{"alg":"RS256","\\u0061lg":"none","kid":"rs"}'), MALFORMED),
    ("exp twice", lambda: token(payload=duplicate("exp", 1)), MALFORMED),
    ("sub twice", lambda: token(payload=duplicate("sub", "bo")), MALFORMED),
    ("roles twice", lambda: token(payload=duplicate("roles", ["admin"])), MALFORMED),
    # exp, nbf, iat
    ("exp missing", lambda: token(payload=claims(exp=...)), CLAIMS),
    *[(f"exp {name}", lambda value=value: token(payload=claims(exp=value)), CLAIMS)
      for name, value in (("a text", "1999999999"), ("real", 1999999999.5), ("real without a fraction", 1999999999.0), ("null", None), ("true", True),
                          ("an array", [1999999999]), ("negative", -1), ("in the year 10000", 253402300800), ("2^63-1", 2 ** 63 - 1))],
    ("exp 2^64", lambda: token(payload=claims(exp=2 ** 64)), MALFORMED),
    ("exp 1e400", lambda: token(payload=json.dumps(claims(exp="@")).replace('"@"', "1e400").encode()), MALFORMED),
    ("exp Infinity", lambda: token(payload=claims(exp=float("inf"))), MALFORMED),
    ("exp NaN", lambda: token(payload=claims(exp=float("nan"))), MALFORMED),
    ("NUL behind exp", lambda: token(payload=json.dumps(claims(exp="@")).replace('"@"', f"{now() + 600}\0").encode()), MALFORMED),
    ("exp in the past", lambda: token(payload=claims(exp=now() - 3600)), EXPIRED),
    ("exp zero", lambda: token(payload=claims(exp=0)), EXPIRED),
    ("exp at the end of the leeway", lambda: token(payload=claims(exp=now() - LEEWAY_S)), EXPIRED),
    ("nbf in the future", lambda: token(payload=claims(nbf=now() + 3600)), NOT_YET),
    ("nbf past the leeway", lambda: token(payload=claims(nbf=now() + LEEWAY_S + 5)), NOT_YET),
    ("nbf a text", lambda: token(payload=claims(nbf="0")), CLAIMS),
    ("nbf real", lambda: token(payload=claims(nbf=1.5)), CLAIMS),
    ("nbf null", lambda: token(payload=claims(nbf=None)), CLAIMS),
    ("iat in the future", lambda: token(payload=claims(iat=now() + 3600)), NOT_YET),
    ("iat a text", lambda: token(payload=claims(iat="0")), CLAIMS),
    ("iat real", lambda: token(payload=claims(iat=now() + 0.5)), CLAIMS),
    # iss, aud, sub
    ("iss missing", lambda: token(payload=claims(iss=...)), CLAIMS),
    *[(f"iss {iss!r}", lambda iss=iss: token(payload=claims(iss=iss)), CLAIMS)
      for iss in ("https://evil.example", ISSUER + "/", ISSUER[:-1], ISSUER + ".evil.example", ISSUER.upper(), "", [ISSUER], None)],
    ("aud missing", lambda: token(payload=claims(aud=...)), CLAIMS),
    *[(f"aud {aud!r}", lambda aud=aud: token(payload=claims(aud=aud)), CLAIMS)
      for aud in (AUDIENCE + "x", AUDIENCE[:-1], AUDIENCE + " x", "Medkoord", "*", "", [], ["x"], [AUDIENCE + "x"], [AUDIENCE, 1], [[AUDIENCE]],
                  {AUDIENCE: 1}, None, 1)],
    ("aud with NUL behind it", lambda: token(payload=claims(aud=AUDIENCE + "\0x")), MALFORMED),
    ("sub missing", lambda: token(payload=claims(sub=...)), CLAIMS),
    *[(f"sub {sub!r}"[:40], lambda sub=sub: token(payload=claims(sub=sub)), CLAIMS)
      for sub in ("", 7, None, ["anna"], "a\nb", "a\x1b[2J", "a\x85", "a" * 256)],
    ("roles a text", lambda: token(payload=claims(roles="admin")), CLAIMS),
    ("roles an object", lambda: token(payload=claims(roles={"admin": True})), CLAIMS),
    ("region SQL", lambda: token(payload=claims(region="nord' OR true --")), CLAIMS),
    # the form
    *[(f"the token {text!r}", lambda text=text: text, MALFORMED)
      for text in (".", "..", "...", "a", "a.b", "a.b.c", "a.b.c.d.e", ".e30.AA", "{}.{}.{}", "Bearer", "null", "undefined")],
    ("empty objects", lambda: "e30.e30.AA", UNSUPPORTED),
    ("empty objects without a signature", lambda: "e30.e30.", UNSUPPORTED),
    ("5 segments", lambda: token() + ".AAAA.AAAA", MALFORMED),
    ("4 segments", lambda: token() + ".AAAA", MALFORMED),
    ("a point behind it", lambda: token() + ".", MALFORMED),
    ("2 segments", lambda: token().rpartition(".")[0], MALFORMED),
    *[(f"{junk!r} behind the signature", lambda junk=junk: token() + junk, MALFORMED) for junk in ("=", "==", "!", ",", ";", "%00", "-_!", " x", "A" * 1500)],
    ("AAAA behind the signature", lambda: token("ed") + "AAAA", SIGNATURE),
    ("a space before it", lambda: " " + token(), MALFORMED),
    ("Bearer before it", lambda: "Bearer " + token(), MALFORMED),
    ("in quotes", lambda: '"' + token() + '"', MALFORMED),
    ("two with a comma", lambda: token() + ", " + token(), MALFORMED),
    ("padding in the header", lambda: (lambda h, p, s: f"{h}=.{p}.{s}")(*token().split(".")), MALFORMED),
    ("base64 for base64url", lambda: unsigned({"alg": "RS256", "kid": "rs"}, "ab+/"), MALFORMED),
    ("a header that is not canonical", lambda: spoiled(0), MALFORMED),
    ("claims that are not canonical", lambda: spoiled(1), SIGNATURE), # the signature is over the characters
    ("a signature that is not canonical", lambda: spoiled(2), MALFORMED),
    ("a header that is no object", lambda: token(header=b'["RS256","rs"]'), MALFORMED),
    ("a header cut short", lambda: token(header=b'{"alg":"RS256","kid":"rs"'), MALFORMED),
    ("a header that is not UTF-8", lambda: token(header=b'{"alg":"RS256","kid":"rs","a":"\xff"}'), MALFORMED),
    ("a header with a BOM", lambda: token(header=b'\xef\xbb\xbf{"alg":"RS256","kid":"rs"}'), MALFORMED),
    ("claims that are no object", lambda: token(payload=b"[]"), MALFORMED),
    ("claims null", lambda: token(payload=b"null"), MALFORMED),
    ("claims empty", lambda: token(payload=b""), MALFORMED),
    ("claims twice", lambda: token(payload=json.dumps(claims()).encode() * 2), MALFORMED),
    ("9 kB", lambda: token(payload=claims(x="a" * 6000)), MALFORMED),
]


class Folder:
    """What Server wants of keys: where their public halves lie."""

    def __init__(self, folder):
        self.jwks = folder / "jwks.json"
        self.jwks.write_text(json.dumps(JWKS))


@pytest.fixture(scope="module")
def server(cluster, tmp_path_factory):
    made = Server(cluster.url(), Folder(tmp_path_factory.mktemp("keys")), issuer=ISSUER, audience=AUDIENCE, token_leeway_s=LEEWAY_S)
    made.environment["ASAN_OPTIONS"] = made.environment.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"
    made.start()
    yield made
    assert made.remove() == 0


def ask(server, authorization, path=PATH):
    """The status, the headers and the problem for these Authorization headers, on a raw socket: no client's opinion of them."""
    lines = b"".join(b"Authorization: " + a + b"\r\n" for a in authorization)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as s:
        with contextlib.suppress(OSError): # cut while we were still sending
            s.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + lines + b"\r\n")
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := s.recv(65536):
                answer += piece
    head, _, body = answer.decode().partition("\r\n\r\n")
    assert head.count("HTTP/1.1 ") == 1, answer
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    return int(head.split(" ")[1]), headers, json.loads(body) if body.startswith("{") else body


def bearer(text):
    return [b"Bearer " + text.encode()]


def next_is_answered(server):
    """By a token that no loop has in its cache."""
    assert ask(server, bearer(token("ed")))[0] == 200


def challenge_of(description):
    return f'Bearer realm="medkoord", error="invalid_token", error_description="{description}"'


@pytest.mark.parametrize("name,make,description", BAD, ids=[c[0] for c in BAD])
def test_bad_tokens(server, name, make, description):
    text = make()
    for _ in range(2): # what is refused is refused again: nothing of it is cached
        status, headers, problem = ask(server, bearer(text))
        assert (status, problem["code"], problem["detail"]) == (401, "invalid_token", description)
        assert headers["WWW-Authenticate"] == challenge_of(description)
        assert headers["Content-Type"] == "application/problem+json" and headers["Cache-Control"] == "no-store"
    next_is_answered(server)


@pytest.mark.parametrize("name,authorization,path,status,code,challenge", [
    ("no token", [], PATH, 401, "unauthorized", 'Bearer realm="medkoord"'),
    ("the token in the query", [], PATH + "?access_token={}", 401, "unauthorized", 'Bearer realm="medkoord"'),
    ("the token in the query beside a good one", ["Bearer {}"], PATH + "?access_token={}", 400, "invalid_parameter", None),
    ("two Authorizations", ["Bearer {}", "Bearer {}"], PATH, 400, "malformed_request", None),
    ("a good and an empty Authorization", ["Bearer {}", ""], PATH, 400, "malformed_request", None),
    ("an empty Authorization", [""], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("Bearer alone", ["Bearer"], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("Bearer and a space", ["Bearer "], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("Bearer ..", ["Bearer .."], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("Bearer and a tab", ["Bearer\t{}"], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("Bearer and two spaces", ["Bearer  {}"], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("a space behind it", ["Bearer {} "], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("no scheme", ["{}"], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("Basic", ["Basic {}"], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("DPoP", ["DPoP {}"], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("Bearer:", ["Bearer: {}"], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("15 kB", ["Bearer " + "A" * 15000], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("17 kB", ["Bearer " + "A" * 17000], PATH, 431, "headers_too_large", None),
    ("70 kB", ["Bearer " + "A" * 70000], PATH, 431, None, None),
    ("bytes past ASCII", ["Bearer æ.ø.å"], PATH, 401, "invalid_token", challenge_of(MALFORMED)),
    ("bearer in lower case", ["bearer {}"], PATH, 200, None, None),
    ("BEARER in capitals", ["BEARER {}"], PATH, 200, None, None),
    ("what needs none takes a bad one", ["Bearer .."], "/healthz", 200, None, None),
])
def test_bad_headers(server, name, authorization, path, status, code, challenge):
    good = token("ec")
    got, headers, problem = ask(server, [a.replace("{}", good).encode() for a in authorization], path.replace("{}", good))
    assert got == status and headers.get("WWW-Authenticate") == challenge
    assert code is None or (problem["code"], problem["status"]) == (code, status)
    assert good.split(".")[2] not in json.dumps(problem), "the token is sent back"
    next_is_answered(server)


GOOD = [
    *[(f"signed with {ALGORITHMS[kid]}", lambda kid=kid: token(kid)) for kid in KEYS],
    ("the other signature of ECDSA", malleated),
    ("typ at+jwt", lambda: token(header={"typ": "at+jwt"})),
    ("no typ", lambda: token(header={"typ": ...})),
    ("members of others", lambda: token(header={"x5t": "abc", "cty": "x"}, payload=claims(scope="x", address={"a": [1, 2.5, None]}))),
    ("aud among others", lambda: token(payload=claims(aud=["other", AUDIENCE]))),
    ("only what is required", lambda: token(payload=claims(iat=..., nbf=...))),
    ("exp within the leeway", lambda: token(payload=claims(exp=now() - LEEWAY_S + 10))),
    ("exp now", lambda: token(payload=claims(exp=now()))),
    ("exp at the end of the year 9999", lambda: token(payload=claims(exp=253402300799))),
    ("nbf at the end of the leeway", lambda: token(payload=claims(nbf=now() + LEEWAY_S))),
    ("iat at the end of the leeway", lambda: token(payload=claims(iat=now() + LEEWAY_S))),
    ("nbf zero", lambda: token(payload=claims(nbf=0, iat=0))),
    ("claims nested 1,000 deep", lambda: token(payload=json.dumps(claims())[:-1].encode() + b',"x":' + b"[" * 1000 + b"]" * 1000 + b"}")),
    ("a subject of 255 bytes", lambda: token(payload=claims(sub="a" * 255))),
    ("a Danish subject", lambda: token(payload=json.dumps(claims(sub="søren åkær"), ensure_ascii=False).encode())),
    ("8,192 bytes at most", lambda: token("ed", payload=claims(x="a" * 5700))),
]


@pytest.mark.parametrize("name,make", GOOD, ids=[c[0] for c in GOOD])
def test_good_tokens(server, name, make):
    text = make()
    assert len(text) <= 8192
    for _ in range(4): # verified in each loop, then from its cache
        assert ask(server, bearer(text))[0] == 200


def test_a_token_expires_in_the_cache_too(server):
    """The leeway is counted to the second: taken until it ends, refused from then on, from whichever loop's cache."""
    expires = now() - LEEWAY_S + 2
    text = token(payload=claims(exp=expires))
    seen = []
    while now() < expires + LEEWAY_S + 1:
        before = time.time()
        status = ask(server, bearer(text))[0]
        seen.append((before, time.time(), status))
        assert len(seen) < 100000
    for before, after, status in seen:
        if after < expires + LEEWAY_S:
            assert status == 200
        elif before >= expires + LEEWAY_S + TICK_S:
            assert status == 401
    assert {status for *_, status in seen} == {200, 401}


def test_a_token_that_is_not_valid_yet_becomes_so(server):
    begins = now() + LEEWAY_S + 2
    text = token(payload=claims(nbf=begins))
    statuses = []
    while now() <= begins - LEEWAY_S:
        statuses.append(ask(server, bearer(text))[0])
        assert len(statuses) < 100000
    assert statuses[0] == 401 and statuses[-1] == 200 and statuses == sorted(statuses, reverse=True)


def test_a_bad_token_is_refused_before_anything_is_said_of_the_request(server):
    """No path below a known one, no parameter and no body is judged for those who may not ask."""
    for path in (PATH + "?unknown=1", "/v1/regions/atlantis", "/v1/hospitals?limit=x", "/v1/hospitals?cursor=x"):
        status, _, problem = ask(server, bearer(".."), path)
        assert (status, problem["code"]) == (401, "invalid_token") and "errors" not in problem


def test_the_log_has_no_token(server):
    good, bad = token("ec", payload=claims(sub="nobody")), token("ec", by=OTHER_EC)
    assert ask(server, bearer(good))[0] == 200 and ask(server, bearer(bad))[0] == 401
    log = server.log.read_text()
    assert "nobody" in log # so these requests are in it
    for text in (good, bad):
        for segment in text.split(".")[1:]:
            assert segment not in log
    assert not re.search(r"eyJ[\w-]+\.eyJ", log)


def test_memory_is_bounded(server):
    """All bad tokens six times over, and 2,000 good ones for the caches, add less than 8 MiB to what one round took."""
    made = [make() for _, make, _ in BAD]
    claims_now = claims()
    good = [token("ed", payload={**claims_now, "sub": f"anna-{i}"}) for i in range(2000)]
    for text in made:
        assert ask(server, bearer(text))[0] == 401
    first = server.memory_kib()
    for text in made * 5:
        assert ask(server, bearer(text))[0] == 401
    for text in good:
        assert ask(server, bearer(text))[0] == 200
    grown = server.memory_kib() - first
    print(f"resident {first} KiB, then {grown} KiB more")
    assert grown < 8 << 10
