//! What `spark verify`, `recycle` and `plan` are told: commands that load no weights.

use std::path::PathBuf;

use clap::Args;

use super::{python::PythonArgs, training::RecipeArgs};
use crate::verify::Extractor;

#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// JSONL
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// The verifier of rows that name none [default: the one that the answer's shape asks for]
    #[arg(long, value_name = "NAME")]
    pub verifier: Option<String>,
    /// Where answers may stand, tried in this order
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "box,phrase,latex,plain",
        value_name = "LIST"
    )]
    pub extract: Vec<Extractor>,
    /// A decimal with at least this many places may stand for an exact value that it rounds
    #[arg(long, default_value_t = 6, value_name = "N")]
    pub rounding_places: u32,
    /// Some of several constraints earn their share of the reward
    #[arg(long)]
    pub partial_credit: bool,
    /// Adds "microseconds" to every line
    #[arg(long, conflicts_with = "functions")]
    pub timing: bool,
    /// Adds "explanation" to every line: both sides as they were understood, and where they part
    #[arg(long)]
    pub explain: bool,
    #[command(flatten)]
    pub python: PythonArgs,
}

#[derive(Debug, Clone, Args)]
pub struct RecycleArgs {
    /// JSONL: a group per line, or a run's rollouts.jsonl
    #[arg(long, value_name = "FILE")]
    pub rollouts: PathBuf,
    /// Where the problems go
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// What it says of recycling is followed; caps per step do not apply [default: the built-in settings]
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,
    /// Override a setting of the recipe
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// A folder with a model's config.json, in place of the recipe's model.path; weights are not needed
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// Text tokens of a prompt [default: as in the recipe's data, rendered; 512 where it cannot be read]
    #[arg(long, value_name = "N")]
    pub prompt_tokens: Option<usize>,
    /// Tokens of a prompt's image [default: as in the recipe's data; where it cannot be read 256 with a vision
    /// tower, which is 448 x 448 pixels in Qwen2.5-VL, and 0 without]
    #[arg(long, value_name = "N")]
    pub image_tokens: Option<usize>,
    /// Images in the data set, of which a run keeps up to 512 MiB [default: as in the recipe's data; where it
    /// cannot be read more than that]
    #[arg(long, value_name = "N")]
    pub images: Option<usize>,
    /// What it has to fit into, as in 80GB or 24GiB
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub memory: Option<u64>,
    /// One JSON object instead of the tables
    #[arg(long)]
    pub json: bool,
}

/// Bytes: a number with B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024) or
/// nothing behind it.
fn parse_bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KiB" => 1024.0,
        "MiB" => f64::from(1 << 20),
        "GiB" => f64::from(1 << 30),
        "TiB" => 1024.0 * f64::from(1 << 30),
        unit => return Err(format!("{unit} is no unit of memory; write for example 80GB or 24GiB")),
    };
    match digits.trim().parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok((number * unit) as u64),
        _ => Err("expected a size such as 80GB or 24GiB".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_bytes;

    #[test]
    fn memory_is_read_with_decimal_and_binary_units() {
        assert_eq!(parse_bytes("80GB"), Ok(80_000_000_000));
        assert_eq!(parse_bytes("1.5GiB"), Ok(3 << 29));
        assert_eq!(parse_bytes("4096"), Ok(4096));
        assert!(parse_bytes("80G").unwrap_err().contains("80GB"));
        assert!(parse_bytes("-1GB").is_err() && parse_bytes("GB").is_err());
    }
}
