//! How completions are put into batches. Those of one prompt stay together: a function may compare them.

use super::query::PythonQuery;

/// Batches of at most `size` completions; larger only where one prompt alone has more.
pub(super) fn batches(queries: &[PythonQuery], size: usize) -> Vec<&[PythonQuery]> {
    let mut batches = Vec::new();
    let (mut start, mut end) = (0, 0);
    for group in queries.chunk_by(|left, right| left.group == right.group) {
        if end > start && end - start + group.len() > size {
            batches.push(&queries[start..end]);
            start = end;
        }
        end += group.len();
    }
    if end > start {
        batches.push(&queries[start..end]);
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    proptest! {
        #[test]
        fn batches_are_whole_prompts_in_order(groups in prop::collection::vec(1_usize..9, 0..12), size in 1_usize..20) {
            let group = |(group, length): (usize, &usize)| {
                vec![PythonQuery { prompt: Value::Null, completion: Value::Null, columns: Map::new(), group }; *length]
            };
            let queries: Vec<PythonQuery> = groups.iter().enumerate().flat_map(group).collect();
            let found = batches(&queries, size);
            prop_assert_eq!(found.concat(), queries.clone());
            for batch in &found {
                let one_prompt = batch.iter().all(|query| query.group == batch[0].group);
                prop_assert!(!batch.is_empty() && (batch.len() <= size || one_prompt));
            }
            for pair in found.windows(2) {
                prop_assert_ne!(pair[0].last().unwrap().group, pair[1][0].group);
                // Nothing is split that fits together.
                let next = pair[1].iter().take_while(|query| query.group == pair[1][0].group).count();
                prop_assert!(pair[0].len() + next > size);
            }
        }
    }
}
