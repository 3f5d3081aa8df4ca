//! A problem or a conversation to the prompt that the model takes. Everything that a model's directory says
//! of it beside its weights meets here.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    bound::{PromptBound, UnfitText},
    cache::ImageCache,
    generation::GenerationDefaults,
    image::ImageProcessorConfig,
    shown,
    special::SpecialIds,
    template::{ChatTemplate, TemplateArguments},
    tokenizer::Tokenizer,
    turn::end_of_turn,
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
#[derive(Debug, Clone, PartialEq, Default)]
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
    bound: Option<PromptBound>,
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
        Self::from_dir_with(directory, &TemplateArguments::default())
    }

    /// As [`Self::from_dir`], with values that the chat template is given.
    ///
    /// # Errors
    /// Those of [`Self::from_dir`], and when the template does not mention one of the values.
    pub fn from_dir_with(directory: &Path, arguments: &TemplateArguments) -> Result<Self> {
        let tokenizer = Tokenizer::from_file(&directory.join("tokenizer.json"))?;
        let template = ChatTemplate::from_dir(directory)?.with_arguments(arguments)?;
        let special = SpecialIds::from_dir(directory, &tokenizer)?;
        Ok(Self {
            special: special.with_end_of_turn(end_of_turn(&template, &tokenizer)),
            template,
            image: ImageProcessorConfig::from_dir(directory)?,
            generation: GenerationDefaults::from_dir(directory)?,
            tokenizer,
            instruction: None,
            model: None,
            bound: None,
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
    /// of image features, ids beyond its vocabulary, or more tokens than it has positions.
    pub fn for_model(mut self, config: ModelConfig) -> Self {
        self.bound = PromptBound::of_positions(&config);
        self.model = Some(config);
        self
    }

    /// Refuses prompts of more tokens than a bound says, where there is one.
    pub fn with_bound(mut self, bound: Option<PromptBound>) -> Self {
        self.bound = bound.or(self.bound);
        self
    }

    /// The model whose prompts these are, where it is known.
    pub fn model(&self) -> Option<&ModelConfig> {
        self.model.as_ref()
    }

    /// The prompt of a problem. Its images are decoded once and kept, within a bound on memory.
    ///
    /// # Errors
    /// When the problem's text spells out a special token, the prompt is too long, an image cannot be used, or the
    /// template does not show every image once; the message names the problem. An [`UnfitText`] is in the chain of the
    /// first two.
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
        let images = chat.images.iter().map(|image| self.patches(image)).collect::<Result<Vec<_>>>()?;
        self.chat_showing(&chat.messages, images)
    }

    /// The prompt of a conversation whose images are cut into patches already, in the order in which its parts show
    /// them.
    ///
    /// # Errors
    /// The same as those of [`Self::chat`].
    pub fn chat_showing(&self, messages: &[Value], images: Vec<Arc<ImagePatches>>) -> Result<Prompt> {
        for text in messages.iter().flat_map(texts_of) {
            self.refuse_special_tokens(text)?;
        }
        let text = self.template.render(messages)?;
        let features: Vec<usize> = images.iter().map(|image| self.features(image)).collect();
        let ids = self.expand_pads(self.tokenizer.encode(&text)?, &features)?;
        if ids.is_empty() {
            return Err(input_error("the chat template makes an empty prompt of it; give it some text"));
        }
        Ok(Prompt { text, input: self.checked(ModelInput { ids, images })? })
    }

    /// What the model can read of token ids and images, which must fit each other.
    ///
    /// # Errors
    /// Where ids and images do not belong together, an id is none of the model's, or there are too many.
    pub fn checked(&self, input: ModelInput) -> Result<ModelInput> {
        self.bound.iter().try_for_each(|bound| bound.check(input.ids.len()))?;
        self.model.iter().try_for_each(|config| input.check(config))?;
        Ok(input)
    }

    /// An image in memory, as the model reads it; errors name its number.
    ///
    /// # Errors
    /// Where it cannot be decoded, or the model reads text only.
    pub fn patches_of_bytes(&self, bytes: &[u8], number: usize) -> Result<ImagePatches> {
        self.image_config()?.load_bytes(bytes, number)
    }

    /// Text from data must not open or close turns, nor stand for an image.
    fn refuse_special_tokens(&self, text: &str) -> Result<()> {
        match self.tokenizer.special_token_in(text) {
            None if !text.contains(IMAGE_PAD) => Ok(()),
            found => Err(input_error("remove it or spell it differently")
                .context(UnfitText::SpecialToken(found.unwrap_or(IMAGE_PAD).to_owned()))),
        }
    }

    fn patches(&self, image: &ImageRef) -> Result<Arc<ImagePatches>> {
        let config = self.image_config()?;
        if let Some(patches) = self.cache().get(image) {
            return Ok(patches);
        }
        // Decoded without the lock: other threads go on, at worst one image is decoded twice.
        let patches = Arc::new(config.load(image)?);
        self.cache().insert(image.clone(), patches.clone());
        Ok(patches)
    }

    fn image_config(&self) -> Result<&ImageProcessorConfig> {
        self.image.as_ref().ok_or_else(|| {
            input_error(
                "it has images, but the model reads text only: its directory has no preprocessor_config.json",
            )
        })
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

    /// The id that ends an assistant's turn in the chat template, or the first that ends a completion: what completions
    /// that are learnt from end with.
    pub fn end_of_turn(&self) -> u32 {
        self.special.end_of_turn
    }

    /// The token that ends completions because the chat template ends turns with it, where no file of the model names
    /// it.
    pub fn end_shown_by_template(&self) -> Option<String> {
        self.tokenizer.decode(&[self.special.shown_by_template?], false).ok()
    }

    /// Whether prompts differ from day to day: the chat template shows the date, and no argument fixes it.
    pub fn shows_todays_date(&self) -> bool {
        self.template.shows_todays_date()
    }

    /// Whether the chat template shows a system message.
    ///
    /// # Errors
    /// When it refuses conversations with one; the message is the template's own.
    pub fn shows_system(&self) -> Result<bool> {
        shown::shows_system(&self.template)
    }

    /// Whether the chat template shows turns before the last one.
    ///
    /// # Errors
    /// When it refuses conversations of several turns; the message is the template's own.
    pub fn shows_history(&self) -> Result<bool> {
        shown::shows_history(&self.template)
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
