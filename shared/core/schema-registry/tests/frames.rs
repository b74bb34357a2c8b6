//! Frames: each format, cut at every length, with every kind of missing or malformed id.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use schema_registry::{
    Body, Frame, FrameError, FrameFormat, KeyFormat, MAX_INFLATED_BYTES, SchemaHints, SchemaId, SchemaRef,
    inflates_to_at_most, split,
};
use uuid::Uuid;

const VERSION: Uuid = Uuid::from_u128(0xb7b4_a7f0_9c96_4e4a_a687_fb5d_e9ef_0c63);
const BODY: &[u8] = b"\x02body";

fn confluent() -> Vec<u8> {
    [b"\x00\x00\x01\x86\xa2", BODY].concat()
}

fn glue(compression: u8, body: &[u8]) -> Vec<u8> {
    [&[3, compression], VERSION.as_bytes().as_slice(), body].concat()
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn guid_header() -> Vec<u8> {
    [&[1], VERSION.as_bytes().as_slice()].concat()
}

fn beside<'a>(header: Option<&'a [u8]>, metadata_id: Option<&'a str>) -> SchemaHints<'a> {
    SchemaHints { header, metadata_id }
}

fn read(frame: Result<Frame<'_>, FrameError>) -> (String, Vec<u8>) {
    match frame {
        Ok(frame) => (frame.schema.to_string(), frame.body.inflate().unwrap().into_owned()),
        Err(error) => (error.code().to_owned(), Vec::new()),
    }
}

fn code(frame: Result<Frame<'_>, FrameError>) -> &'static str {
    frame.unwrap_err().code()
}

#[test]
fn each_format_reads_its_own_frame() {
    let id = ("id:100002".to_owned(), BODY.to_vec());
    let guid = (format!("guid:{VERSION}"), BODY.to_vec());
    let version = (format!("glue:{VERSION}"), BODY.to_vec());
    let header = guid_header();
    for format in [FrameFormat::Confluent, FrameFormat::Apicurio] {
        assert_eq!(read(split(format, &confluent(), SchemaHints::default())), id);
    }
    assert_eq!(read(split(FrameFormat::ConfluentHeader, BODY, beside(Some(&header), None))), guid);
    assert_eq!(read(split(FrameFormat::ConfluentHeader, BODY, beside(Some(b"\0\0\x01\x86\xa2"), None))), id);
    assert_eq!(read(split(FrameFormat::Glue, &glue(0, BODY), SchemaHints::default())), version);
    assert_eq!(read(split(FrameFormat::Glue, &glue(5, &zlib(BODY)), SchemaHints::default())), version);
    assert_eq!(read(split(FrameFormat::Metadata, BODY, beside(None, Some("100002")))), id);
    assert_eq!(read(split(FrameFormat::Metadata, BODY, beside(None, Some(&VERSION.to_string())))), version);
}

#[test]
fn a_frame_that_is_cut_says_how_much_it_needs() {
    for length in 0..5 {
        for format in [FrameFormat::Confluent, FrameFormat::Apicurio] {
            let cut = confluent();
            let error = split(format, &cut[..length], SchemaHints::default()).unwrap_err();
            assert_eq!(error, FrameError::Truncated { needed: 5, found: length });
        }
    }
    for length in 0..18 {
        let cut = glue(0, BODY);
        let error = split(FrameFormat::Glue, &cut[..length], SchemaHints::default()).unwrap_err();
        assert_eq!(error, FrameError::Truncated { needed: 18, found: length });
    }
    assert_eq!(
        split(FrameFormat::Confluent, &confluent()[..5], SchemaHints::default()).unwrap().body,
        Body::Plain(b"")
    );
    assert_eq!(split(FrameFormat::Glue, &glue(0, b""), SchemaHints::default()).unwrap().body, Body::Plain(b""));
}

#[test]
fn another_first_byte_is_an_unknown_frame() {
    for first in 1..=255_u8 {
        let bytes = [&[first], BODY].concat();
        assert_eq!(code(split(FrameFormat::Confluent, &bytes, SchemaHints::default())), "frame_unknown_magic");
    }
    assert_eq!(code(split(FrameFormat::Glue, &confluent(), SchemaHints::default())), "frame_unknown_magic");
    assert_eq!(code(split(FrameFormat::Glue, &glue(4, BODY), SchemaHints::default())), "frame_compression_unknown");
}

#[test]
fn an_8_byte_id_of_apicurio_is_refused() {
    let bytes = [&7_u64.to_be_bytes(), BODY].concat();
    let bytes = [b"\0", bytes.as_slice()].concat();
    for format in [FrameFormat::Confluent, FrameFormat::Apicurio] {
        assert_eq!(code(split(format, &bytes, SchemaHints::default())), "frame_id_zero");
    }
}

#[test]
fn a_format_ignores_the_hints_of_others() {
    let (header, bytes) = (guid_header(), confluent());
    let hints = beside(Some(&header), Some("1"));
    assert_eq!(read(split(FrameFormat::Confluent, &bytes, hints)).0, "id:100002");
    let (schema, body) = read(split(FrameFormat::ConfluentHeader, &bytes, hints));
    assert_eq!((schema, body), (format!("guid:{VERSION}"), bytes.clone()), "a bare body may start with zero");
    assert_eq!(read(split(FrameFormat::Metadata, &bytes, hints)), ("id:1".to_owned(), bytes));
}

#[test]
fn ids_beside_the_bytes_are_checked() {
    assert_eq!(code(split(FrameFormat::Metadata, BODY, SchemaHints::default())), "frame_metadata_missing");
    let long = [1; 18];
    let headers: [&[u8]; 6] = [b"", b"\x01", b"\x02\0\0\0\0", &guid_header()[..16], &long, b"\0\0\0\0"];
    for header in headers {
        let frame = split(FrameFormat::ConfluentHeader, BODY, beside(Some(header), None));
        assert_eq!(code(frame), "frame_header_malformed", "{header:?}");
    }
    for id in ["", "-1", "4294967296", "1.0", "b7b4a7f0-9c96", "x"] {
        let frame = split(FrameFormat::Metadata, BODY, beside(None, Some(id)));
        assert_eq!(code(frame), "frame_metadata_malformed", "{id}");
    }
    assert_eq!(code(split(FrameFormat::Metadata, BODY, beside(None, Some("0")))), "frame_id_zero");
    assert_eq!(code(split(FrameFormat::ConfluentHeader, BODY, beside(Some(&[0; 5]), None))), "frame_id_zero");
}

#[test]
fn a_compressed_body_is_bounded_and_its_schema_needs_no_inflating() {
    let inflated = |bytes: &[u8]| {
        let frame = split(FrameFormat::Glue, bytes, SchemaHints::default()).unwrap();
        assert_eq!(frame.schema, SchemaRef::GlueVersion(VERSION));
        frame.body.inflate().map(|body| body.len()).map_err(|error| error.code())
    };
    let bomb = glue(5, &zlib(&vec![0; MAX_INFLATED_BYTES + 1]));
    assert!(bomb.len() < 20_000, "small enough for any event");
    assert_eq!(inflated(&bomb), Err("frame_inflated_too_large"));
    assert_eq!(inflated(&glue(5, &zlib(&vec![0; MAX_INFLATED_BYTES]))), Ok(MAX_INFLATED_BYTES));
    assert_eq!(inflated(&glue(5, BODY)), Err("frame_compression_broken"));
    assert_eq!(inflated(&glue(5, b"")), Err("frame_compression_broken"));
}

#[test]
fn the_memory_that_inflating_may_take_is_known_before() {
    for body in [BODY.to_vec(), vec![0; 100], vec![7; 1_000_000], vec![0; MAX_INFLATED_BYTES]] {
        let bytes = glue(5, &zlib(&body));
        let bound = inflates_to_at_most(&bytes);
        println!("{} bytes become {}, {} at most", bytes.len(), body.len(), bound);
        assert!(body.len() <= bound && bound <= (1032 * bytes.len()).min(MAX_INFLATED_BYTES));
    }
    for plain in [b"".as_slice(), b"\x03", b"\x03\x05", &glue(0, BODY), &confluent(), &glue(5, b"")] {
        assert_eq!(inflates_to_at_most(plain), 0, "{plain:?}");
    }
}

#[test]
fn hints_are_used_only_by_the_formats_that_need_them() {
    assert!(!FrameFormat::Confluent.looks_at_headers() && !FrameFormat::Confluent.looks_at_metadata());
    assert!(FrameFormat::ConfluentHeader.looks_at_headers() && FrameFormat::Metadata.looks_at_metadata());
    assert_eq!(SchemaRef::Id(SchemaId(1)).to_string(), "id:1");
}

#[test]
fn a_topic_may_move_from_ids_before_the_body_to_ids_in_headers() {
    let header = guid_header();
    // A change of Debezium's without `before`: it starts as a frame does.
    let bare = [b"\x00\x02\x48e7e183f2".as_slice(), BODY].concat();
    let moved = |bytes: &[u8], header| read(split(FrameFormat::ConfluentHeader, bytes, beside(header, None)));
    assert_eq!(moved(&bare, Some(header.as_slice())), (format!("guid:{VERSION}"), bare.clone()));
    assert_eq!(moved(&confluent(), None), ("id:100002".to_owned(), BODY.to_vec()));
    let guid_before_the_body = [header.as_slice(), BODY].concat();
    assert_eq!(moved(&guid_before_the_body, None), (format!("guid:{VERSION}"), BODY.to_vec()));

    assert_eq!(moved(b"\x02body", None).0, "frame_header_missing");
    assert_eq!(moved(b"", None).0, "frame_header_missing");
    assert_eq!(moved(&confluent()[..4], None).0, "frame_truncated");
    assert_eq!(moved(&guid_before_the_body[..16], None).0, "frame_header_missing");
    assert_eq!(moved(&[0; 9], None).0, "frame_id_zero");
    assert_eq!(moved(&confluent(), Some(b"\x07".as_slice())).0, "frame_header_malformed", "a header decides alone");
}

#[test]
fn records_of_one_key_keep_their_order_under_any_key_schema() {
    let framed = |frame: &[u8]| [frame, b"\x04ab"].concat();
    let glue = framed(&[[3, 0].as_slice(), &[7; 16]].concat());
    let (first, second) = (framed(&[0, 0, 0, 0, 1]), framed(&[0, 0, 0, 0, 2]));
    for format in [FrameFormat::Confluent, FrameFormat::Apicurio].map(KeyFormat::from) {
        assert_eq!((format.order_key(&first), format.order_key(&second)), (&b"\x04ab"[..], &b"\x04ab"[..]));
        assert_eq!(format.order_key(b"\0\0\0"), b"\0\0\0", "too short for a frame");
    }
    assert_eq!(KeyFormat::from(FrameFormat::Glue).order_key(&glue), b"\x04ab");
    for format in [FrameFormat::Metadata.into(), KeyFormat::Text] {
        assert_eq!(format.order_key(&first), first, "it has no frame");
    }
}

#[test]
fn a_key_keeps_its_order_while_its_id_moves_into_the_headers() {
    let format = KeyFormat::from(FrameFormat::ConfluentHeader);
    let bare_keys: [&[u8]; 5] = [b"\x04ab", b"\x00\x00\x00\x00\x07", b"\x00\x00\x00\x00\x07\x04ab", b"", &[1; 20]];
    for bare in bare_keys {
        let by_id = [b"\x00\x00\x01\x86\xa1".as_slice(), bare].concat();
        let by_guid = [guid_header().as_slice(), bare].concat();
        assert_eq!(format.order_key(&by_id), format.order_key(bare), "{bare:?}");
        assert_eq!(format.order_key(&by_guid), format.order_key(bare), "{bare:?}");
    }
    assert_ne!(format.order_key(b"\x04ab"), format.order_key(b"\x04ac"));
}
