//! Wires the function together.
fn main() {}
