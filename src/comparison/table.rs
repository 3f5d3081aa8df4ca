//! A comparison as Markdown.

use super::compared::Compared;

/// A table of the differences from the first backend, and one of what each backend costs.
///
/// # Panics
/// Without a first backend.
pub fn markdown(compared: &[Compared]) -> String {
    let first = &compared[0].trace.backend;
    let mut lines = vec![
        format!("Differences from `{first}`:"),
        String::new(),
        "| backend | log-probability, largest | mean | greedy answers the same | least gradient cosine | loss, largest | cached decode | within tolerance |".to_owned(),
        "|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for backend in compared {
        let Compared { trace, difference: Some(difference), .. } = backend else { continue };
        let least = difference.cosines.iter().min_by(|(_, one), (_, other)| one.total_cmp(other));
        let least = least.map_or_else(String::new, |(group, cosine)| format!("{cosine:.7} ({group})"));
        lines.push(format!(
            "| {} | {:.1e} | {:.1e} | {:.1} % | {least} | {:.1e} | {:.1e} | {} |",
            trace.backend,
            difference.largest_logprob,
            difference.mean_logprob,
            100.0 * difference.greedy,
            difference.largest_loss,
            difference.decode_gap,
            if backend.misses().is_empty() { "yes" } else { "**no**" },
        ));
    }
    lines.push(String::new());
    lines.extend(compared.iter().skip(1).map(|Compared { trace, tolerance, .. }| {
        format!(
            "Tolerance of {}: log-probability {:.0e}, greedy {} %, cosine {}, loss {:.0e}, cached decode {:.0e}.",
            trace.backend,
            tolerance.logprob,
            100.0 * tolerance.greedy,
            tolerance.cosine,
            tolerance.loss,
            tolerance.decode
        )
    }));
    lines.extend([
        "Cached decode: the largest difference of a log-probability as it was sampled from the same backend's full \
         forward pass."
            .to_owned(),
        String::new(),
        "| backend | first rollout, s | first update, s | rollout, tokens/s | update, tokens/s | host memory at the end, MiB |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ]);
    let mebibytes =
        |bytes: Option<u64>| bytes.map_or_else(|| "–".to_owned(), |bytes| (bytes >> 20).to_string());
    lines.extend(compared.iter().map(|Compared { trace, .. }| {
        format!(
            "| {} | {:.2} | {:.2} | {:.0} | {:.0} | {} |",
            trace.backend,
            trace.first_rollout_seconds,
            trace.first_update_seconds,
            trace.rollout_tokens_per_second,
            trace.train_tokens_per_second,
            mebibytes(trace.memory_bytes),
        )
    }));
    lines.join("\n")
}
