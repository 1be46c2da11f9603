//! Distinct texts, each with a code.

use std::collections::HashMap;
use std::sync::Arc;

use crate::column::{Fingerprints, Found, Memo, NO_TEXT};

/// Gives the text of a code.
pub trait Texts {
    /// The text; empty for a code that has none.
    fn text(&self, code: u32) -> &str;
    /// One more than the greatest code.
    fn len(&self) -> usize;
    /// Whether no code has a text.
    fn is_empty(&self) -> bool {
        self.len() <= 1
    }
}

/// Texts and their codes, from 1 in the order they came.
#[derive(Clone, Debug)]
pub struct Dictionary {
    /// Shared with those who look on while texts are added.
    texts: Arc<Vec<Arc<str>>>,
    codes: HashMap<Arc<str>, u32, Fingerprints>,
    /// Most texts come again soon.
    memo: Memo,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self {
            texts: Arc::new(vec![Arc::from("")]),
            codes: HashMap::default(),
            memo: Memo::default(),
        }
    }
}

impl Dictionary {
    /// The code of a text, which gets the next one when it is new.
    pub fn code(&mut self, text: &str) -> u32 {
        let Self { texts, codes, memo } = self;
        let found = memo.get(text.as_bytes(), |_| {
            let code = codes.get(text).copied().or_else(|| {
                let code = u32::try_from(texts.len()).ok()?;
                let text: Arc<str> = Arc::from(text);
                Arc::make_mut(texts).push(Arc::clone(&text));
                codes.insert(text, code);
                Some(code)
            });
            Found { value: code.unwrap_or(NO_TEXT), is_refused: false }
        });
        found.value
    }

    /// The code of a text it has.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        self.codes.get(text).copied()
    }

    /// All texts so far, in the order of their codes, the empty text of no text first.
    #[must_use]
    pub fn texts(&self) -> Arc<Vec<Arc<str>>> {
        Arc::clone(&self.texts)
    }
}

impl Texts for Dictionary {
    fn text(&self, code: u32) -> &str {
        self.texts.text(code)
    }

    fn len(&self) -> usize {
        Texts::len(&*self.texts)
    }
}

impl Texts for Vec<Arc<str>> {
    fn text(&self, code: u32) -> &str {
        let place = usize::try_from(code).unwrap_or_default();
        self.get(place).map_or("", |text| text)
    }

    fn len(&self) -> usize {
        self.as_slice().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_code() {
        let mut dictionary = Dictionary::default();
        assert_eq!([dictionary.code("a"), dictionary.code("é"), dictionary.code("a")], [1, 2, 1]);
        assert_eq!(dictionary.text(2), "é");
        assert_eq!(dictionary.text(NO_TEXT), "");
        assert_eq!(dictionary.find("b"), None);
        assert_eq!(dictionary.len(), 3);
    }
}
