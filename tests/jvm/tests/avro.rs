//! Schema resolution beside Java's Avro: the cases that avro-decode is held to, run through Java's own reader.
//!
//! Where Java comes to something else than a case says, [`DEVIATIONS`] says which paragraph of the specification
//! decides, and what Java does instead. One that is not listed fails, and so does one that is no longer there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use schema_tools::differences;
use serde_json::Value as Json;

/// What Java comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Java {
    /// A value, where the case wants an error or another value.
    Value,
    /// An error, where the case wants a value.
    Error,
    /// The virtual machine runs out of memory or stack, where the case wants an error.
    Crash,
}

struct Deviation {
    case: &'static str,
    java: Java,
    /// The paragraph of the Avro 1.12 specification by which the case is what it is.
    specification: &'static str,
    /// What Java does.
    instead: &'static str,
}

const DEVIATIONS: &[Deviation] = &[
    Deviation {
        case: "bytes that are not UTF-8 are no string",
        java: Java::Value,
        specification: "Primitive types: a string is that many bytes of UTF-8 encoded character data",
        instead: "puts U+FFFD in the place of what is no UTF-8",
    },
    Deviation {
        case: "text that is not UTF-8",
        java: Java::Value,
        specification: "Primitive types: a string is that many bytes of UTF-8 encoded character data",
        instead: "puts U+FFFD in the place of what is no UTF-8",
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
        specification: "Aliases: a field of the writer is read as though it had the reader's name. That the writer has a \
                        field of this name already is not foreseen; the one so named is the one that is meant",
        instead: "renames the writer's field by the alias and then finds two of one name",
    },
    Deviation {
        case: "an alias does not take a field that another reads by name",
        java: Java::Error,
        specification: "Schema resolution: fields are matched by name. An alias of one field does not take away what \
                        another names",
        instead: "renames the writer's field by the alias and then misses it under its own name",
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
        instead: "takes whatever is not 1 for false",
    },
    Deviation {
        case: "a block that claims 10^9 items",
        java: Java::Crash,
        specification: "Complex types, arrays: a block is its count and that many items, which cannot be there",
        instead: "makes room for all that the block claims (within its limit of 2^31 items), which no small heap has",
    },
    Deviation {
        case: "a block that claims 10^9 items of no size",
        java: Java::Crash,
        specification: "Complex types, arrays allow it; refusing it is the limit `max_zero_size_items`",
        instead: "makes room for all that the block claims",
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
        instead: "looks for the same type first, and only then for the first that can be promoted to",
    },
    Deviation {
        case: "a hyphen in a field name",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold others all the same, and a decoder that refused them would stop a topic",
        instead: "refuses all but letters, digits and `_`",
    },
    Deviation {
        case: "a field name with a trailing space",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold others all the same, and a decoder that refused them would stop a topic",
        instead: "refuses all but letters, digits and `_`",
    },
    Deviation {
        case: "a dot in a field's name",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold others all the same, and a decoder that refused them would stop a topic",
        instead: "refuses all but letters, digits and `_`",
    },
    Deviation {
        case: "enum symbols that are no names",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold others all the same, and a decoder that refused them would stop a topic",
        instead: "holds symbols to the rule of names",
    },
    Deviation {
        case: "a name that begins with a digit",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold others all the same, and a decoder that refused them would stop a topic",
        instead: "refuses a name that begins with a digit",
    },
    Deviation {
        case: "a letter beyond the basic plane in a name",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold others all the same, and a decoder that refused them would stop a topic",
        instead: "takes any letter, but looks at half of a surrogate pair at a time",
    },
    Deviation {
        case: "a dollar sign in a namespace (inner class of Java)",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold others all the same, and a decoder that refused them would stop a topic",
        instead: "holds each part of a namespace to the rule of names; 1.11 did not",
    },
    Deviation {
        case: "a hyphen in a namespace (Debezium)",
        java: Java::Error,
        specification: "Names: letters of ASCII, digits and `_`. Registries hold others all the same, and a decoder that refused them would stop a topic",
        instead: "holds each part of a namespace to the rule of names; 1.11 did not",
    },
    Deviation {
        case: "a linked list of 70",
        java: Java::Value,
        specification: "Complex types, records allow it; refusing it is the limit `max_depth`",
        instead: "reads data of any depth that its stack has room for",
    },
    Deviation {
        case: "a decimal whose fixed is nested below it",
        java: Java::Error,
        specification: "Complex types: a schema is an object with a `type`, which may be a schema again",
        instead: "wants the name of a type where `logicalType` stands beside `type`",
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
        specification: "Names: no name is defined twice; two definitions that are the same do no harm",
        instead: "takes a definition twice if both are the same, but compares them before the second one's fields are known",
    },
    Deviation {
        case: "a comment behind the schema",
        java: Java::Error,
        specification: "Schemas are JSON, which has no comments; Java's parser takes them",
        instead: "takes comments within a schema, and none behind it",
    },
];

#[test]
fn java_comes_to_the_same_in_every_resolution_case_but_those_explained() {
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
        assert_eq!(is, Some(*java), "{case}: Java no longer deviates as it is said to");
    }
    assert!(found.is_empty(), "Java deviates where nothing explains it: {found:#?}");
}

/// How Java's answer differs from what the case says, if it does.
fn deviation(case: &Json, answer: &Json) -> Option<Java> {
    let wants_error = case.get("error").and_then(Json::as_bool).unwrap_or_default();
    match (answer.get("value"), answer.get("error")) {
        (Some(value), _) if wants_error || !differences(value, &case["expect"], 1).is_empty() => Some(Java::Value),
        (Some(_), _) => None,
        (None, Some(_)) => (!wants_error).then_some(Java::Error),
        (None, None) => Some(Java::Crash),
    }
}

/// A line of `Resolve.java` for each case.
fn ask_java(cases: &[impl AsRef<Path>]) -> Vec<Json> {
    let jars = jvm_peers::jars("avro").unwrap();
    let output = Command::new("java")
        // A small heap, so that room for what a few bytes claim is not there on any machine.
        .args(["-Xmx256m", "-cp", &jvm_peers::class_path(&jars)])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("avro/Resolve.java"))
        .args(cases.iter().map(AsRef::as_ref))
        .output()
        .unwrap();
    assert!(output.status.success(), "java: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
