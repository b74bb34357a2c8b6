//! The variables that decide which accounts get mail.

use end_to_end::{Scene, created_accounts};
use local_stack::{Origin, Target, event};

use crate::{FUNCTION, an_account, answer, failure};

#[tokio::test]
async fn in_log_mode_no_mail_is_sent() {
    let scene = Scene::start(FUNCTION, &[("EMAIL_MODE", "log")]).await.unwrap();
    answer(scene.invoke(&created_accounts().unwrap()).await);
    assert_eq!(scene.stack.faults.calls("SendEmail"), 0);
}

#[tokio::test]
async fn only_addresses_on_the_allowlist_get_mail() {
    let variables = [("EMAIL_MODE", "allowlist"), ("EMAIL_ALLOWLIST", "@example.org,rebirth@example.com")];
    let scene = Scene::start(FUNCTION, &variables).await.unwrap();
    answer(scene.invoke(&created_accounts().unwrap()).await);
    let mails = scene.mails().await.unwrap();
    assert!(mails.iter().all(|mail| mail.to.iter().all(|to| to.ends_with("@example.org"))));
    assert!(!mails.is_empty() && mails.len() < created_accounts().unwrap().len());
}

#[tokio::test]
async fn with_sending_off_records_stay_pending() {
    let scene = Scene::start(FUNCTION, &[("EMAIL_SENDING", "off")]).await.unwrap();
    let error = failure(scene.invoke(&[an_account()]).await);
    assert!(error["errorMessage"].to_string().contains("sending_off"), "{error}");
    assert_eq!(scene.stack.faults.calls("SendEmail"), 0);
    assert!(scene.dead_letters().await.unwrap().is_empty());

    let switched_on = scene.another_host(&[]).await.unwrap();
    answer(switched_on.invoke(event(Origin::Msk, &[an_account()])).await);
    assert_eq!(scene.mails().await.unwrap().len(), 1);
}

#[tokio::test]
async fn rows_created_before_the_start_time_get_no_mail() {
    let scene = Scene::start(FUNCTION, &[("START_TIME", "2100-01-01T00:00:00Z")]).await.unwrap();
    answer(scene.invoke(&created_accounts().unwrap()).await);
    assert!(scene.mails().await.unwrap().is_empty());
    let accounts = created_accounts().unwrap().len();
    assert_eq!(scene.outcomes().skipped["before_start_time"], accounts);
}
