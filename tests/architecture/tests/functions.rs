//! Functions are small, and none repeats another one.
#![allow(clippy::print_stdout, reason = "the sizes, to be seen with --nocapture")]

use std::path::Path;

use architecture::{FunctionSize, function_sizes, root, shared_lines};

/// From this many lines on, what two functions share belongs behind the door.
const SHARED: usize = 10;

#[test]
fn no_two_functions_share_ten_lines() {
    let shown: Vec<_> = shared_lines(SHARED)
        .into_iter()
        .map(|shared| {
            let [(one, at), (other, there)] = &shared.places;
            let (one, other, lines) = (one.display(), other.display(), shared.lines.join("\n    "));
            format!("{one}:{at} and {other}:{there} share {} lines:\n    {lines}", shared.lines.len())
        })
        .collect();
    assert!(shown.is_empty(), "{}\n{} runs of at least {SHARED} equal lines", shown.join("\n"), shown.len());
}

const SMALL: [&str; 2] = ["cache-user-login", "audit-profile-update"];

/// Functions of one topic and one effect, which a pattern of the door takes, and templates.
fn most_lines(function: &FunctionSize) -> Option<usize> {
    if function.template { Some(60) } else { SMALL.contains(&function.name.as_str()).then_some(100) }
}

#[test]
fn small_functions_and_templates_stay_small() {
    let mut too_long = Vec::new();
    let mut limited = 0;
    for function in function_sizes() {
        let Some(most) = most_lines(&function) else { continue };
        limited += 1;
        println!("{}: {} lines of code, at most {most}", function.name, function.lines());
        for (file, lines) in &function.files {
            println!("  {lines:>4} {}", file.display());
        }
        if function.lines() > most {
            too_long.push(format!("{} has {} lines of code, at most {most}", function.name, function.lines()));
        }
    }
    let templates = function_sizes().iter().filter(|function| function.template).count();
    assert_eq!(limited, SMALL.len() + templates, "a function that has a limit was renamed");
    assert!(too_long.is_empty(), "\n{}", too_long.join("\n"));
}

#[test]
fn files_of_tests_do_not_count() {
    let mut with_tests = 0;
    for function in function_sizes() {
        assert!(!function.files.contains_key(Path::new("tests.rs")), "{} counts its tests.rs", function.name);
        with_tests += usize::from(root().join("functions").join(&function.name).join("src/tests.rs").is_file());
    }
    assert!(with_tests > 0, "no function has a file of tests beside its code");
}
