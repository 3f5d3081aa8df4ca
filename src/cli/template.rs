//! What a chat template is given beside the messages.

use anyhow::Result;
use clap::Args;

use crate::processor::TemplateArguments;

#[derive(Debug, Clone, Default, Args)]
pub struct TemplateArgs {
    /// A value that the chat template is given, as in enable_thinking=false; may be repeated. strftime_now=2026-11-27 is
    /// the date that a template shows as today's
    #[arg(long = "template-argument", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
}

impl TemplateArgs {
    /// The values.
    ///
    /// # Errors
    /// Names a setting that is none.
    pub fn arguments(&self) -> Result<TemplateArguments> {
        TemplateArguments::from_settings(&self.settings, "--template-argument ")
    }
}
