//! Which two apps take turns, by what their names tell.

/// What the names of two apps that take turns end with.
const PAIRS: [[&str; 2]; 6] =
    [["_a", "_b"], ["-a", "-b"], ["-blue", "-green"], ["_blue", "_green"], ["-1", "-2"], ["", "-venerable"]];

/// The name that people use for an app, and the one that takes turns with it, among these that are there. Where none is, the other
/// one gets the name with `_b` behind it.
pub(crate) fn partner(app: &str, there: &[&str]) -> (String, String) {
    for pair in PAIRS {
        for [own, other] in [pair, [pair[1], pair[0]]] {
            let Some(base) = app.strip_suffix(own).filter(|base| !base.is_empty()) else { continue };
            let partner = format!("{base}{other}");
            let is_there = there.iter().any(|name| *name == partner);
            if is_there || (!own.is_empty() && !other.is_empty()) {
                return (base.to_owned(), partner);
            }
        }
    }
    (app.to_owned(), format!("{app}_b"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_who_takes_turns() {
        for (app, there, expected) in [
            ("shop", &["shop"][..], ("shop", "shop_b")),
            ("shop_a", &["shop_a"], ("shop", "shop_b")),
            ("shop_b", &["shop_a", "shop_b"], ("shop", "shop_a")),
            ("shop-blue", &["shop-blue", "shop-green"], ("shop", "shop-green")),
            ("shop-green", &["shop-green"], ("shop", "shop-blue")),
            ("shop", &["shop", "shop-venerable"], ("shop", "shop-venerable")),
            ("_a", &["_a"], ("_a", "_a_b")),
        ] {
            let (name, partner) = partner(app, there);
            assert_eq!((name.as_str(), partner.as_str()), expected, "{app}");
        }
    }
}
