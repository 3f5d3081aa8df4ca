//! From a problem to what the model takes, and from sampled ids back to text.
//!
//! Everything that depends on the model's files beside its weights is here: tokenizer, chat template,
//! image processing. Knows nothing of tensors, sampling or rewards.

mod cache;
mod decode;
mod files;
pub mod footprint;
mod generation;
mod image;
mod resize;
mod special;
mod template;
#[cfg(test)]
mod testing;
mod tokenizer;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result};
use serde_json::Value;

use self::{cache::ImageCache, files::read_json, special::SpecialIds, template::messages};
pub use self::{
    decode::decode, generation::GenerationDefaults, image::ImageProcessorConfig, resize::smart_resize,
    template::ChatTemplate, tokenizer::Tokenizer,
};
use crate::{
    data::{Chat, ImageRef, Kind, Problem},
    error::input_error,
    model::{ImagePatches, ModelConfig, ModelInput},
};

/// Where a rendered template shows an image; in the ids, one for each of the image's features.
const IMAGE_PAD: &str = "<|image_pad|>";

/// Images that a processor keeps, cut into patches: at most this many bytes.
pub const IMAGE_CACHE_BYTES: usize = 512 << 20;

/// A problem as the model sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// The rendered chat template, images as single pads.
    pub text: String,
    pub input: ModelInput,
}

/// A model directory's tokenizer, chat template and image processing.
pub struct Processor {
    tokenizer: Tokenizer,
    template: ChatTemplate,
    /// `None` for a model that reads text only.
    image: Option<ImageProcessorConfig>,
    special: SpecialIds,
    generation: GenerationDefaults,
    instruction: Option<String>,
    model: Option<ModelConfig>,
    cache: Mutex<ImageCache>,
}

impl Processor {
    /// Reads everything but the weights from a Hugging Face directory.
    ///
    /// Images are supported where it has a `preprocessor_config.json`, or a `processor_config.json`
    /// with an `image_processor` as transformers 5 writes it.
    ///
    /// # Errors
    /// When a file that is needed is missing or malformed; the message names it.
    pub fn from_dir(directory: &Path) -> Result<Self> {
        let tokenizer = Tokenizer::from_file(&directory.join("tokenizer.json"))?;
        Ok(Self {
            template: ChatTemplate::from_dir(directory)?,
            image: image_config(directory)?,
            special: SpecialIds::from_dir(directory, &tokenizer)?,
            generation: GenerationDefaults::from_dir(directory)?,
            tokenizer,
            instruction: None,
            model: None,
            cache: Mutex::new(ImageCache::new(IMAGE_CACHE_BYTES)),
        })
    }

    /// Appends `instruction` on a line of its own to the question of every original problem; judge and
    /// reflection problems bring their own.
    pub fn with_instruction(mut self, instruction: Option<String>) -> Self {
        self.instruction = instruction;
        self
    }

    /// Refuses what the model of this configuration could not read: another number of image tokens than
    /// of image features, or ids beyond its vocabulary.
    pub fn for_model(mut self, config: ModelConfig) -> Self {
        self.model = Some(config);
        self
    }

    /// The prompt of a problem. Its images are decoded once and kept, within a bound on memory.
    ///
    /// # Errors
    /// When the problem's text spells out a special token, an image cannot be used, or the template
    /// does not show every image once; the message names the problem.
    pub fn prompt(&self, problem: &Problem) -> Result<Prompt> {
        self.render(problem).with_context(|| format!("problem {}", problem.id))
    }

    fn render(&self, problem: &Problem) -> Result<Prompt> {
        let question = match &self.instruction {
            Some(instruction) if problem.kind == Kind::REASON => {
                format!("{}\n{instruction}", problem.question)
            }
            _ => problem.question.clone(),
        };
        let messages = messages(problem.system.as_deref(), &question, problem.images.len());
        self.chat(&Chat { messages, images: problem.images.clone() })
    }

    /// The prompt of a conversation, up to where the model's turn begins.
    ///
    /// # Errors
    /// As [`Self::prompt`], without a name.
    pub fn chat(&self, chat: &Chat) -> Result<Prompt> {
        for text in chat.messages.iter().flat_map(texts_of) {
            self.refuse_special_tokens(text)?;
        }
        let images = chat.images.iter().map(|image| self.patches(image)).collect::<Result<Vec<_>>>()?;
        let text = self.template.render(&chat.messages)?;
        let features: Vec<usize> = images.iter().map(|image| self.features(image)).collect();
        let ids = self.expand_pads(self.tokenizer.encode(&text)?, &features)?;
        if ids.is_empty() {
            return Err(input_error("the chat template makes an empty prompt of it; give it some text"));
        }
        let input = ModelInput { ids, images };
        self.model.iter().try_for_each(|config| input.check(config))?;
        Ok(Prompt { text, input })
    }

    /// Text from data must not open or close turns, nor stand for an image.
    fn refuse_special_tokens(&self, text: &str) -> Result<()> {
        match self.tokenizer.special_token_in(text) {
            None if !text.contains(IMAGE_PAD) => Ok(()),
            found => Err(input_error(format!(
                r#"its text contains the special token "{}"; remove it or spell it differently"#,
                found.unwrap_or(IMAGE_PAD)
            ))),
        }
    }

    fn patches(&self, image: &ImageRef) -> Result<Arc<ImagePatches>> {
        let config = self.image.as_ref().ok_or_else(|| {
            input_error(
                "it has images, but the model reads text only: its directory has no preprocessor_config.json",
            )
        })?;
        if let Some(patches) = self.cache().get(image) {
            return Ok(patches);
        }
        // Decoded without the lock: other threads go on, at worst one image is decoded twice.
        let patches = Arc::new(config.load(image)?);
        self.cache().insert(image.clone(), patches.clone());
        Ok(patches)
    }

    fn features(&self, image: &ImagePatches) -> usize {
        self.image.as_ref().expect("it made the patches").features(image)
    }

    fn cache(&self) -> MutexGuard<'_, ImageCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Repeats the n-th image pad as often as the n-th image has features.
    ///
    /// With 2 and 1 features, `[7, PAD, 8, PAD]` becomes `[7, PAD, PAD, 8, PAD]`.
    fn expand_pads(&self, ids: Vec<u32>, features: &[usize]) -> Result<Vec<u32>> {
        let pad = self.tokenizer.token_id(IMAGE_PAD);
        let pads = ids.iter().filter(|&&id| Some(id) == pad).count();
        if pads != features.len() {
            return Err(input_error(format!(
                "the chat template shows {pads} image pads ({IMAGE_PAD}) for {} images; use the template and tokenizer of a model that reads images",
                features.len()
            )));
        }
        let mut features = features.iter().copied();
        let mut expanded = Vec::with_capacity(ids.len());
        for id in ids {
            let copies = if Some(id) == pad { features.next().expect("as many pads as images") } else { 1 };
            expanded.extend(std::iter::repeat_n(id, copies));
        }
        Ok(expanded)
    }

    /// The ids of a text; special tokens in it are recognised, none are added.
    ///
    /// # Errors
    /// When the text holds something that the vocabulary cannot express.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        self.tokenizer.encode(text)
    }

    /// The text of sampled ids, with or without the special tokens among them.
    ///
    /// # Errors
    /// When the tokenizer's decoder fails on them.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String> {
        self.tokenizer.decode(ids, skip_special)
    }

    /// The ids that end a completion; never empty.
    pub fn eos_token_ids(&self) -> &[u32] {
        &self.special.eos
    }

    /// How the model is meant to be sampled.
    pub fn generation(&self) -> GenerationDefaults {
        self.generation
    }

    /// The id that fills up shorter rows of a batch.
    pub fn pad_token_id(&self) -> u32 {
        self.special.pad
    }

    /// The tokenizer itself.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// How images are cut; `None` for a model that reads text only.
    pub fn image(&self) -> Option<&ImageProcessorConfig> {
        self.image.as_ref()
    }
}

/// Every text anywhere in a message: its role, its content, and whatever else a template might show.
fn texts_of(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts_of).collect(),
        Value::Object(fields) => fields.values().flat_map(texts_of).collect(),
        _ => Vec::new(),
    }
}

fn image_config(directory: &Path) -> Result<Option<ImageProcessorConfig>> {
    let own_file = directory.join("preprocessor_config.json");
    if own_file.is_file() {
        return ImageProcessorConfig::from_file(&own_file).map(Some);
    }
    let shared_file = directory.join("processor_config.json");
    match read_json(&shared_file)?.as_ref().and_then(|config| config.get("image_processor")) {
        Some(config) => ImageProcessorConfig::from_json(config.clone(), &shared_file).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use ::image::RgbImage;
    use serde_json::json;

    use super::*;
    use crate::error::is_input_error;

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
        let prompt =
            processor.prompt(&Problem { system: Some("Think.".into()), ..model.problem(0) }).unwrap();
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
        let settings =
            json!({"image_processor": {"patch_size": 16}, "processor_class": "Qwen2_5_VLProcessor"});
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
}
