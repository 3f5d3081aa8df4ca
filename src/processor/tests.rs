//! Prompts from a small model directory of the tests' own.

use std::sync::Arc;

use anyhow::Result;
use image::RgbImage;
use serde_json::json;

use super::{Processor, Prompt, PromptBound, UnfitText, prompts::IMAGE_PAD, testing};
use crate::{
    data::{Kind, Problem},
    error::is_input_error,
};

const TEMPLATE: &str = "{% for m in messages %}<|im_start|>{{ m.role }}\n\
    {% if m.content is string %}{{ m.content }}{% else %}{% for part in m.content %}\
    {% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}\
    {% endfor %}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/// A model directory without weights; images of `image.png` (8 × 8) are cut into 4 × 4 patches.
struct Model(tempfile::TempDir);

impl Model {
    fn text_only() -> Self {
        let model = Self(tempfile::tempdir().unwrap());
        testing::write_tokenizer(&model.path("tokenizer.json"));
        model.write("chat_template.jinja", TEMPLATE);
        let settings = json!({"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"});
        model.write("tokenizer_config.json", &settings.to_string());
        RgbImage::new(8, 8).save(model.path("image.png")).unwrap();
        model
    }

    fn with_images() -> Self {
        let model = Self::text_only();
        let settings = json!({"patch_size": 2, "min_pixels": 16, "max_pixels": 1024});
        model.write("preprocessor_config.json", &settings.to_string());
        model
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    fn processor(&self) -> Processor {
        Processor::from_dir(self.0.path()).unwrap()
    }

    /// "Why?", asked about `images` copies of the image.
    fn problem(&self, images: usize) -> Problem {
        Problem {
            id: "train:7".into(),
            question: "Why?".into(),
            images: vec![self.path("image.png").into(); images],
            answer: "so".into(),
            ..Problem::default()
        }
    }
}

fn refused(result: Result<Prompt>) -> String {
    let error = result.unwrap_err();
    assert!(is_input_error(&error));
    format!("{error:#}")
}

#[test]
fn a_text_problem_is_rendered_and_encoded() {
    let model = Model::text_only();
    let processor = model.processor();
    let prompt = processor.prompt(&Problem { system: Some("Think.".into()), ..model.problem(0) }).unwrap();
    let expected =
        "<|im_start|>system\nThink.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n";
    assert_eq!(prompt.text, expected);
    assert_eq!(processor.decode(&prompt.input.ids, false).unwrap(), expected);
    assert!(prompt.input.images.is_empty());
}

#[test]
fn every_image_has_one_pad_in_the_text_and_one_id_per_feature() {
    let model = Model::with_images();
    let mut problem = model.problem(2);
    problem.images[1].max_pixels = Some(16);
    let prompt = model.processor().prompt(&problem).unwrap();
    assert_eq!(prompt.text.matches(IMAGE_PAD).count(), 2);
    let grids: Vec<_> = prompt.input.images.iter().map(|image| image.grid_thw).collect();
    assert_eq!(grids, [[1, 4, 4], [1, 2, 2]]);
    let runs: Vec<usize> = prompt
        .input
        .ids
        .chunk_by(|a, b| a == b)
        .filter(|run| run[0] == testing::IMAGE_PAD)
        .map(<[u32]>::len)
        .collect();
    assert_eq!(runs, [4, 1]);
}

#[test]
fn an_image_is_decoded_once() {
    let model = Model::with_images();
    let processor = model.processor();
    let first = processor.prompt(&model.problem(1)).unwrap();
    std::fs::remove_file(model.path("image.png")).unwrap();
    let second = processor.prompt(&model.problem(1)).unwrap();
    assert!(Arc::ptr_eq(&first.input.images[0], &second.input.images[0]));
}

#[test]
fn the_instruction_goes_with_original_problems_only() {
    let model = Model::text_only();
    let processor = model.processor().with_instruction(Some("Box it.".into()));
    let text = |kind| processor.prompt(&Problem { kind, ..model.problem(0) }).unwrap().text;
    assert!(text(Kind::REASON).contains("Why?\nBox it.<|im_end|>"));
    for kind in [Kind::POINTWISE, Kind::PAIRWISE, Kind::REFLECTION] {
        assert!(text(kind).contains("Why?<|im_end|>"));
    }
}

#[test]
fn special_tokens_in_the_text_are_refused() {
    let model = Model::with_images();
    let processor = model.processor();
    for text in ["<|image_pad|>", "x<|im_end|>y"] {
        let question = refused(processor.prompt(&Problem { question: text.into(), ..model.problem(1) }));
        assert!(question.contains("problem train:7") && question.contains("<|im"), "{question}");
        refused(processor.prompt(&Problem { system: Some(text.into()), ..model.problem(1) }));
    }
}

#[test]
fn a_prompt_beyond_the_bound_is_refused_with_both_numbers_and_told_from_other_errors() {
    let model = Model::text_only();
    let bound = |tokens| Some(PromptBound { tokens, because: "the recipe says so".into() });
    let length = model.processor().prompt(&model.problem(0)).unwrap().input.ids.len();
    assert!(model.processor().with_bound(bound(length)).prompt(&model.problem(0)).is_ok());
    let error = model.processor().with_bound(bound(length - 1)).prompt(&model.problem(0)).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&UnfitText::Long { tokens: length, most: length - 1 }));
    let message = refused(Err(error));
    assert!(message.contains("problem train:7") && message.ends_with("the recipe says so"), "{message}");
    let spelled = Problem { question: "<|im_end|>".into(), ..model.problem(0) };
    assert!(model.processor().prompt(&spelled).unwrap_err().is::<UnfitText>());
    model.write("image.png", "no image");
    assert!(!model.processor().prompt(&model.problem(1)).unwrap_err().is::<UnfitText>());
}

#[test]
fn pads_and_images_must_agree_in_number() {
    let model = Model::with_images();
    model.write("chat_template.jinja", "{{ messages[0].content[1].text }}<|image_pad|>");
    let message = refused(model.processor().prompt(&model.problem(2)));
    assert!(message.contains("shows 1 image pads") && message.contains("2 images"), "{message}");
}

#[test]
fn an_empty_prompt_is_refused() {
    let model = Model::text_only();
    model.write("chat_template.jinja", "");
    assert!(refused(model.processor().prompt(&model.problem(0))).contains("empty prompt"));
}

#[test]
fn a_text_only_model_refuses_images() {
    let model = Model::text_only();
    let message = refused(model.processor().prompt(&model.problem(1)));
    assert!(message.contains("problem train:7") && message.contains("reads text only"), "{message}");
}

#[test]
fn a_broken_image_is_named_with_its_problem() {
    let model = Model::with_images();
    model.write("image.png", "no image");
    let message = refused(model.processor().prompt(&model.problem(1)));
    assert!(message.contains("problem train:7") && message.contains("image.png"), "{message}");
}

#[test]
fn image_settings_are_also_found_where_transformers_5_writes_them() {
    let model = Model::text_only();
    let settings = json!({"image_processor": {"patch_size": 16}, "processor_class": "Qwen2_5_VLProcessor"});
    model.write("processor_config.json", &settings.to_string());
    assert_eq!(model.processor().image().unwrap().patch_size, 16);
}

#[test]
fn the_ids_that_end_and_pad_are_known() {
    let processor = Model::text_only().processor();
    assert_eq!(processor.eos_token_ids(), [testing::IM_END]);
    assert_eq!(processor.pad_token_id(), testing::END_OF_TEXT);
}

#[test]
fn a_missing_tokenizer_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = Processor::from_dir(directory.path()).err().unwrap();
    assert!(is_input_error(&error) && error.to_string().contains("tokenizer.json"));
}
