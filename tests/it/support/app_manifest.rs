//! An app as cf writes its manifest.

use super::bench::Bench;

/// The app as cf writes its manifest, without what tells it from its twin: its name, its routes and cutover's own annotations.
pub(crate) fn app_manifest(bench: &Bench, app: &str) -> String {
    let file = bench.folder().join(format!("{app}.yml"));
    bench.cf.must(["create-app-manifest", app, "-p", file.to_str().unwrap()]);
    let text = std::fs::read_to_string(file).unwrap();
    // Variables are told in the order in which they were set.
    let mut lines: Vec<&str> = text
        .lines()
        .filter(|line| {
            let own = line.trim_start();
            !own.starts_with("- name: shop_")
                && !own.starts_with("cutover-")
                && !own.contains("route")
                && !own.starts_with("protocol:")
        })
        .collect();
    if let Some(at) = lines.iter().position(|line| *line == "  env:") {
        let end = lines[at + 1..].iter().position(|line| !line.starts_with("    ")).unwrap_or(0) + at + 1;
        lines[at + 1..end].sort_unstable();
    }
    lines.join("\n")
}
