//! The text of tokens as they come: whole characters only, up to the first text that ends the completion.

use anyhow::Result;

use crate::processor::Processor;

/// The text of a completion whose tokens come one after the other.
#[derive(Debug, Default)]
pub(super) struct GrowingText {
    ids: Vec<u32>,
    /// Where the tokens begin that are decoded together with what is new: some decoders look at the token before.
    context: usize,
    /// Tokens whose text is out.
    decoded: usize,
}

impl GrowingText {
    /// What tokens add to the text. What may be a part of a character waits for the rest of it, or for the end.
    pub(super) fn push(&mut self, ids: &[u32], is_end: bool, processor: &Processor) -> Result<String> {
        self.ids.extend_from_slice(ids);
        self.read(is_end, processor)
    }

    fn read(&mut self, is_end: bool, processor: &Processor) -> Result<String> {
        if self.decoded == self.ids.len() {
            return Ok(String::new());
        }
        let known = processor.decode(&self.ids[self.context..self.decoded], true)?;
        let text = processor.decode(&self.ids[self.context..], true)?;
        let is_whole = is_end || !text.ends_with('\u{FFFD}');
        let Some(new) = text.get(known.len()..).filter(|_| is_whole) else { return Ok(String::new()) };
        (self.context, self.decoded) = (self.decoded, self.ids.len());
        Ok(new.to_owned())
    }
}

/// Looks for texts that end a completion, in a text that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct StopTexts {
    stops: Vec<String>,
    /// What is not handed on yet: it may be the beginning of a stop.
    held: String,
}

/// What may be handed on of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Passed {
    pub text: String,
    /// The text that ended it, which is not handed on.
    pub stopped_by: Option<String>,
}

impl StopTexts {
    pub(super) fn new(stops: Vec<String>) -> Self {
        Self { stops, held: String::new() }
    }

    /// What of the text may be handed on now. At its end, nothing is held back.
    pub(super) fn pass(&mut self, piece: &str, is_end: bool) -> Passed {
        if self.stops.is_empty() {
            return Passed { text: piece.to_owned(), stopped_by: None };
        }
        self.held.push_str(piece);
        let found = self.stops.iter().filter_map(|stop| Some((self.held.find(stop)?, stop)));
        if let Some((at, stop)) = found.min_by_key(|(at, _)| *at) {
            let (text, stopped_by) = (self.held[..at].to_owned(), Some(stop.clone()));
            self.held.clear();
            return Passed { text, stopped_by };
        }
        let kept = if is_end { 0 } else { self.beginning_of_a_stop() };
        let rest = self.held.split_off(self.held.len() - kept);
        Passed { text: std::mem::replace(&mut self.held, rest), stopped_by: None }
    }

    /// The bytes at the end that a stop may begin with.
    fn beginning_of_a_stop(&self) -> usize {
        let ends_with = |stop: &String| {
            let lengths = (1..stop.len()).rev().filter(|&length| stop.is_char_boundary(length));
            lengths.into_iter().find(|&length| self.held.ends_with(&stop[..length]))
        };
        self.stops.iter().filter_map(ends_with).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_pieces_are_the_whole_and_no_character_is_cut() {
        let processor = Processor::from_dir(Path::new("models/tiny-text")).unwrap();
        let text = "Grüße, 世界! 🦀 1 + 1 = 2\n";
        let ids = processor.encode(text).unwrap();
        let mut growing = GrowingText::default();
        let mut pieces = Vec::new();
        for (place, id) in ids.iter().enumerate() {
            pieces.push(growing.push(&[*id], place + 1 == ids.len(), &processor).unwrap());
        }
        assert_eq!(pieces.concat(), text);
        assert!(pieces.iter().all(|piece| !piece.contains('\u{FFFD}')), "{pieces:?}");
        // A character that is never finished is shown as what it is at the end.
        let part = &processor.encode("🦀").unwrap()[..1];
        let mut growing = GrowingText::default();
        assert_eq!(growing.push(part, false, &processor).unwrap(), "");
        assert!(!growing.push(&[], true, &processor).unwrap().is_empty());
    }

    #[test]
    fn a_stop_ends_the_text_wherever_its_pieces_are_cut() {
        let text = "one\n\ntwo STOP three";
        for cut in 0..=text.len() {
            let mut stops = StopTexts::new(vec!["STOP".to_owned(), "\n\n\n".to_owned()]);
            let first = stops.pass(&text[..cut], false);
            let mut passed = first.text;
            if first.stopped_by.is_none() {
                let second = stops.pass(&text[cut..], true);
                passed.push_str(&second.text);
                assert_eq!(second.stopped_by.as_deref(), Some("STOP"), "{cut}");
            }
            assert_eq!(passed, "one\n\ntwo ", "{cut}");
        }
    }

    #[test]
    fn only_what_may_be_a_stop_is_held_back() {
        let mut stops = StopTexts::new(vec!["ab".to_owned(), "ü!".to_owned()]);
        assert_eq!(stops.pass("xa", false).text, "x");
        assert_eq!(stops.pass("c", false).text, "ac");
        assert_eq!(stops.pass("ü", false).text, "");
        assert_eq!(stops.pass("", true).text, "ü");
        assert_eq!(StopTexts::default().pass("ab", false).text, "ab");
    }
}
