//! What a manifest is refused for, and what is told of it: one file each under `fixtures/manifests`.

use std::io;
use std::path::{Path, PathBuf};

use crate::plan::{Disk, Files, load};

/// The plan of all of them, in the folder of the manifests.
const PLAN: &str = "\
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    manifest: MANIFEST
    routes: {live: [shop.example.com], staging: shop-next.example.com}
";

/// The files of this machine, and a plan beside them.
struct WithPlan(String);

impl Files for WithPlan {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        if file.ends_with("deploy.yaml") { Ok(self.0.clone().into_bytes()) } else { Disk.read(file) }
    }

    fn exists(&self, path: &Path) -> bool {
        Disk.exists(path)
    }

    fn real(&self, path: &Path) -> PathBuf {
        Disk.real(path)
    }
}

#[test]
fn each_manifest_is_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifests");
    let files = |folder: &Path| -> Vec<PathBuf> {
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths.filter(|path| path.is_file()).collect()
    };
    let manifests = files(&folder);
    assert!(manifests.len() > 70, "only {} manifests were found", manifests.len());
    for file in &manifests {
        let name = file.file_name().unwrap().to_str().unwrap();
        let plan = WithPlan(PLAN.replace("MANIFEST", name));
        // Named as a user would name it: tests run in the crate's folder.
        let told = match load(Path::new("fixtures/manifests/deploy.yaml"), None, &plan) {
            Err(problems) => problems.to_string(),
            Ok(plan) if plan.warnings.is_empty() => "sound".to_owned(),
            Ok(plan) => plan.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"),
        };
        assert!(!told.contains("hunter2"), "{told}");
        insta::with_settings!({
            snapshot_path => folder.join("explained"), prepend_module_to_snapshot => false, omit_expression => true,
        }, {
            insta::assert_snapshot!(file.file_stem().unwrap().to_str().unwrap(), told);
        });
    }
    assert_eq!(files(&folder.join("explained")).len(), manifests.len(), "each explanation has its manifest");
}
