//! Templates that nobody has rendered: Jinja and Helm (`{{ }}`, `{% %}`), ERB (`<% %>`), a shell's `${ }`.
//!
//! A shell's form means something in commands and environment variables, where it is not looked for.

use super::value_error::ValueError;
use super::yaml::{Node, Value};

/// What begins and ends a piece of a template.
const MARKS: [(&str, &str); 4] = [("{{", "}}"), ("{%", "%}"), ("<%", "%>"), ("${", "}")];

/// What is wrong with a text that is a piece of a template. It quotes nothing of it, which may be secret.
pub(super) fn error_in(text: &str) -> Option<ValueError> {
    let is_one = |(open, close): &&(&str, &str)| text.find(open).is_some_and(|at| text[at..].contains(close));
    MARKS.iter().find(is_one).map(|(open, close)| not_rendered(open, close))
}

/// What is wrong with a mapping that a piece of a template without quotes is to YAML: `{{ name }}` is a mapping whose key
/// is a mapping.
pub(super) fn error_at(key: &Node) -> Option<ValueError> {
    matches!(key.value, Value::Map(_)).then(|| not_rendered("{{", "}}"))
}

/// Where in a text that is no YAML a piece of a template may be the reason, and what is to be told: the last one up to the
/// end of the line of an error, unless it stands in quotes.
pub(super) fn reason_of(text: &str, offset: usize) -> Option<(usize, ValueError)> {
    let end = text.get(offset..)?.find('\n').map_or(text.len(), |at| offset + at);
    let in_quotes = |at: usize| text[..at].ends_with(['"', '\'']);
    let (at, (open, close)) = MARKS
        .iter()
        .filter(|(open, _)| *open != "${")
        .filter_map(|mark| Some((text[..end].rfind(mark.0).filter(|at| !in_quotes(*at))?, mark)))
        .max_by_key(|(at, _)| *at)?;
    Some((at, not_rendered(open, close)))
}

fn not_rendered(open: &str, close: &str) -> ValueError {
    ValueError::hinted(
        format!("`{open} {close}` is a piece of a template that was not rendered"),
        "render it first, and name the file that comes of it; cf itself fills in ((name)) and nothing else",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_templates() {
        for (text, is_one) in [
            ("${MEMORY}", true),
            ("shop-{{ env }}", true),
            ("<%= memory %>", true),
            ("{% if x %}", true),
            ("((memory))", false),
            ("}}{{", false),
            ("$MEMORY", false),
            ("256M", false),
        ] {
            assert_eq!(error_in(text).is_some(), is_one, "{text}");
        }
    }

    #[test]
    fn why_a_template_is_no_yaml() {
        for (text, offset, at) in [
            ("a: 1\n<% if x %>\nb: 2\n", 10, Some(5)),
            ("a: {{ x | y }}\n", 9, Some(3)),
            ("a: '{{ x }}'\nb: [\n", 16, None),
            ("a: ${X}\nb: [\n", 11, None),
            ("b: [\na: {{ x }}\n", 3, None),
        ] {
            assert_eq!(reason_of(text, offset).map(|(at, _)| at), at, "{text}");
        }
    }
}
