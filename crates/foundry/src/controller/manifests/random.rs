//! The random part of a random route: two words and two letters.

use crate::state::Guid;

const FIRST: [&str; 16] = [
    "active", "brave", "calm", "daring", "eager", "fearless", "generous", "happy", "intrepid", "kind", "lively",
    "mellow", "noble", "quiet", "swift", "terrific",
];
const SECOND: [&str; 16] = [
    "badger",
    "cassowary",
    "dingo",
    "eland",
    "fossa",
    "gazelle",
    "hippo",
    "ibex",
    "jackal",
    "koala",
    "lynx",
    "marmot",
    "numbat",
    "otter",
    "puma",
    "quokka",
];

/// Such as `calm-lynx-ab`.
pub(super) fn words() -> String {
    let random = uuid::Uuid::parse_str(Guid::random().as_str()).map(uuid::Uuid::into_bytes).unwrap_or_default();
    let pick = |words: &[&'static str; 16], byte: u8| words[usize::from(byte % 16)];
    let letter = |byte: u8| char::from(b'a' + byte % 26);
    format!("{}-{}-{}{}", pick(&FIRST, random[0]), pick(&SECOND, random[1]), letter(random[2]), letter(random[3]))
}
