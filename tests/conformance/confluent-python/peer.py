"""Writes or reads records with Confluent's Python client, for tests of ours that do the other half.

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
    what, url, topic = sys.argv[1:]
    registry = SchemaRegistryClient({"url": url})
    for line in sys.stdin:
        asked = json.loads(line)
        done = write(registry, topic, asked) if what == "write" else read(registry, topic, asked)
        print(json.dumps(done), flush=True)


def write(registry, topic, asked):
    settings = {"auto.register.schemas": True}
    if asked["ids"] == "header":
        settings["schema.id.serializer"] = header_schema_id_serializer
    headers = []
    serializer = AvroSerializer(registry, asked["schema"], conf=settings)
    value = serializer(asked["value"], SerializationContext(topic, MessageField.VALUE, headers))
    return {"value": encoded(value), "headers": {name: encoded(data) for name, data in headers}}


def read(registry, topic, asked):
    headers = [(name, base64.b64decode(data)) for name, data in asked["headers"].items()]
    context = SerializationContext(topic, MessageField.VALUE, headers)
    return AvroDeserializer(registry)(base64.b64decode(asked["value"]), context)


def encoded(data):
    return base64.b64encode(data).decode()


main()
