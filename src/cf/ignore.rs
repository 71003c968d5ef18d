//! What cf leaves out of an upload: its own short list, and the lines of a `.cfignore`.
//!
//! cf 8.17 (`actor/sharedaction/resource.go`) matches with `sabhiram/go-gitignore` of 2017, which is not git's matching
//! and not that of the crates for it, so that neither fits here: a line is turned into a regular expression by
//! replacing text in it, and what is no wildcard goes into the expression as it stands. So `?` is a question mark,
//! `[!a]` is `!` or `a`, a pattern with a slash in its middle matches at any depth, `a|b` matches whatever ends with
//! `b`, a line that makes no valid expression (`c++`) is passed over, and a file below a folder that is left out can be
//! taken in again. What is kept here is its behaviour, line by line.

use regex::Regex;

/// What cf 8.17 never uploads (`DefaultIgnoreLines`).
const BUILT_IN: [&str; 9] =
    [".cfignore", ".DS_Store", ".git", ".gitignore", ".hg", ".svn", "_darcs", "manifest.yaml", "manifest.yml"];

/// Stands in go-gitignore for a star of the expression, while the stars of the line are replaced.
const STAR: &str = "#$~";

/// The rules of one upload. The last one that matches a path decides.
#[derive(Debug, Clone)]
pub(crate) struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    matches: Regex,
    takes_in: bool,
}

impl Ignore {
    /// The rules for a folder, with the text of the `.cfignore` in it. cf 8.17: its own list comes last, so that no
    /// line takes in again what is on it. (A trace file that lies in the folder is left out, too; our cf writes none.)
    pub(crate) fn of_folder(cfignore: Option<&str>) -> Self {
        Self::of(lines(cfignore).chain(BUILT_IN))
    }

    /// The rules for an archive, with the text of the first file in it whose name ends with `.cfignore`. cf 8.17: here
    /// the lines of the file come last.
    pub(crate) fn of_archive(cfignore: Option<&str>) -> Self {
        Self::of(BUILT_IN.into_iter().chain(lines(cfignore)))
    }

    fn of<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        Self { rules: lines.filter_map(Rule::of).collect() }
    }

    /// Whether a path (relative, with `/` between its parts) is left out. Folders are asked for like files, and what is
    /// in them is asked for in its turn.
    pub(crate) fn leaves_out(&self, path: &str) -> bool {
        self.rules.iter().rev().find(|rule| rule.matches.is_match(path)).is_some_and(|rule| !rule.takes_in)
    }

    /// The line of a `.cfignore` that leaves out just this path.
    pub(crate) fn line_for(path: &str) -> String {
        let mut line = String::from("/");
        for c in path.chars() {
            if matches!(c, '\\' | '+' | '*' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$') {
                line.push('\\');
            }
            line.push(c);
        }
        // Blanks at the end of a line do not count.
        match line.strip_suffix(' ') {
            Some(rest) => format!("{rest}[ ]"),
            None => line,
        }
    }
}

fn lines(cfignore: Option<&str>) -> impl Iterator<Item = &str> {
    cfignore.into_iter().flat_map(|text| text.split('\n'))
}

impl Rule {
    /// The rule of a line. `None` for a blank one, a comment, and one that makes no valid expression.
    fn of(line: &str) -> Option<Self> {
        let line = line.trim_end_matches('\r');
        if line.starts_with('#') {
            return None;
        }
        let line = line.trim_matches(' ');
        if line.is_empty() {
            return None;
        }
        let (takes_in, line) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        // The mark that is meant to follow a backslash is taken off, whether there is one or not.
        let line = line.strip_prefix(['#', '!']).unwrap_or(line);
        let matches = Regex::new(&in_this_dialect(&expression(line))?).ok()?;
        Some(Self { matches, takes_in })
    }
}

/// The expression that a line becomes, in the syntax of Go.
fn expression(line: &str) -> String {
    let mut pattern = line.to_owned();
    if !pattern.starts_with('/') && is_below_a_folder(&pattern) {
        pattern.insert(0, '/');
    }
    pattern = pattern.replace('.', r"\.");
    if pattern.starts_with("/**/") {
        pattern.remove(0);
    }
    for (written, means) in [
        ("/**/", "(/|/.+/)"),
        ("**/", "(|.#$~/)"),
        ("/**", "(|/.#$~)"),
        (r"\*", r"\#$~"),
        ("*", "([^/]*)"),
        ("?", r"\?"),
        (STAR, "*"),
    ] {
        pattern = pattern.replace(written, means);
    }
    let (begin, rest) = match pattern.strip_prefix('/') {
        Some(rest) => ("^(|/)", rest),
        None => ("^(|.*/)", pattern.as_str()),
    };
    let end = if pattern.ends_with('/') { "(|.*)$" } else { "(|/.*)$" };
    format!("{begin}{rest}{end}")
}

/// Whether a folder and then, anywhere behind it, `*.` stand in the line (`foo/*.js`): that one is bound to the top.
fn is_below_a_folder(line: &str) -> bool {
    let chars: Vec<char> = line.chars().collect();
    let folder = chars.windows(2).position(|two| !matches!(two[0], '/' | '+') && two[1] == '/');
    folder.is_some_and(|at| chars[at + 2..].windows(2).any(|two| two == ['*', '.']))
}

/// The expression in the syntax of the crate `regex`, where it differs from Go's. `None` where only Go's is not valid.
fn in_this_dialect(expression: &str) -> Option<String> {
    let chars: Vec<char> = expression.chars().collect();
    let mut out = String::new();
    let mut in_class = false;
    // Go takes no repetition of a repetition.
    let mut repeated = false;
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let rest = &chars[at + 1..];
        let repeats = !in_class && (matches!(c, '*' | '+' | '?') || (c == '{' && is_repetition(rest)));
        if repeats && repeated {
            return None;
        }
        repeated = repeats;
        at += 1;
        match c {
            '\\' => {
                let escaped = chars.get(at)?;
                at += 1;
                match (escaped, ascii_class(*escaped)) {
                    // Here these two stand for the borders of words.
                    ('<' | '>', _) => out.push(*escaped),
                    (_, Some(class)) if in_class => out.push_str(class),
                    (_, Some(class)) => out.extend(["[", class, "]"]),
                    (_, None) => out.extend(['\\', *escaped]),
                }
            }
            '[' if !in_class => {
                in_class = true;
                out.push(c);
                if chars.get(at) == Some(&'^') {
                    at += 1;
                    out.push('^');
                }
                if chars.get(at) == Some(&']') {
                    at += 1;
                    out.push_str(r"\]");
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(c);
            }
            '[' if rest.first() == Some(&':') => out.push(c),
            // Classes within classes, and what is done with them, are none of Go's.
            '[' | '&' | '~' if in_class => out.extend(['\\', c]),
            '{' if repeats => {
                let end = rest.iter().position(|c| *c == '}')?;
                out.push(c);
                out.extend(&rest[..=end]);
                at += end + 1;
            }
            '{' | '}' if !in_class => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    Some(out)
}

/// What a class of Go's holds, which knows of ASCII alone.
fn ascii_class(escaped: char) -> Option<&'static str> {
    match escaped {
        'd' => Some("0-9"),
        's' => Some(r"\t\n\f\r "),
        'w' => Some("0-9A-Za-z_"),
        _ => None,
    }
}

/// Whether what follows a brace makes a repetition of it: `3}`, `3,}`, `3,5}`.
fn is_repetition(rest: &[char]) -> bool {
    let Some(end) = rest.iter().position(|c| *c == '}') else { return false };
    let inner: String = rest[..end].iter().collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match inner.split_once(',') {
        None => digits(&inner),
        Some((least, most)) => digits(least) && (most.is_empty() || digits(most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(lines: &str, paths: &[&'static str]) -> Vec<&'static str> {
        let ignore = Ignore::of_folder(Some(lines));
        paths.iter().copied().filter(|path| ignore.leaves_out(path)).collect()
    }

    #[test]
    fn lines_mean_what_cf_makes_of_them() {
        for (lines, left, taken) in [
            ("*.log", &["a.log", "sub/b.log", "x.log/in"][..], &["a.log2", "log"][..]),
            ("/top", &["top", "top/in"], &["sub/top", "topper"]),
            ("tmp/", &["tmp/", "tmp/a", "sub/tmp/a"], &["tmp"]),
            ("sub/one", &["sub/one", "deep/sub/one", "sub/one/in"], &["one", "sub/ones"]),
            ("sub/*.js", &["sub/a.js"], &["deep/sub/a.js", "sub/deep/a.js"]),
            ("**/deep", &["deep", "a/deep", "a/b/deep/in"], &["deeper"]),
            ("a/**", &["a", "a/b", "a/b/c", "x/a/b"], &["ab"]),
            ("a/**/z", &["a/z", "a/b/z", "a/b/c/z"], &["az"]),
            ("a?c", &["a?c"], &["abc"]),
            ("[!a]b", &["!b", "ab"], &["cb"]),
            ("{x}", &["{x}"], &["x"]),
            ("x{2}", &["xx"], &["x", "x{2}"]),
            ("c++\nd", &["d"], &["c", "cc", "c++"]),
            ("# c\n  x  \n\r\n", &["x"], &["# c", "c"]),
            ("\\#a", &["#a"], &["a"]),
            ("#a", &[], &["#a", "a"]),
            ("a|b", &["b", "x/b", "yb", "a", "ax"], &["c"]),
            ("all\n!all/but", &["all", "all/x"], &["all/but", "all/but/in"]),
            ("!x\nx", &["x"], &[]),
            ("ä*", &["ä", "äö"], &["a"]),
            (r"\w", &["a"], &["ä"]),
            ("", &["manifest.yml", "sub/manifest.yaml", ".git/config", "a/.cfignore"], &["git", ".gitmodules"]),
            ("!manifest.yml", &["manifest.yml"], &[]),
        ] {
            let paths: Vec<&str> = left.iter().chain(taken).copied().collect();
            assert_eq!(left_out(lines, &paths), left, "{lines:?}");
        }
    }

    #[test]
    fn in_an_archive_its_own_lines_come_last() {
        assert!(Ignore::of_archive(None).leaves_out("manifest.yml"));
        assert!(!Ignore::of_archive(Some("!manifest.yml")).leaves_out("manifest.yml"));
    }

    #[test]
    fn a_line_leaves_out_one_file() {
        for path in ["deploy.yaml", "a/b c.yml", "#x", "!x", "a+b(c)[d]{2}|^$", "a*b?", r"a\b", "end ", "ä.log"] {
            let line = Ignore::line_for(path);
            let ignore = Ignore::of_folder(Some(&line));
            assert!(ignore.leaves_out(path), "{line}");
            assert!(!ignore.leaves_out(&format!("sub/{path}")) && !ignore.leaves_out("deployXyaml"), "{line}");
        }
    }
}
