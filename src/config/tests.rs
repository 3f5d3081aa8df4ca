//! Recipes and settings: what is read, and what is refused by name.

use super::*;

fn load(text: &str, settings: &[&str]) -> Result<RunConfig> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("recipe.toml");
    std::fs::write(&path, text).unwrap();
    RunConfig::load(&path, &settings.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
}

#[test]
fn settings_override_the_recipe_and_keep_their_types() {
    let config = load("seed = 3\n[train]\nsteps = 7\n", &["train.steps=9", "model.path=some/dir"]).unwrap();
    assert_eq!((config.seed, config.train.steps), (3, 9));
    assert_eq!(config.model.path, Path::new("some/dir"));
}

#[test]
fn what_is_written_is_read_back() {
    let config = load("seed = 3", &["train.learning_rate=1e-3"]).unwrap();
    assert_eq!(load(&config.to_toml(), &[]).unwrap(), config);
}

#[test]
fn unknown_keys_and_bad_values_are_refused_by_name() {
    let message = |text: &str, settings: &[&str]| {
        let error = load(text, settings).unwrap_err();
        assert!(crate::error::is_input_error(&error));
        format!("{error:#}")
    };
    assert!(message("[train]\nstepz = 1\n", &[]).contains("stepz"));
    assert!(message("", &["train.stepz=1"]).contains("--set train.stepz=1: unknown field"));
    assert!(message("", &["train.steps=many"]).contains("--set train.steps=many"));
    assert!(message("", &["train.steps"]).contains("expected key=value"));
    assert!(message("", &["sft.from_scratch=true", "lora.rank=4"]).contains("set lora.rank=0"));
    let late = "recycle.start_step = 9: the run ends with step 8";
    assert!(message("", &["train.steps=8", "recycle.start_step=9"]).contains(late));
    let late =
        ["train.steps=8", "train.auxiliary.verdict_likelihood=0.1", "train.auxiliary.verdict_start_step=9"];
    assert!(message("", &late).contains("so that it never begins"));
    assert!(load("", &[late[0], late[2]]).is_ok(), "what is off has no first step");
    assert!(message("", &["recycle.every=18"]).contains("recycle.max_age_steps = 16"));
    assert!(message("", &["recycle.token_share=0"]).contains("recycled_per_step = 0 draws no items"));
    let places = ["recycle.places_without_spread=0.5", "train.refill_rounds=2"];
    assert!(message("", &places).contains("train.refill_rounds, which samples more"));
    assert!(load("", &places[..1]).is_ok());
    assert!(message("", &["recycle.same_step=true", "train.recycled_per_step=0"]).contains("no effect"));
    assert!(
        message("", &["recycle.pointwise_together=true", "recycle.pointwise=false"]).contains("no effect")
    );
    assert!(message("", &["train.samples_per_prompt=1"]).contains("train.samples_per_prompt = 1"));
}
