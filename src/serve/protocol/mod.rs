//! The fields of requests in OpenAI's form, with those that vLLM has beside them. A field that would change the answer and is
//! not understood is refused by name: nobody gets another answer than they asked for.

mod fields;
mod wishes;

pub(super) use fields::{ChatBody, CommonFields, CompletionBody, TextOrTokens};
pub(super) use wishes::{ResponseOptions, Wishes};
