//! The command as a process: settings from what functions declare, and what it refuses before it connects.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use function_manifests::{FILE, FunctionManifest, read_all};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Settings that cannot be used.
const UNUSABLE: i32 = 78;

fn functions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../functions")
}

/// Exit code, standard output, standard error.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_event-source-mapping"));
    for inherited in ["KAFKA_BOOTSTRAP_SERVERS", "KAFKA_USERNAME", "KAFKA_PASSWORD"] {
        command.env_remove(inherited);
    }
    let output = command.args(arguments).envs(variables.iter().copied()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What `check` prints of settings that can be used.
fn checked(arguments: &[&str]) -> String {
    let (code, output, error) = run(&[&["check"], arguments].concat(), &[]);
    assert_eq!((code, error.as_str()), (0, ""), "{arguments:?}");
    output
}

/// Why `check` refuses them.
fn refused(arguments: &[&str]) -> String {
    let (code, output, error) = run(&[&["check"], arguments].concat(), &[]);
    assert_eq!((code, output.as_str()), (UNUSABLE, ""), "{arguments:?}: {error}");
    error
}

/// Files of a test, by name.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(TempDir::new().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The manifest of a function `orders`, changed.
    fn manifest(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut manifest = json!({
            "$schema": "../function.schema.json",
            "function": "orders",
            "trigger": {
                "kind": "events", "topic": "shop.orders", "key_format": "text", "value_format": "avro",
                "guard": "conditional", "order": "key", "batch": {"records": 40, "window_seconds": 3},
                "effect_timeout": "EFFECT_TIMEOUT_MS", "partial_responses": "PARTIAL",
            },
            "limits": {"memory_mb": 256, "timeout_seconds": 45},
            "variables": [], "tables": [], "actions": [],
        });
        change(&mut manifest);
        self.file(&format!("{}.json", manifest["function"].as_str().unwrap()), &manifest.to_string())
    }

    fn orders(&self) -> String {
        self.manifest(|_| ())
    }
}

#[test]
fn each_function_that_reads_a_topic_is_a_mapping() {
    let all = read_all(&functions()).unwrap();
    let readers: Vec<&FunctionManifest> = all.iter().filter(|function| function.topic().is_some()).collect();
    assert!(readers.len() > 1);
    // The file or its folder, and all of them at once.
    let mut arguments = Vec::new();
    for (nth, reader) in readers.iter().enumerate() {
        let folder = functions().join(&reader.function);
        let path = if nth % 2 == 0 { folder } else { folder.join(FILE) };
        arguments.extend(["--manifest".to_owned(), path.to_str().unwrap().to_owned()]);
    }
    let output = checked(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    for reader in readers {
        let (name, reads) = (&reader.function, reader.consumption().unwrap());
        let mapping = output.split(&format!("{name}: {} -> {name}\n", reads.topic)).nth(1).unwrap();
        let lines: Vec<_> = mapping.lines().take(6).map(str::trim).collect();
        assert_eq!(lines[1], format!("consumer group: event-source-mapping-{name}, from Latest if it is new"));
        let batch = format!("batch: {} records, {} s, ", reads.batch.records, reads.batch.window_seconds);
        assert!(lines[2].starts_with(&batch), "{batch} {lines:?}");
        assert!(lines[3].ends_with("partial responses: no"), "{lines:?}");
        assert_eq!(lines[4], format!("function timeout: {} s", reader.limits.timeout_seconds));
    }
}

#[test]
fn a_function_without_a_topic_is_refused() {
    let all = read_all(&functions()).unwrap();
    let others: Vec<_> = all.iter().filter(|function| function.topic().is_none()).collect();
    assert!(!others.is_empty());
    for function in others {
        let path = functions().join(&function.function);
        let error = refused(&["--manifest", path.to_str().unwrap()]);
        let name = &function.function;
        assert!(error.contains(&format!("function.json: {name} reads no topic")), "{error}");
        assert!(error.contains(&format!("cargo lambda invoke {name}")), "{error}");
    }
}

#[test]
fn flags_come_before_the_file_and_the_file_before_the_manifest() {
    let folder = Folder::new();
    let manifest = folder.orders();
    let alone = checked(&["--manifest", &manifest]);
    assert!(alone.starts_with("orders: shop.orders -> orders\n"), "{alone}");
    assert!(alone.contains("batch: 40 records, 3 s") && alone.contains("function timeout: 45 s"), "{alone}");

    let file = folder.file("m.yaml", "FunctionName: orders\nStartingPosition: TRIM_HORIZON\nBatchSize: 7");
    let with_file = checked(&[&file, "--manifest", &manifest]);
    assert!(with_file.starts_with("m: shop.orders -> orders\n"), "{with_file}");
    assert!(with_file.contains("from TrimHorizon") && with_file.contains("batch: 7 records, 3 s"), "{with_file}");

    let flags = ["--topic", "t", "--function-timeout", "9", "--set", "BatchSize=8"];
    let with_flags = checked(&[&[file.as_str(), "--manifest", &manifest], &flags[..]].concat());
    assert!(with_flags.starts_with("m: t -> orders\n"), "{with_flags}");
    assert!(with_flags.contains("batch: 8 records, 3 s"), "{with_flags}");
    assert!(with_flags.contains("function timeout: 9 s"), "{with_flags}");

    let renamed = checked(&["--manifest", &manifest, "--function", "orders-mine"]);
    assert!(renamed.starts_with("orders-mine: shop.orders -> orders-mine\n"), "{renamed}");
    assert!(renamed.contains("group: event-source-mapping-orders-mine,"), "{renamed}");
}

#[test]
fn a_manifest_says_what_only_a_deployment_knows() {
    let folder = Folder::new();
    let template = "Resources:\n  M:\n    Type: AWS::Lambda::EventSourceMapping\n    Properties:\n      \
                    FunctionName: !Ref Function\n      Topics: [!Ref Topic]\n      StartingPosition: LATEST\n      \
                    BatchSize: !Ref Size\n";
    let template = folder.file("template.yaml", template);
    assert!(refused(&[&template]).contains("which only a deployment knows"));
    let output = checked(&[&template, "--manifest", &folder.orders()]);
    assert!(output.starts_with("M: shop.orders -> orders\n") && output.contains("batch: 40 records"), "{output}");
}

#[test]
fn each_mapping_of_a_file_gets_the_manifest_of_its_function() {
    let folder = Folder::new();
    let one = |name: &str| format!("{{FunctionName: {name}, StartingPosition: LATEST}}");
    let file = folder.file("m.yaml", &format!("[{}, {}]", one("bills"), one("arn:aws:lambda:r:1:function:orders")));
    let bills = folder.manifest(|manifest| {
        manifest["function"] = "bills".into();
        manifest["trigger"]["topic"] = "shop.bills".into();
    });
    let orders = folder.orders();
    let output = checked(&[&file, "--manifest", &orders, "--manifest", &bills]);
    assert!(
        output.contains("m-1: shop.bills -> bills\n") && output.contains("m-2: shop.orders -> orders\n"),
        "{output}"
    );

    let error = refused(&[&file, "--mapping", "m-1", "--manifest", &bills, "--manifest", &orders]);
    assert!(error.contains("orders.json: no mapping of") && error.contains("what they invoke: bills."), "{error}");
    assert!(refused(&["--manifest", &orders, "--manifest", &orders]).contains("is given twice"));
}

#[test]
fn partial_responses_are_used_only_where_the_variable_is_set() {
    let folder = Folder::new();
    // The default of the variable is not what a deployment sets.
    let manifest = folder.manifest(|manifest| {
        manifest["variables"] = json!([{"name": "PARTIAL", "meaning": "m", "kind": "k", "required": false,
            "default": "true", "example": "true", "secret": false}]);
    });
    let provisioned = ["--manifest", &manifest, "--set", "ProvisionedPollerConfig={}"];
    let partial = |more: &[&str]| checked(&[&provisioned, more].concat()).contains("partial responses: yes");
    assert!(!partial(&[]));
    assert!(!partial(&["--variable", "PARTIAL=false"]));
    assert!(partial(&["--variable", "PARTIAL=true"]));
    let error = refused(&["--manifest", &manifest, "--variable", "PARTIAL=true"]);
    assert!(error.contains("FunctionResponseTypes: needs provisioned mode"), "{error}");

    let file = "{FunctionName: orders, StartingPosition: LATEST, ProvisionedPollerConfig: {}";
    let without = folder.file("without.yaml", &format!("{file}}}"));
    let with = folder.file("with.yaml", &format!("{file}, FunctionResponseTypes: [ReportBatchItemFailures]}}"));
    for (file, variable, reason) in [
        (
            &without,
            "PARTIAL=true",
            Some(
                "FunctionResponseTypes: lacks ReportBatchItemFailures, and PARTIAL of orders is true: records that it reports would be lost",
            ),
        ),
        (&without, "PARTIAL=false", None),
        (&with, "PARTIAL=true", None),
        (
            &with,
            "PARTIAL=false",
            Some("FunctionResponseTypes: holds ReportBatchItemFailures, and PARTIAL of orders is false"),
        ),
    ] {
        let arguments = [file, "--manifest", &manifest, "--variable", variable];
        match reason {
            Some(reason) => assert!(refused(&arguments).contains(reason), "{variable}"),
            None => drop(checked(&arguments)),
        }
    }
}

#[test]
fn what_a_manifest_has_wrong_is_told_at_once() {
    let folder = Folder::new();
    let manifest = folder.manifest(|manifest| {
        manifest["trigger"]["batch"] = json!({"records": 0, "window_seconds": 301});
        manifest["limits"]["timeout_seconds"] = 901.into();
    });
    let variables = ["--variable", "PARTIAL=yes", "--variable", "OTHER=1"];
    let error = refused(&[&["--manifest", &manifest, "--set", "StartingPosition=x"], &variables[..]].concat());
    for problem in [
        format!("BatchSize: is 0; expected a whole number from 1 to 10000, in {manifest}"),
        format!("MaximumBatchingWindowInSeconds: is 301; expected a whole number from 0 to 300, in {manifest}"),
        format!("limits.timeout_seconds: is 901; expected a whole number from 1 to 900, in {manifest}"),
        "PARTIAL: is \"yes\"; expected true or false".to_owned(),
        "--variable OTHER: a mapping does not have to agree with it; it has to with PARTIAL".to_owned(),
        "StartingPosition: is \"x\"; expected LATEST".to_owned(),
    ] {
        assert_eq!(error.matches(&problem).count(), 1, "{problem}: {error}");
    }
    let broken = folder.file("broken.json", "{}");
    let missing = folder.0.path().join("missing.json").to_str().unwrap().to_owned();
    let error = refused(&["--manifest", &broken, "--manifest", &missing]);
    assert!(error.contains("broken.json is not the manifest of a function: missing field"), "{error}");
    assert!(error.contains("cannot read") && error.contains("missing.json: No such file"), "{error}");
}

#[test]
fn a_login_over_the_network_without_tls_is_refused() {
    let sasl = |kind: &str| format!(r#"SourceAccessConfigurations=[{{"Type":"{kind}","URI":"a secret"}}]"#);
    let login = [("KAFKA_USERNAME", "ada"), ("KAFKA_PASSWORD", "open sesame")];
    for kind in ["BASIC_AUTH", "SASL_SCRAM_256_AUTH", "SASL_SCRAM_512_AUTH"] {
        let sasl = sasl(kind);
        // One that is on this machine does not make the other one so.
        for servers in ["broker.example.com:9092", "127.0.0.1:9092,broker.example.com:9092"] {
            let arguments =
                ["run", "--function", "hello", "--topic", "orders", "--set", &sasl, "--bootstrap-servers", servers];
            let (code, output, error) = run(&arguments, &login);
            assert_eq!((code, output.as_str(), error.lines().count()), (UNUSABLE, "", 1), "{kind}: {error}");
            let reason =
                format!("SASL without TLS would show the login to the network on the way to {servers}. Give --tls");
            assert!(error.contains(&reason), "{kind}: {error}");
            assert!(!error.contains("open sesame") && !error.contains("ada"), "{error}");
        }
    }
    let sasl = sasl("BASIC_AUTH");
    let arguments = [
        "run",
        "--function",
        "hello",
        "--topic",
        "orders",
        "--set",
        &sasl,
        "--bootstrap-servers",
        "b.example.com:9092",
    ];
    let (code, _, error) = run(&arguments, &[]);
    assert_eq!(code, UNUSABLE);
    assert!(error.contains("Give them as KAFKA_USERNAME and KAFKA_PASSWORD"), "{error}");
}
