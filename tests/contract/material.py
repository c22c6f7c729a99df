"""Policies, documents and codes that several suites send."""

import base64
import hashlib
import hmac
import json
import struct

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
TEXT = json.dumps(DOCUMENT)


def trust(principal):
    allow = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [allow]}


def code(seed, window):
    """The six digits of RFC 6238 that a device shows in that window of 30 seconds."""
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", window), hashlib.sha1).digest()
    place = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000)
