//! What is told of it: a table of what was reached beside what must be.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The middle one.
pub(crate) fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    let middle = all.len() / 2;
    if all.len() % 2 == 1 { all[middle] } else { f64::midpoint(all[middle - 1], all[middle]) }
}

/// A line of the table.
pub(crate) struct Row {
    what: String,
    reached: String,
    most: String,
    holds: bool,
    note: String,
}

impl Row {
    fn new(what: &str, (reached, most): (String, String), holds: bool, note: &str) -> Self {
        Self { what: what.to_owned(), reached, most, holds, note: note.to_owned() }
    }

    /// How long it takes beside another contender.
    pub(crate) fn ratio(what: &str, reached: f64, most: f64, note: &str) -> Self {
        Self::new(what, (format!("{reached:.2} ×"), format!("{most:.2} ×")), reached <= most, note)
    }

    /// How many.
    pub(crate) fn count(what: &str, reached: usize, most: usize, note: &str) -> Self {
        Self::new(what, (reached.to_string(), most.to_string()), reached <= most, note)
    }

    /// How much of a whole.
    pub(crate) fn percent(what: &str, reached: f64, most: f64, note: &str) -> Self {
        Self::new(what, (format!("{reached:.1} %"), format!("{most:.1} %")), reached <= most, note)
    }

    /// How long.
    pub(crate) fn time(what: &str, reached: f64, most: f64, unit: &str, note: &str) -> Self {
        Self::new(what, (format!("{reached:.1} {unit}"), format!("{most:.1} {unit}")), reached <= most, note)
    }

    fn line(&self) -> String {
        let Self { what, reached, most, holds, note } = self;
        format!("| {what} | {reached} | {most} | {} | {note} |\n", if *holds { "yes" } else { "**no**" })
    }
}

/// All of it.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Takes a line in, and tells it.
    pub(crate) fn add(&mut self, row: Row) {
        print!("{}", row.line());
        self.0.push(row);
    }

    /// Puts it into the page, in the place of the one that is there.
    pub(crate) fn write(&self) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
        let page = fs::read_to_string(&file).unwrap();
        let (head, rest) = page.split_once("<!-- written by make bench -->\n").unwrap();
        let (_, tail) = rest.split_once("<!-- until here -->\n").unwrap();
        let mut table = String::from("| what | reached | at most | holds | |\n|---|---|---|---|---|\n");
        for row in &self.0 {
            let _ = write!(table, "{}", row.line());
        }
        fs::write(file, format!("{head}<!-- written by make bench -->\n{table}<!-- until here -->\n{tail}")).unwrap();
    }
}
