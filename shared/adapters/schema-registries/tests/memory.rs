//! The memory that a hostile registry makes us allocate is bounded.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{future::Future, sync::Arc};

use axum::{Router, extract::Path, routing::get};
use schema_registries::{ConfluentConfig, ConfluentRegistry};
use schema_registry::{CachePolicy, RegistryErrorKind, SchemaCache, SchemaId, SchemaRef, Schemas};
use tokio::net::TcpListener;

const MIB: usize = 1 << 20;

/// The most that was allocated at a time while something ran in this thread.
fn most_memory<T>(run: impl FnOnce() -> T) -> (usize, T) {
    let mut returned = None;
    let counted = allocation_counter::measure(|| returned = Some(run()));
    (usize::try_from(counted.bytes_max).unwrap(), returned.unwrap())
}

/// A registry that answers every id with a large schema of its own that refers to two more.
async fn hostile(schema_bytes: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let text = move |name: &str, references: &str| {
        format!(r#"{{"schema":"{name}{}","references":[{references}]}}"#, "x".repeat(schema_bytes))
    };
    let schema = move |Path(id): Path<String>| async move {
        let reference = |side| format!(r#"{{"name":"x","subject":"{side}{id}","version":1}}"#);
        text(&id, &format!("{},{}", reference('a'), reference('b')))
    };
    let referred = move |Path((subject, _)): Path<(String, String)>| async move { text(&subject, "") };
    let routes = Router::new()
        .route("/schemas/ids/{id}", get(schema))
        .route("/subjects/{subject}/versions/{version}", get(referred));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    url
}

/// Runs a server in threads of its own and a client in this one, whose memory is counted.
fn beside_a_server<T, F: Future<Output = T>>(schema_bytes: usize, client: impl FnOnce(String) -> F) -> (usize, T) {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let url = server.block_on(hostile(schema_bytes));
    let here = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    most_memory(|| here.block_on(client(url)))
}

#[test]
fn a_hostile_registry_takes_bounded_memory() {
    let cache_of =
        |url: String, policy| SchemaCache::new(ConfluentRegistry::new(ConfluentConfig::new(url)).unwrap(), policy);
    let policy = CachePolicy { max_bytes: 8 * MIB, ..CachePolicy::default() };
    // 3 schemas of 300 KB for each of 60 ids, which would be 54 MB.
    let (taken, cache) = beside_a_server(300_000, |url| async move {
        let cache = Arc::new(cache_of(url, policy));
        let ids = (1..=60).map(SchemaId);
        // All at once; only the cache keeps the answers.
        let cache_of_all = &cache;
        let asked = ids.map(|id| async move { cache_of_all.by_id(SchemaRef::Id(id)).await.is_ok() });
        assert!(futures_util::future::join_all(asked).await.into_iter().all(|read| read));
        cache
    });
    let kept: usize = (1..=60).filter_map(|id| cache.known(SchemaRef::Id(SchemaId(id)))).map(|text| text.size()).sum();
    println!("60 schemas of 900 KB: {} KiB at most, {} KiB kept", taken >> 10, kept >> 10);
    assert!(kept <= policy.max_bytes && kept > policy.max_bytes / 2, "{kept}");
    // Eight requests at a time, each with the schemas so far and one answer, as bytes and parsed.
    assert!(taken < policy.max_bytes + 8 * 5 * 300_000, "{taken}");
}

#[test]
fn a_schema_that_is_too_large_is_given_up_while_it_is_read() {
    let (taken, error) = beside_a_server(3_500_000, |url| async move {
        ConfluentRegistry::new(ConfluentConfig::new(url)).unwrap().by_id(SchemaRef::Id(SchemaId(7))).await.unwrap_err()
    });
    println!("a schema of 3 times 3.5 MB: {} KiB", taken >> 10);
    assert_eq!((error.kind(), error.is_transient()), (RegistryErrorKind::Unusable, false));
    // The schemas that fit, and one answer, as bytes (in a growing buffer) and parsed.
    assert!(taken < 8 * MIB + 4 * 3_500_000, "{taken}");
}
