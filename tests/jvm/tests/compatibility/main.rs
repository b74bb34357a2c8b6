//! Compares our compatibility check with Java's `SchemaCompatibility`, on the specification's cases and on random pairs.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]
#![allow(clippy::print_stdout, reason = "the counts are part of the result")]

mod generator;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use avro_decode::{Incompatibility, Rule, Schema, incompatibilities};
use jvm_peers::{class_path, jars};
use serde_json::{Value as Json, json};

const RANDOM_PAIRS: u64 = 5_000;

/// The verdict of one side on a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Compatible,
    Incompatible,
    /// One of the two is not a schema.
    Invalid,
}

struct Answer {
    verdict: Verdict,
    why: Vec<String>,
}

/// A paragraph of the specification, and the disagreements that it decides.
type Explanation = (&'static str, fn(&Disagreement<'_>) -> bool);

/// The allowed disagreements, with the paragraph of the specification (1.12) that decides each.
const EXPLANATIONS: [Explanation; 3] = [
    (
        "Decimal: \"two schemas that are decimal logical types match if their scales and precisions match\"; Java's check \
         does not look at logical types",
        |pair| {
            pair.java.verdict == Verdict::Compatible
                && pair.found.iter().all(|found| found.error().rule() == Rule::LogicalType)
        },
    ),
    (
        "Complex Types, Records: a default's type is that of the field's schema; Java refuses such a schema as a whole, we \
         refuse to use the default",
        |pair| {
            pair.java.verdict == Verdict::Invalid
                && pair.java.why.iter().all(|why| why.starts_with("Invalid default for field"))
                && pair.found.iter().all(|found| found.error().rule() == Rule::InvalidDefault)
        },
    ),
    (
        "Aliases: a writer's field is read \"as though\" it had the reader's name; where another has that name itself, it is \
         the one, and Java gives no answer",
        |pair| {
            pair.java.verdict == Verdict::Invalid
                && pair.java.why.iter().all(|why| why.contains("matches multiple fields in writer record schema"))
        },
    ),
];

struct Disagreement<'a> {
    java: &'a Answer,
    found: &'a [Incompatibility],
}

fn ask_java(pairs: &[(Json, Json)]) -> Vec<Answer> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("avro/Compatibility.java");
    let mut java = Command::new("java")
        .arg("-cp")
        .arg(class_path(&jars("avro").unwrap()))
        .arg(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = java.stdin.take().unwrap();
    let lines: String =
        pairs.iter().map(|(writer, reader)| json!({"writer": writer, "reader": reader}).to_string() + "\n").collect();
    // Both pipes are bounded, so one thread writes while this one reads.
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = java.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success());
    let answers: Vec<Answer> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let answer: Json = serde_json::from_str(line).unwrap();
            let verdict = match answer["verdict"].as_str().unwrap() {
                "COMPATIBLE" => Verdict::Compatible,
                "INCOMPATIBLE" => Verdict::Incompatible,
                other => {
                    assert_eq!(other, "INVALID");
                    Verdict::Invalid
                }
            };
            let why = answer["why"].as_array().into_iter().flatten().map(|why| why.as_str().unwrap().to_owned());
            Answer { verdict, why: why.collect() }
        })
        .collect();
    assert_eq!(answers.len(), pairs.len());
    answers
}

fn ask_ours(writer: &Json, reader: &Json) -> (Answer, Vec<Incompatibility>) {
    let parsed = (Schema::parse(&writer.to_string()), Schema::parse(&reader.to_string()));
    let (writer, reader) = match parsed {
        (Ok(writer), Ok(reader)) => (writer, reader),
        (Err(error), _) | (_, Err(error)) => {
            return (Answer { verdict: Verdict::Invalid, why: vec![error.to_string()] }, Vec::new());
        }
    };
    let found = incompatibilities(&writer, &reader);
    let verdict = if found.is_empty() { Verdict::Compatible } else { Verdict::Incompatible };
    (Answer { verdict, why: found.iter().map(|found| found.error().to_string()).collect() }, found)
}

/// Returns how often each explanation was needed, and how often Java gave each verdict. Fails on a disagreement without an
/// explanation.
fn compare(pairs: &[(Json, Json)]) -> (BTreeMap<&'static str, usize>, BTreeMap<&'static str, usize>) {
    let (mut explained, mut verdicts) = (BTreeMap::new(), BTreeMap::new());
    let mut unexplained = Vec::new();
    for ((writer, reader), java) in pairs.iter().zip(ask_java(pairs)) {
        let (ours, found) = ask_ours(writer, reader);
        let name = match java.verdict {
            Verdict::Compatible => "compatible",
            Verdict::Incompatible => "incompatible",
            Verdict::Invalid => "invalid",
        };
        *verdicts.entry(name).or_insert(0) += 1;
        if ours.verdict == java.verdict {
            continue;
        }
        let disagreement = Disagreement { java: &java, found: &found };
        match EXPLANATIONS.iter().find(|(_, explains)| explains(&disagreement)) {
            Some((paragraph, _)) => *explained.entry(*paragraph).or_insert(0) += 1,
            None => unexplained.push(format!(
                "writer {writer}\nreader {reader}\n  ours {:?} {:?}\n  Java {:?} {:?}",
                ours.verdict, ours.why, java.verdict, java.why
            )),
        }
    }
    println!("Java: {verdicts:?}; disagreements: {explained:#?}");
    let shown: Vec<&String> = unexplained.iter().take(20).collect();
    assert!(unexplained.is_empty(), "{} without explanation: {shown:#?}", unexplained.len());
    (explained, verdicts)
}

#[test]
fn java_agrees_on_the_cases_of_the_specification() {
    let text = include_str!("../../../../shared/tools/schema-tools/tests/resolution/cases.json");
    let cases: Vec<Json> = serde_json::from_str(text).unwrap();
    let pairs: Vec<(Json, Json)> = cases.iter().map(|case| (case["writer"].clone(), case["reader"].clone())).collect();
    compare(&pairs);
}

#[test]
fn java_agrees_on_random_pairs() {
    let pairs: Vec<(Json, Json)> = (0..RANDOM_PAIRS).map(generator::pair).collect();
    let (_, verdicts) = compare(&pairs);
    // The generator must make pairs of both kinds.
    assert!(verdicts["compatible"] > 500 && verdicts["incompatible"] > 500, "{verdicts:?}");
}
