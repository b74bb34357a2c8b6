//! The scanner: what it accepts, and how much of an event an error costs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use kafka_events::{BatchResponse, Entry, Event, EventSource, Malformed, Record, TimestampType};

fn partition_of(records: &str) -> String {
    format!(r#"{{"eventSource":"aws:kafka","records":{{"orders-0":[{records}]}}}}"#)
}

fn records<'e>(event: &'e Event<'_>) -> Vec<&'e Record<'e>> {
    let entries = event.partitions.iter().flat_map(|partition| &partition.records);
    entries
        .map(|entry| match entry {
            Entry::Record(record) => record,
            Entry::Malformed(malformed) => panic!("malformed: {}", malformed.error),
        })
        .collect()
}

fn only_record(body: &str, check: impl FnOnce(&Record<'_>)) {
    let body = partition_of(body);
    let event = Event::scan(body.as_bytes()).unwrap();
    let records = records(&event);
    assert_eq!(records.len(), 1);
    check(records[0]);
}

fn only_malformed(body: &str, check: impl FnOnce(&Malformed<'_>)) {
    let body = partition_of(body);
    let event = Event::scan(body.as_bytes()).unwrap();
    match event.partitions[0].records.as_slice() {
        [Entry::Malformed(malformed)] => check(malformed),
        other => panic!("{other:?}"),
    }
}

fn value_of(record: &Record<'_>) -> Vec<u8> {
    record.value.unwrap().to_vec().unwrap()
}

#[test]
fn an_event_of_msk_is_read_with_all_its_coordinates() {
    let body = br#"{"eventSource":"aws:kafka","eventSourceArn":"arn:aws:kafka:x","bootstrapServers":"a:1,b:2",
        "records":{"orders-0":[{"topic":"orders","partition":0,"offset":15,"timestamp":1545084650987,
        "timestampType":"CREATE_TIME","key":"a2V5","value":"dmFsdWU=","headers":[{"name":[104,-61,-85]}]}],
        "orders-1":[{"topic":"orders","partition":1,"offset":3,"timestamp":5,"timestampType":"LOG_APPEND_TIME"}]}}"#;
    let event = Event::scan(body).unwrap();
    assert_eq!(event.source, EventSource::Msk);
    assert_eq!(event.source_arn.as_deref(), Some("arn:aws:kafka:x"));
    assert_eq!(event.bootstrap_servers.as_deref(), Some("a:1,b:2"));
    assert_eq!(
        event.partitions.iter().map(|partition| partition.name.as_ref()).collect::<Vec<_>>(),
        ["orders-0", "orders-1"]
    );
    let records = records(&event);
    let first = records[0];
    assert_eq!((first.topic.as_ref(), first.partition, first.offset), ("orders", 0, 15));
    assert_eq!((first.timestamp, first.timestamp_type), (1_545_084_650_987, TimestampType::CreateTime));
    assert_eq!(first.key.unwrap().to_vec().unwrap(), b"key");
    assert_eq!(value_of(first), b"value");
    assert_eq!(records[1].timestamp_type, TimestampType::LogAppendTime);
}

/// Topic and partition of the last record are reused only where the bytes are equal.
#[test]
fn each_record_has_its_own_topic_and_partition() {
    let as_aws_writes = |topic: &str, partition: i32| {
        format!(
            r#"{{"topic":"{topic}","partition":{partition},"offset":1,"timestamp":1545084650987,"timestampType":"CREATE_TIME","key":"a2V5","value":"dg==","headers":[]}}"#
        )
    };
    let spaced =
        |topic: &str, partition: i32| format!(r#"{{ "topic": "{topic}", "partition": {partition}, "offset": 1}}"#);
    let expected = [
        ("orders", 1, as_aws_writes("orders", 1)),
        ("orders", 1, as_aws_writes("orders", 1)),
        ("orders", 12, as_aws_writes("orders", 12)),
        ("refunds", 1, spaced("refunds", 1)),
        ("orders", 12, as_aws_writes("orders", 12)),
        ("orders", 1, as_aws_writes("orders", 1)),
        ("orders-2", 1, as_aws_writes("orders-2", 1)),
        ("orders", 1, spaced("orders", 1)),
        ("orders-2", 1, as_aws_writes("orders-2", 1)),
    ];
    let body = partition_of(&expected.iter().map(|(.., json)| json.as_str()).collect::<Vec<_>>().join(","));
    let event = Event::scan(body.as_bytes()).unwrap();
    let read: Vec<_> = records(&event).iter().map(|record| (record.topic.to_string(), record.partition)).collect();
    assert_eq!(read, expected.map(|(topic, partition, _)| (topic.to_owned(), partition)));
}

/// Headers that begin as the last record's are still read to their end.
#[test]
fn each_record_has_its_own_headers() {
    let expected = [
        r#"[{"trace":[1,2]}]"#,
        r#"[{"trace":[1,2]}]"#,
        r#"[{"trace":[3,-4,5]}]"#,
        r#"[{"trace":[]}]"#,
        r#"[{"trace":[6]},{"tenant":[7]}]"#,
        r#"[{"trace":[6]},{"tenant":[8,9]}]"#,
        r#"[{"trace":[6]}]"#,
        r#"[{"trace":["]}]}"]}]"#,
        r#"[{"trace":[[10]]}]"#,
        r#"[{"trace":[10,"]}]",11]}]"#,
        r#"[{"trace":[12],"more":[13]}]"#,
        r#"[{"trace":null}]"#,
        r#"[{"traces":[14]}]"#,
        r#"[{"trace":[15] }]"#,
        r#"[]"#,
        r#"[{"trace":[16]}]"#,
    ];
    let record = |headers: &str| {
        format!(
            r#"{{"topic":"orders","partition":0,"offset":1,"timestamp":1545084650987,"timestampType":"CREATE_TIME","key":"a2V5","value":"dg==","headers":{headers}}}"#
        )
    };
    let body = partition_of(&expected.map(record).join(","));
    let event = Event::scan(body.as_bytes()).unwrap();
    let read: Vec<_> =
        records(&event).iter().map(|record| std::str::from_utf8(record.headers.raw()).unwrap()).collect();
    assert_eq!(read, expected);
}

#[test]
fn self_managed_kafka_has_no_arn() {
    let event = Event::scan(br#"{"records":{},"bootstrapServers":"a:1","eventSource":"SelfManagedKafka"}"#).unwrap();
    assert_eq!(event.source, EventSource::SelfManaged);
    assert_eq!(event.source_arn, None);
    assert!(event.partitions.is_empty());
}

#[test]
fn metadata_of_another_type_does_not_cost_the_records() {
    let body = br#"{"eventSource":7,"eventSourceArn":null,"bootstrapServers":["a"],"records":{"a-0":[]},"x":{"y":[]}}"#;
    let event = Event::scan(body).unwrap();
    assert_eq!(event.source.as_str(), "");
    assert_eq!((event.source_arn, event.bootstrap_servers), (None, None));
    assert!(event.partitions[0].records.is_empty());
}

#[test]
fn keys_come_in_any_order_among_unknown_ones_and_white_space() {
    let record =
        "\n{ \"later\" : {\"deep\":[\"}\\\"]\",{}]} ,\t\"value\" : \"dg==\" , \"offset\":\r\n 9, \"flag\":true,
        \"partition\" : 0 ,\"n\":-1.5e+3, \"topic\" : \"orders\", \"timestamp\" : 1 } ";
    only_record(record, |record| {
        assert_eq!((record.offset, record.timestamp), (9, 1));
        assert_eq!(value_of(record), b"v");
    });
}

#[test]
fn escapes_are_resolved_wherever_text_may_have_them() {
    let record = r#"{"t\u006fpic":"or\u0064ers\/\"x","partition":0,"offset":1,"timestamp":1,
        "timestampType":"CREATE\u005fTIME","value":"\/\/79\u003d","headers":[{"tr\u0061ce":[1]}]}"#;
    only_record(record, |record| {
        assert_eq!(record.topic, "orders/\"x");
        assert_eq!(record.timestamp_type, TimestampType::CreateTime);
        assert_eq!(record.value.unwrap().raw(), "//79=");
        assert_eq!(record.headers.get_last("trace").unwrap(), Some(vec![1]));
        assert!(record.headers.contains("trace").unwrap());
    });
}

#[test]
fn a_partition_with_escapes_in_its_name_is_reported_by_that_name() {
    let body = br#"{"records":{"caf\u00e9 \"x\"-0":[{"partition":0,"offset":1}]}}"#;
    let event = Event::scan(body).unwrap();
    let partition = &event.partitions[0];
    assert_eq!(partition.name, "café \"x\"-0");
    let mut response = BatchResponse::default();
    response.report(partition.name.as_ref(), 1);
    let json: serde_json::Value = serde_json::to_value(&response).unwrap();
    let item = &json["batchItemFailures"][0]["itemIdentifier"];
    assert_eq!((item["partition"].as_str(), item["offset"].as_i64()), (Some("café \"x\"-0"), Some(1)));
}

#[test]
fn missing_and_null_keys_values_and_headers_are_the_same() {
    for rest in ["", r#","key":null,"value":null,"headers":null,"timestampType":null,"timestamp":null,"topic":null"#] {
        only_record(&format!(r#"{{"partition":0,"offset":1{rest}}}"#), |record| {
            assert!(record.key.is_none() && record.value.is_none());
            assert_eq!(record.headers.iter().count(), 0);
            assert_eq!((record.timestamp, record.timestamp_type), (-1, TimestampType::Unknown));
            assert_eq!(record.topic, "orders", "the partition's name without its partition");
        });
    }
}

#[test]
fn a_negative_timestamp_means_none_and_breaks_nothing() {
    only_record(r#"{"topic":"t","partition":0,"offset":1,"timestamp":-1}"#, |record| assert_eq!(record.timestamp, -1));
    only_record(r#"{"topic":"t","partition":0,"offset":-9223372036854775808,"timestamp":"1545084650987"}"#, |record| {
        assert_eq!((record.offset, record.timestamp), (i64::MIN, 1_545_084_650_987));
    });
    only_record(r#"{"partition":0,"offset":1,"timestamp":15.75}"#, |record| assert_eq!(record.timestamp, 15));
}

#[test]
fn schema_metadata_is_read_on_request() {
    let record = r#"{"partition":0,"offset":1,"keySchemaMetadata":{"dataFormat":"AVRO","schemaId":42,"x":[]},
        "valueSchemaMetadata":{"schemaId":"0f0f2f6e-6d0b-4c0e-9a52-3a1d8c9f7b11","dataFormat":"JSON"}}"#;
    only_record(record, |record| {
        let key = record.key_schema.unwrap();
        assert_eq!(key.data_format().unwrap().as_deref(), Some("AVRO"));
        assert_eq!(key.schema_id().unwrap().as_deref(), Some("42"));
        let value = record.value_schema.unwrap();
        assert_eq!(value.schema_id().unwrap().as_deref(), Some("0f0f2f6e-6d0b-4c0e-9a52-3a1d8c9f7b11"));
        assert_eq!(value.data_format().unwrap().as_deref(), Some("JSON"));
    });
    only_record(r#"{"partition":0,"offset":1,"keySchemaMetadata":[],"valueSchemaMetadata":null}"#, |record| {
        assert_eq!(record.key_schema.unwrap().schema_id().unwrap_err().code(), "schema_metadata_malformed");
        assert!(record.value_schema.is_none());
    });
}

#[test]
fn a_malformed_record_costs_only_itself_and_keeps_its_coordinates() {
    let good = r#"{"topic":"orders","partition":0,"offset":2,"timestamp":1}"#;
    let cases = [
        ("7", "record_not_an_object", None),
        ("null", "record_not_an_object", None),
        (r#"["offset",1]"#, "record_not_an_object", None),
        ("{}", "record_field_missing", None),
        (r#"{"topic":"orders","partition":0}"#, "record_field_missing", None),
        (r#"{"offset":1}"#, "record_field_missing", Some(1)),
        (r#"{"partition":0,"offset":"1"}"#, "record_field_type", None),
        (r#"{"partition":0,"offset":1.5}"#, "record_field_type", None),
        (r#"{"partition":0,"offset":01}"#, "record_field_type", None),
        (r#"{"partition":0,"offset":9223372036854775808}"#, "record_field_type", None),
        (r#"{"partition":2147483648,"offset":1}"#, "record_field_type", Some(1)),
        (r#"{"partition":0,"value":17,"offset":1}"#, "record_field_type", Some(1)),
        (r#"{"partition":0,"key":["a"],"offset":1}"#, "record_field_type", Some(1)),
        (r#"{"partition":0,"offset":1,"topic":{}}"#, "record_field_type", Some(1)),
        (r#"{"partition":0,"offset":1,"timestamp":"noon"}"#, "record_field_type", Some(1)),
        (r#"{"partition":0,"offset":1,"timestamp":true}"#, "record_field_type", Some(1)),
        (r#"{"partition":0,"offset":1,"timestampType":1}"#, "record_field_type", Some(1)),
        (r#"{"partition":0,"offset":1,"offset":3}"#, "record_field_twice", None),
        (r#"{"partition":0,"offset":1 "key":null}"#, "record_json_broken", Some(1)),
        (r#"{"partition":0,"offset":1,}"#, "record_json_broken", Some(1)),
        (r#"{"partition":0,"offset":1,"key":}"#, "record_json_broken", Some(1)),
    ];
    for (bad, code, offset) in cases {
        let body = partition_of(&format!("{good},{bad},{good}"));
        let event = Event::scan(body.as_bytes()).unwrap_or_else(|error| panic!("{bad}: {error}"));
        match event.partitions[0].records.as_slice() {
            [Entry::Record(_), Entry::Malformed(malformed), Entry::Record(last)] => {
                let expected = if bad.ends_with(":}") { "record_field_type" } else { code };
                assert_eq!((malformed.error.code(), malformed.offset), (expected, offset), "{bad}");
                assert_eq!((malformed.raw, malformed.index), (bad.as_bytes(), 1), "{bad}");
                assert_eq!(last.offset, 2);
            }
            other => panic!("{bad}: {other:?}"),
        }
    }
}

#[test]
fn a_malformed_record_has_its_topic_and_partition() {
    only_malformed(r#"{"topic":"orders","partition":4,"offset":15,"key":1}"#, |malformed| {
        assert_eq!(malformed.topic.as_deref(), Some("orders"));
        assert_eq!((malformed.partition, malformed.offset), (Some(4), Some(15)));
        assert!(malformed.error.at() > 50, "the position is in the event");
    });
}

#[test]
fn a_partition_that_is_not_an_array_costs_no_other_partition() {
    let body = br#"{"records":{"a-0":{"offset":1},"b-0":[{"partition":0,"offset":1}],"c-0":null}}"#;
    let event = Event::scan(body).unwrap();
    assert!(matches!(event.partitions[0].records.as_slice(),
        [Entry::Malformed(malformed)] if malformed.error.code() == "lane_malformed"));
    assert_eq!((event.partitions[1].records.len(), event.partitions[2].records.len()), (1, 0));
}

#[test]
fn json_that_cannot_be_delimited_fails_the_event_with_its_position() {
    let cases = [
        ("", "event_truncated", 0),
        ("null", "event_not_json", 0),
        ("[]", "event_not_json", 0),
        ("{}", "event_without_records", 2),
        (r#"{"records":null}"#, "event_without_records", 11),
        (r#"{"records":[]}"#, "event_without_records", 11),
        (r#"{"records":{}} x"#, "event_not_json", 15),
        (r#"{"records":{"a-0":[{"offset":1]}}"#, "event_not_json", 32),
        (r#"{"records":{"a-0":[{} {}]}}"#, "event_not_json", 22),
        (r#"{"records":{"a-0":[{},]}}"#, "event_not_json", 22),
        (r#"{"records":{"a-0":[{"value":"AAAA"#, "event_truncated", 33),
        (r#"{"records":{"a-0":[{"value":"AAAA\"#, "event_truncated", 34),
        (r#"{"records":{"a-0":[]"#, "event_truncated", 20),
        (r#"{"records":{"a-0" []}}"#, "event_not_json", 18),
        (r#"{"records":{"\ud800-0":[]}}"#, "event_lane_unnamed", 12),
    ];
    for (body, code, at) in cases {
        let error = Event::scan(body.as_bytes()).unwrap_err();
        assert_eq!((error.code(), error.at()), (code, at), "{body}: {error}");
    }
    let error = Event::scan(b"{\"records\":{\"\xff-0\":[]}}").unwrap_err();
    assert_eq!(error.code(), "event_lane_unnamed");
}

#[test]
fn every_cut_of_an_event_fails_and_never_panics() {
    let body =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../events/recorded/mongodb-logins/event-0003.json"));
    let body = body.unwrap();
    let body = body.trim_ascii_end();
    assert!(Event::scan(body).is_ok());
    for length in 0..body.len() {
        assert_eq!(Event::scan(&body[..length]).unwrap_err().code(), "event_truncated", "{length}");
    }
}

#[test]
fn a_partition_that_occurs_twice_is_one_partition_in_order() {
    let body = br#"{"records":{"a-0":[{"partition":0,"offset":1}],"b-0":[]},
        "records":{"b-0":[{"partition":0,"offset":7}],"a-0":[{"partition":0,"offset":2},{}]}}"#;
    let event = Event::scan(body).unwrap();
    assert_eq!(event.partitions.iter().map(|partition| partition.name.as_ref()).collect::<Vec<_>>(), ["a-0", "b-0"]);
    match event.partitions[0].records.as_slice() {
        [Entry::Record(first), Entry::Record(second), Entry::Malformed(third)] => {
            assert_eq!((first.offset, second.offset, third.index), (1, 2, 2));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(event.partitions[1].records.len(), 1);
}

#[test]
fn of_metadata_that_occurs_twice_the_last_value_counts() {
    let event = Event::scan(br#"{"eventSource":"x","eventSource":"aws:kafka","records":{}}"#).unwrap();
    assert_eq!(event.source, EventSource::Msk);
}

#[test]
fn base64_is_the_standard_alphabet_with_whole_padding_or_none() {
    let decoded = |text: &str| {
        let body = partition_of(&format!(r#"{{"partition":0,"offset":1,"value":"{text}"}}"#));
        let event = Event::scan(body.as_bytes()).unwrap();
        let value = records(&event)[0].value.unwrap();
        let mut scratch = vec![9; 3];
        let decoded = value.decode_into(&mut scratch).map(<[u8]>::to_vec);
        if let Ok(decoded) = &decoded {
            assert!(decoded.len() <= value.decoded_len_bound());
        }
        decoded.ok()
    };
    assert_eq!(decoded("").as_deref(), Some(b"".as_slice()));
    assert_eq!(decoded("+/8=").as_deref(), Some([0xfb, 0xff].as_slice()));
    assert_eq!(decoded("+/8").as_deref(), Some([0xfb, 0xff].as_slice()));
    assert_eq!(decoded("QQ==").as_deref(), Some(b"A".as_slice()));
    assert_eq!(decoded("QQ").as_deref(), Some(b"A".as_slice()));
    assert_eq!(decoded("QR==").as_deref(), Some(b"A".as_slice()));
    for wrong in ["Q", "QQ=", "QQ===", "Q-_=", "QUJD RA==", "QUJD\\n", "=", "QQ==QQ==", "é", "QQ\\u00"] {
        assert_eq!(decoded(wrong), None, "{wrong}");
    }
}

#[test]
fn the_sample_event_of_awss_documentation_is_read() {
    let body = include_bytes!("../../../../events/samples/send-welcome-email/aws-documentation.json");
    let event = Event::scan(body).unwrap();
    let record = &records(&event)[0];
    // As Java's and Python's decoders read a key with bits behind its last byte.
    let key = [
        0x69, 0xb7, 0x03, 0x10, 0x58, 0x21, 0x88, 0x92, 0x8b, 0x9a, 0x7a, 0x0f, 0x41, 0x1b, 0x2d, 0xb9, 0x55, 0x97,
        0xcb, 0x3d, 0x76, 0xdf,
    ];
    assert_eq!(record.key.unwrap().to_vec().unwrap(), key);
    assert_eq!(record.value.unwrap().to_vec().unwrap(), b"Hello, this is a test.");
}

#[test]
fn a_redriven_event_is_marked() {
    let record = r#"{"topic":"orders","partition":0,"offset":15,"timestamp":1}"#;
    let event = |mark: &str, records: &str| format!(r#"{{"redrive":{mark},"records":{{"orders-0":[{records}]}}}}"#);

    let body = event(r#"{"letterId":"0f3c","attempt":2,"more":[]}"#, record);
    let redrive = Event::scan(body.as_bytes()).unwrap().redrive.unwrap();
    assert_eq!((&*redrive.letter_id, redrive.attempt), ("0f3c", 2));
    assert_eq!(Event::scan(partition_of(record).as_bytes()).unwrap().redrive, None);
    assert_eq!(Event::scan(event("null", record).as_bytes()).unwrap().redrive, None);
}

#[test]
fn a_mark_of_a_redrive_that_cannot_be_read_fails_the_event() {
    let record = r#"{"topic":"orders","partition":0,"offset":15,"timestamp":1}"#;
    for mark in [
        "true",
        "\"0f3c\"",
        "{}",
        r#"{"letterId":"0f3c"}"#,
        r#"{"letterId":"0f3c","attempt":0}"#,
        r#"{"letterId":"0f3c","attempt":-1}"#,
        r#"{"letterId":"","attempt":1}"#,
        r#"{"letterId":7,"attempt":1}"#,
    ] {
        let body = format!(r#"{{"redrive":{mark},"records":{{"orders-0":[{record}]}}}}"#);
        let error = Event::scan(body.as_bytes()).unwrap_err();
        assert_eq!((error.code(), error.at()), ("event_redrive_mark", 11), "{mark}");
    }
    for records in ["", &format!("{record},{record}")] {
        let body = format!(r#"{{"records":{{"orders-0":[{records}]}},"redrive":{{"letterId":"0f3c","attempt":1}}}}"#);
        assert_eq!(Event::scan(body.as_bytes()).unwrap_err().code(), "event_redrive_mark", "{records}");
    }
}
