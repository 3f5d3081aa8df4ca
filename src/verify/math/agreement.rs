//! Whether what is said about two answers may hold together.

use super::{
    budget::Stop,
    comparer::Comparer,
    conditions::Conditions,
    expr::Expr,
    families::{Renaming, renamed},
};

impl Comparer<'_> {
    /// Whether the conditions of both sides may hold together.
    ///
    /// # Errors
    /// When a border cannot be worked out.
    pub(crate) fn agree(
        &mut self,
        gold: &Conditions,
        answer: &Conditions,
        renaming: &Renaming,
    ) -> Result<bool, Stop> {
        if renaming.conflict
            || (!gold.words.is_empty() && !answer.words.is_empty() && gold.words != answer.words)
        {
            return Ok(false);
        }
        if gold.relations.is_empty() || answer.relations.is_empty() {
            return Ok(true);
        }
        let all = |conditions: &Conditions, names: &[(String, String)]| {
            conditions
                .relations
                .iter()
                .map(|relation| renamed(relation, names).into_owned())
                .collect::<Vec<_>>()
        };
        let (gold, answer) = (all(gold, &renaming.gold), all(answer, &renaming.answer));
        if let ([gold], [answer]) = (gold.as_slice(), answer.as_slice()) {
            return self.same(gold, answer);
        }
        self.same(&Expr::Intersection(gold), &Expr::Intersection(answer))
    }
}
