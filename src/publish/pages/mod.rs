//! Templates and what they tell become pages: one look, one way to write, one place for charts.
//!
//! A page is one file: no script, nothing from elsewhere. What a template is given is plain data,
//! and a template decides nothing but how it looks.

pub mod chart;
pub mod flow;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{
    AutoEscape, Environment, Output, State, UndefinedBehavior, Value, escape_formatter,
};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::vocabulary::french;

/// All templates, by the name that they know one another by.
const TEMPLATES: [(&str, &str); 7] = [
    ("page.html", include_str!("templates/page.html")),
    ("parts.html", include_str!("templates/parts.html")),
    ("style.css", include_str!("templates/style.css")),
    ("document.html", include_str!("templates/document.html")),
    ("barometre.html", include_str!("templates/barometre.html")),
    ("rapport.html", include_str!("templates/rapport.html")),
    ("rapport.css", include_str!("templates/rapport.css")),
];

/// A page, from its template.
///
/// # Errors
/// When a template asks for what is not given: a fault of the program.
pub fn render(template: &str, told: &impl Serialize) -> Result<String> {
    let page = environment()
        .and_then(|environment| environment.get_template(template)?.render(Serde(told)));
    page.map_err(|error| {
        Error::internal(format!("the template `{template}`: {error:#}")).because(error)
    })
}

fn environment() -> std::result::Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_auto_escape_callback(|name| match name {
        name if name.ends_with(".css") => AutoEscape::None,
        _ => AutoEscape::Html,
    });
    environment.set_formatter(write);
    environment.add_filter("nombre", french::spaced);
    environment.add_filter("periode", |code: String| french::period(&code));
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    Ok(environment)
}

/// Writes a value; no line of a text begins with what belongs to the word before.
fn write(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> std::result::Result<(), minijinja::Error> {
    match value.as_str().filter(|_| !value.is_safe()) {
        Some(text) => escape_formatter(out, state, &Value::from(french::typeset(text))),
        None => escape_formatter(out, state, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_read() {
        assert!(environment().is_ok());
    }
}
