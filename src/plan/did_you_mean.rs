//! Guesses the word that was meant.

use strsim::osa_distance;

/// The most similar of some words, if one is similar enough to be a slip of the pen.
pub(crate) fn closest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let simple = |text: &str| text.to_lowercase().replace('-', "_");
    let word = simple(word);
    let length = word.chars().count();
    let most = (length / 3).clamp(1, 3);
    words
        // To compare takes a time that grows with both lengths; words of very different lengths are not similar.
        .filter(|other| other.chars().count().abs_diff(length) <= most)
        .map(|other| (osa_distance(&word, &simple(other)), other))
        .filter(|(far, _)| *far <= most)
        .min()
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen() {
        let keys = ["name", "colours", "path", "manifest", "services", "vars_files", "live"];
        for (word, meant) in [
            ("servces", Some("services")),
            ("colors", Some("colours")),
            ("Name", Some("name")),
            ("vars-files", Some("vars_files")),
            ("mainfest", Some("manifest")),
            ("liev", Some("live")),
            ("memory", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(closest(word, keys.into_iter()), meant, "{word}");
        }
    }
}
