//! The checks that ship, one file each. The list of them is the only place that names them all: messages,
//! automatic choice and the command line follow from it.

mod choice;
mod comparing;
mod exact;
mod instruction;
mod math;
mod python;
mod remote;
mod yes_no;

use std::sync::Arc;

use comparing::Comparing;

pub(crate) use python::of_functions;

use super::{check::Check, config::VerifyConfig, remote::RewardSource};

/// The checks that ship, as a recipe sets them. A reference goes to the first that claims it, so those with narrow
/// shapes come before `math`, which claims everything.
pub(crate) fn shipped(config: &VerifyConfig, rewards: Option<Arc<dyn RewardSource>>) -> Vec<Arc<dyn Check>> {
    vec![
        Arc::new(Comparing::new(exact::Exact, config)),
        Arc::new(instruction::Instruction { partial_credit: config.partial_credit }),
        Arc::new(Comparing::new(choice::Choice { settings: config.math() }, config)),
        Arc::new(Comparing::new(yes_no::YesNo, config)),
        Arc::new(Comparing::new(math::Math { settings: config.math() }, config)),
        Arc::new(remote::Remote { rewards, bound: config.bound(), extract: config.extract.clone() }),
    ]
}
