//! The command's output and exit codes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::path::Path;
use std::process::{Command, Output};

fn schemas(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_schemas")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn recorded(folder: &str) -> String {
    format!("{}/../../../events/recorded/{folder}", env!("CARGO_MANIFEST_DIR"))
}

/// A copy of a recording whose records went through `change`.
fn changed(name: &str, change: impl Fn(usize, &str) -> String) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let from = recorded("mongodb-logins");
    std::fs::copy(format!("{from}/schemas.json"), folder.join("schemas.json")).unwrap();
    let records = std::fs::read_to_string(format!("{from}/records.jsonl")).unwrap();
    let lines: Vec<String> = records.lines().enumerate().map(|(i, line)| change(i + 1, line)).collect();
    std::fs::write(folder.join("records.jsonl"), lines.join("\n")).unwrap();
    folder.to_str().unwrap().to_owned()
}

#[test]
fn decode_prints_a_line_for_each_record_with_all_digits() {
    let output = schemas(&["decode", &recorded("postgres-accounts")]);
    assert_eq!(output.status.code(), Some(0));
    let lines = text(&output.stdout);
    assert_eq!(lines.lines().count(), 359);
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["key"]["id"], "d2999329-9086-411b-b0ce-20098de73423");
    assert_eq!(first["value"]["after"]["updated_at"], 1_746_558_082_357_157_i64);
    // Nanoseconds are beyond 2^53.
    assert!(lines.contains("\"ts_ns\":1795421344"), "{}", &lines[..400]);
}

#[test]
fn check_counts_what_agrees() {
    let output = schemas(&["decode", &recorded("mysql-orders"), "--check"]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "242 of 242 records agree\n"));
}

#[test]
fn check_names_line_and_path_of_a_difference_and_exits_with_1() {
    let folder = changed("other-expectation", |line, text| match line {
        2 => text.replace(r#""snapshot":"true""#, r#""snapshot":"no""#),
        _ => text.to_owned(),
    });
    let output = schemas(&["decode", &folder, "--check"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "line 2: value.source.snapshot: another string\n141 of 142 records agree\n");
}

#[test]
fn check_does_not_flood() {
    let folder = changed("other-expectations", |_, text| text.replace(r#""connector":"#, r#""konnektor":"#));
    let output = schemas(&["decode", &folder, "--check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).lines().count() < 30);
}

#[test]
fn a_record_that_does_not_decode_exits_with_1_after_the_others() {
    let folder = changed("truncated", |line, text| {
        let mut record: serde_json::Value = serde_json::from_str(text).unwrap();
        if line == 3 {
            record["value"] = serde_json::Value::String("AAABhqwA".into());
        }
        record.to_string()
    });
    let output = schemas(&["decode", &folder]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout).lines().count(), 141);
    assert!(text(&output.stderr).contains("line 3: value: "), "{}", text(&output.stderr));
}

#[test]
fn what_cannot_be_read_exits_with_2() {
    for arguments in [
        &["decode", "/nowhere"][..],
        &["resolve", "/nowhere"],
        &["resolve", &recorded("mysql-orders/schemas.json")],
        &["unheard-of"],
    ] {
        let output = schemas(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
    let folder = changed("not-base64", |line, text| if line == 1 { text.replace("AAAB", "?AAB") } else { text.into() });
    assert_eq!(schemas(&["decode", &folder]).status.code(), Some(2));
}

#[test]
fn resolve_prints_pass_or_fail_for_each_case() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cases.json");
    let cases = r#"[
        {"name": "promoted", "writer": "int", "reader": "double", "hex": "04", "expect": 2.0},
        {"name": "null", "writer": ["null", "int"], "reader": ["null", "int"], "hex": "00", "expect": null},
        {"name": "narrowed", "writer": "long", "reader": "int", "hex": "04", "error": true},
        {"name": "digits", "writer": "long", "reader": "long", "hex": "8280808080808020", "expect": 9007199254740992}]"#;
    std::fs::write(&path, cases).unwrap();
    let output = schemas(&["resolve", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let lines = text(&output.stdout);
    let starts: Vec<&str> = lines.lines().map(|l| l.split(' ').next().unwrap()).collect();
    assert_eq!(starts, ["pass", "pass", "pass", "FAIL", "3"], "{lines}");
    assert!(lines.contains("FAIL  digits: .: another number"), "{lines}");
}
