//! Secrets that are kept elsewhere: which variables name them, and how often they are fetched.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use environment::{Env, FetchError, Secret, SecretArn, SecretError, SecretSource, list, secret, stored_secret};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};

const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:registry-AbCdEf";

/// Gives one text, or fails, after a moment.
struct Vault {
    text: Mutex<Result<String, FetchError>>,
    fetched: AtomicUsize,
}

impl Vault {
    fn of(text: &str) -> Arc<Self> {
        Arc::new(Vault { text: Mutex::new(Ok(text.to_owned())), fetched: AtomicUsize::new(0) })
    }

    fn set(&self, text: Result<&str, FetchError>) {
        *self.text.lock().unwrap() = text.map(str::to_owned);
    }

    fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }
}

impl SecretSource for Vault {
    fn fetch<'a>(&'a self, arn: &'a SecretArn) -> BoxFuture<'a, Result<String, SecretError>> {
        async move {
            self.fetched.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            let text = self.text.lock().unwrap().clone();
            text.map_err(|problem| SecretError::fetch(arn, problem, std::io::Error::other("the vault says so")))
        }
        .boxed()
    }
}

fn stored(address: &str) -> (Env, Secret) {
    let env = Env::from_pairs([("PASSWORD_SECRET_ARN", address)]);
    let secret = env.read(|env| env.required("PASSWORD", "Password of the registry.", secret())).unwrap();
    (env, secret)
}

async fn filled(address: &str, text: &str) -> (Secret, Arc<Vault>) {
    let (env, secret) = stored(address);
    let vault = Vault::of(text);
    env.secrets().fill(vault.clone()).await.unwrap();
    (secret, vault)
}

async fn unfilled(address: &str, text: &str) -> String {
    let (env, _) = stored(address);
    let errors = env.secrets().fill(Vault::of(text)).await.unwrap_err();
    let told = format!("{errors} {errors:?}");
    assert!(!told.contains("hunter2"), "{told}");
    errors.iter().map(SecretError::code).collect()
}

#[tokio::test(start_paused = true)]
async fn a_secret_may_be_given_by_its_arn() {
    let (secret, vault) = filled(ARN, "hunter2\n").await;
    assert_eq!((&*secret.expose(), vault.fetched()), ("hunter2", 1));
    assert_eq!(secret.arn().unwrap().as_str(), ARN);
    assert!(!format!("{secret:?}").contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn keys_of_one_secret_are_fetched_together() {
    let pairs = [("USER_SECRET_ARN", format!("{ARN}#username")), ("PASSWORD_SECRET_ARN", format!("{ARN}#password"))];
    let env = Env::from_pairs(pairs);
    let user = env.attempt(|env| env.required("USER", "", secret())).value;
    let password = env.attempt(|env| env.required("PASSWORD", "", secret())).value;
    let vault = Vault::of(r#"{"username": "ada", "password": "hunter2", "port": 7}"#);
    env.secrets().fill(vault.clone()).await.unwrap();
    assert_eq!((&*user.expose(), &*password.expose(), vault.fetched()), ("ada", "hunter2", 1));

    // The first that is refused renews both.
    vault.set(Ok(r#"{"username": "eve", "password": "hunter3"}"#));
    assert!(password.refused("hunter2").await.unwrap());
    assert!(user.refused("ada").await.unwrap());
    assert_eq!((&*user.expose(), &*password.expose(), vault.fetched()), ("eve", "hunter3", 2));
}

#[tokio::test(start_paused = true)]
async fn without_such_a_variable_nothing_is_fetched() {
    let env = Env::from_pairs([("PASSWORD", "hunter2"), ("TOKEN_SECRET_ARN", "")]);
    let (password, token) =
        env.read(|env| (env.required("PASSWORD", "", secret()), env.optional("TOKEN", "", secret()))).unwrap();
    assert!(env.secrets().is_empty() && token.is_none());
    let vault = Vault::of("other");
    env.secrets().fill(vault.clone()).await.unwrap();
    assert!(!password.refused("hunter2").await.unwrap());
    assert_eq!((&*password.expose(), vault.fetched()), ("hunter2", 0));
}

#[test]
fn a_secret_is_given_once() {
    let read = |pairs: &[(&str, &str)]| {
        let env = Env::from_pairs(pairs.iter().copied());
        let problems = env.read(|env| env.required("PASSWORD", "The password.", secret())).unwrap_err();
        problems.to_string()
    };
    let both = read(&[("PASSWORD", "hunter2"), ("PASSWORD_SECRET_ARN", ARN)]);
    assert!(both.contains("PASSWORD is set, and so is PASSWORD_SECRET_ARN: keep one of them"), "{both}");
    assert!(read(&[]).contains("PASSWORD is not set"));
    // Some write the secret where its address belongs.
    let misplaced = read(&[("PASSWORD_SECRET_ARN", "hunter2")]);
    assert!(
        misplaced.contains(
            "PASSWORD_SECRET_ARN is not the ARN of a secret in AWS Secrets Manager\n  meaning   The password."
        ) && misplaced.contains("example   PASSWORD_SECRET_ARN=arn:aws:secretsmanager:")
            && !misplaced.contains("hunter2"),
        "{misplaced}"
    );
}

#[test]
fn only_a_secret_may_be_given_by_its_arn() {
    let env = Env::from_pairs([("NAME_SECRET_ARN", ARN), ("WORDS_SECRET_ARN", ARN)]);
    let read =
        env.read(|env| (env.optional("NAME", "", environment::text()), env.optional("WORDS", "", list(secret()))));
    assert_eq!(read.unwrap(), (None, None));
    assert!(env.secrets().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_variable_may_be_the_address_of_any_text() {
    let env = Env::from_pairs([("LOGIN_SECRET_ARN", ARN)]);
    let login = env.read(|env| env.required("LOGIN_SECRET_ARN", "", stored_secret())).unwrap();
    env.secrets().fill(Vault::of("{\n \"username\": \"ada\"\n}\n")).await.unwrap();
    assert_eq!(&*login.expose(), "{\n \"username\": \"ada\"\n}");
    let wrong = Env::from_pairs([("LOGIN_SECRET_ARN", "hunter2")])
        .read(|env| env.required("LOGIN_SECRET_ARN", "", stored_secret()))
        .unwrap_err();
    assert!(wrong.to_string().contains("LOGIN_SECRET_ARN is not the ARN") && !wrong.to_string().contains("hunter2"));
    let (declared, _) = Env::declare(|env| env.required("LOGIN_SECRET_ARN", "", stored_secret()));
    assert_eq!(&*declared.expose(), "${LOGIN_SECRET_ARN}");
}

#[tokio::test(start_paused = true)]
async fn a_text_that_does_not_fit_is_told_and_not_shown() {
    let key = format!("{ARN}#password");
    assert_eq!(unfilled(&key, "hunter2").await, "secret_key_missing");
    assert_eq!(unfilled(&key, r#"{"word": "hunter2"}"#).await, "secret_key_missing");
    assert_eq!(unfilled(&key, r#"{"password": ["hunter2"]}"#).await, "secret_key_missing");
    assert_eq!(unfilled(ARN, "hunter2\nhunter2").await, "secret_unusable");
    assert_eq!(unfilled(ARN, " \n").await, "secret_without_text");
}

#[tokio::test(start_paused = true)]
async fn all_secrets_that_cannot_be_read_are_told_at_once() {
    let env = Env::from_pairs([("A_SECRET_ARN", ARN.to_owned()), ("B_SECRET_ARN", ARN.replace("registry", "other"))]);
    env.read(|env| (env.required("A", "", secret()), env.required("B", "", secret()))).unwrap();
    let vault = Vault::of("");
    vault.set(Err(FetchError::Denied));
    let errors = env.secrets().fill(vault).await.unwrap_err();
    assert_eq!(errors.iter().map(SecretError::code).collect::<Vec<_>>(), ["secret_denied"; 2]);
    let told = errors.to_string();
    assert!(told.contains(ARN) && told.contains("other") && told.contains("secretsmanager:GetSecretValue"), "{told}");
    assert_eq!(std::error::Error::source(&errors).unwrap().to_string(), "the vault says so");
}

#[tokio::test(start_paused = true)]
async fn a_refused_secret_is_fetched_again_at_most_every_half_minute() {
    let (secret, vault) = filled(ARN, "first").await;
    assert!(!secret.refused("first").await.unwrap(), "it is the same");
    assert_eq!(vault.fetched(), 2);

    vault.set(Ok("second"));
    tokio::time::advance(Duration::from_secs(29)).await;
    assert!(!secret.refused("first").await.unwrap());
    assert_eq!((&*secret.expose(), vault.fetched()), ("first", 2));

    tokio::time::advance(Duration::from_secs(2)).await;
    assert!(secret.refused("first").await.unwrap());
    assert_eq!((&*secret.expose(), vault.fetched()), ("second", 3));
    // One who sent the earlier value meanwhile needs no request to learn of the new one.
    assert!(secret.refused("first").await.unwrap());
    assert_eq!(vault.fetched(), 3);
}

#[tokio::test(start_paused = true)]
async fn all_that_are_refused_together_share_one_request() {
    let (secret, vault) = filled(ARN, "first").await;
    vault.set(Ok("second"));
    let renewed = join_all((0..100).map(|_| secret.refused("first"))).await;
    assert!(renewed.into_iter().all(|renewed| renewed.unwrap()));
    assert_eq!(vault.fetched(), 2);
}

/// Whether another value was found, or the code of the error.
async fn renewed(secret: &Secret) -> Result<bool, &'static str> {
    secret.refused("first").await.map_err(|error| error.code())
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_may_not_be_read_again_stays_and_says_why_for_a_while() {
    let (secret, vault) = filled(ARN, "first").await;
    vault.set(Err(FetchError::Denied));
    let errors = join_all((0..10).map(|_| secret.refused("first"))).await.into_iter().map(Result::unwrap_err);
    for error in errors {
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!((error.code(), error.is_transient(), &*cause), ("secret_denied", false, "the vault says so"));
    }
    assert_eq!((&*secret.expose(), vault.fetched()), ("first", 2));

    // The value may be good again elsewhere, but the source is not asked for every record.
    vault.set(Ok("second"));
    tokio::time::advance(Duration::from_secs(29)).await;
    assert_eq!((renewed(&secret).await, vault.fetched()), (Err("secret_denied"), 2));
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!((renewed(&secret).await, vault.fetched()), (Ok(true), 3));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_down_is_asked_again_after_a_second() {
    let (secret, vault) = filled(ARN, "first").await;
    vault.set(Err(FetchError::Unavailable));
    let error = secret.refused("first").await.unwrap_err();
    assert_eq!((error.code(), error.is_transient()), ("secret_unavailable", true));
    assert_eq!((renewed(&secret).await, vault.fetched()), (Err("secret_unavailable"), 2));
    assert_eq!(&*secret.expose(), "first");

    vault.set(Ok("second"));
    tokio::time::advance(Duration::from_millis(1_100)).await;
    assert_eq!((renewed(&secret).await, vault.fetched()), (Ok(true), 3));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_does_not_count_as_done() {
    let (secret, vault) = filled(ARN, "first").await;
    vault.set(Ok("second"));
    let given_up = tokio::time::timeout(Duration::from_millis(5), secret.refused("first")).await;
    assert!(given_up.is_err());
    assert_eq!((&*secret.expose(), vault.fetched()), ("first", 2));
    assert_eq!((renewed(&secret).await, vault.fetched()), (Ok(true), 3));
}
