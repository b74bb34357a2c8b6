//! The command `topics`: plans and applies what a cluster's topics lack of their contracts.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cluster_topics::command::main().await
}
