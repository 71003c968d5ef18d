//! What holds for any file: it is read or refused, never a panic, and every problem stands within its file.

use std::path::Path;

use proptest::prelude::*;

use super::tests::{MANIFEST, Memory, SMALL, project};
use super::{Problem, load};
use crate::text::is_unprintable;

/// Whether a problem's place lies in the text of its file.
fn lies_within(problem: &Problem, files: &Memory) -> bool {
    let Some(at) = &problem.position else { return true };
    let Some(bytes) = files.0.get(&problem.file) else { return false };
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let plain = text.replace("\r\n", "\n").replace('\r', "\n");
    plain.split('\n').nth(at.line - 1).is_some_and(|line| at.column >= 1 && at.column <= line.chars().count() + 1)
}

fn holds_for(plan: &[u8], manifest: &[u8]) -> Result<(), TestCaseError> {
    let mut files = project(SMALL);
    files.0.insert("deploy.yaml".into(), plan.to_vec());
    files.0.insert("app/manifest.yml".into(), manifest.to_vec());
    holds(&files, None)
}

fn holds(files: &Memory, env: Option<&str>) -> Result<(), TestCaseError> {
    if let Err(problems) = load(Path::new("deploy.yaml"), env, files) {
        prop_assert!(problems.iter().len() > 0);
        for problem in &problems {
            prop_assert!(lies_within(problem, files), "{:?}", problem);
        }
        let shown = problems.to_string();
        prop_assert!(shown.contains("error: "));
        prop_assert!(!shown.contains(|c| c != '\n' && is_unprintable(c)), "{:?}", shown);
    }
    Ok(())
}

/// A sound text with some characters put in, taken out or replaced.
fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "", " ", "\n", "\r\n", "\t", ":", ": ", "- ", "[", "]", "{", "}", "*", "&a ", "*a", "<<: *a", "!x ", "'", "\"",
        "#", "|", "null", "~", "-1", "1.0", "é", "日本", "\u{2028}", "\u{FEFF}", "---\n", "((x))", "((name))", "?",
        "@", "%", ",",
    ]);
    prop::collection::vec((0..text.len(), 0_usize..12, piece), 1..4).prop_map(move |edits| {
        let mut text = text.to_owned();
        for (at, length, piece) in edits {
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let end = (at + length).min(text.len());
            let end = (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
            text.replace_range(at..end, piece);
        }
        text
    })
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        holds_for(&bytes, MANIFEST.as_bytes())?;
        holds_for(SMALL.as_bytes(), &bytes)?;
    }

    #[test]
    fn any_text(text in "[-a:\\[\\]{}&*!|>'\"%@`#?,<~0-9. \t\r\né日\u{85}\u{2028}]{0,80}") {
        holds_for(text.as_bytes(), MANIFEST.as_bytes())?;
        holds_for(SMALL.as_bytes(), text.as_bytes())?;
    }

    #[test]
    fn any_damage(plan in damaged(include_str!("../../deploy.example.yaml")), manifest in damaged(MANIFEST)) {
        holds_for(plan.as_bytes(), MANIFEST.as_bytes())?;
        holds_for(SMALL.as_bytes(), manifest.as_bytes())?;
    }

    /// What is pushed is a manifest with the one application that was read, or nothing is.
    #[test]
    fn any_manifest_with_several_applications(manifest in damaged(
        "a: &a {memory: 64M}\napplications:\n- name: cart\n  memory: 1G\n# Or\n- <<: *a\n  name: shop\n  env: {A: b}\n\n- name: mail\nversion: 1\n",
    )) {
        let mut files = project(&format!("{SMALL}    app: shop\n"));
        files.0.insert("app/manifest.yml".into(), manifest.into_bytes());
        holds(&files, None)?;
        let Ok(plan) = load(Path::new("deploy.yaml"), None, &files) else { return Ok(()) };
        if let Some(alone) = &plan.apps[0].manifest.alone {
            files.0.insert("app/manifest.yml".into(), alone.text.clone().into_bytes());
            let left = load(Path::new("deploy.yaml"), None, &files).map_err(|problems| TestCaseError::fail(problems.to_string()))?;
            prop_assert_eq!(&left.apps[0].manifest.app, &plan.apps[0].manifest.app);
            prop_assert_eq!(&left.apps[0].manifest.alone, &None);
        }
    }

    #[test]
    fn any_overlay(over in damaged("apps:\n  - name: sinatra\n    drain: 1m\n    routes: {live: [a.example.com]}\n")) {
        let mut files = project(SMALL);
        files.0.insert("deploy.over.yaml".into(), over.into_bytes());
        holds(&files, Some("over"))?;
    }

    #[test]
    fn any_vars_file(
        vars in damaged("name: hunter2-x\nwhere: hunter2-y\nsize: [hunter2-z, {a: *b}]\nwhat: &b hunter2-w\n"),
        bytes in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let plan = format!("{SMALL}    vars_files: [vars.yml]\n");
        let manifest = "applications:\n- {name: ((name)), path: ((where)), memory: ((size)), env: {A: 'x((what))((name))'}}\n";
        for vars in [vars.into_bytes(), bytes] {
            let mut files = project(&plan);
            files.0.insert("app/manifest.yml".into(), manifest.into());
            files.0.insert("vars.yml".into(), vars);
            holds(&files, None)?;
            if let Err(problems) = load(Path::new("deploy.yaml"), None, &files) {
                prop_assert!(!problems.to_string().contains("hunter2"), "{problems}");
            }
        }
    }
}
