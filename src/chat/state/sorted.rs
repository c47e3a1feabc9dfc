//! `sorted`: serializes a hash map in the order of its keys, so that equal states look equal.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

pub(super) fn sorted<K, V, H, S>(map: &HashMap<K, V, H>, serializer: S) -> Result<S::Ok, S::Error>
where
    K: Ord + Serialize,
    V: Serialize,
    S: Serializer,
{
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    serializer.collect_map(entries)
}
