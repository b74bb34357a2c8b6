//! Compares schema resolution with Java's Avro: runs the cases that avro-decode is tested with through Java's reader.
//!
//! Where Java's result differs from a case, [`DEVIATIONS`] names the paragraph of the specification that decides, and what
//! Java does instead. A difference that is not listed fails the test, and so does a listed one that has disappeared.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use schema_tools::differences;
use serde_json::Value as Json;

/// How Java's result differs from the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Java {
    /// A value, where the case expects an error or another value.
    Value,
    /// An error, where the case expects a value.
    Error,
    /// The virtual machine runs out of memory or stack, where the case expects an error.
    Crash,
}

struct Deviation {
    case: &'static str,
    java: Java,
    /// The paragraph of the Avro 1.12 specification that the case follows.
    specification: &'static str,
    /// What Java does.
    instead: &'static str,
}

const DEVIATIONS: &[Deviation] = &[
    Deviation {
        case: "bytes that are not UTF-8 do not read as a string",
        java: Java::Value,
        specification: "Primitive types: a string is that many bytes of UTF-8 encoded character data",
        instead: "replaces bytes that are not UTF-8 with U+FFFD",
    },
    Deviation {
        case: "text that is not UTF-8",
        java: Java::Value,
        specification: "Primitive types: a string is that many bytes of UTF-8 encoded character data",
        instead: "replaces bytes that are not UTF-8 with U+FFFD",
    },
    Deviation {
        case: "a record of another name",
        java: Java::Value,
        specification: "Schema resolution: both schemas are records with the same (unqualified) name",
        instead: "does not compare the names of records outside of unions",
    },
    Deviation {
        case: "random 24",
        java: Java::Value,
        specification: "Schema resolution: both schemas are records with the same (unqualified) name",
        instead: "does not compare the names of records outside of unions (R3 is read as N1002)",
    },
    Deviation {
        case: "random 320",
        java: Java::Value,
        specification: "Schema resolution: both schemas are records with the same (unqualified) name",
        instead: "does not compare the names of records outside of unions (R4 is read as N1002)",
    },
    Deviation {
        case: "a field's own name comes before its alias",
        java: Java::Error,
        specification: "Aliases: a field of the writer is read as though it had the reader's name. The specification does not \
                        say what happens if the writer has a field of this name already; that field is meant then",
        instead: "renames the writer's field by the alias and then finds two fields of one name",
    },
    Deviation {
        case: "an alias does not take a field that another reads by name",
        java: Java::Error,
        specification: "Schema resolution: fields are matched by name. An alias of one field does not take away what \
                        another names",
        instead: "renames the writer's field by the alias and then does not find it under its own name",
    },
    Deviation {
        case: "a decimal of another scale",
        java: Java::Value,
        specification: "Logical types, decimal: two schemas match if their scales and precisions match",
        instead: "leaves logical types out of resolution: the digits come out with another scale",
    },
    Deviation {
        case: "an int beyond 32 bits",
        java: Java::Value,
        specification: "Primitive types: int is a 32-bit signed integer",
        instead: "drops the bits beyond 32",
    },
    Deviation {
        case: "a boolean of 2",
        java: Java::Value,
        specification: "Binary encoding: a boolean is a single byte whose value is either 0 or 1",
        instead: "reads every other byte than 1 as false",
    },
    Deviation {
        case: "a block that claims 10^9 items",
        java: Java::Crash,
        specification: "Complex types, arrays: a block is its count and that many items, which the datum cannot hold",
        instead: "allocates all items that the block claims (up to its limit of 2^31), more than a small heap has",
    },
    Deviation {
        case: "a block that claims 10^9 items of no size",
        java: Java::Crash,
        specification: "Complex types, arrays allow it; refusing it is the limit `max_zero_size_items`",
        instead: "allocates all items that the block claims",
    },
    Deviation {
        case: "a record that holds itself",
        java: Java::Crash,
        specification: "Complex types, records: such a schema has no finite datum",
        instead: "recurses until the stack is used up",
    },
    Deviation {
        case: "random 313",
        java: Java::Value,
        specification: "Schema resolution: the first schema in the reader's union that matches, and bytes match string",
        instead: "looks for the same type first, and then for the first type that can be promoted",
    },
    Deviation {
        case: "a hyphen in a field name",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold other names nevertheless, and a decoder that refused them would stop a topic",
        instead: "refuses all but letters, digits and `_`",
    },
    Deviation {
        case: "a field name with a trailing space",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold other names nevertheless, and a decoder that refused them would stop a topic",
        instead: "refuses all but letters, digits and `_`",
    },
    Deviation {
        case: "a dot in a field's name",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold other names nevertheless, and a decoder that refused them would stop a topic",
        instead: "refuses all but letters, digits and `_`",
    },
    Deviation {
        case: "enum symbols that are not names",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold other names nevertheless, and a decoder that refused them would stop a topic",
        instead: "applies the rule of names to symbols",
    },
    Deviation {
        case: "a name that begins with a digit",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold other names nevertheless, and a decoder that refused them would stop a topic",
        instead: "refuses a name that begins with a digit",
    },
    Deviation {
        case: "a letter beyond the basic plane in a name",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold other names nevertheless, and a decoder that refused them would stop a topic",
        instead: "accepts any letter, but looks at one half of a surrogate pair at a time",
    },
    Deviation {
        case: "a dollar sign in a namespace (inner class of Java)",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold other names nevertheless, and a decoder that refused them would stop a topic",
        instead: "applies the rule of names to each part of a namespace; 1.11 did not",
    },
    Deviation {
        case: "a hyphen in a namespace (Debezium)",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold other names nevertheless, and a decoder that refused them would stop a topic",
        instead: "applies the rule of names to each part of a namespace; 1.11 did not",
    },
    Deviation {
        case: "a linked list of 70",
        java: Java::Value,
        specification: "Complex types, records allow it; refusing it is the limit `max_depth`",
        instead: "reads data of any depth that fits on its stack",
    },
    Deviation {
        case: "a decimal whose fixed is nested below it",
        java: Java::Error,
        specification: "Complex types: a schema is an object with a `type`, which may be a schema again",
        instead: "requires the name of a type where `logicalType` stands beside `type`",
    },
    Deviation {
        case: "decimals of other precision, same scale",
        java: Java::Value,
        specification: "Logical types, decimal: two schemas match if their scales and precisions match",
        instead: "leaves logical types out of resolution",
    },
    Deviation {
        case: "a record that holds itself, defined twice",
        java: Java::Error,
        specification: "Names: no name is defined twice; two equal definitions are harmless",
        instead: "accepts two equal definitions, but compares them before the fields of the second one are known",
    },
    Deviation {
        case: "a comment behind the schema",
        java: Java::Error,
        specification: "Schemas are JSON, which has no comments; Java's parser accepts them",
        instead: "accepts comments within a schema, but not after it",
    },
];

#[test]
fn java_agrees_in_every_resolution_case_except_known_deviations() {
    let cases = ["cases.json", "fastavro.json"].map(|file| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/tools/schema-tools/tests/resolution").join(file)
    });
    let expected: Vec<Json> = cases
        .iter()
        .flat_map(|file| serde_json::from_slice::<Vec<Json>>(&std::fs::read(file).unwrap()).unwrap())
        .collect();
    let answers = ask_java(&cases);
    assert_eq!(answers.len(), expected.len());

    let mut found = BTreeMap::new();
    for (case, answer) in expected.iter().zip(&answers) {
        let name = case["name"].as_str().unwrap();
        assert_eq!(answer["name"], name);
        if let Some(java) = deviation(case, answer) {
            found.insert(name, (java, answer));
        }
    }
    for deviation in DEVIATIONS {
        let Deviation { case, java, specification, instead } = deviation;
        println!("{case}\n    specification: {specification}\n    Java: {instead}");
        let is = found.remove(case).map(|(java, _)| java);
        assert_eq!(is, Some(*java), "{case}: Java no longer deviates as listed");
    }
    assert!(found.is_empty(), "Java deviates in cases that are not listed: {found:#?}");
}

/// How Java's answer differs from the case, if it does.
fn deviation(case: &Json, answer: &Json) -> Option<Java> {
    let expects_error = case.get("error").and_then(Json::as_bool).unwrap_or_default();
    match (answer.get("value"), answer.get("error")) {
        (Some(value), _) if expects_error || !differences(value, &case["expect"], 1).is_empty() => Some(Java::Value),
        (Some(_), _) => None,
        (None, Some(_)) => (!expects_error).then_some(Java::Error),
        (None, None) => Some(Java::Crash),
    }
}

/// Runs `Resolve.java`, which prints a line for each case.
fn ask_java(cases: &[impl AsRef<Path>]) -> Vec<Json> {
    let jars = jvm_peers::jars("avro").unwrap();
    let output = Command::new("java")
        // A small heap, so that items that a few bytes claim never fit, on any machine.
        .args(["-Xmx256m", "-cp", &jvm_peers::class_path(&jars)])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("avro/Resolve.java"))
        .args(cases.iter().map(AsRef::as_ref))
        .output()
        .unwrap();
    assert!(output.status.success(), "java: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
