//! Prints the structure of the repository: crates, the largest file, arrows between crates, circles between modules, and
//! what each function is made of.
#![allow(clippy::print_stdout, reason = "what this command prints is its result")]

use architecture::{Structure, function_sizes, root};

fn main() {
    let structure = Structure::read();
    let (crates, tests) = structure.crates;
    println!("crates: {crates}, of which {tests} only test");
    let below = |file: &std::path::Path| file.strip_prefix(root()).unwrap_or(file).display().to_string();
    println!("largest file: {}, {} lines", below(&structure.largest.0), structure.largest.1);
    println!("arrows between crates, tests aside: {}", structure.arrows);
    println!("circles between the files of a crate: {}", structure.circles.len());
    for circle in &structure.circles {
        let files: Vec<_> = circle.0.iter().chain(circle.0.first()).map(|file| below(file)).collect();
        println!("  {}", files.join(" -> "));
    }
    println!("\n| function or template | lines of code | files | dependencies |\n|---|--:|--:|--:|");
    for function in function_sizes() {
        let (lines, files) = (function.lines(), function.files.len());
        println!("| `{}` | {lines} | {files} | {} |", function.name, function.dependencies);
    }
}
