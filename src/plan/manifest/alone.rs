//! One application of a manifest with several: the same text without the lines of the others.
//!
//! cf 8.17 (`handle_app_name_override.go`): of several applications `cf push NAME` takes the one of that name, and only where
//! there is one it gives it another. So a colour is pushed from what is left when the others are taken out, and a person can
//! do the same with `sed`.

use std::fmt;

use crate::plan::yaml::{self, Node, SourceId};

/// What is pushed of a manifest with several applications.
#[derive(Clone, PartialEq, Eq)]
pub struct Alone {
    /// The first and the last of lines that are left out, from 1; in order.
    pub without: Vec<(usize, usize)>,
    /// The text without them, its variables as they are. It may hold secrets.
    pub text: String,
}

impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alone").field("without", &self.without).finish_non_exhaustive()
    }
}

impl Alone {
    /// Takes the lines of the other applications out of a manifest; `at` is which one is left. `None` where it cannot be had
    /// so: where several share a line, or where it takes over something that stands in another one (`*name`).
    pub(super) fn of(text: &str, applications: &[Node], at: usize) -> Option<Self> {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let first_line = |item: &Node| {
            let before = text.get(..yaml::locate(text, item.id)).unwrap_or_default();
            let begins = |line: &usize| lines.get(*line).is_some_and(|line| line.trim_start().starts_with('-'));
            (0..=before.matches('\n').count()).rev().find(begins)
        };
        let mut starts: Vec<usize> = applications.iter().map(first_line).collect::<Option<_>>()?;
        let behind = starts.last()? + 1;
        let ends = |line: &&str| !line.starts_with([' ', '\t', '\r', '\n', '#', '-']);
        starts.push(lines.iter().skip(behind).position(ends).map_or(lines.len(), |more| behind + more));
        let mut without: Vec<(usize, usize)> = Vec::new();
        for (item, range) in starts.windows(2).enumerate().filter(|(item, _)| *item != at) {
            let &[first, end] = range else { continue };
            match without.last_mut().filter(|_| item != at + 1) {
                Some(last) => last.1 = end,
                None => without.push((first + 1, end)),
            }
        }
        let is_left = |line: usize| !without.iter().any(|(first, last)| (*first..=*last).contains(&line));
        let text: String = lines.iter().enumerate().filter(|(at, _)| is_left(at + 1)).map(|(_, line)| *line).collect();
        let alone = yaml::read(&text, SourceId::default()).ok()?.merged();
        let is_it =
            |left: &[Node]| matches!(left, [one] if Some(one.to_json()) == applications.get(at).map(Node::to_json));
        alone.get("applications").map(Node::items).filter(|left| is_it(left))?;
        Some(Self { without, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, at: usize) -> Option<(Vec<(usize, usize)>, String)> {
        let root = yaml::read(text, SourceId::default()).unwrap().merged();
        let alone = Alone::of(text, root.get("applications").unwrap().items(), at)?;
        Some((alone.without, alone.text))
    }

    #[test]
    fn one_of_several_is_what_is_left_without_the_others() {
        let text = "\
# Both.
defaults: &defaults
  memory: 64M
applications:
# The shop.
- <<: *defaults
  name: shop

- name: cart # Of users.
  instances: ((carts))
-
  name: mail
  env:
    A: |
      - b
version: 1
";
        let head = "# Both.\ndefaults: &defaults\n  memory: 64M\napplications:\n# The shop.\n";
        let shop = "- <<: *defaults\n  name: shop\n\n";
        let cart = "- name: cart # Of users.\n  instances: ((carts))\n";
        let mail = "-\n  name: mail\n  env:\n    A: |\n      - b\n";
        for (at, without, left) in
            [(0, vec![(9, 15)], shop), (1, vec![(6, 8), (11, 15)], cart), (2, vec![(6, 10)], mail)]
        {
            assert_eq!(of(text, at), Some((without, format!("{head}{left}version: 1\n"))), "{at}");
        }
    }

    #[test]
    fn where_one_cannot_be_had_without_the_others() {
        for (text, at) in [
            ("applications: [{name: shop}, {name: cart}]\n", 0),
            ("applications:\n- {name: shop, env: &env {A: b}}\n- {name: cart, env: *env}\n", 1),
            ("applications:\n- &shop {name: shop, memory: 64M}\n- {<<: *shop, name: cart}\n", 1),
        ] {
            assert_eq!(of(text, at), None, "{text}");
        }
        // The one that the other takes over from can be had.
        let text = "applications:\n- {name: shop, env: &env {A: b}}\n- {name: cart, env: *env}\n";
        assert_eq!(of(text, 0).unwrap().0, [(3, 3)]);
    }
}
