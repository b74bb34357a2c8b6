//! Java programs for tests: artifacts copied by Maven into `.local/jvm/<tool>`, run by the `java` on the path.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why the jars of a Java program cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub enum JvmError {
    /// The script cannot be started.
    #[error("tests/jvm/setup.sh cannot be run")]
    Run(#[from] std::io::Error),
    /// The script failed; its message is on standard error.
    #[error("tests/jvm/setup.sh {0} failed; its message is above. It needs Java 17 and Maven on the path")]
    Setup(String),
    /// There is no Java.
    #[error("java is not on the path; install Java 17")]
    NoJava,
}

/// The folder with the jars of `tool`. Fetches them if they are missing, which takes a minute or more.
///
/// # Errors
/// When Java or Maven is missing, or the artifacts cannot be fetched.
pub fn jars(tool: &str) -> Result<PathBuf, JvmError> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(here.join("setup.sh")).arg(tool).status()?;
    if !status.success() {
        return Err(JvmError::Setup(tool.to_owned()));
    }
    Ok(here.join("../../.local/jvm").join(tool))
}

/// The argument of `java -cp` that takes every jar of the folder.
pub fn class_path(jars: &Path) -> String {
    jars.join("*").display().to_string()
}

/// The `java` on the path.
///
/// # Errors
/// When there is none.
pub fn java() -> Result<PathBuf, JvmError> {
    let found = Command::new("sh").args(["-c", "command -v java"]).output()?;
    if !found.status.success() {
        return Err(JvmError::NoJava);
    }
    Ok(String::from_utf8_lossy(&found.stdout).trim().into())
}

/// Free ports on loopback. All are held until the last one is found, so that they differ.
///
/// # Errors
/// When the operating system has none.
pub fn free_ports<const N: usize>() -> std::io::Result<[u16; N]> {
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
