//! Mistakes in a function do not compile, and the compiler says what to write.
//!
//! Each file in `mistakes` is a program with one mistake; its lines after `//~` must stand in what the compiler says. When
//! an error text changes on purpose, change those lines; `cargo test --test mistakes -- --nocapture` prints what it says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking and says why")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The compiler, with the door as cargo compiled it for this test.
struct Compiler {
    libraries: PathBuf,
    door: PathBuf,
    out: tempfile::TempDir,
}

impl Compiler {
    /// There may be several compiled doors with other features or of another day: the newest has today's code.
    fn new() -> Self {
        let libraries = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        let files = fs::read_dir(&libraries).unwrap().map(|entry| entry.unwrap().path());
        let is_door = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap_or_default();
            name.starts_with("libevent_functions-") && name.ends_with(".rlib")
        };
        let changed =
            |path: &PathBuf| fs::metadata(path).and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let door = files.filter(is_door).max_by_key(changed).unwrap();
        Compiler { libraries, door, out: tempfile::tempdir().unwrap() }
    }

    /// What the compiler says about a program; `None` if it compiles.
    fn refuses(&self, program: &Path) -> Option<String> {
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.args(["--edition=2024", "--crate-type=bin", "--emit=metadata", "--cap-lints=allow", "--color=never"]);
        rustc.arg("--out-dir").arg(self.out.path());
        rustc.arg("-L").arg(format!("dependency={}", self.libraries.display()));
        rustc.arg("--extern").arg(format!("event_functions={}", self.door.display()));
        let ran = rustc.arg(program).output().unwrap();
        (!ran.status.success()).then(|| String::from_utf8_lossy(&ran.stderr).into_owned())
    }
}

/// What is missing in what the compiler says, or that it says nothing.
fn wrong(compiler: &Compiler, program: &Path) -> Option<String> {
    let text = fs::read_to_string(program).unwrap();
    let expected: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("//~ ")).collect();
    let name = program.file_name().unwrap().to_str().unwrap();
    match (compiler.refuses(program), expected.is_empty()) {
        (None, true) => None,
        (None, false) => Some(format!("{name} compiles")),
        (Some(said), _) => {
            println!("== {name}\n{said}");
            let missing: Vec<_> = expected.iter().filter(|expected| !said.contains(**expected)).collect();
            let is_wrong = expected.is_empty() || !missing.is_empty();
            is_wrong.then(|| format!("{name}: these are missing: {missing:#?}\nin:\n{said}"))
        }
    }
}

#[test]
fn a_mistake_does_not_compile_and_the_error_says_what_to_write() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let programs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(programs.len() > 15, "{programs:?}");
    let compiler = Compiler::new();
    let halves = programs.split_at(programs.len() / 2);
    let all =
        |programs: &[PathBuf]| programs.iter().filter_map(|program| wrong(&compiler, program)).collect::<Vec<_>>();
    let wrong = std::thread::scope(|scope| {
        let first = scope.spawn(|| all(halves.0));
        [all(halves.1), first.join().unwrap()].concat()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
