//! Cutover's own commands, for people to type.

use std::fmt::Display;

use crate::shell::command;
use crate::space::Verb;

/// Cutover's own commands about one plan, for people to type: each carries the flags that name the plan and what it is
/// run with, since without them it would be about another plan, or about another space.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OwnCommands {
    flags: Vec<String>,
    apps: Vec<String>,
}

impl OwnCommands {
    /// Commands with these flags, about these apps of the plan; about all of them where none is named.
    pub(crate) fn new(flags: Vec<String>, apps: Vec<String>) -> Self {
        Self { flags, apps }
    }

    /// What a verb is typed as: `cutover resume -f deploy.yaml`.
    pub(crate) fn verb(&self, verb: impl Display) -> String {
        self.about(verb, &self.apps)
    }

    /// The same about some apps of the plan.
    pub(crate) fn about<A: AsRef<str>>(&self, verb: impl Display, apps: impl IntoIterator<Item = A>) -> String {
        let mut words: Vec<String> = verb.to_string().split(' ').map(ToOwned::to_owned).collect();
        words.extend(self.flags.iter().cloned());
        words.extend(apps.into_iter().flat_map(|app| ["--app".to_owned(), app.as_ref().to_owned()]));
        command(["cutover".to_owned()].into_iter().chain(words))
    }

    /// How it goes on or back from here, after what `verb` had in flight: in one line where that is short.
    pub(crate) fn ways(&self, verb: Verb) -> String {
        self.ways_of(verb, &[Verb::Resume, Verb::Rollback])
    }

    /// As [`Self::ways`], of those verbs alone that are not refused.
    pub(crate) fn ways_of(&self, verb: Verb, possible: &[Verb]) -> String {
        let ways: &[(&str, Verb)] = match verb {
            Verb::Apply | Verb::Resume => &[("go on with", Verb::Resume), ("go back with", Verb::Rollback)],
            Verb::Rollback => &[("go on with", Verb::Rollback)],
        };
        let in_short = self.flags.is_empty() && self.apps.is_empty();
        let (way, or, see) = if in_short { (" ", ", or ", "; see ") } else { ("\n  ", "\nor ", "\nsee\n  ") };
        let ways = ways.iter().filter(|(_, verb)| possible.contains(verb));
        let ways: Vec<String> = ways.map(|(words, verb)| format!("{words}{way}{}", self.verb(verb))).collect();
        if ways.is_empty() {
            return format!("see{way}{}", self.verb("status"));
        }
        format!("{}{see}{}", ways.join(or), self.verb("status"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_commands_are_about_the_plan_that_they_are_told_of() {
        let flags = ["--file", "prod plan.yaml", "--env", "eu"].map(ToOwned::to_owned).to_vec();
        let own = OwnCommands::new(flags, vec!["shop".to_owned()]);
        assert_eq!(own.verb("resume"), "cutover resume --file 'prod plan.yaml' --env eu --app shop");
        assert_eq!(
            own.about("rollback --take-over", ["cart", "a b"]),
            "cutover rollback --take-over --file 'prod plan.yaml' --env eu --app cart --app 'a b'"
        );
        assert_eq!(OwnCommands::default().verb("lock break"), "cutover lock break");
    }

    #[test]
    fn what_is_refused_is_no_way() {
        let of = |verb, possible: &[Verb]| OwnCommands::default().ways_of(verb, possible);
        let both = [Verb::Resume, Verb::Rollback];
        assert_eq!(
            of(Verb::Apply, &both),
            "go on with cutover resume, or go back with cutover rollback; see cutover status"
        );
        assert_eq!(of(Verb::Resume, &both[1..]), "go back with cutover rollback; see cutover status");
        assert_eq!(of(Verb::Rollback, &both), "go on with cutover rollback; see cutover status");
        assert_eq!(of(Verb::Rollback, &both[..1]), "see cutover status");
        assert_eq!(of(Verb::Apply, &[]), "see cutover status");
    }
}
