//! A problem or a conversation to the prompt that the model takes. Everything that a model's directory says
//! of it beside its weights meets here.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    cache::ImageCache, generation::GenerationDefaults, image::ImageProcessorConfig, special::SpecialIds,
    template::ChatTemplate, tokenizer::Tokenizer,
};
use crate::{
    data::{Chat, ImageRef, Kind, Problem},
    error::input_error,
    model::{ImagePatches, ModelConfig, ModelInput},
};

/// The token that stands for an image in a rendered template, and for each of its features in the ids.
pub(super) const IMAGE_PAD: &str = "<|image_pad|>";

/// Images that a processor keeps, cut into patches: at most this many bytes.
pub(crate) const IMAGE_CACHE_BYTES: usize = 512 << 20;

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
            image: ImageProcessorConfig::from_dir(directory)?,
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
        let instruction = self.instruction.as_deref().filter(|_| problem.kind == Kind::REASON);
        self.chat(&Chat::of(problem, instruction)?)
    }

    /// The prompt of a conversation, up to where the model's turn begins.
    ///
    /// # Errors
    /// The same as those of [`Self::prompt`], which do not name a problem.
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
