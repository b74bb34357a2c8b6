"""Kafka functions as users of Powertools for Python write them.

A record's value says how often the record fails, and how: {"fails": 2, "how": "raise" | "exit" | "hang"}.
Each invocation appends a line to the file SEEN, before it does anything else: its records as JSON.
"""
import json
import os
import sys
import time

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes import KafkaEvent, event_source
from aws_lambda_powertools.utilities.data_classes.kafka_event import KafkaEventRecord
from aws_lambda_powertools.utilities.kafka import ConsumerRecords, SchemaConfig, kafka_consumer

SEEN = os.environ["SEEN"]


@event_source(data_class=KafkaEvent)
def data_class(event: KafkaEvent, context):
    """Reads everything that the data classes have."""
    records = [
        {
            **common(record),
            "key": text(record.decoded_key),
            "value": None if record.value is None else record.json_value,
            "headers": [[name, value] for header in record.headers for name, value in header.items()],
            "last_headers": {name: list(value) for name, value in record.decoded_headers.items()},
        }
        for record in event.records
    ]
    write(event, context, records)


@kafka_consumer(schema_config=SchemaConfig(value_schema_type="JSON"))
def consumer(event: ConsumerRecords, context):
    """Reads the same with the Kafka consumer, which cannot read the value of a tombstone."""
    records = [
        {
            **common(record),
            "key": record.key,
            "value": None if record.original_value is None else record.value,
            "headers": [[name, value] for header in record.original_headers for name, value in header.items()],
            "last_headers": {name: list(value) for name, value in record.headers.items()},
        }
        for record in event.records
    ]
    write(event, context, records)


@event_source(data_class=KafkaEvent)
def whole_batch(event: KafkaEvent, context):
    """Fails as a whole when one record does."""
    earlier = seen(event, context)
    for record in event.records:
        handle(record, earlier)


processor = BatchProcessor(event_type=EventType.Kafka)


def partial_response(event, context):
    """Reports the records that failed, by Powertools' batch processor."""
    earlier = seen(KafkaEvent(event), context)
    return process_partial_response(
        event=event, record_handler=lambda record: handle(record, earlier), processor=processor, context=context
    )


@event_source(data_class=KafkaEvent)
def without_the_number(event: KafkaEvent, context):
    """Names the topic where AWS wants topic and partition: a mistake of a handler that builds its own response."""
    earlier = seen(event, context)
    failures = []
    for record in event.records:
        try:
            handle(record, earlier)
        except ValueError:
            failures.append({"itemIdentifier": {"partition": record.topic, "offset": record.offset}})
    return {"batchItemFailures": failures}


def handle(record: KafkaEventRecord, earlier):
    order = record.json_value
    if earlier.count([f"{record.topic}-{record.partition}", record.offset]) >= order.get("fails", 0):
        return
    match order["how"]:
        case "raise":
            raise ValueError(f"order {order['id']} has no total")
        case "exit":
            sys.exit(7)
        case "hang":
            time.sleep(3600)


def seen(event: KafkaEvent, context):
    """Writes the invocation down; returns the records of those before it, which may have been in other processes."""
    earlier = []
    if os.path.exists(SEEN):
        with open(SEEN, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        earlier = [[record["name"], record["offset"]] for line in lines for record in line["records"]]
    write(event, context, [common(record) for record in event.records])
    return earlier


def common(record):
    return {
        "name": f"{record.topic}-{record.partition}",
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "timestamp_type": record.timestamp_type,
    }


def write(event, context, records):
    line = {
        "source": event.event_source,
        "arn": event.event_source_arn,
        "servers": event.decoded_bootstrap_servers,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "records": records,
    }
    with open(SEEN, "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def text(data):
    return None if data is None else data.decode()
