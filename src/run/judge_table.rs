//! How a model judges, in words: a line for each kind, before and after.

use super::figures::{NOT_MEASURED, percent};
use crate::{
    eval::{JudgeMeasures, Scores, VerdictMeasures},
    judge::KINDS,
};

/// The lines of the kinds that were measured, under a heading; none where no kind was.
pub(super) fn lines(before: &Scores, after: &Scores) -> Vec<String> {
    let mut lines = Vec::new();
    for spec in &KINDS {
        for (when, scores) in [("before", before), ("after", after)] {
            let measured = scores.judging.get(spec.kind.name());
            lines
                .extend(measured.map(|measures| format!("  {}, {when}: {}", spec.title, in_words(measures))));
        }
    }
    if !lines.is_empty() {
        lines.insert(0, "how it judges".to_owned());
    }
    lines
}

/// `99.0% read, 55.6% of them right; says Yes 88.0%, No 12.0%; right on Yes 90.0%, No 20.0%; AUC 0.612`.
fn in_words(measures: &JudgeMeasures) -> String {
    let JudgeMeasures { parsed, accuracy_of_parsed, verdicts, auc, .. } = measures;
    let listed = |value: &dyn Fn(&VerdictMeasures) -> Option<f64>| {
        let mut names: Vec<&String> = verdicts.keys().collect();
        names.sort_by_key(|name| *name == "No");
        let shown = names.into_iter().map(|name| format!("{name} {}", percent(value(&verdicts[name]))));
        shown.collect::<Vec<_>>().join(", ")
    };
    format!(
        "{} read, {} of them right; says {}; right on {}; AUC {}",
        percent(*parsed),
        percent(*accuracy_of_parsed),
        listed(&|verdict| verdict.share),
        listed(&|verdict| verdict.accuracy),
        auc.map_or(NOT_MEASURED.to_owned(), |auc| format!("{auc:.3}"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_that_was_measured_has_a_line_and_says_what_was_not() {
        let verdict = |share, accuracy| VerdictMeasures { share, accuracy };
        let measures = JudgeMeasures {
            parsed: Some(0.99),
            accuracy_of_parsed: Some(0.5556),
            verdicts: [("No", verdict(Some(0.12), None)), ("Yes", verdict(Some(0.88), Some(0.9)))]
                .map(|(name, verdict)| (name.to_owned(), verdict))
                .into(),
            ..JudgeMeasures::default()
        };
        let before = Scores { judging: [("pointwise".to_owned(), measures)].into(), ..Scores::default() };
        let expected = "  pointwise, before: 99.0% read, 55.6% of them right; says Yes 88.0%, No 12.0%; right on Yes 90.0%, No n/a; AUC n/a";
        assert_eq!(lines(&before, &Scores::default()), ["how it judges", expected]);
        assert_eq!(lines(&Scores::default(), &Scores::default()), [""; 0]);
    }
}
