//! Starts a function: logging, configuration, serving, and the exit status of the process.

use std::error::Error;
use std::process::ExitCode;

use environment::{Env, Problems};

/// Starts logging, reads the configuration from the environment, and serves until Lambda ends the process.
///
/// Exits with [`Problems::EXIT_CODE`] if the configuration cannot be read, and with status 1 if `serve` fails. Both are logged here, once, with all causes.
pub async fn start<Config>(
    read: impl FnOnce(&Env) -> Result<Config, Problems>,
    serve: impl AsyncFnOnce(Config) -> Result<(), lambda_runtime::Error>,
) -> ExitCode {
    crate::telemetry::start_logging();
    started(&Env::from_process(), read, serve).await
}

async fn started<Config>(
    env: &Env,
    read: impl FnOnce(&Env) -> Result<Config, Problems>,
    serve: impl AsyncFnOnce(Config) -> Result<(), lambda_runtime::Error>,
) -> ExitCode {
    let config = match read(env) {
        Ok(config) => config,
        Err(problems) => {
            tracing::error!(error_code = "configuration", "{problems}");
            return ExitCode::from(Problems::EXIT_CODE);
        }
    };
    // On the heap: all of a function nested into the future of `main` is deeper than the compiler looks.
    match Box::pin(serve(config)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error: &(dyn Error + 'static) = &*error;
            tracing::error!(error_code = "start", "{}", event_runtime::error_chain(error).join(": "));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use environment::text;

    use super::*;

    /// Codes cannot be compared otherwise.
    async fn code(
        env: &[(&str, &str)],
        serve: impl AsyncFnOnce(String) -> Result<(), lambda_runtime::Error>,
    ) -> String {
        let env = Env::from_pairs(env.iter().copied());
        let read = |env: &Env| env.read(|env| env.required("TABLE", "The table.", text().example("rows")));
        format!("{:?}", started(&env, read, serve).await)
    }

    #[tokio::test]
    async fn nothing_is_served_with_an_unreadable_configuration() {
        let ended = code(&[], async |_| panic!("there is no configuration to serve with")).await;
        assert_eq!(ended, format!("{:?}", ExitCode::from(78)));
    }

    #[tokio::test]
    async fn the_exit_status_says_whether_serving_failed() {
        let ended = code(&[("TABLE", "rows")], async |_| Err("the runtime does not answer".into())).await;
        assert_eq!(ended, format!("{:?}", ExitCode::FAILURE));
        let ended = code(&[("TABLE", "rows")], async |table| if table == "rows" { Ok(()) } else { Err(table.into()) });
        assert_eq!(ended.await, format!("{:?}", ExitCode::SUCCESS));
    }
}
