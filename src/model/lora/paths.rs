//! What PEFT calls a module of a model. Knows names only.

/// A module's path as transformers 5 has it, which PEFT's names and patterns refer to.
pub(super) fn module_path(released: &str, is_vision_language: bool) -> String {
    match released.strip_prefix("model.") {
        Some(rest) if is_vision_language => format!("model.language_model.{rest}"),
        None if released.starts_with("visual.") => format!("model.{released}"),
        _ => released.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_transformers_5() {
        assert_eq!(
            module_path("model.layers.0.mlp.up_proj", true),
            "model.language_model.layers.0.mlp.up_proj"
        );
        assert_eq!(module_path("model.layers.0.mlp.up_proj", false), "model.layers.0.mlp.up_proj");
        assert_eq!(module_path("visual.merger.mlp.0", true), "model.visual.merger.mlp.0");
        assert_eq!(module_path("lm_head", true), "lm_head");
    }
}
