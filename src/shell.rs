//! Commands as a person copies them into a shell: the one way in which a command line becomes text.

use std::borrow::Cow;
use std::time::Duration;

/// A command line as a POSIX shell reads it back: each word is quoted where it needs to be.
pub(crate) fn command<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> String {
    words.into_iter().map(|word| quote(word.as_ref())).collect::<Vec<_>>().join(" ")
}

/// One word as a POSIX shell reads it back. No argument can hold NUL: it is left out.
pub(crate) fn quote(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| quote(&word.replace('\0', "")), Cow::into_owned)
}

/// How many seconds that is for a shell that knows whole ones alone: none is cut off.
pub(crate) fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// The command that waits so long.
pub(crate) fn sleep(time: Duration) -> String {
    format!("sleep {}", seconds(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_second_is_waited_for_as_a_whole_one() {
        for (millis, line) in [(0, "sleep 0"), (1, "sleep 1"), (1_000, "sleep 1"), (1_500, "sleep 2")] {
            assert_eq!(sleep(Duration::from_millis(millis)), line);
        }
    }
}

#[cfg(test)]
mod laws {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_shell_reads_the_same_words(words in proptest::collection::vec("[ -~äß\n\t日]{0,12}", 1..5)) {
            prop_assert_eq!(shlex::split(&command(&words)), Some(words));
        }
    }
}
