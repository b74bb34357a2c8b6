//! Files of one crate use each other in one direction.

use architecture::Structure;

#[test]
fn no_two_files_of_a_crate_use_each_other() {
    let structure = Structure::read();
    let shown: Vec<_> = structure.circles.iter().map(|circle| format!("{:#?}", circle.0)).collect();
    assert!(shown.is_empty(), "files that use each other ({}):\n{}", shown.len(), shown.join("\n"));
}
