"""Lets a third party's GeoReport v2 client (georeport) talk to a running server.

Usage: client.py ROOT_ADDRESS API_KEY

The library only reads, so the one request is sent with plain `requests`, as its documentation
says. Every answer is read in both forms, and both must say the same. Prints one line of JSON.
"""

import json
import sys

import requests
import xmltodict
from georeport import GeoReport

ANSWERS = {"string": "somewhere", "number": "3", "datetime": "2026-01-05T09:00:00Z", "text": "x"}


def as_list(value):
    """What xmltodict makes of no, one and several elements."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def plain(value):
    """A value as XML would spell it."""
    if isinstance(value, bool):
        return str(value).lower()
    return None if value in (None, "") else str(value)


def same(left, right):
    assert set(left) == set(right), (sorted(left), sorted(right))
    for name in left:
        assert plain(left[name]) == plain(right[name]), (name, left[name], right[name])


def check_services(by_json, by_xml):
    services = by_json.get_service_list()
    assert services, "no services"
    others = as_list(by_xml.get_service_list())
    assert len(services) == len(others)
    for service, other in zip(services, others):
        same(service, other)
        definition = by_json.get_service_definition(service["service_code"])
        twin = by_xml.get_service_definition(service["service_code"])
        codes = [one["code"] for one in definition["attributes"]]
        elements = as_list((twin["attributes"] or {}).get("attribute"))
        assert codes == [one["code"] for one in elements]
        assert service["metadata"] == bool(codes)
    return services


def send(client, service, key, form):
    definition = client.get_service_definition(service["service_code"])
    data = {
        "api_key": key,
        "service_code": service["service_code"],
        "description": "A story that must not be repeated",
        "first_name": "Hidden",
        "address_string": "Hidden Street 1",
    }
    for one in definition["attributes"]:
        values = one["values"]
        answer = values[0]["key"] if values else ANSWERS[one["datatype"]]
        data[f"attribute[{one['code']}]"] = answer
    answer = requests.post(f"{client.root_address}/requests.{form}", data=data, timeout=30)
    assert answer.status_code == 200, answer.text
    if form == "json":
        return answer.json()[0]["service_request_id"]
    return xmltodict.parse(answer.content)["service_requests"]["request"]["service_request_id"]


def check_refusals(client):
    answer = requests.post(f"{client.root_address}/requests.json", data={"api_key": "x"}, timeout=30)
    assert answer.status_code == 403 and answer.json()[0]["code"] == 403, answer.text
    answer = requests.get(f"{client.root_address}/services/none.xml", timeout=30)
    error = xmltodict.parse(answer.content)["errors"]["error"]
    assert answer.status_code == 404 and error["code"] == "404", answer.text


def main(root, key):
    by_json = GeoReport(root, api_key=key)
    by_xml = GeoReport(root, api_key=key, output_format="xml")
    services = check_services(by_json, by_xml)
    check_refusals(by_json)
    sent = []
    for n, service in enumerate(services):
        sent.append(send(by_json, service, key, ["json", "xml"][n % 2]))
    for number in sent:
        request = by_json.get_service_request(number)
        assert request["status"] == "open", request
        same(request, by_xml.get_service_request(number))
        assert "Hidden" not in json.dumps(request) and "story" not in json.dumps(request)
    listed = {one["service_request_id"] for one in by_json.get_service_requests(status="open")}
    assert listed.issuperset(sent), (listed, sent)
    listed = as_list(by_xml.get_service_requests(service_code=services[0]["service_code"]))
    assert sent[0] in {one["service_request_id"] for one in listed}
    print(json.dumps({"services": len(services), "sent": len(sent)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
