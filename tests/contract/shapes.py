"""Holds raw answers against botocore's service models: every member known and of its type, required ones present, values within
their bounds, errors with the modelled status. botocore's parser alone passes over what it does not know."""

import json
import re
from xml.etree import ElementTree

# Codes that no operation models: AWS's common errors, and those IAM gives although its model is silent (aws-facts, section 2).
COMMON = {
    "AccessDenied": 403,
    "AccessDeniedException": 400,
    "ExpiredToken": 403,
    "IncompleteSignature": 400,
    "InvalidAction": 400,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationToken": 403,
    "SignatureDoesNotMatch": 403,
    "Throttling": 400,
    "UnrecognizedClientException": 400,
    "ValidationError": 400,
}

# Where AWS itself differs from its model.
DIFFERENT = {
    # the member's own documentation: "This data type can only have a value of Policy"
    "PermissionsBoundaryAttachmentType": ["Policy"],
}


class Watch:
    """Hears every call of the clients it is put on; collects what was called and what is wrong with the answers."""

    def __init__(self):
        self.succeeded, self.wrong = set(), []

    def on(self, client):
        client.meta.events.register("after-call.*.*", self.heard)
        return client

    def heard(self, http_response, model, **_):
        service, name = model.service_model.signing_name, model.name
        try:
            faults = list(check(model, http_response.status_code, http_response.headers, http_response.content))
        except (ValueError, ElementTree.ParseError) as error:
            faults = [f"unreadable: {error}"]
        self.wrong += [f"{service} {name} ({http_response.status_code}): {fault}" for fault in faults]
        if http_response.status_code == 200:
            self.succeeded.add((service, name))


def check(model, status, headers, body):
    """What is wrong with an answer to an operation."""
    protocol = model.service_model.protocol
    wanted = "text/xml" if protocol == "query" else "application/x-amz-json-1.1"
    if headers.get("content-type") != wanted:
        yield f"content-type {headers.get('content-type')}"
    for header in ("x-amzn-requestid", "date"):
        if not headers.get(header):
            yield f"no {header}"
    if status >= 300:
        yield from (query_error if protocol == "query" else json_error)(model, status, body)
    elif protocol == "query":
        yield from query_result(model, body)
    else:
        yield from json_value(json.loads(body), model.output_shape, model.name) if model.output_shape else no_members(body)


def no_members(body):
    if json.loads(body or b"{}") != {}:
        yield f"an answer without members has {body!r}"


# errors


def modelled(model, code):
    """The error shape of that code among the operation's own."""
    for shape in model.error_shapes:
        if shape.metadata.get("error", {}).get("code", shape.name) == code:
            return shape
    return None


def error_status(model, code, status):
    shape = modelled(model, code)
    if shape is None and code not in COMMON:
        yield f"the code {code} is none of this operation's"
        return
    wanted = COMMON.get(code) if shape is None else shape.metadata.get("error", {}).get("httpStatusCode", 400)
    if status != wanted:
        yield f"{code} has status {wanted} in the model"


def query_error(model, status, body):
    root = ElementTree.fromstring(body)
    space = "{%s}" % model.metadata["xmlNamespace"]
    error = root.find(f"{space}Error")
    if root.tag != f"{space}ErrorResponse" or error is None or root.find(f"{space}RequestId") is None:
        yield f"not an ErrorResponse of {space}: {body!r}"
        return
    members = {child.tag.removeprefix(space): child.text for child in error}
    if set(members) != {"Type", "Code", "Message"}:
        yield f"Error has {sorted(members)}"
    if members.get("Type") != ("Sender" if status < 500 else "Receiver"):
        yield f"Type {members.get('Type')}"
    yield from error_status(model, members.get("Code"), status)


def json_error(model, status, body):
    members = json.loads(body)
    code = members.pop("__type", None)
    yield from error_status(model, code, status)
    if not members.get("Message"):
        yield "an error without Message"
    shape = modelled(model, code)
    if shape is not None:
        yield from json_value(members, shape, code)


# results


def query_result(model, body):
    root = ElementTree.fromstring(body)
    space = "{%s}" % model.metadata["xmlNamespace"]
    if root.tag != f"{space}{model.name}Response":
        yield f"the root is {root.tag}"
    parts = [child.tag.removeprefix(space) for child in root]
    wrapper = model.output_shape and model.output_shape.serialization.get("resultWrapper")
    if parts != [part for part in (wrapper, "ResponseMetadata") if part]:
        yield f"the root holds {parts}"
    elif root[-1].find(f"{space}RequestId") is None:
        yield "no RequestId"
    elif wrapper:
        yield from xml_value(root[0], model.output_shape, model.name, space)


def xml_value(element, shape, at, space):
    if shape.type_name == "structure":
        known = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        seen = [child.tag.removeprefix(space) for child in element]
        yield from structure({known[tag][0] if tag in known else tag for tag in seen}, shape, at)
        if len(seen) != len(set(seen)):
            yield f"{at} repeats a member: {seen}"
        for child in element:
            if (tag := child.tag.removeprefix(space)) in known:
                yield from xml_value(child, known[tag][1], f"{at}.{tag}", space)
    elif shape.type_name == "list":
        yield from bounds(shape, len(element), at)
        for child in element:
            if child.tag != f"{space}member":
                yield f"{at} holds {child.tag}"
            yield from xml_value(child, shape.member, f"{at}[]", space)
    elif shape.type_name == "map":
        for entry in element:
            if [child.tag.removeprefix(space) for child in entry] != ["key", "value"]:
                yield f"{at} has an entry that is no key and value"
                continue
            yield from xml_value(entry[0], shape.key, f"{at}.key", space)
            yield from xml_value(entry[1], shape.value, f"{at}.{entry[0].text}", space)
    else:
        if len(element):
            yield f"{at} is to be a {shape.type_name} and holds elements"
        yield from scalar(XML_FORMS, element.text or "", shape, at)


XML_FORMS = {
    "boolean": lambda text: text in ("true", "false"),
    "integer": lambda text: re.fullmatch(r"-?\d+", text),
    "long": lambda text: re.fullmatch(r"-?\d+", text),
    "timestamp": lambda text: re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text),
    "string": lambda text: True,
    "blob": lambda text: re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text),
}

JSON_FORMS = {
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "long": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "timestamp": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
}


def json_value(value, shape, at):
    wanted = {"structure": dict, "map": dict, "list": list}.get(shape.type_name)
    if wanted and not isinstance(value, wanted):
        yield f"{at} is {value!r}, not a {shape.type_name}"
    elif shape.type_name == "structure":
        yield from structure(set(value), shape, at)
        for name, member in value.items():
            if name in shape.members:
                yield from json_value(member, shape.members[name], f"{at}.{name}")
    elif shape.type_name == "list":
        yield from bounds(shape, len(value), at)
        for item in value:
            yield from json_value(item, shape.member, f"{at}[]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from json_value(item, shape.value, f"{at}.{key}")
    else:
        yield from scalar(JSON_FORMS, value, shape, at)


def structure(names, shape, at):
    for name in sorted(names - set(shape.members)):
        yield f"{at}.{name} is in no model"
    for name in shape.required_members:
        if name not in names:
            yield f"{at}.{name} is required and missing"


def bounds(shape, size, at):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        yield f"{at} measures {size}, not {least} to {most}"


def scalar(forms, value, shape, at):
    if not forms[shape.type_name](value):
        yield f"{at} is {value!r}, not a {shape.type_name}"
        return
    if shape.type_name == "string":
        yield from bounds(shape, len(value), at)
        values, pattern = DIFFERENT.get(shape.name, shape.enum), shape.metadata.get("pattern")
        if values and value not in values:
            yield f"{at} is {value!r}, none of {values}"
        # patterns are Java's: Python's `re` knows no \p
        if pattern and "\\p" not in pattern and not re.fullmatch(pattern, value):
            yield f"{at} is {value!r}, not like {pattern}"
    elif shape.type_name in ("integer", "long"):
        yield from bounds(shape, int(value), at)
