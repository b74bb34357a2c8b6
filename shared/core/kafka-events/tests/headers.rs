//! Headers as Lambda writes them, and malformed ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use kafka_events::{Entry, Event, Headers};

fn with_headers(json: &str, check: impl FnOnce(Headers<'_>)) {
    let body = format!(r#"{{"records":{{"a-0":[{{"partition":0,"offset":1,"headers":{json}}}]}}}}"#);
    let event = Event::scan(body.as_bytes()).unwrap();
    match event.partitions[0].records.as_slice() {
        [Entry::Record(record)] => check(record.headers),
        other => panic!("{other:?}"),
    }
}

/// Each header as `name=bytes`, each error as its code.
fn shown(headers: Headers<'_>) -> Vec<String> {
    let one = |header: Result<kafka_events::Header<'_>, kafka_events::HeaderError>| match header {
        Ok(header) => {
            format!("{}={}", header.name, header.value.map_or("null".to_owned(), |value| format!("{value:?}")))
        }
        Err(error) => error.code().to_owned(),
    };
    headers.iter().map(one).collect()
}

#[test]
fn bytes_are_signed_or_unsigned() {
    with_headers(r#"[{"a":[104,-61,-85]},{"b":[104,195,171]},{"c":[-128,127,255,0]}]"#, |headers| {
        assert_eq!(shown(headers), ["a=[104, 195, 171]", "b=[104, 195, 171]", "c=[128, 127, 255, 0]"]);
        assert_eq!(headers.get_last("a").unwrap().unwrap(), "hë".as_bytes());
    });
}

#[test]
fn names_repeat_and_order_is_kept() {
    with_headers(r#"[{"a":[1]},{"b":[2]},{"a":[3]},{"c":[4],"a":[5]}]"#, |headers| {
        assert_eq!(shown(headers), ["a=[1]", "b=[2]", "a=[3]", "c=[4]", "a=[5]"]);
        assert_eq!(headers.get_last("a").unwrap(), Some(vec![5]));
        assert_eq!(headers.get_last("x").unwrap(), None);
        assert!(headers.contains("c").unwrap() && !headers.contains("x").unwrap());
    });
}

#[test]
fn an_empty_value_is_not_null() {
    with_headers(r#" [ {} , { "a" : [ ] } , {"b":null},{"c": [ 1 , -1 ] } ] "#, |headers| {
        assert_eq!(shown(headers), ["a=[]", "b=null", "c=[1, 255]"]);
        assert!(headers.contains("b").unwrap());
        assert_eq!(headers.get_last("b").unwrap(), None);
    });
    with_headers("[]", |headers| assert!(shown(headers).is_empty()));
    with_headers("null", |headers| assert!(headers.raw().is_empty()));
}

#[test]
fn one_bad_header_does_not_hide_the_others() {
    for bad in ["[256]", "[-129]", "[1.5]", "[1,]", "[,1]", "[1 2]", "[\"x\"]", "[[1]]", "\"x\"", "7", "{}", "true"] {
        with_headers(&format!(r#"[{{"a":[1]}},{{"bad":{bad}}},{{"c":[3]}}]"#), |headers| {
            assert_eq!(shown(headers), ["a=[1]", "header_value_unreadable", "c=[3]"], "{bad}");
            assert_eq!(headers.get_last("c").unwrap(), Some(vec![3]));
            assert_eq!(headers.get_last("bad").unwrap_err().code(), "header_value_unreadable");
            assert!(headers.contains("bad").unwrap());
        });
    }
    with_headers(r#"[{"a":[1]},null,{"\ud800":[2]},{"c":[3]}]"#, |headers| {
        assert_eq!(shown(headers), ["a=[1]", "headers_malformed", "header_name_unreadable", "c=[3]"]);
        assert!(headers.contains("c").unwrap());
        assert_eq!(headers.contains("x").unwrap_err().code(), "headers_malformed", "it might have been there");
        assert_eq!(headers.get_last("a").unwrap_err().code(), "headers_malformed", "a later one might replace it");
    });
}

#[test]
fn headers_of_another_shape_are_an_error_only_when_read() {
    for shape in ["{}", "7", "\"x\"", "[{\"a\" [1]}]", "[{\"a\":[1]} {\"b\":[1]}]", "[{]", "[{\"a\":[1],}]"] {
        with_headers(shape, |headers| {
            assert_eq!(shown(headers).last().map(String::as_str), Some("headers_malformed"), "{shape}");
            assert!(headers.contains("x").is_err());
        });
    }
}

#[test]
fn an_error_points_into_the_headers() {
    with_headers(r#"[{"a":[1,300]}]"#, |headers| {
        let error = headers.iter().next().unwrap().unwrap_err();
        assert_eq!(error.at(), 9);
        assert_eq!(
            error.to_string(),
            "a header's value is neither null nor an array of bytes (-128 to 255) at byte 9 of the headers"
        );
    });
}

#[test]
fn headers_that_begin_like_the_last_records_are_read_to_their_end() {
    let lists = [
        r#"[{"a":[1]},{"b":[2]}]"#,
        r#"[{"a":[1]},{"b":[2]}]"#,
        r#"[{"a":[1]}]"#,
        r#"[{"a":[1]},{"b":[2]},{"c":[3]}]"#,
        "[]",
        "[]",
        r#"[{"a":[1]},{"b":[2,4]}]"#,
    ];
    let records = lists.map(|headers| {
        format!(
            r#"{{"topic":"a","partition":0,"offset":1,"timestamp":1,"timestampType":"CREATE_TIME","key":"MQ==","headers":{headers}}}"#
        )
    });
    let body = format!(r#"{{"records":{{"a-0":[{}]}}}}"#, records.join(","));
    let event = Event::scan(body.as_bytes()).unwrap();
    let found: Vec<_> = event.partitions[0]
        .records
        .iter()
        .map(|entry| match entry {
            Entry::Record(record) => shown(record.headers).join(","),
            Entry::Malformed(malformed) => panic!("{malformed:?}"),
        })
        .collect();
    assert_eq!(found, ["a=[1],b=[2]", "a=[1],b=[2]", "a=[1]", "a=[1],b=[2],c=[3]", "", "", "a=[1],b=[2, 4]"]);
}
