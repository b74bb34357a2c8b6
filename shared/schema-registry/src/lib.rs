//! Schemas by id: wire frames, registry clients and the cache before them.
