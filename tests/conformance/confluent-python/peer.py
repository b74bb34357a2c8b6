"""Writes or reads records with Confluent's Python client, for tests in which our client does the opposite.

peer.py write URL TOPIC: JSON lines {"schema", "value", "ids": "prefix" | "header"} in; out, a line each,
                         {"value": "<base64>", "headers": {"<name>": "<base64>"}}
peer.py read URL TOPIC:  such lines in; the values out as JSON, a line each
"""
import base64
import json
import sys

from confluent_kafka.schema_registry import SchemaRegistryClient, header_schema_id_serializer
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext


def main():
    mode, url, topic = sys.argv[1:]
    registry = SchemaRegistryClient({"url": url})
    for line in sys.stdin:
        request = json.loads(line)
        answer = write(registry, topic, request) if mode == "write" else read(registry, topic, request)
        print(json.dumps(answer), flush=True)


def write(registry, topic, request):
    settings = {"auto.register.schemas": True}
    if request["ids"] == "header":
        settings["schema.id.serializer"] = header_schema_id_serializer
    headers = []
    serializer = AvroSerializer(registry, request["schema"], conf=settings)
    value = serializer(request["value"], SerializationContext(topic, MessageField.VALUE, headers))
    return {"value": encoded(value), "headers": {name: encoded(data) for name, data in headers}}


def read(registry, topic, request):
    headers = [(name, base64.b64decode(data)) for name, data in request["headers"].items()]
    context = SerializationContext(topic, MessageField.VALUE, headers)
    return AvroDeserializer(registry)(base64.b64decode(request["value"]), context)


def encoded(data):
    return base64.b64encode(data).decode()


main()
