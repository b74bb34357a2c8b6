//! `make new-function` makes a function for rows, for documents and for domain events; each compiles and passes its tests.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use demo::new_function;
use local_stack::Workspace;

/// One function of each kind: rows, documents, domain events.
const FUNCTIONS: [(&str, &str, &str); 3] = [
    ("index-orders", "cdc.mysql.shop.orders", "created"),
    ("watch-sign-ins", "cdc.mongodb.users.login", "created"),
    ("archive-profile-updates", "user.profile.updated", "example"),
];
/// What the templates themselves read, where the new function reads something else.
const TEMPLATE_TOPIC: &str = "cdc.postgres.public.accounts";

/// A copy of the workspace that links to the real one and has a folder of its own for the new functions. It is always at
/// the same place, so that cargo finds what it compiled before.
fn copy(workspace: &Workspace) -> Workspace {
    let root = workspace.folder("new-function").unwrap();
    fs::remove_dir_all(&root).unwrap();
    let link = |path: &str| {
        let (from, to) = (workspace.root().join(path), root.join(path));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        symlink(from, to).unwrap();
    };
    for path in [
        "shared",
        "tests",
        "events/recorded",
        "events/schemas",
        "events/topics",
        ".local",
        "target",
        ".cargo",
        "rustfmt.toml",
    ] {
        link(path);
    }
    for function in fs::read_dir(workspace.root().join("functions")).unwrap() {
        link(&format!("functions/{}", function.unwrap().file_name().to_str().unwrap()));
    }
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(workspace.root().join(file), root.join(file)).unwrap();
    }
    Workspace::at(root)
}

/// Without a package: the features are those of the whole workspace, and its dependencies need no compiling.
fn cargo(workspace: &Workspace, arguments: &[&str]) -> (bool, String) {
    cargo_with(workspace, arguments, &[])
}

fn cargo_with(workspace: &Workspace, arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
    let mut cargo = Command::new(env!("CARGO"));
    let cargo = cargo.args(arguments).envs(variables.iter().copied()).current_dir(workspace.root()).output().unwrap();
    let output = [cargo.stdout, cargo.stderr].map(|stream| String::from_utf8_lossy(&stream).into_owned()).concat();
    (cargo.status.success(), output)
}

/// What an author adds to a function, in its own source and the test in it: an index, a table and a variable.
fn grow(copy: &Workspace, name: &str) {
    const INDEX: &str = r#"event_functions::Index { name: "by_status", partition_key: "status", sort_key: "at" }"#;
    let path = copy.root().join(format!("functions/{name}/src/main.rs"));
    let mut source = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        (
            "    table: Table,\n}",
            "    table: Table,\n    /// DynamoDB table of the counts.\n    #[env(\"COUNTS_TABLE\")]\n    counts: Table,\n    \
             /// How many are counted.\n    #[env(\"COUNT_LIMIT\", default = \"5\")]\n    limit: u32,\n}",
        ),
        (
            "KeepNewest::in_table(aws, &config.table, |_row|",
            &format!(
                "let _ = (aws.append_only(&config.counts), config.limit);\n        \
                 KeepNewest::indexed(aws, &config.table, &[{INDEX}], |_row|"
            ),
        ),
        // A test names the tables that it looks into.
        ("function().test(&[", r#"function().test(&[("COUNTS_TABLE", "counts"), "#),
    ] {
        assert!(source.contains(from), "{source}");
        source = source.replacen(from, to, 1);
    }
    fs::write(path, source).unwrap();
}

/// What the binary prints, and what stands beside its source.
fn manifests(copy: &Workspace, name: &str) -> (String, String) {
    let (built, output) = cargo(copy, &["build", "--quiet", "--offline", "--bin", name]);
    assert!(built, "{output}");
    let run = Command::new(copy.root().join("target/debug").join(name)).arg("--manifest").env_clear().output().unwrap();
    let file = copy.root().join("functions").join(name).join("function.json");
    (String::from_utf8(run.stdout).unwrap(), fs::read_to_string(file).unwrap())
}

#[test]
fn a_new_function_of_each_kind_compiles_and_passes_its_test() {
    let copy = copy(&Workspace::find().unwrap());
    for (name, topic, sample) in FUNCTIONS {
        let made = new_function(&copy, name, topic).unwrap();
        assert_eq!(made.sample, sample);
        let below = |path: &PathBuf| path.strip_prefix(copy.root()).unwrap().display().to_string();
        let written: Vec<_> = made.files.iter().map(below).collect();
        for file in [
            format!("functions/{name}/src/main.rs"),
            format!("functions/{name}/README.md"),
            format!("functions/{name}/samples/{sample}.json"),
        ] {
            assert!(written.contains(&file), "{file} is not in {written:?}");
        }
        let own = format!("functions/{name}/");
        assert!(written.iter().all(|path| path.starts_with(&own)), "outside of {own}: {written:?}");
        for path in &written {
            let text = fs::read_to_string(copy.root().join(path)).unwrap().to_lowercase();
            assert!(!text.contains("template-") && !text.contains("template_"), "{path}");
            assert!(!text.contains(TEMPLATE_TOPIC), "{path}");
        }
        let (formatted, output) = cargo(&copy, &["fmt", "--package", name, "--check"]);
        assert!(formatted, "{output}");
    }
    // What `make watch` serves: every binary of the workspace.
    let (_, metadata) = cargo(&copy, &["metadata", "--offline", "--no-deps", "--format-version", "1"]);
    for (name, ..) in FUNCTIONS {
        let binary = format!(r#""kind":["bin"],"crate_types":["bin"],"name":"{name}""#);
        assert!(metadata.contains(&binary), "{name} is not a binary of the workspace");
    }
    // A function declares what it was made with; what is added to its source, it declares without another edit.
    for (name, ..) in FUNCTIONS {
        let (printed, file) = manifests(&copy, name);
        assert_eq!(printed, file, "{name}");
    }
    let (grown, ..) = FUNCTIONS[0];
    grow(&copy, grown);
    let (printed, _) = manifests(&copy, grown);
    for declared in [r#""name": "counts""#, r#""name": "by_status""#, r#""name": "COUNT_LIMIT""#] {
        assert!(printed.contains(declared), "{declared} is not in {printed}");
    }
    let binaries = FUNCTIONS.iter().flat_map(|(name, ..)| ["--bin", name]);
    let arguments: Vec<_> = ["test", "--quiet", "--offline"].into_iter().chain(binaries).collect();
    // The README's tables are written by the test that compares them (`make readmes`).
    let (passed, output) = cargo_with(&copy, &arguments, &[("WRITE_README", "1")]);
    let readme = fs::read_to_string(copy.root().join("functions").join(grown).join("README.md")).unwrap();
    assert!(readme.contains("| `COUNT_LIMIT` |"), "{readme}");
    assert!(passed && output.matches("2 passed").count() == FUNCTIONS.len(), "{output}");
}
