//! Guesses the word that was meant.

/// The most similar of some words, if one is similar enough to be a slip of the pen.
pub(super) fn closest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let simple = |text: &str| text.to_lowercase().replace('-', "_");
    let word = simple(word);
    let most = (word.chars().count() / 3).clamp(1, 3);
    words
        .map(|other| (distance(&word, &simple(other)), other))
        .filter(|(far, _)| *far <= most)
        .min()
        .map(|(_, other)| other)
}

/// How many letters must be put in, taken out, replaced or swapped with a neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut two_above: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = above[j] + usize::from(a[i] != b[j]);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(two_above[j - 1] + 1);
            }
            row.push(least);
        }
        two_above = std::mem::replace(&mut above, row);
    }
    above[b.len()]
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
