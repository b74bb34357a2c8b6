//! One request per schema, under every circumstance.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, future::join_all};
use schema_registry::{
    CachePolicy, FetchCounter, FetchStats, RegistryErrorKind, SchemaCache, SchemaId, SchemaRef, Schemas,
    testing::{Health, InMemorySchemas},
};

fn id(number: u32) -> SchemaRef {
    SchemaRef::Id(SchemaId(number))
}

fn cached(policy: CachePolicy) -> (Arc<InMemorySchemas>, SchemaCache<Arc<InMemorySchemas>>) {
    let registry = Arc::new(InMemorySchemas::default());
    for number in 1..=5 {
        registry.put(id(number), format!("\"schema {number}\""), &[]);
    }
    (Arc::clone(&registry), SchemaCache::new(registry, policy))
}

#[tokio::test]
async fn a_thousand_records_that_wait_for_one_schema_fetch_it_once() {
    let (registry, cache) = cached(CachePolicy::default());
    registry.hold();
    let waiting = join_all((0..1_000).map(|_| cache.by_id(id(1))));
    let release = async { registry.release() };
    let (answers, ()) = tokio::join!(waiting, release);
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap().text == "\"schema 1\""));
    assert_eq!(registry.requests(), 1);
    cache.by_id(id(1)).await.unwrap();
    assert_eq!(registry.requests(), 1);
}

#[tokio::test]
async fn different_schemas_are_fetched_side_by_side() {
    let (registry, cache) = cached(CachePolicy::default());
    registry.hold();
    let mut waiting = join_all((1..=5).map(|number| cache.by_id(id(number))));
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(registry.requests(), 5, "all are under way at once");
    registry.release();
    assert_eq!(waiting.await.len(), 5);
}

#[tokio::test]
async fn cached_schemas_are_served_while_the_registry_is_down() {
    let (registry, cache) = cached(CachePolicy::default());
    cache.by_id(id(1)).await.unwrap();
    registry.set_health(Health::Down);
    assert_eq!(cache.by_id(id(1)).await.unwrap().text, "\"schema 1\"");
    assert_eq!(cache.by_id(id(2)).await.unwrap_err().kind(), RegistryErrorKind::Unavailable);
}

#[tokio::test]
async fn an_outage_is_shared_by_all_that_wait_and_never_cached() {
    let (registry, cache) = cached(CachePolicy::default());
    registry.set_health(Health::Down);
    registry.hold();
    let mut waiting = join_all((0..10).map(|_| cache.by_id(id(1))));
    assert!((&mut waiting).now_or_never().is_none());
    registry.release();
    assert!(waiting.await.iter().all(|answer| answer.as_ref().unwrap_err().is_transient()));
    assert_eq!(registry.requests(), 1);
    registry.set_health(Health::Up);
    cache.by_id(id(1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn not_found_is_cached_for_a_short_time() {
    let (registry, cache) = cached(CachePolicy { missing_for: Duration::from_secs(10), ..CachePolicy::default() });
    for _ in 0..3 {
        assert_eq!(cache.by_id(id(9)).await.unwrap_err().kind(), RegistryErrorKind::NotFound);
    }
    assert_eq!(registry.requests(), 1);
    registry.put(id(9), "\"late\"", &[]);
    tokio::time::advance(Duration::from_secs(9)).await;
    assert!(cache.by_id(id(9)).await.is_err());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(cache.by_id(id(9)).await.unwrap().text, "\"late\"");
    assert_eq!(registry.requests(), 2);
}

#[tokio::test]
async fn a_request_whose_callers_all_left_is_sent_again() {
    let (registry, cache) = cached(CachePolicy::default());
    registry.hold();
    assert!(cache.by_id(id(1)).now_or_never().is_none(), "asked, then dropped");
    registry.release();
    cache.by_id(id(1)).await.unwrap();
    assert_eq!(registry.requests(), 2);
}

#[tokio::test]
async fn a_caller_that_leaves_does_not_cancel_the_request_of_others() {
    let (registry, cache) = cached(CachePolicy::default());
    registry.hold();
    let mut first = Box::pin(cache.by_id(id(1)));
    let mut second = Box::pin(cache.by_id(id(1)));
    assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
    drop(first);
    registry.release();
    second.await.unwrap();
    assert_eq!(registry.requests(), 1);
}

#[tokio::test]
async fn the_oldest_schema_goes_when_the_cache_is_full() {
    let (registry, cache) = cached(CachePolicy { max_schemas: 3, ..CachePolicy::default() });
    for number in [1, 2, 3, 1, 4] {
        cache.by_id(id(number)).await.unwrap();
    }
    assert_eq!(registry.requests(), 4);
    assert!(cache.known(id(1)).is_none() && cache.known(id(2)).is_some() && cache.known(id(4)).is_some());
}

#[tokio::test]
async fn a_flood_of_unknown_ids_does_not_push_out_what_is_known() {
    let (registry, cache) = cached(CachePolicy { max_schemas: 3, ..CachePolicy::default() });
    cache.by_id(id(1)).await.unwrap();
    for number in 100..200 {
        cache.by_id(id(number)).await.unwrap_err();
    }
    cache.by_id(id(1)).await.unwrap();
    assert_eq!(registry.requests(), 101);
}

#[tokio::test]
async fn the_oldest_schemas_go_when_together_they_take_too_much() {
    let registry = Arc::new(InMemorySchemas::default());
    for number in 1..=6 {
        // 300 bytes each, a third of them in references.
        registry.put(id(number), "x".repeat(200), &[&"y".repeat(100)]);
    }
    registry.put(id(7), "x".repeat(5_000), &[]);
    let cache = SchemaCache::new(Arc::clone(&registry), CachePolicy { max_bytes: 1_000, ..CachePolicy::default() });
    for number in 1..=4 {
        cache.by_id(id(number)).await.unwrap();
    }
    let known =
        |cache: &SchemaCache<_>| (1..=7).filter(|number| cache.known(id(*number)).is_some()).collect::<Vec<_>>();
    assert_eq!(known(&cache), [2, 3, 4]);
    cache.by_id(id(7)).await.unwrap();
    assert_eq!(known(&cache), [7], "the newest stays, whatever it takes");
    cache.by_id(id(5)).await.unwrap();
    cache.by_id(id(6)).await.unwrap();
    assert_eq!(known(&cache), [5, 6]);
    assert_eq!(cache.by_id(id(1)).await.unwrap().size(), 300, "what went is asked for again");
}

#[tokio::test]
async fn eight_requests_run_at_a_time_and_the_others_wait() {
    let registry = Arc::new(InMemorySchemas::default());
    for number in 1..=20 {
        registry.put(id(number), "\"int\"", &[]);
    }
    let cache = SchemaCache::new(Arc::clone(&registry), CachePolicy::default());
    registry.hold();
    let mut waiting = join_all((1..=20).map(|number| cache.by_id(id(number))));
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(registry.requests(), 8);
    registry.release();
    assert!(waiting.await.iter().all(Result::is_ok));
    assert_eq!(registry.requests(), 20);
}

#[tokio::test(start_paused = true)]
async fn not_found_means_lost_if_known_schemas_are_missing_too() {
    let (registry, cache) = cached(CachePolicy::default());
    assert_eq!(cache.by_id(id(9)).await.unwrap_err().kind(), RegistryErrorKind::NotFound, "it never gave any");
    cache.by_id(id(1)).await.unwrap();
    registry.forget();
    tokio::time::advance(Duration::from_secs(10)).await;
    let error = cache.by_id(id(9)).await.unwrap_err();
    assert_eq!((error.code(), error.is_transient()), ("registry_lost_schemas", true));
    registry.set_health(Health::Down);
    assert_eq!(cache.by_id(id(9)).await.unwrap_err().kind(), RegistryErrorKind::Unavailable);
    registry.set_health(Health::Up);

    // After ten minutes the registry's own schemas count as deleted, and so does this one.
    tokio::time::advance(Duration::from_secs(600)).await;
    assert_eq!(cache.by_id(id(9)).await.unwrap_err().kind(), RegistryErrorKind::NotFound);

    registry.put(id(1), "\"schema 1\"", &[]);
    tokio::time::advance(Duration::from_secs(10)).await;
    let asked = registry.requests();
    assert_eq!(cache.by_id(id(9)).await.unwrap_err().kind(), RegistryErrorKind::NotFound);
    assert_eq!(cache.by_id(id(10)).await.unwrap_err().kind(), RegistryErrorKind::NotFound);
    assert_eq!(registry.requests() - asked, 3, "who gave one just now is not asked for it again");
}

#[tokio::test(start_paused = true)]
async fn a_request_is_counted_once_by_one_of_the_batches_that_wait() {
    let (registry, cache) = cached(CachePolicy::default());
    let (first, second, third) = (FetchCounter::default(), FetchCounter::default(), FetchCounter::default());
    registry.hold();
    let waiting = join_all([&first, &first, &second].map(|counter| cache.by_id_counted(id(1), counter)));
    let release = async {
        tokio::time::advance(Duration::from_millis(40)).await;
        registry.release();
    };
    let (answers, ()) = tokio::join!(waiting, release);
    assert!(answers.iter().all(Result::is_ok));
    cache.by_id_counted(id(1), &third).await.unwrap();
    let once = FetchStats { fetches: 1, fetch_time: Duration::from_millis(40), ..FetchStats::default() };
    assert_eq!([first.stats(), second.stats(), third.stats()], [once, FetchStats::default(), FetchStats::default()]);
}

#[tokio::test]
async fn an_answer_counts_as_a_fetch_and_an_outage_as_a_failure() {
    let (registry, cache) = cached(CachePolicy::default());
    let counter = FetchCounter::default();
    cache.by_id_counted(id(9), &counter).await.unwrap_err();
    cache.by_id_counted(id(9), &counter).await.unwrap_err();
    registry.set_health(Health::Down);
    cache.by_id_counted(id(1), &counter).await.unwrap_err();
    assert_eq!((counter.stats().fetches, counter.stats().failures), (1, 1));
}

#[tokio::test]
async fn a_caller_that_leaves_does_not_take_the_count_along() {
    let (registry, cache) = cached(CachePolicy::default());
    let (first, second) = (FetchCounter::default(), FetchCounter::default());
    registry.hold();
    let mut leaves = cache.by_id_counted(id(1), &first);
    let mut stays = cache.by_id_counted(id(1), &second);
    assert!((&mut leaves).now_or_never().is_none() && (&mut stays).now_or_never().is_none());
    drop(leaves);
    registry.release();
    stays.await.unwrap();
    assert_eq!((first.stats().fetches, second.stats().fetches), (0, 1));
}
