#!/usr/bin/env python3
"""Signs hard cases with botocore and prints them as JSON: the expected values of src/aws/sigv4_test.cc.

Run it where botocore is installed: make_vectors.py > vectors.json
"""

import base64
import datetime
import json

import botocore
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

LONG_LIVED = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)
TEMPORARY = ("ASIAEXAMPLE", "anotherSecret/with+signs=", "FwoGZXIvYXdzE//token==")
JSON_11 = [("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", "Kinesis_20131202.ListShards")]
HOST = "https://kinesis.eu-west-1.amazonaws.com"

CASES = [
    ("list shards", "POST", HOST + "/", JSON_11, b'{"StreamName":"orders"}', LONG_LIVED),
    ("session token", "POST", HOST + "/", JSON_11, b"{}", TEMPORARY),
    ("empty body", "POST", HOST + "/", JSON_11, b"", LONG_LIVED),
    ("binary body", "POST", HOST + "/", [("Content-Type", "application/x-amz-cbor-1.1")],
     bytes(range(256)), LONG_LIVED),
    ("url without a path", "POST", HOST, JSON_11, b"{}", LONG_LIVED),
    ("own port", "POST", "http://127.0.0.1:4567/", JSON_11, b"{}", LONG_LIVED),
    ("default https port", "POST", HOST + ":443/", JSON_11, b"{}", LONG_LIVED),
    ("default http port", "POST", "http://localhost:80/", JSON_11, b"{}", LONG_LIVED),
    ("foreign default port", "POST", "http://localhost:443/", JSON_11, b"{}", LONG_LIVED),
    ("blanks in headers", "POST", HOST + "/",
     [("X-Amz-Meta", "  a   b \t c  "), ("X-Empty", ""), ("X-Only-Blanks", "   ")], b"{}", LONG_LIVED),
    ("repeated header", "POST", HOST + "/",
     [("X-Twice", "b"), ("X-Other", "o"), ("X-Twice", "a  a"), ("x-twice", "c")], b"{}", LONG_LIVED),
    ("names in any case", "POST", HOST + "/", [("x-Zeta", "1"), ("X-ALPHA", "2"), ("X-Alpha-B", "3")],
     b"{}", LONG_LIVED),
    ("unsigned headers", "POST", HOST + "/",
     [("User-Agent", "tidemill"), ("Expect", "100-continue"), ("X-Amzn-Trace-Id", "Root=1"),
      ("Transfer-Encoding", "chunked"), ("Connection", "close"), ("X-Kept", "1")], b"{}", LONG_LIVED),
    ("utf-8 in a header", "POST", HOST + "/", [("X-Name", "Grüße")], b"{}", LONG_LIVED),
    ("dots in the path", "GET", HOST + "/a/./b/../c", [], b"", LONG_LIVED),
    ("dots up to the root", "GET", HOST + "/a/../..", [], b"", LONG_LIVED),
    ("slashes in the path", "GET", HOST + "//a//b//", [], b"", LONG_LIVED),
    ("encoded path", "GET", HOST + "/a%20b/%E1%88%B4", [], b"", LONG_LIVED),
    ("signs in the path", "GET", HOST + "/a+b(c)~d'e!f*g:h@i;j,k=l&m$n", [], b"", LONG_LIVED),
    ("unsorted query", "GET", HOST + "/?b=2&a=1&B=3&a=0", [], b"", LONG_LIVED),
    ("query without values", "GET", HOST + "/?lifecycle&a=&=x&&z", [], b"", LONG_LIVED),
    ("encoded query", "GET", HOST + "/?k%20y=v%2Fw&k%2By=1&k=a=b", [], b"", LONG_LIVED),
    ("query beside no path", "GET", "https://sts.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15", [],
     b"", TEMPORARY),
]
SCOPES = [
    ("eu-west-1", "kinesis", (2026, 11, 22, 21, 0, 0)),
    ("us-gov-west-1", "dynamodb", (2024, 2, 29, 23, 59, 59)),
    ("cn-north-1", "monitoring", (1999, 1, 1, 0, 0, 0)),
]


def sign(name, method, url, headers, body, credentials, scope):
    region, service, moment = scope
    now = datetime.datetime(*moment, tzinfo=datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *args, **kwargs: now.replace(tzinfo=None)
    request = AWSRequest(method=method, url=url, data=body)
    for key, value in headers:
        request.headers.add_header(key, value)
    signer = botocore.auth.SigV4Auth(Credentials(*credentials), service, region)
    signer.add_auth(request)
    canonical = signer.canonical_request(without_authorization(request))
    return {
        "name": f"{name}, {service}",
        "method": method,
        "url": url,
        "headers": headers,
        "body": base64.b64encode(body).decode(),
        "accessKeyId": credentials[0],
        "secretAccessKey": credentials[1],
        "sessionToken": credentials[2] or "",
        "region": region,
        "service": service,
        "epochSeconds": int(now.timestamp()),
        "canonicalRequest": canonical,
        "authorization": request.headers["Authorization"],
    }


def without_authorization(request):
    copy = AWSRequest(method=request.method, url=request.url, data=request.data)
    for key, value in request.headers.items():
        if key.lower() != "authorization":
            copy.headers.add_header(key, value)
    copy.context.update(request.context)
    return copy


if __name__ == "__main__":
    vectors = [sign(*case, SCOPES[i % len(SCOPES)]) for i, case in enumerate(CASES)]
    vectors += [sign(*CASES[0], scope) for scope in SCOPES[1:]]
    print(json.dumps({"source": f"botocore {botocore.__version__}", "vectors": vectors}, indent=1))
